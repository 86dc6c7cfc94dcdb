/** Our edits of `config.toml` and the real Codex: it reads our server and the same others, and the removal gives the file back. */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { setTable } from "../../src/core/formats/toml.ts";
import { installed } from "../support/claude.ts";
import { textOf } from "../support/edited.ts";
import { scratchHome } from "../support/home.ts";

const PATH = ["mcp_servers", "halo"];
const NAMES = { "X-CM-PRODUCTTOKEN": "HALO_MCP_TOKEN", "CM-ACCOUNT-ID": "HALO_ACCOUNT_ID" };
const ENTRY = { url: "http://127.0.0.1:9/halo", env_http_headers: NAMES };

const PLAIN = `# My settings, in my order
model = "gpt-5.2-codex"           # the default
sandbox_mode = "workspace-write"

[sandbox_workspace_write]
writable_roots = [
  "/tmp/scratch", # builds
]
`;
const SERVERS = `# docs
[mcp_servers.context7]
command = "npx"
args = ["-y", "@upstash/context7-mcp"]

[mcp_servers.context7.env]
LOG = "info" # not debug

  [mcp_servers.figma] # indented
  url = "http://127.0.0.1:9/figma"
  http_headers = { "X-Region" = "us" }

[projects."/home/me/it's \\"quoted\\""]
trust_level = "trusted"
# the end, without a line break`;
const WINDOWS = `\uFEFFnotify = ["C:\\\\tools\\\\notify.exe", 'C:\\raw']
[mcp_servers]
ev = { command = 'C:\\npx.cmd', args = ["-y"], env = { A = "1" } } # inline

[projects.'c:\\users\\me']
trust_level = "trusted"
`;
const DOTTED = `mcp_servers.linear.url = "http://127.0.0.1:9/linear"
mcp_servers.linear.enabled = false # since June
developer_instructions = """
[mcp_servers.halo]
# text, not a table
"""
[features]
# none


[[hooks.PreToolUse]]
matcher = "^Bash$"
`;
const OLD = `[mcp_servers.halo] # from the wiki
url = "http://127.0.0.1:9/old"
startup_timeout_sec = 40

[mcp_servers.other]
command = "true"

[mcp_servers.halo.env_http_headers]
X-CM-PRODUCTTOKEN = "OLD_TOKEN"
`;
const WITHOUT_OLD = '\n[mcp_servers.other]\ncommand = "true"\n';

test.each([
  ["no server", PLAIN, PLAIN],
  ["servers, no final line break", SERVERS, SERVERS],
  ["CRLF, BOM, inline", WINDOWS.replaceAll("\n", "\r\n"), WINDOWS.replaceAll("\n", "\r\n")],
  ["dotted keys, arrays of tables", DOTTED, DOTTED],
  ["ours in two parts", OLD, WITHOUT_OLD],
])("%s", (_, before, removed) => {
  const machine = scratchHome();
  try {
    mkdirSync(join(machine.home, ".codex"));
    const file = join(machine.home, ".codex/config.toml");
    const listed = (text: string): readonly { readonly name: string; readonly transport: object }[] => {
      writeFileSync(file, text);
      const options = { cwd: machine.tmp, env: machine.env, encoding: "utf8", stdio: "pipe" } as const;
      return JSON.parse(execFileSync(installed("codex", "codex"), ["mcp", "list", "--json"], options));
    };
    const others = listed(before).filter(({ name }) => name !== "halo");
    const after = listed(textOf(setTable(before, PATH, ENTRY)));
    expect(after.find(({ name }) => name === "halo")?.transport).toMatchObject(ENTRY);
    expect(after.filter(({ name }) => name !== "halo")).toEqual(others);
    expect(listed(textOf(setTable(readFileSync(file, "utf8"), PATH, undefined)))).toEqual(others);
    expect(readFileSync(file, "utf8")).toBe(removed);
  } finally {
    machine.dispose();
  }
});
