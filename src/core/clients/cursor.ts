import { client } from "./model.ts";
import { ENV } from "./references.ts";

const MEASURED = "@cursor/sdk 1.0.32 (2026-11); the IDE and cursor-agent: documentation";
/** @cursor/sdk 1.0.32 also expands `${NAME}`, but this is not documented, and users of the IDE report that it is sent literally. */
export const cursor = client("cursor", "Cursor", MEASURED, {
  docs: "https://cursor.com/docs/mcp",
  isProven: true,
  programs: ["cursor-agent", "cursor"],
  start: ["cursor", "."],
  isApp: true,
  files: { project: [".cursor/mcp.json"], user: "~/.cursor/mcp.json" },
  // it drops an entry with any other type
  demands: { lost: "server", remote: { types: ["http", "sse", undefined] } },
  references: ENV,
  foreign: [[/^\$\{[A-Za-z_]\w*(?::-[^}]*)?\}$/, "unclear"]],
  unset: "literal",
  spoils: { literal: /\$\{/ },
  verify: ["cursor-agent", "mcp", "list"],
  link: (name, entry) =>
    `cursor://anysphere.cursor-deeplink/mcp/install?name=${name}&config=${encodeURIComponent(btoa(JSON.stringify(entry)))}`,
  next: [{ note: "Approve the server when Cursor asks, or: cursor-agent mcp enable halo" }],
});
