import { client } from "./model.ts";
import { DOLLAR_WITH_DEFAULT } from "./references.ts";
import { stringRecord } from "./shapes.ts";

/** It empties variables with these names (source, and measured), except those that begin with GEMINI_CLI_ (source). */
export const geminiCli = client("gemini-cli", "Gemini CLI", "0.61.0 (2026-11)", {
  docs: "https://geminicli.com/docs/tools/mcp-server/",
  isProven: true,
  programs: ["gemini"],
  files: { project: [".gemini/settings.json"], user: "~/.gemini/settings.json", moved: ["GEMINI_CLI_HOME", "~"] },
  entry: { url: { httpUrl: "http", url: "type" }, headers: "headers" },
  // it prints "Invalid configuration" for any unknown key or type, but connects
  demands: { lost: "server", remote: { fields: { headers: stringRecord } } },
  unreadable: ["comma", "bom", "blank"],
  references: DOLLAR_WITH_DEFAULT,
  foreign: [[/^\$\{[^{}]*\}$/, "empty"]],
  unset: "empty",
  // it expands a header twice, the second time in the value
  spoils: { reference: /\$/, literal: /\$/ },
  reads: [".gemini/.env", ".env"],
  blanks: /^(?!GEMINI_CLI_).*(?:TOKEN|SECRET|PASSWORD|PASSWD|KEY|AUTH|CREDENTIAL|CREDS|PRIVATE|CERT)/i,
  ask: {
    by: "list",
    argv: ["mcp", "list"],
    file: ".gemini/settings.json",
    paths: { GEMINI_CLI_HOME: "" },
    set: { GEMINI_CLI_TRUST_WORKSPACE: "true" },
    own: /^GEMINI_/,
    connected: / - Connected$/,
    failed: / - Disconnected$/,
  },
  verify: ["gemini", "mcp", "list"],
  next: [{ note: "Trust the folder when Gemini CLI asks: without that it loads no server", only: "project" }],
});
