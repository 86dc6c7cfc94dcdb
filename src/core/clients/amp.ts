import { client } from "./model.ts";
import { BRACES } from "./references.ts";

/** The files and the shape were measured; its references are known only from the documentation of others. */
export const amp = client("amp", "Amp", "0.0.1790142911 (2026-11), without a login", {
  docs: "https://ampcode.com/manual#mcp",
  scopes: [],
  programs: ["amp"],
  files: { project: [".amp/settings.json"], user: "~/.config/amp/settings.json" },
  servers: "amp.mcpServers",
  references: BRACES,
  verify: ["amp", "mcp", "list"],
  next: [{ run: ["amp", "mcp", "approve", "halo"] }],
});
