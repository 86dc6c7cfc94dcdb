import type { Client } from "./model.ts";
import { UNKNOWN } from "./references.ts";

export const junie: Client = {
  id: "junie",
  label: "Junie",
  docs: "https://www.jetbrains.com/help/junie/model-context-protocol-mcp.html",
  measured: "documentation (2026-11)",
  files: { project: [".junie/mcp/mcp.json"], user: "~/.junie/mcp/mcp.json" },
  format: "json",
  servers: "mcpServers",
  entry: { url: ["url"], headers: "headers" },
  references: UNKNOWN,
  unset: "unknown",
  reads: [],
  verify: undefined,
  next: [],
};
