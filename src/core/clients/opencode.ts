import { client } from "./model.ts";
import { PLAIN_ENV } from "./references.ts";
import { string, stringList, stringRecord } from "./shapes.ts";

export const SERVE = {
  by: "serve",
  argv: ["serve", "--port", "0", "--hostname", "127.0.0.1"],
  paths: { HOME: "", USERPROFILE: "" },
  refused: /\((\d{3})\)/,
} as const;

/** Without `"oauth": false` a 401 starts OAuth discovery and POST /register, and hides that the token is wrong (1.18.33, measured). */
export const opencode = client("opencode", "opencode", "1.18.33 (2026-11)", {
  docs: "https://opencode.ai/docs/mcp-servers/",
  isProven: true,
  programs: ["opencode"],
  files: {
    project: ["opencode.json", "opencode.jsonc"],
    user: "~/.config/opencode/opencode.json",
    moved: ["XDG_CONFIG_HOME", "~/.config"],
  },
  servers: "mcp",
  entry: { url: { url: "http" }, headers: "headers", fixed: { type: "remote", enabled: true, oauth: false } },
  // "Configuration is invalid"
  demands: {
    lost: "file",
    remote: { types: ["remote"], fields: { url: string, headers: stringRecord } },
    program: { types: ["local"], fields: { command: stringList, environment: stringRecord } },
    partial: "enabled",
    nested: "servers",
  },
  references: PLAIN_ENV,
  // it replaces its own references in the text of the file: `${env:NAME}` becomes "$" and the value
  foreign: [[/\{env:[^}]*\}/, "inside"]],
  unset: "empty",
  spoils: { reference: /["\\]/, literal: /\{(?:env|file):/ },
  ask: {
    ...SERVE,
    variable: "OPENCODE_CONFIG_CONTENT",
    set: {
      OPENCODE_DISABLE_AUTOUPDATE: "1",
      OPENCODE_DISABLE_DEFAULT_PLUGINS: "1",
      OPENCODE_DISABLE_MODELS_FETCH: "1",
      OPENCODE_DISABLE_PROJECT_CONFIG: "1",
    },
    own: /^(?:OPENCODE|XDG)_/,
    user: "opencode",
    password: "OPENCODE_SERVER_PASSWORD",
  },
  verify: ["opencode", "mcp", "list"],
  next: [{ note: "Start opencode again: it reads its file and the variables when it starts" }],
});
