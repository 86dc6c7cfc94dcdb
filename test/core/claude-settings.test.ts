import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { allRows, isKeyPath, rowsIn, settingsMisfits } from "../../src/core/clients/claude-settings.ts";
import { parseTree } from "../../src/core/formats/json.ts";
import { isObjectNode } from "../../src/core/formats/nodes.ts";

function wordsOf(text: string): readonly string[] {
  const tree = parseTree(text, { strict: true });
  if (!tree.ok || !isObjectNode(tree.root)) throw new Error(text);
  return settingsMisfits(tree.root).map(({ at, got, allowed }) => `"${at}" is ${got}; allowed: ${allowed}`);
}

const EVERY_KEY: unknown = JSON.parse(
  readFileSync(new URL("../fixtures/settings/every-key.json", import.meta.url), "utf8"),
);

test("a file with a valid value for every key is read", () => {
  expect(wordsOf(JSON.stringify(EVERY_KEY))).toEqual([]);
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
    '"tui" is "x"; allowed: "default", "fullscreen"',
  ],
  ["a required key", { statusLine: { type: "command" } }, '"statusLine.command" is missing; allowed: a string'],
  ["in an item", { sshConfigs: [{ id: "a", name: "b" }] }, '"sshConfigs[0].sshHost" is missing; allowed: a string'],
  ["in any key", { modelOverrides: { a: 5 } }, '"modelOverrides.a" is a number; allowed: a string'],
  ["a boolean or an object", { attribution: { commit: 5 } }, '"attribution.commit" is a number; allowed: a string'],
  ["neither", { attribution: 5 }, '"attribution" is a number; allowed: true or false or an object'],
  ["a number out of range", { cleanupPeriodDays: 1.5 }, '"cleanupPeriodDays" is 1.5; allowed: a whole number above 0'],
  [
    "a number in quotes",
    { cleanupPeriodDays: "5" },
    '"cleanupPeriodDays" is a string; allowed: a whole number above 0, without quotes',
  ],
  ["a share above 1", { feedbackSurveyRate: 2 }, '"feedbackSurveyRate" is 2; allowed: a number from 0 to 1'],
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
    '"extraKnownMarketplaces.a.source.source" is "local"; allowed: "url", "github", "git", "npm", "file", "directory", "skills-dir", "hostPattern", "pathPattern", "settings"',
  ],
  ["one that is ignored alone", { extraKnownMarketplaces: { a: 5, b: { source: { source: 5 } } } }],
])("%s", (_, settings, ...words) => {
  expect(wordsOf(JSON.stringify(settings))).toEqual(words);
});

test("only a whole path of known keys is no secret", () => {
  expect(["hooks.PreToolUse", "type", "PreTool", "PreToolUse.Xy12Zz", "Xy12Zz"].map(isKeyPath)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});

/** Where the fixture has the parts of hooks. */
const PARTS: readonly [string, string][] = [
  ["@guard", "hooks.*"],
  ["@hook", "hooks.*[].hooks[]"],
  ...["command", "prompt", "agent", "http", "mcp_tool"].map((type): [string, string] => [
    `@${type}`,
    "hooks.*[].hooks[]",
  ]),
];
function valuesAt(value: unknown, path: string): readonly unknown[] {
  const [, step = "", rest = ""] = /^\.?(\[\]|[^.[]+)(.*)$/.exec(path) ?? [];
  if (step === "") return [value];
  if (typeof value !== "object" || value === null) return [];
  const next =
    step === "*" || step === "[]" ? Object.values(value) : Object.hasOwn(value, step) ? [Reflect.get(value, step)] : [];
  return next.flatMap((each) => valuesAt(each, rest));
}

test("the file has every key of the table, so that the real Claude Code is asked about it", () => {
  const missing = allRows()
    .map(({ path }) => PARTS.reduce((left, [part, at]) => left.replace(part, at), path.replace("!", "")))
    .filter((path) => valuesAt(EVERY_KEY, path).length === 0);
  // a rule about marketplaces would also change what the client lists: docs/limits.md
  expect(missing).toEqual(
    ["strictKnownMarketplaces", "allowedMarketplaces", "blockedMarketplaces"].map((key) => `${key}[].source`),
  );
});

test("a shape that does not exist is refused, not left out", () => {
  expect(() => rowsIn("bolean: verbose")).toThrow('no shape "bolean": bolean: verbose');
  expect(() => rowsIn("boolean verbose")).toThrow("no shape");
});
