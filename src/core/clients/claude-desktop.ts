import { client, inAppData, NO_REFERENCES, USUAL } from "./model.ts";
import { leaf } from "./shapes.ts";

const MEASURED = "documentation (2026-11); mcp-remote 0.15.1: measured";
/** Its file knows programs only; what has a URL is a connector, which a person adds in the app. */
export const claudeDesktop = client("claude-desktop", "Claude Desktop", MEASURED, {
  docs: "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
  files: { project: [], ...inAppData("Claude/claude_desktop_config.json") },
  format: "json",
  entry: { ...USUAL.entry, isBridged: true },
  demands: { lost: "server", remote: { fields: { url: leaf('a program: "command" and "args"', () => false) } } },
  ...NO_REFERENCES,
  next: [
    { note: "Quit Claude Desktop and start it again; it needs Node.js, because it starts npx" },
    { note: "If halo is not among its tools, read mcp-server-halo.log in the folder of its logs" },
  ],
});
