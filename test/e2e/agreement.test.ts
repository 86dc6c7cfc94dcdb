/**
 * The rules about loading against the real Claude Code: `check` must say error exactly where the client drops the file or
 * the server. The figure is printed, and any disagreement is a failure.
 */
import { afterAll, expect, test } from "vitest";
import { randomFrom } from "../core/random.ts";
import type { ClaudeVersion } from "../support/claude.ts";
import {
  bytesOf,
  type Content,
  type EntryFixture,
  entryFixtures,
  fileFixtures,
  fileOf,
} from "../support/loader-corpus.ts";
import { DEAD_URL, mutatedEntry, mutatedFile } from "../support/loader-mutations.ts";
import { type Comparison, compare, listing } from "./agreement-support.ts";

const SEED = Number(process.env.AGREEMENT_SEED ?? 20_260);
const MUTATED_ENTRIES = 600;
const MUTATED_FILES = 120;
/** Servers a file: the client connects to them all, and one slow one holds up the rest. */
const BATCH = 60;

const figures: string[] = [];
afterAll(() => {
  process.stdout.write(figures.join(""));
});

type File = readonly [what: string, content: Content];

const all = (version: ClaudeVersion, files: readonly File[], approved: boolean): Promise<readonly Comparison[]> =>
  Promise.all(files.map(async ([what, content]) => compare(what, content, await listing(version, content, approved))));

/** Servers together in files: those without a name of their own get one. */
function batches(entries: readonly Pick<EntryFixture, "name" | "entry">[]): readonly File[] {
  const named = entries.map(({ name, entry }, index) => ({ name: name ?? `server-${index}`, entry }));
  return Array.from({ length: Math.ceil(named.length / BATCH) }, (_, index) => [
    `batch ${index}`,
    Buffer.from(fileOf(named.slice(index * BATCH, (index + 1) * BATCH))),
  ]);
}
const filesOf = (fixtures: typeof fileFixtures): readonly File[] =>
  fixtures.map((fixture) => [fixture.what, bytesOf(fixture)]);

function mutatedFiles(): readonly File[] {
  const random = randomFrom(SEED + 1);
  return Array.from({ length: MUTATED_FILES }, () => mutatedFile(random)).map((text) => [
    JSON.stringify(text),
    Buffer.from(text),
  ]);
}
function mutatedEntries(): readonly File[] {
  const random = randomFrom(SEED);
  return batches(Array.from({ length: MUTATED_ENTRIES }, () => ({ entry: mutatedEntry(random) })));
}

/** What the older version, the newest for Node 20, takes otherwise: our rules follow the newer one. */
const OTHERWISE: readonly RegExp[] = [
  // a blank file is no valid JSON to it, with the same result: no servers
  /^(?:empty|blank|a BOM and nothing|a no-break space|form feed)$/,
  // it reserves fewer names, and those to the letter
  /^reserved name "(?:Claude|workspace.|computer-use!)/,
  // it does not list servers of the type ws at all
  /^ws(?:,|$)|ws url of ws/,
  // it takes a metadata URL in capitals
  /^oauth .*"HTTPS:/,
  // a server named __proto__ or constructor loses it the whole file
  /^(?:reserved name "__proto__"|__proto__ as a server|name "constructor")$/,
];
const isSame = ({ what }: { readonly what: string }): boolean => !OTHERWISE.some((other) => other.test(what));

test.each<[ClaudeVersion, string, readonly File[], boolean]>([
  ["2.1.332", "servers of the fixtures", batches(entryFixtures), true],
  ["2.1.332", "files of the fixtures", filesOf(fileFixtures), true],
  ["2.1.332", `${MUTATED_ENTRIES} mutated servers, seed ${SEED}`, mutatedEntries(), true],
  // not approved: what a mutated URL or command has become is not tried
  ["2.1.332", `${MUTATED_FILES} mutated files, seed ${SEED}`, mutatedFiles(), false],
  ["2.1.197", "servers of the fixtures", batches(entryFixtures.filter(isSame)), true],
  [
    "2.1.197",
    "every third file of the fixtures",
    filesOf(fileFixtures.filter(isSame).filter((_, index) => index % 3 === 0)),
    false,
  ],
])("Claude Code %s: %s", { timeout: 120_000 }, async (version, part, files, approved) => {
  const comparisons = await all(version, files, approved);
  const sum = (of: (each: Comparison) => number): number => comparisons.reduce((total, each) => total + of(each), 0);
  const [compared, dropped] = [sum((each) => each.compared), sum((each) => each.dropped)];
  const disagreements = comparisons.flatMap((each) => each.disagreements);
  figures.push(
    `agreement with Claude Code ${version}, ${part}: ${compared - disagreements.length} of ${compared} (${dropped} dropped by it)\n`,
  );
  expect(disagreements).toEqual([]);
  // both answers must occur, or the agreement would prove nothing
  expect(dropped).toBeGreaterThan(compared / 10);
  expect(compared - dropped).toBeGreaterThan(compared / 10);
});

test("files that are big, and a folder that is called .mcp.json", { timeout: 120_000 }, async () => {
  const valid = fileOf([{ name: "a", entry: `{"type":"http","url":"${DEAD_URL}"}` }]);
  const sized = (bytes: number): Buffer => Buffer.from(valid + " ".repeat(bytes - valid.length));
  const files: readonly File[] = [
    ["2 MiB", sized(2_097_152)],
    ["2 MiB and a byte", sized(2_097_153)],
    ["a folder", "folder"],
  ];
  const compared = await all("2.1.332", files, true);
  expect(compared.flatMap(({ disagreements }) => disagreements)).toEqual([]);
  expect(compared.map(({ dropped }) => dropped > 0)).toEqual([false, true, true]);
});
