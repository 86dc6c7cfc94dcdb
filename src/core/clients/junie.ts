import { type Client, USUAL } from "./model.ts";
import { UNKNOWN } from "./references.ts";

export const junie: Client = {
  ...USUAL,
  id: "junie",
  label: "Junie",
  docs: "https://www.jetbrains.com/help/junie/model-context-protocol-mcp.html",
  measured: "documentation (2026-11)",
  scopes: [],
  files: { project: [".junie/mcp/mcp.json"], user: "~/.junie/mcp/mcp.json" },
  format: "json",
  references: UNKNOWN,
  unset: "unknown",
};
