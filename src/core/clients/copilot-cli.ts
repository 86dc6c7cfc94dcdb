import { client, USUAL } from "./model.ts";
import { DOLLAR_WITH_DEFAULT } from "./references.ts";

export const copilotCli = client("copilot-cli", "GitHub Copilot CLI", "1.0.102 (2026-11)", {
  docs: "https://docs.github.com/en/copilot/how-tos/copilot-cli/customize-copilot/add-mcp-servers",
  isProven: true,
  programs: ["copilot"],
  files: {
    project: [".github/mcp.json"],
    also: [".mcp.json"],
    user: "~/.copilot/mcp-config.json",
    moved: ["COPILOT_HOME", "~/.copilot"],
  },
  entry: { ...USUAL.entry, fixed: { type: "http", tools: ["*"] } },
  // its documentation; an entry without a type was not tried
  demands: {
    lost: "server",
    remote: { types: ["http", "sse", undefined] },
    program: { types: ["local", "stdio", undefined] },
  },
  references: DOLLAR_WITH_DEFAULT,
  unset: "literal",
  spoils: { literal: /\$/ },
  verify: ["copilot", "mcp", "list"],
  next: [{ note: "Trust the folder when Copilot asks: without that it ignores the project's file", only: "project" }],
});
