import { type Client, USUAL } from "./model.ts";
import { NONE } from "./references.ts";

/** The CLI. It reads this shape, and the one with `transport` that `cline mcp add` writes (3.0.65, measured). */
export const cline: Client = {
  ...USUAL,
  id: "cline",
  label: "Cline",
  docs: "https://docs.cline.bot/mcp/configuring-mcp-servers",
  measured: "3.0.65 (2026-11)",
  isProven: true,
  scopes: ["user"],
  programs: ["cline"],
  files: { project: [], user: "~/.cline/data/settings/cline_mcp_settings.json" },
  format: "json",
  entry: { ...USUAL.entry, fixed: { type: "streamableHttp" } },
  // without a type it is SSE; with "http" it connects to no server of the file
  demands: { lost: "file", remote: { types: ["streamableHttp", "sse"] } },
  references: NONE,
  foreign: [],
  unset: "literal",
  verify: ["cline", "config", "mcp"],
  next: [{ note: "Start Cline again" }],
};
