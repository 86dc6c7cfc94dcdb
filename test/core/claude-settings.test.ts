import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { inPieces, misfitWords, settingsMisfits } from "../../src/core/clients/claude-settings.ts";
import { parseTree } from "../../src/core/formats/json.ts";
import { isObjectNode } from "../../src/core/formats/nodes.ts";

function wordsOf(text: string): readonly string[] {
  const tree = parseTree(text, { strict: true });
  if (!tree.ok || !isObjectNode(tree.root)) throw new Error(text);
  return settingsMisfits(tree.root).map(({ at, got, allowed }) => misfitWords(at, got, allowed));
}

test("a file with a valid value for every key is read", () => {
  expect(wordsOf(readFileSync(new URL("../fixtures/settings/every-key.json", import.meta.url), "utf8"))).toEqual([]);
});

const PLACE = '{"hooks": {"<event>": [{"hooks": […]}]}}';

// each was seen in Claude Code 2.1.332; test/e2e/settings-agreement.test.ts has all keys
test.each<[string, unknown, ...string[]]>([
  ["null where a boolean may be null", { enableAllProjectMcpServers: null }],
  ["null where it may not", { verbose: null }, '"verbose" is null; allowed: true or false'],
  ["a name alone", { enabledMcpjsonServers: "halo" }],
  [
    "names in one string",
    { enabledMcpjsonServers: "a b" },
    '"enabledMcpjsonServers" is a string; allowed: a list of strings or a name',
  ],
  ["a number in a list", { fallbackModel: ["a", 5] }, '"fallbackModel[1]" is a number; allowed: a string'],
  [
    "two mistakes",
    { model: 5, tui: "x" },
    '"model" is a number; allowed: a string',
    '"tui" is a string; allowed: "default", "fullscreen"',
  ],
  ["a required key", { statusLine: { type: "command" } }, '"statusLine.command" is missing; allowed: a string'],
  ["in an item", { sshConfigs: [{ id: "a", name: "b" }] }, '"sshConfigs[0].sshHost" is missing; allowed: a string'],
  ["in any key", { modelOverrides: { a: 5 } }, '"modelOverrides.a" is a number; allowed: a string'],
  ["a boolean or an object", { attribution: { commit: 5 } }, '"attribution.commit" is a number; allowed: a string'],
  ["neither", { attribution: 5 }, '"attribution" is a number; allowed: true or false or an object'],
  ["a broken hook of another event", { hooks: { Stop: [{ command: "x" }], PostToolUse: {}, Nope: 5 } }],
  [
    "a guard that is no list",
    { hooks: { PreToolUse: "x" } },
    '"hooks.PreToolUse" is a string; allowed: null or a list',
  ],
  [
    "a guard of no type",
    { hooks: { PermissionRequest: [{ hooks: [{}] }] } },
    '"hooks.PermissionRequest[0].hooks[0].type" is missing; allowed: "command", "prompt", "agent", "http", "mcp_tool"',
  ],
  ["a guard at the root", { PreToolUse: [{}] }, `"hooks" is in the wrong place; allowed: ${PLACE}`],
  [
    "a guard one level too deep",
    { hooks: { hooks: { PreToolUse: [{}] } } },
    `"hooks.hooks" is in the wrong place; allowed: ${PLACE}`,
  ],
  [
    "matchers without an event",
    { hooks: [{ matcher: "Bash", hooks: [] }] },
    `"hooks" is in the wrong place; allowed: ${PLACE}`,
  ],
  ["no guard, but a server's name", { mcpServers: { PreToolUse: { command: "x" } } }],
  [
    "a marketplace of an unknown kind",
    { extraKnownMarketplaces: { a: { source: { source: "local" } } } },
    '"extraKnownMarketplaces.a.source.source" is a string; allowed: "url", "github", "git", "npm", "file", "directory", "skills-dir", "hostPattern", "pathPattern", "settings"',
  ],
  ["one that is ignored alone", { extraKnownMarketplaces: { a: 5, b: { source: { source: 5 } } } }],
])("%s", (_, settings, ...words) => {
  expect(wordsOf(JSON.stringify(settings))).toEqual(words);
});

test("known keys are shown in pieces, others whole", () => {
  const pieces = inPieces("hooks.PreToolUse[0]");
  expect([pieces.replaceAll(" ", ""), pieces.includes("PreToolUse")]).toEqual(["hooks.PreToolUse[0]", false]);
  expect(inPieces("modelOverrides.Xy12Zz").split(" ")).toContain("Xy12Zz");
});
