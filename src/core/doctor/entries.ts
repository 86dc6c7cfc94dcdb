/** The servers of every scope as Claude Code loads them: the rules of `check` about loading say what it skips. */
import { documentOf } from "../check/documents.ts";
import type { Document, Finding, Subject } from "../check/model.ts";
import { entriesOf } from "../check/rows.ts";
import { runRules } from "../check/run.ts";
import { type Entry, readEntry, type Scope } from "../clients/claude-code.ts";
import { isObject, type Json, toJson } from "../formats/json.ts";
import { placeWords } from "../formats/lines.ts";
import { DEFAULT_NAME, HALO_URL, HEADERS, variablesFor } from "../halo.ts";
import { FILE_RULES } from "../rules/files.ts";
import { LOADER_RULES } from "../rules/index.ts";

/** Each of them loses the file with everything in it; the other errors cost one entry. */
const LOSES_FILE: ReadonlySet<string> = new Set(FILE_RULES.map(({ id }) => id));
/** Warnings of an entry that loads and can never connect. */
const NEVER_CONNECTS: ReadonlySet<string> = new Set(["unusable-url", "unsendable-header"]);

/** Why something is not loaded, where that stands (`:line:column`, or empty), and whether `check --fix` mends it. */
interface Lost {
  readonly why: string;
  readonly at: string;
  readonly fixable: boolean;
}

/** One server of a file or of the store. */
export interface Server {
  readonly entry: Entry;
  readonly scope: Scope;
  /** As it is shown. */
  readonly file: string;
  /** Claude Code does not have it: it skips the entry, or the file. */
  readonly lost: Lost | undefined;
  /** Why it never connects, although it loads. */
  readonly stuck: string | undefined;
  /** It goes to HALO, carries its token, or runs a program that does; otherwise it has the name alone. */
  readonly isHalo: boolean;
}

/** A file with servers. `broken`: Claude Code refuses it as a whole; what stands in it is listed all the same. */
export interface Place {
  readonly scope: Scope;
  readonly file: string;
  readonly broken: Lost | undefined;
  readonly servers: readonly Server[];
}

/** HALO's address, the header of its token, or its variable: in a URL, in any header, or in what a program is started with. */
function isAboutHalo({ url, values, raw }: Entry): boolean {
  if (url.includes(HALO_URL) || values.token !== undefined) return true;
  if (!isObject(raw)) return false;
  const text = JSON.stringify([raw.url, raw.headers, raw.command, raw.args, raw.env]).toLowerCase();
  return [HALO_URL, HEADERS.token, variablesFor(DEFAULT_NAME).token].some((word) => text.includes(word.toLowerCase()));
}

const rules = new Map(LOADER_RULES.map((rule) => [rule.id, rule]));

/** In: a `.mcp.json`, or the servers of the store in that form; secrets are masked in what is said. */
export function placeOf(scope: Scope, file: string, document: Document, secrets: readonly string[]): Place {
  const documents = [document];
  const base = { inRepository: false, url: HALO_URL, allowMissing: true, local: true, spilled: [], unignoredEnv: [] };
  const subject: Subject = { ...base, documents, secrets };
  const lostBy = ({ rule, args, span, fix }: Finding): Lost => ({
    why: rules.get(rule)?.message(args) ?? rule,
    // what stands in the store was read as a text of its own
    at: scope === "project" ? placeWords(document.text, span.offset) : "",
    fixable: fix !== undefined,
  });
  const findings = runRules(LOADER_RULES, subject);
  const errors = findings.filter(({ rule }) => rules.get(rule)?.severity === "error");
  const whole = errors.find(({ rule }) => LOSES_FILE.has(rule));
  const broken = whole && lostBy(whole);
  const servers = entriesOf(subject).map(({ name, entry: node }): Server => {
    const inside = ({ span }: Finding): boolean => span.offset >= node.start && span.offset < node.value.end;
    // of two equal names the last one stands, and that rule is about the first
    const skipped = errors.find((found) => inside(found) && found.rule !== "duplicate-server");
    const stuck = findings.find((found) => inside(found) && NEVER_CONNECTS.has(found.rule));
    const entry = readEntry(name, scope, toJson(node.value));
    const lost = broken ?? (skipped && lostBy(skipped));
    return { entry, scope, file, lost, stuck: stuck && lostBy(stuck).why, isHalo: isAboutHalo(entry) };
  });
  return { scope, file, broken, servers };
}

/** The same for servers of the store: one loader reads them all (measured 2026-11-22: an entry without a type is skipped there too). */
export function storePlace(
  scope: Scope,
  file: string,
  servers: Json | undefined,
  secrets: readonly string[],
): readonly Place[] {
  if (!isObject(servers)) return [];
  const text = JSON.stringify({ mcpServers: servers });
  const raw = { path: ".mcp.json", kind: "mcp", text, encoding: "utf-8", tracked: false, ignored: false } as const;
  return [placeOf(scope, file, documentOf({ ...raw, mode: undefined }), secrets)];
}

/**
 * The name that is looked at: the one asked for, else HALO's usual one, else that of the first entry about HALO. One that
 * runs a program cannot be tested, so another goes before it.
 */
export function chooseName(servers: readonly Server[], asked: string | undefined): string {
  if (asked !== undefined) return asked;
  const about = servers.filter(({ isHalo }) => isHalo);
  const tested = about.filter(({ entry }) => !entry.runs);
  const names = (tested.length > 0 ? tested : about).map(({ entry }) => entry.name);
  return names.includes(DEFAULT_NAME) ? DEFAULT_NAME : (names[0] ?? DEFAULT_NAME);
}
