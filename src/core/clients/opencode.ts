import { type Client, USUAL } from "./model.ts";
import { PLAIN_ENV } from "./references.ts";

/** Without `"oauth": false` a 401 starts OAuth discovery and POST /register, and hides that the token is wrong (1.18.33, measured). */
export const opencode: Client = {
  ...USUAL,
  id: "opencode",
  label: "opencode",
  docs: "https://opencode.ai/docs/mcp-servers/",
  measured: "1.18.33 (2026-11)",
  files: { project: ["opencode.json", "opencode.jsonc"], user: "~/.config/opencode/opencode.json" },
  servers: "mcp",
  entry: { url: ["url"], headers: "headers", fixed: { type: "remote", enabled: true, oauth: false } },
  references: PLAIN_ENV,
  unset: "empty",
  verify: ["opencode", "mcp", "list"],
};
