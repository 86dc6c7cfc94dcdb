import { client } from "./model.ts";
import { ENV } from "./references.ts";

/** The file of a project is read by Devin Local. The older `~/.codeium/windsurf/mcp_config.json` has `serverUrl` for `url`. */
export const windsurf = client("windsurf", "Devin (formerly Windsurf)", "documentation (2026-11)", {
  docs: "https://docs.devin.ai/desktop/cascade/mcp",
  programs: ["windsurf"],
  start: ["windsurf", "."],
  isApp: true,
  files: {
    project: [".devin/mcp_config.json"],
    user: "~/.config/devin/mcp_config.json",
    windows: "%APPDATA%/devin/mcp_config.json",
  },
  format: "json",
  references: ENV,
  next: [{ note: "Open the MCP section of the agent panel: it lists halo and its tools" }],
});
