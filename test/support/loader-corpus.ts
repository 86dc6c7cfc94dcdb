/** The fixtures of the loader rules (test/fixtures/check/loader), as the unit tests, the schema and the real client get them. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { documentOf } from "../../src/core/check/documents.ts";
import type { Document, Finding } from "../../src/core/check/model.ts";
import { runRules } from "../../src/core/check/run.ts";
import { isObjectNode } from "../../src/core/formats/nodes.ts";
import { FILE_RULES, LOADER_RULES } from "../../src/core/rules/loader.ts";
import { decode } from "../../src/io/read.ts";
import { subjectFrom } from "./subject.ts";

/** One server of a file: the text of its entry, and its name where that is what it is about. */
export interface EntryFixture {
  readonly what: string;
  readonly name?: string;
  readonly entry: string;
  /** The rules that find something, in report order. */
  readonly rules: readonly string[];
}

/** A whole file. `base64` where it is no UTF-8. */
export interface FileFixture {
  readonly what: string;
  readonly text?: string;
  readonly base64?: string;
  readonly rules: readonly string[];
}

const folder = new URL("../fixtures/check/loader/", import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
export const entryFixtures = read("entries.json") as readonly EntryFixture[];
export const fileFixtures = read("files.json") as readonly FileFixture[];

export const bytesOf = ({ text, base64 }: FileFixture): Buffer =>
  text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text, "utf8");

/** A file of one server, or of several. */
export function fileOf(entries: readonly { readonly name: string; readonly entry: string }[]): string {
  return `{"mcpServers":{\n${entries.map(({ name, entry }) => `${JSON.stringify(name)}:${entry}`).join(",\n")}\n}}\n`;
}

/** What stands under the name `.mcp.json`: a file of these bytes, or a folder. */
export type Content = Buffer | "folder";

/** Puts it there. */
export function place(path: string, content: Content): void {
  if (content === "folder") mkdirSync(path);
  else writeFileSync(path, content);
}

/** The Document of it, as `io` hands it over. */
export function documentFrom(content: Content): Document {
  const read = content === "folder" ? ({ text: "", encoding: "not-a-file" } as const) : decode(content);
  return documentOf({ path: ".mcp.json", kind: "mcp", ...read, tracked: true, ignored: false, mode: undefined });
}

export const loaderFindings = (document: Document): readonly Finding[] =>
  runRules(LOADER_RULES, subjectFrom([document]));

const severities = new Map(LOADER_RULES.map(({ id, severity }) => [id, severity]));
export const isError = ({ rule }: Finding): boolean => severities.get(rule) === "error";

/** One server of a file, by place, and whether a rule says error of it or of the whole file. */
export interface Verdict {
  readonly name: string;
  /** A text that its line has and no other entry of the same name. */
  readonly mark: string;
  readonly error: boolean;
  readonly rules: readonly string[];
}

/** What our rules say of the file as a whole, and of each server in it. */
export function verdictsOf(content: Content): {
  readonly file: boolean;
  readonly rules: readonly string[];
  readonly servers: readonly Verdict[];
} {
  const document = documentFrom(content);
  const errors = loaderFindings(document).filter(isError);
  const file = errors.some(({ rule }) => FILE_RULES.some(({ id }) => id === rule));
  const root = document.tree;
  const blocks = isObjectNode(root) ? root.entries.filter(({ key }) => key === "mcpServers") : [];
  const servers = blocks.flatMap((block) => {
    if (!isObjectNode(block.value)) return [];
    const { entries } = block.value;
    return entries.map((entry): Verdict => {
      const inside = errors.filter(({ span, rule }) => {
        const ofBlock = rule === "duplicate-server" && span.offset === block.start;
        return ofBlock || (span.offset >= entry.start && span.offset < entry.value.end);
      });
      const text = document.text.slice(entry.value.start, entry.value.end);
      const rivals = blocks
        .flatMap((other) => (isObjectNode(other.value) ? other.value.entries : []))
        .filter(({ key }) => key === entry.key);
      const mark = rivals.length > 1 ? (/"(http:\/\/127\.0\.0\.1:1\/[^"\s]*)"/.exec(text)?.[1] ?? "") : "";
      return { name: entry.key, mark, error: file || inside.length > 0, rules: inside.map(({ rule }) => rule) };
    });
  });
  return { file, rules: errors.map(({ rule }) => rule), servers };
}
