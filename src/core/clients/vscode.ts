import { type Client, USUAL } from "./model.ts";
import { also, ENV } from "./references.ts";

/**
 * Measured with 1.139.1, as code-server 4.139.1 (2026-11): `${env:NAME}` in a header arrived. microsoft/vscode#336232 says
 * that on Windows it does not (open, 2026-11).
 */
export const vscode: Client = {
  ...USUAL,
  id: "vscode",
  label: "VS Code",
  files: [".vscode/mcp.json"],
  servers: "servers",
  references: also(ENV, /^\$\{(?:(?:input|env|config|command):[^}]+|workspaceFolder\w*|userHome)\}$/),
  asks: { list: "inputs", reference: /^\$\{input:([^}]+)\}$/ },
};
