/**
 * The table of core/clients/claude-settings.ts against the real Claude Code. Each value of a file that sets every key is
 * replaced by values of other shapes, one at a time; whether the client then skips the file is seen from the approval in it:
 * `claude mcp list` says "Pending approval". By default a sample, by seed; SETTINGS_AGREEMENT=all takes every case.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { settingsMisfits } from "../../src/core/clients/claude-settings.ts";
import { type Json, type JsonObject, parseTree } from "../../src/core/formats/json.ts";
import { isObjectNode } from "../../src/core/formats/nodes.ts";
import { randomFrom } from "../core/random.ts";
import { type ClaudeVersion, runClaude } from "../support/claude.ts";
import { scratchHome } from "../support/home.ts";
import { DEAD_URL } from "../support/loader-mutations.ts";
import { inTurns } from "../support/turns.ts";

const SEED = Number(process.env.AGREEMENT_SEED ?? 20_260);
const isWhole = process.env.SETTINGS_AGREEMENT === "all";
const valid = JSON.parse(
  readFileSync(new URL("../fixtures/settings/every-key.json", import.meta.url), "utf8"),
) as JsonObject;

const GONE = Symbol("removed");
const OTHERS = ["x", "", 0, 5, 1.5, -1, true, null, [], {}, ["x"], [5], [{}], { x: "x" }, { x: 5 }, GONE] as const;
type Path = readonly (string | number)[];

interface Case {
  readonly what: string;
  readonly key: string;
  readonly settings: JsonObject;
  /** Our verdict. */
  readonly skipped: boolean;
}

function pathsIn(value: Json | undefined, path: Path): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const keys = Array.isArray(value) ? value.map((_, index) => index) : Object.keys(value);
  return [path, ...keys.flatMap((key) => pathsIn((value as JsonObject)[key], [...path, key]))];
}

function replaced(value: Json | undefined, path: Path, by: Json | typeof GONE): Json | typeof GONE {
  const [first, ...rest] = path;
  if (first === undefined || value === undefined) return by;
  const next = replaced((value as JsonObject)[first], rest, by);
  const entries = Object.entries(value as JsonObject)
    .map(([key, old]) => [key, key === String(first) ? next : old] as const)
    .filter((entry): entry is [string, Json] => entry[1] !== GONE);
  return Array.isArray(value) ? entries.map(([, item]) => item) : Object.fromEntries(entries);
}

function caseOf(what: string, key: string, settings: JsonObject): Case {
  const tree = parseTree(JSON.stringify(settings), { strict: true });
  if (!tree.ok || !isObjectNode(tree.root)) throw new Error(what);
  return { what, key, settings, skipped: settingsMisfits(tree.root).length > 0 };
}

const cases: readonly Case[] = Object.keys(valid).flatMap((key) => [
  caseOf(`${key}, valid`, key, { [key]: valid[key] ?? null }),
  ...pathsIn(valid[key], []).flatMap((path) =>
    OTHERS.filter((by) => by !== GONE || path.length > 0).map((by) => {
      const what = `${[key, ...path].join(".")}: ${by === GONE ? "removed" : JSON.stringify(by)}`;
      return caseOf(what, key, { [key]: replaced(valid[key], path, by as Json) as Json });
    }),
  ),
]);

/** They change which servers are listed, or the approvals of other files: one file a run. */
const ALONE = /Mcp.*Servers|McpjsonServers|McpServers|strictPlugin/;
const NAMES = ["user", "project", "local"] as const;

const inTurn = inTurns(2);

/** Gives up to three files to the real client: its verdict on each. */
function skippedBy(version: ClaudeVersion, files: readonly JsonObject[]): Promise<readonly boolean[]> {
  return inTurn(async () => {
    const scratch = scratchHome();
    try {
      const cwd = mkdtempSync(join(scratch.root, "folder-"));
      for (const folder of [scratch.home, cwd]) mkdirSync(join(folder, ".claude"));
      const names = NAMES.slice(0, files.length);
      const servers = Object.fromEntries(names.map((name) => [name, { type: "http", url: DEAD_URL }]));
      writeFileSync(join(cwd, ".mcp.json"), JSON.stringify({ mcpServers: servers }));
      const trusted = { projects: { [cwd]: { hasTrustDialogAccepted: true } } };
      writeFileSync(join(scratch.home, ".claude.json"), JSON.stringify(trusted));
      const places = [
        join(scratch.home, ".claude/settings.json"),
        join(cwd, ".claude/settings.json"),
        join(cwd, ".claude/settings.local.json"),
      ];
      for (const [index, settings] of files.entries()) {
        const approval = Object.hasOwn(settings, "enabledMcpjsonServers")
          ? { enableAllProjectMcpServers: true }
          : { enabledMcpjsonServers: [NAMES[index]] };
        writeFileSync(places[index] ?? "", JSON.stringify({ ...approval, ...settings }));
      }
      const run = await runClaude(version, ["mcp", "list"], { cwd, env: scratch.env, timeoutMs: 90_000 });
      if (run.code !== 0 || !/health|No MCP servers configured/.test(run.stdout))
        throw new Error(`claude mcp list: ${run.stdout}${run.stderr}`);
      // a server that a rule of the file forbids is not listed: the file was read
      return names.map((name) => new RegExp(`^${name}: .*Pending approval`, "m").test(run.stdout));
    } finally {
      rmSync(scratch.root, { recursive: true, force: true, maxRetries: 3 });
    }
  });
}

