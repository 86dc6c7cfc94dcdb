import { client, inAppData, USUAL } from "./model.ts";
import { also, ENV } from "./references.ts";

/** `${env:NAME}` in a header arrived (code-server 4.139.1); microsoft/vscode#336232 says that on Windows it does not (open, 2026-11). */
export const vscode = client("vscode", "VS Code", "1.139.1, as code-server 4.139.1 (2026-11)", {
  docs: "https://code.visualstudio.com/docs/copilot/reference/mcp-configuration",
  isProven: true,
  programs: ["code", "code-insiders"],
  start: ["code", "."],
  isApp: true,
  files: { project: [".vscode/mcp.json"], ...inAppData("Code/User/mcp.json") },
  misreads: {
    file: ".mcp.json",
    help: { note: "In MCP: List Servers do not start the server of .mcp.json, but the one of .vscode/mcp.json" },
  },
  inside: {
    ".vscode/settings.json": ["mcp"],
    "devcontainer.json": ["customizations", "vscode", "mcp"],
    ".devcontainer.json": ["customizations", "vscode", "mcp"],
  },
  servers: "servers",
  entry: { ...USUAL.entry, fixed: { type: "http" } },
  // any other type counts as the one that fits (its source, 2026-11)
  demands: { lost: "server", remote: { types: ["http"] }, program: { types: ["stdio"] }, guesses: true },
  references: also(ENV, /^\$\{(?:input|env|config|command):[^}]+\}$/),
  foreign: [],
  unset: "empty",
  asks: { list: "inputs", reference: /^\$\{input:([^}]+)\}$/, spell: (id) => `\${input:${id}}` },
  link: (name, entry) => `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name, ...entry }))}`,
  newToken: { note: "It keeps the token that you entered: clear that input in mcp.json there, and start halo again" },
  next: [{ note: "In the Command Palette run MCP: List Servers, choose halo, then Start Server" }],
});
