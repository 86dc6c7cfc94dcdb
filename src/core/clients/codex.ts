import { type Client, USUAL } from "./model.ts";
import { NAMES } from "./references.ts";

/** It expands `${…}` nowhere, and `codex mcp add` drops the `env_http_headers` of an existing entry (0.169, measured). */
export const codex: Client = {
  ...USUAL,
  id: "codex",
  label: "Codex",
  docs: "https://developers.openai.com/codex/mcp",
  measured: "0.171.0 (2026-11)",
  files: { project: [".codex/config.toml"], user: "~/.codex/config.toml" },
  format: "toml",
  servers: "mcp_servers",
  entry: {
    url: ["url"],
    headers: "http_headers",
    names: "env_http_headers",
    variables: ["bearer_token_env_var", "env_vars"],
  },
  references: NAMES,
  unset: "absent",
  reads: ["~/.codex/.env"],
  verify: ["codex", "doctor", "--json"],
  next: [{ note: "Trust the folder when Codex asks: in a folder that is not trusted it ignores the project's file" }],
};
