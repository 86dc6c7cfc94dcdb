import { client, inAppData, USUAL } from "./model.ts";
import { ENV } from "./references.ts";

export const rooCode = client("roo-code", "Roo Code", "source of 2026-04", {
  docs: "https://docs.roocode.com/features/mcp/using-mcp-in-roo",
  isApp: true,
  // it is part of VS Code
  start: ["code", "."],
  files: {
    project: [".roo/mcp.json"],
    ...inAppData("Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json"),
  },
  format: "json",
  entry: { ...USUAL.entry, fixed: { type: "streamable-http" } },
  demands: { lost: "server", remote: { types: ["streamable-http", "sse"] } },
  references: ENV,
  foreign: [],
  unset: "literal",
  spoils: { reference: /\\/, literal: /\\/ },
  next: [{ note: "Open the MCP panel of Roo Code: halo must be connected" }],
});
