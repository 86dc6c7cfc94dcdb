import { type Client, USUAL } from "./model.ts";
import { NONE } from "./references.ts";
import { leaf } from "./shapes.ts";

/** Its file knows programs only; what has a URL is a connector, which a person adds in the app. */
export const claudeDesktop: Client = {
  ...USUAL,
  id: "claude-desktop",
  label: "Claude Desktop",
  docs: "https://modelcontextprotocol.io/docs/develop/connect-local-servers",
  measured: "documentation (2026-11); mcp-remote 0.15.1: measured",
  scopes: ["user"],
  files: {
    project: [],
    user: {
      linux: "~/.config/Claude/claude_desktop_config.json",
      macos: "~/Library/Application Support/Claude/claude_desktop_config.json",
      windows: "%APPDATA%\\Claude\\claude_desktop_config.json",
    },
  },
  format: "json",
  entry: { ...USUAL.entry, isBridged: true },
  demands: { lost: "server", remote: { fields: { url: leaf('a program: "command" and "args"', () => false) } } },
  references: NONE,
  foreign: [],
  unset: "literal",
  next: [
    { note: "Quit Claude Desktop and start it again; it needs Node.js, because it starts npx" },
    { note: "If halo is not among its tools, read mcp-server-halo.log in the folder of its logs" },
  ],
};
