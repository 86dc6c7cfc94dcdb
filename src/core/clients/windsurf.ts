import { type Client, USUAL } from "./model.ts";
import { ENV } from "./references.ts";

/** The file of a project is read by Devin Local. The older `~/.codeium/windsurf/mcp_config.json` has `serverUrl` for `url`. */
export const windsurf: Client = {
  ...USUAL,
  id: "windsurf",
  label: "Devin (formerly Windsurf)",
  docs: "https://docs.devin.ai/desktop/cascade/mcp",
  measured: "documentation (2026-11)",
  programs: ["windsurf"],
  isApp: true,
  files: {
    project: [".devin/mcp_config.json"],
    user: {
      linux: "~/.config/devin/mcp_config.json",
      macos: "~/.config/devin/mcp_config.json",
      windows: "%APPDATA%\\devin\\mcp_config.json",
    },
  },
  format: "json",
  references: ENV,
  unset: "unknown",
  next: [{ note: "Open the MCP section of the agent panel: it lists halo and its tools" }],
};
