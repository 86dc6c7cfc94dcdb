import { type Client, USUAL } from "./model.ts";
import { ENV } from "./references.ts";

export const rooCode: Client = {
  ...USUAL,
  id: "roo-code",
  label: "Roo Code",
  docs: "https://docs.roocode.com/features/mcp/using-mcp-in-roo",
  measured: "source of 2026-04",
  isApp: true,
  files: {
    project: [".roo/mcp.json"],
    user: {
      linux: "~/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
      macos:
        "~/Library/Application Support/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
      windows: "%APPDATA%\\Code\\User\\globalStorage\\rooveterinaryinc.roo-cline\\settings\\mcp_settings.json",
    },
  },
  format: "json",
  entry: { ...USUAL.entry, fixed: { type: "streamable-http" } },
  demands: { lost: "server", remote: { types: ["streamable-http", "sse"] } },
  references: ENV,
  foreign: [],
  unset: "literal",
  spoils: { reference: /\\/, literal: /\\/ },
  next: [{ note: "Open the MCP panel of Roo Code: halo must be connected" }],
};
