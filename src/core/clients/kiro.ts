import { type Client, USUAL } from "./model.ts";
import { BRACES } from "./references.ts";

/** From its documentation (2026-11). */
export const kiro: Client = {
  ...USUAL,
  id: "kiro",
  label: "Kiro",
  files: [".kiro/settings/mcp.json"],
  references: BRACES,
};
