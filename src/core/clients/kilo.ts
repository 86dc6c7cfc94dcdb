import { type Client, USUAL } from "./model.ts";
import { opencode } from "./opencode.ts";

/** Its configuration is opencode's. With references in a file of a project it ignores that file as a whole (7.7.7, measured). */
export const kilo: Client = {
  ...USUAL,
  id: "kilo",
  label: "Kilo",
  docs: "https://kilo.ai/docs/cli",
  measured: "7.7.7 (2026-11)",
  isProven: true,
  scopes: ["user"],
  programs: ["kilo", "kilocode"],
  files: { project: [], user: "~/.config/kilo/kilo.jsonc", moved: ["XDG_CONFIG_HOME", "~/.config"] },
  servers: "mcp",
  entry: opencode.entry,
  demands: opencode.demands,
  references: opencode.references,
  foreign: [[/\{env:[^}]*\}/, "inside"]],
  unset: "empty",
  spoils: { reference: /["\\]/, literal: /\{(?:env|file):/ },
  ask: {
    by: "serve",
    argv: ["serve", "--port", "0", "--hostname", "127.0.0.1"],
    variable: "KILO_CONFIG_CONTENT",
    paths: { HOME: "", USERPROFILE: "" },
    set: { KILO_DISABLE_AUTOUPDATE: "1", KILO_DISABLE_MODELS_FETCH: "1", KILO_TELEMETRY_LEVEL: "off" },
    own: /^(?:KILO|OPENCODE|XDG)_/,
    user: "kilo",
    password: "KILO_SERVER_PASSWORD",
    refused: /\((\d{3})\)/,
  },
  verify: ["kilo", "mcp", "list"],
  next: [{ note: "Start Kilo again: it reads its file when it starts" }],
};
