import { type Client, USUAL } from "./model.ts";
import { ENV } from "./references.ts";

/** From its source of 2026-04. */
export const rooCode: Client = {
  ...USUAL,
  id: "roo-code",
  label: "Roo Code",
  files: [".roo/mcp.json"],
  references: ENV,
};
