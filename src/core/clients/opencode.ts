import { type Client, USUAL } from "./model.ts";
import { PLAIN_ENV } from "./references.ts";

/** Measured with 1.18.33 (2026-11). Without `"oauth": false` a 401 starts OAuth discovery and POST /register, and hides that the token is wrong. */
export const opencode: Client = {
  ...USUAL,
  id: "opencode",
  label: "opencode",
  files: ["opencode.json", "opencode.jsonc"],
  servers: "mcp",
  references: PLAIN_ENV,
  startsOAuth: true,
};
