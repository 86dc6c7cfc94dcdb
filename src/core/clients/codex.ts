import { type Client, USUAL } from "./model.ts";
import { NAMES } from "./references.ts";

/** Measured with 0.171.0 (2026-11). No `${…}` is expanded anywhere. */
export const codex: Client = {
  ...USUAL,
  id: "codex",
  label: "Codex",
  files: [".codex/config.toml"],
  servers: "mcp_servers",
  entry: {
    url: ["url"],
    headers: "http_headers",
    names: "env_http_headers",
    variables: ["bearer_token_env_var", "env_vars"],
  },
  references: NAMES,
};
