import { client, NO_REFERENCES, USUAL } from "./model.ts";

/** The CLI. It reads this shape, and the one with `transport` that `cline mcp add` writes (3.0.65, measured). */
export const cline = client("cline", "Cline", "3.0.65 (2026-11)", {
  docs: "https://docs.cline.bot/mcp/configuring-mcp-servers",
  isProven: true,
  programs: ["cline"],
  files: { project: [], user: "~/.cline/data/settings/cline_mcp_settings.json" },
  format: "json",
  entry: { ...USUAL.entry, fixed: { type: "streamableHttp" } },
  // without a type it is SSE; with "http" it connects to no server of the file
  demands: { lost: "file", remote: { types: ["streamableHttp", "sse"] } },
  ...NO_REFERENCES,
  verify: ["cline", "config", "mcp"],
  next: [{ note: "Start Cline again" }],
});
