/**
 * The client that the public conformance suite starts: `doctor` of the packed program, once, or once for each tool that the
 * scenario wants called. In: the program, a repository to set up, and, put last by the suite, the URL of its server.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

/** What is called where the suite does not say it itself. */
const CALLS = {
  tools_call: [{ name: "add_numbers", arguments: { a: 5, b: 3 } }],
  "http-standard-headers": [{ name: "test_headers", arguments: {} }],
  "http-invalid-tool-headers": [{ name: "valid_tool", arguments: { region: "here" } }],
};

const [bin, folder, scenario, url] = process.argv.slice(2);
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");
const headers = {
  "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
  "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
  "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
};
writeFileSync(join(folder, ".mcp.json"), JSON.stringify({ mcpServers: { halo: { type: "http", url, headers } } }));
const calls = context.toolCalls ?? CALLS[scenario] ?? [undefined];
for (const call of calls) {
  const more = call === undefined ? [] : ["--call", call.name, "--args", JSON.stringify(call.arguments)];
  const args = [bin, "doctor", "--json", "--url", url, ...more];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  if (status !== 0) {
    process.stderr.write(`${stdout}${stderr}`);
    process.exitCode = status ?? 1;
  }
}
