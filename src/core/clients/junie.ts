import { client } from "./model.ts";
import { UNKNOWN } from "./references.ts";

export const junie = client("junie", "Junie", "documentation (2026-11)", {
  docs: "https://www.jetbrains.com/help/junie/model-context-protocol-mcp.html",
  scopes: [],
  files: { project: [".junie/mcp/mcp.json"], user: "~/.junie/mcp/mcp.json" },
  format: "json",
  references: UNKNOWN,
});
