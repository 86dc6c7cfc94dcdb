import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, it } from "vitest";
import { METADATA_URL } from "../../src/core/clients/claude-loader.ts";
import { LOADER_RULES } from "../../src/core/rules/loader.ts";
import {
  bytesOf,
  documentFrom,
  entryFixtures,
  fileFixtures,
  fileOf,
  isError,
  loaderFindings,
} from "../support/loader-corpus.ts";
import { mutatedEntry, mutatedFile } from "../support/loader-mutations.ts";
import { randomFrom } from "./random.ts";

/** What no schema can say: it is given a value, and these are about the bytes it was read from. */
const NOT_IN_A_SCHEMA = "file-too-big utf-16 merge-conflict syntax comments trailing-commas duplicate-server".split(
  " ",
);
const schema = JSON.parse(readFileSync(new URL("../../schema/mcp.schema.json", import.meta.url), "utf8")) as object;
const validate = new Ajv({ strict: true, allErrors: false, strictRequired: false, strictTypes: false }).compile(schema);

/** The schema's word and the rules' on one text; undefined where it is no JSON at all. */
function judge(bytes: Buffer): { readonly schema: boolean; readonly rules: boolean } | undefined {
  const document = documentFrom(bytes);
  let value: unknown;
  try {
    value = JSON.parse(document.text.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
  // beyond the depth that we read the rules say nothing
  if (document.tree === undefined) return undefined;
  const errors = loaderFindings(document).filter(
    (finding) => isError(finding) && !NOT_IN_A_SCHEMA.includes(finding.rule),
  );
  return { schema: !validate(value), rules: errors.length > 0 };
}

function agree(bytes: Buffer): boolean {
  const both = judge(bytes);
  if (both !== undefined) expect(both.schema, bytes.toString("utf8")).toBe(both.rules);
  return both !== undefined;
}

it("names only rules that exist, all of them errors", () => {
  const errors = LOADER_RULES.filter(({ severity }) => severity === "error").map(({ id }) => id);
  expect(NOT_IN_A_SCHEMA.filter((id) => !errors.includes(id))).toEqual([]);
});

it("refuses exactly the fixtures of which a rule that it can express says error", () => {
  const entries = entryFixtures.filter(({ name = "a", entry }) => agree(Buffer.from(fileOf([{ name, entry }]))));
  const files = fileFixtures.filter((fixture) => agree(bytesOf(fixture)));
  expect(entries.length).toBe(entryFixtures.length);
  expect(files.length).toBeGreaterThan(50);
});

it("agrees on mutated servers and files", () => {
  const random = randomFrom(7);
  for (let turn = 0; turn < 5000; turn += 1) agree(Buffer.from(fileOf([{ name: "a", entry: mutatedEntry(random) }])));
  for (let turn = 0; turn < 3000; turn += 1) agree(Buffer.from(mutatedFile(random)));
});

it("has the same pattern for the metadata URL", () => {
  expect(JSON.stringify(schema)).toContain(JSON.stringify(METADATA_URL.source));
});
