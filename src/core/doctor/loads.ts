/** Whether Claude Code loads a file and keeps its entries: the rules of `check` about loading say so. */
import { entriesOf } from "../check/loader.ts";
import type { Document, Finding, Subject } from "../check/model.ts";
import { runRules } from "../check/run.ts";
import { type Json, toJson } from "../formats/json.ts";
import { positionAt } from "../formats/lines.ts";
import { HALO_URL } from "../halo.ts";
import { LOADER_RULES } from "../rules/loader.ts";

/** Rules whose finding loses the file with everything in it; the other errors cost one entry. */
export const LOSES_FILE: ReadonlySet<string> = new Set([
  "not-a-file",
  "file-too-big",
  "utf-16",
  "merge-conflict",
  "syntax",
  "comments",
  "trailing-commas",
  "root-not-object",
  "mcp-servers-missing",
  "mcp-servers-not-object",
]);

/** Warnings of an entry that loads and can never connect. */
const NEVER_CONNECTS: ReadonlySet<string> = new Set(["unusable-url", "unsendable-header"]);

export interface LoadedEntry {
  readonly name: string;
  readonly raw: Json;
  /** Why Claude Code skips this entry. */
  readonly skipped: string | undefined;
  /** Where that stands, as `placeWords` says it. */
  readonly at?: string;
  /** Why it never connects, although it loads. */
  readonly stuck: string | undefined;
}

export interface Loaded {
  /** Why the file is refused as a whole. */
  readonly broken: string | undefined;
  /** Where that stands, as `placeWords` says it. */
  readonly at?: string;
  /** `check --fix` mends what broke it. */
  readonly fixable: boolean;
  /** What stands in it, also where the file is refused. */
  readonly entries: readonly LoadedEntry[];
}

const rules = new Map(LOADER_RULES.map((rule) => [rule.id, rule]));

function wordsOf({ rule, args }: Finding): string {
  return rules.get(rule)?.message(args) ?? rule;
}

/** `:line:column`, to go behind the name of a file; empty for a text that was not decoded. */
export function placeWords(text: string, offset: number): string {
  if (text === "") return "";
  const { line, column } = positionAt(text, offset);
  return `:${line}:${column}`;
}

/** In: a `.mcp.json`, or the servers of the store in that form. `secrets` are masked in what is said. */
export function loadDocument(document: Document, secrets: readonly string[]): Loaded {
  const subject: Subject = {
    documents: [document],
    inRepository: false,
    url: HALO_URL,
    allowMissing: true,
    local: true,
    secrets,
    spilled: [],
  };
  const findings = runRules(LOADER_RULES, subject);
  const errors = findings.filter(({ rule }) => rules.get(rule)?.severity === "error");
  const lost = errors.find(({ rule }) => LOSES_FILE.has(rule));
  return {
    broken: lost === undefined ? undefined : wordsOf(lost),
    at: lost === undefined ? "" : placeWords(document.text, lost.span.offset),
    fixable: lost?.fix !== undefined,
    entries: entriesOf(subject).map(({ name, entry }) => {
      const inside = ({ span }: Finding): boolean => span.offset >= entry.start && span.offset < entry.value.end;
      // of two equal names the last one stands, and that rule is about the first
      const skipped = errors.find(
        (found) => inside(found) && !LOSES_FILE.has(found.rule) && found.rule !== "duplicate-server",
      );
      const stuck = findings.find((found) => inside(found) && NEVER_CONNECTS.has(found.rule));
      return {
        name,
        raw: toJson(entry.value),
        skipped: skipped === undefined ? undefined : wordsOf(skipped),
        at: skipped === undefined ? "" : placeWords(document.text, skipped.span.offset),
        stuck: stuck === undefined ? undefined : wordsOf(stuck),
      };
    }),
  };
}
