import { type Client, USUAL } from "./model.ts";
import { DOLLAR_WITH_DEFAULT } from "./references.ts";

/** Measured with 1.0.102 (2026-11). It reads the project's `.mcp.json` too, as Claude Code does. */
export const copilotCli: Client = {
  ...USUAL,
  id: "copilot-cli",
  label: "GitHub Copilot CLI",
  files: [".github/mcp.json"],
  references: DOLLAR_WITH_DEFAULT,
};
