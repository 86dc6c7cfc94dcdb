import { client } from "./model.ts";
import { NAMES } from "./references.ts";
import { never, string, stringList, stringRecord } from "./shapes.ts";

const HEADERS = { http_headers: stringRecord, env_http_headers: stringRecord };
const PROGRAM = { command: string, args: stringList, env: stringRecord };

/** Without these it fetches plugins, runs the login files of the shell, and connects with its provider (0.171.0, measured). */
const ALONE = [
  "features.plugins=false",
  "features.shell_snapshot=false",
  "model_provider=none",
  "model_providers.none.name=none",
  "model_providers.none.base_url=http://127.0.0.1:9",
];

/** It expands `${…}` nowhere, and `codex mcp add` drops the `env_http_headers` of an existing entry (0.169, measured). */
export const codex = client("codex", "Codex", "0.171.0 (2026-11)", {
  docs: "https://developers.openai.com/codex/mcp",
  isProven: true,
  programs: ["codex"],
  files: { project: [".codex/config.toml"], user: "~/.codex/config.toml", moved: ["CODEX_HOME", "~/.codex"] },
  format: "toml",
  servers: "mcp_servers",
  entry: {
    url: { url: "http" },
    headers: "http_headers",
    names: "env_http_headers",
    variables: ["bearer_token_env_var", "env_vars"],
  },
  // "failed to load configuration": no session starts in a trusted folder; other unknown keys are ignored
  demands: {
    lost: "file",
    remote: {
      fields: { ...never("url", ...Object.keys(PROGRAM), "env_vars", "cwd", "bearer_token"), url: string, ...HEADERS },
    },
    program: { fields: { ...never("command", "url", "bearer_token_env_var", ...Object.keys(HEADERS)), ...PROGRAM } },
  },
  references: NAMES,
  unset: "absent",
  reads: ["~/.codex/.env"],
  store: "~/.codex/.env",
  storeWins: true,
  ask: {
    by: "app-server",
    argv: [...ALONE.flatMap((each) => ["-c", each]), "app-server"],
    file: "config.toml",
    paths: { CODEX_HOME: "" },
    own: /^CODEX_(?!CA_)/,
    refused: /HTTP (\d{3})/,
  },
  verify: ["codex", "doctor", "--json"],
  next: [
    { note: "Start Codex again: it reads its file and the variables when it starts" },
    { note: "Trust the folder when Codex asks: without that it ignores the project's file", only: "project" },
  ],
});
