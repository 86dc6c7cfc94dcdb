/**
 * The rules about loading against the real Claude Code: `check` must say error exactly where the client drops the file or
 * the server. The figure is printed, and any disagreement is a failure.
 */
import { afterAll, describe, expect, test } from "vitest";
import { randomFrom } from "../core/random.ts";
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

interface Tally {
  compared: number;
  dropped: number;
  readonly disagreements: string[];
}
const tallies = new Map<string, Tally>();

function count(part: string, comparisons: readonly Comparison[]): void {
  const tally = tallies.get(part) ?? { compared: 0, dropped: 0, disagreements: [] };
  tallies.set(part, tally);
  for (const { compared, dropped, disagreements } of comparisons) {
    tally.compared += compared;
    tally.dropped += dropped;
    tally.disagreements.push(...disagreements);
  }
  expect(tally.disagreements).toEqual([]);
  // both answers must occur, or the agreement would prove nothing
  expect(tally.dropped).toBeGreaterThan(tally.compared / 10);
  expect(tally.compared - tally.dropped).toBeGreaterThan(tally.compared / 10);
}

afterAll(() => {
  for (const [part, { compared, dropped, disagreements }] of tallies) {
    const agreed = compared - disagreements.length;
    process.stdout.write(`agreement with Claude Code ${part}: ${agreed} of ${compared} (${dropped} dropped by it)\n`);
  }
});

type Named = Pick<EntryFixture, "entry"> & { readonly name: string };
const batches = (entries: readonly Named[]): readonly (readonly Named[])[] =>
  Array.from({ length: Math.ceil(entries.length / BATCH) }, (_, index) =>
    entries.slice(index * BATCH, (index + 1) * BATCH),
  );

/** Fixtures in one file: those without a name of their own get one. */
const named = (fixtures: readonly EntryFixture[]): readonly Named[] =>
  fixtures.map(({ name, entry }, index) => ({ name: name ?? `fixture-${index}`, entry }));

const all = (
  version: "2.1.330" | "2.1.197",
  files: readonly (readonly [what: string, content: Content])[],
  approved: boolean,
) =>
  Promise.all(files.map(async ([what, content]) => compare(what, content, await listing(version, content, approved))));

describe("Claude Code 2.1.330", () => {
  test(`${entryFixtures.length} servers of the fixtures`, { timeout: 120_000 }, async () => {
    const files = batches(named(entryFixtures)).map(
      (batch, index) => [`batch ${index}`, Buffer.from(fileOf(batch))] as const,
    );
    count("2.1.330, servers of the fixtures", await all("2.1.330", files, true));
  });

  test(`${fileFixtures.length} files of the fixtures`, { timeout: 120_000 }, async () => {
    const files = fileFixtures.map((fixture) => [fixture.what, bytesOf(fixture)] as const);
    count("2.1.330, files of the fixtures", await all("2.1.330", files, true));
  });

  test("files that are big", { timeout: 120_000 }, async () => {
    const valid = fileOf([{ name: "a", entry: `{"type":"http","url":"${DEAD_URL}"}` }]);
    const sized = (bytes: number): Buffer => Buffer.from(valid + " ".repeat(bytes - valid.length));
    const files = [
      ["2 MiB", sized(2_097_152)],
      ["2 MiB and a byte", sized(2_097_153)],
    ] as const;
    const compared = await all("2.1.330", files, true);
    expect(compared.flatMap(({ disagreements }) => disagreements)).toEqual([]);
    expect(compared.map(({ dropped }) => dropped > 0)).toEqual([false, true]);
  });

  test("a folder that is called .mcp.json", { timeout: 120_000 }, async () => {
    const client = await listing("2.1.330", "folder", true);
    expect(client.output).toContain("MCP config is not a regular file");
    expect(compare("a folder", "folder", client)).toEqual({ compared: 1, dropped: 1, disagreements: [] });
  });

  test(`${MUTATED_ENTRIES} mutated servers, seed ${SEED}`, { timeout: 120_000 }, async () => {
    const random = randomFrom(SEED);
    const entries = Array.from({ length: MUTATED_ENTRIES }, (_, index) => ({
      name: `m${index}`,
      entry: mutatedEntry(random),
    }));
    const files = batches(entries).map((batch) => Buffer.from(fileOf(batch)));
    const compared = await all(
      "2.1.330",
      files.map((bytes, index) => [`mutated ${index}`, bytes]),
      true,
    );
    count("2.1.330, mutated servers", compared);
  });

  test(`${MUTATED_FILES} mutated files, seed ${SEED}`, { timeout: 120_000 }, async () => {
    const random = randomFrom(SEED + 1);
    const files = Array.from({ length: MUTATED_FILES }, () => mutatedFile(random));
    // not approved: what a mutated URL or command has become is not tried
    const compared = await all(
      "2.1.330",
      files.map((text) => [JSON.stringify(text), Buffer.from(text)]),
      false,
    );
    count("2.1.330, mutated files", compared);
  });
});

/** What the older version, the newest for Node 20, takes otherwise: our rules follow the newer one. */
const OTHERWISE = new Map([
  [
    "a blank file is no valid JSON to it, with the same result: no servers",
    /^(?:empty|blank|a BOM and nothing|a no-break space|form feed)$/,
  ],
  ["it reserves fewer names, and those to the letter", /^reserved name "(?:Claude|workspace.|computer-use!)/],
  ["it does not list servers of the type ws at all", /^ws(?:,|$)|ws url of ws/],
  ["it takes a metadata URL in capitals", /^oauth .*"HTTPS:/],
  [
    "a server named __proto__ or constructor loses it the whole file",
    /^(?:reserved name "__proto__"|__proto__ as a server|name "constructor")$/,
  ],
]);
const isSame = ({ what }: { readonly what: string }): boolean =>
  ![...OTHERWISE.values()].some((other) => other.test(what));

describe("Claude Code 2.1.197", () => {
  test("servers of the fixtures", { timeout: 120_000 }, async () => {
    const files = batches(named(entryFixtures.filter(isSame))).map(
      (batch, index) => [`batch ${index}`, Buffer.from(fileOf(batch))] as const,
    );
    count("2.1.197, servers of the fixtures", await all("2.1.197", files, true));
  });

  test("every third file of the fixtures", { timeout: 120_000 }, async () => {
    const files = fileFixtures.filter(isSame).filter((_, index) => index % 3 === 0);
    count(
      "2.1.197, files of the fixtures",
      await all(
        "2.1.197",
        files.map((fixture) => [fixture.what, bytesOf(fixture)]),
        false,
      ),
    );
  });
});