/** Groups of that many. */
const groups = <Each>(all: readonly Each[], size: number): readonly (readonly Each[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));

function sample<Each>(all: readonly Each[], count: number, seed: number): readonly Each[] {
  const random = randomFrom(seed);
  const drawn = all.map((each) => ({ each, order: random.int(2 ** 32) })).toSorted((a, b) => a.order - b.order);
  return drawn.slice(0, isWhole ? all.length : count).map(({ each }) => each);
}

/** Cases that we say are read, many keys in one file: if the client reads it, it reads them all. */
function lots(all: readonly Case[]): readonly (readonly Case[])[] {
  const made: Map<string, Case>[] = [];
  for (const each of all) {
    const lot = made.find((map) => !map.has(each.key) && map.size < 60) ?? new Map<string, Case>();
    if (lot.size === 0) made.push(lot);
    lot.set(each.key, each);
  }
  return made.map((map) => [...map.values()]);
}

interface File {
  readonly cases: readonly Case[];
  readonly skipped: boolean;
}
const settingsOf = ({ cases: all }: File): JsonObject => Object.assign({}, ...all.map(({ settings }) => settings));

async function disagreements(version: ClaudeVersion, files: readonly File[], size: number): Promise<readonly string[]> {
  const runs = groups(files, size).map(async (group) => {
    const client = await skippedBy(version, group.map(settingsOf));
    return group.flatMap(({ cases: all, skipped }, index) => {
      if (client[index] === skipped) return [];
      return `${all.map(({ what }) => what).join(" or ")}: ${skipped ? "we skip the file, the client reads it" : "the client skips the file"}`;
    });
  });
  return (await Promise.all(runs)).flat();
}

const figures: string[] = [];
afterAll(() => {
  process.stdout.write(figures.join(""));
});

function report(version: ClaudeVersion, all: readonly Case[], found: readonly string[]): void {
  const skipped = all.filter((each) => each.skipped).length;
  const part = `${all.length} of ${cases.length} cases${isWhole ? "" : `, seed ${SEED}`}`;
  figures.push(
    `agreement with Claude Code ${version}, settings, ${part}: ${all.length - found.length} of ${all.length} (${skipped} skip the file)\n`,
  );
  expect(found).toEqual([]);
}

test("Claude Code 2.1.332: every key, other shapes", { timeout: 3_600_000 }, async () => {
  const together = cases.filter(({ key }) => !ALONE.test(key));
  const skipped = sample(
    together.filter((each) => each.skipped),
    210,
    SEED,
  );
  const read = sample(
    together.filter((each) => !each.skipped),
    2_000,
    SEED + 1,
  );
  const alone = sample(
    cases.filter(({ key }) => ALONE.test(key)),
    24,
    SEED + 2,
  );
  const one = (each: Case): File => ({ cases: [each], skipped: each.skipped });
  const found = [
    await disagreements("2.1.332", skipped.map(one), 3),
    await disagreements(
      "2.1.332",
      lots(read).map((all) => ({ cases: all, skipped: false })),
      3,
    ),
    await disagreements("2.1.332", alone.map(one), 1),
  ].flat();
  // both answers must occur, or the agreement would prove nothing
  expect(skipped.length).toBeGreaterThan(100);
  expect(read.length).toBeGreaterThan(100);
  report("2.1.332", [...skipped, ...read, ...alone], found);
});

/** 2.1.197 does not know the newer keys, takes neither null, "manual" nor a name for a list, and other hooks (docs/limits.md). */
const IN_BOTH =
  /^(?:permissions\.(?:allow|deny|defaultMode|additionalDirectories)|model|statusLine|env|apiKeyHelper|sandbox|hooks\.PreToolUse\.0)(?::|\.0:|$)/;

test("Claude Code 2.1.197: the keys that people write", { timeout: 300_000 }, async () => {
  const known = cases.filter(({ what }) => IN_BOTH.test(what) && !what.endsWith(": null"));
  const drawn = sample(known, 36, SEED + 3);
  const found = await disagreements(
    "2.1.197",
    drawn.map((each) => ({ cases: [each], skipped: each.skipped })),
    3,
  );
  report("2.1.197", drawn, found);
});
