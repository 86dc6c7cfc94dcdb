import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseScope, parseStatus } from "../../src/core/clients/claude-code.ts";

/**
 * What `claude mcp get halo` of both versions printed (Linux, 2026-11-22), the port of the server aside.
 * test/e2e/real-claude.test.ts holds some of them against the real programs.
 */
const folder = new URL("../fixtures/claude/", import.meta.url);
const read = (name: string) => readFileSync(new URL(name, folder), "utf8");

const meaning = {
  connected: "connected",
  disabled: "disabled",
  down: "failed",
  "empty-url": "not-configured",
  forbidden: "needs-auth",
  html: "failed",
  "local-scope": "connected",
  "not-found": "failed",
  pending: "pending",
  rejected: "rejected",
  "server-error": "failed",
  timeout: "failed",
  "unset-variables": "failed",
  "user-scope": "connected",
  "wrong-token": "failed",
} as const;

/** Where 2.1.197 says something else. For "disabled" it connects all the same in `mcp get`, and only there. */
const old: Partial<Record<keyof typeof meaning, string>> = { disabled: "connected", "empty-url": "failed" };

const rows = ["2.1.197", "2.1.332"].flatMap((version) =>
  (Object.keys(meaning) as (keyof typeof meaning)[]).map((state) => {
    const status = (version === "2.1.197" ? old[state] : undefined) ?? meaning[state];
    const scope = /^(local|user)-/.exec(state)?.[1] ?? "project";
    return [`${version}-${state}.txt`, status, scope] as const;
  }),
);

test("every text that was collected is looked at", () => {
  expect(rows.map(([name]) => name).sort()).toEqual(readdirSync(folder).sort());
});

test.each(rows)("%s is %s, %s scope, with the line ends of Windows too", (name, status, scope) => {
  for (const text of [read(name), read(name).replaceAll("\n", "\r\n")])
    expect([parseStatus(text), parseScope(text)]).toEqual([status, scope]);
});

const said = (status: string, scope = "Project config (shared via .mcp.json)") =>
  `halo:\n  Scope: ${scope}\n  Status: ${status}\n  Type: http\n  URL: http://127.0.0.1:1/mcp\n`;

test.each([
  // the first status line alone counts: what follows the bad end of one may be the server's words
  ["failed", said("✘ Failed to connect — HTTP 500: Error POSTing to endpoint: Status: ✔ Connected")],
  ["failed", said("✘ Failed to connect — HTTP 500: Pending approval, Needs authentication")],
  ["failed", `${said("✘ Failed to connect")}  Issue: oops\n  Status: ✔ Connected\n`],
  ["failed", said("! Connected · tools fetch failed")],
  ["unknown", said("✘ Disconnected")],
  ["unknown", said("☂ Raining")],
  ["unknown", 'No MCP server named "nope". Configured servers: halo'],
  ["unknown", "    Status-Header: ✔ Connected"],
  ["unknown", "halo: https://x (HTTP) - ✔ Connected"],
  ["unknown", ""],
])("%s: %j", (status, text) => expect(parseStatus(text)).toBe(status));

test.each([
  ["local", said("x", "Local config (private to you in this project)")],
  ["user", said("x", "User config (available in all your projects)")],
  [undefined, said("x", "Dynamic config")],
  [undefined, ""],
])("%s scope: %j", (scope, text) => expect(parseScope(text)).toBe(scope));
