import { type Client, USUAL } from "./model.ts";
import { UNKNOWN } from "./references.ts";

/** From its documentation (2026-11). */
export const junie: Client = {
  ...USUAL,
  id: "junie",
  label: "Junie",
  files: [".junie/mcp/mcp.json"],
  references: UNKNOWN,
};
