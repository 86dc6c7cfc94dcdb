import type { Client } from "./model.ts";
import { BRACES } from "./references.ts";

/** The files and the shape were measured; what it expands is known from others' documentation only. */
export const amp: Client = {
  id: "amp",
  label: "Amp",
  docs: "https://ampcode.com/manual#mcp",
  measured: "0.0.1790142911 (2026-11), without a login",
  files: { project: [".amp/settings.json"], user: "~/.config/amp/settings.json" },
  format: "jsonc",
  servers: "amp.mcpServers",
  entry: { url: ["url"], headers: "headers" },
  references: BRACES,
  unset: "unknown",
  reads: [],
  verify: ["amp", "mcp", "list"],
  next: [{ run: ["amp", "mcp", "approve", "halo"] }],
};
