/** The servers of every scope as Claude Code loads them: the rules of `check` about loading say what it skips. */
import { documentOf } from "../check/documents.ts";
import type { Document, Finding, Subject } from "../check/model.ts";
import { entriesOf } from "../check/rows.ts";
import { runRules } from "../check/run.ts";
import { type Entry, readEntry, type Scope } from "../clients/claude-code.ts";
import { type ClaudeFiles, type Folder, storeKey } from "../clients/claude-state.ts";
import { isObject, type Json, property, toJson } from "../formats/json.ts";
import { placeWords } from "../formats/lines.ts";
import { DEFAULT_NAME, HALO_URL, HEADERS, variablesFor } from "../halo.ts";
import { FILE_RULES } from "../rules/files.ts";
import { LOADER_RULES } from "../rules/index.ts";

/** A `.mcp.json`, or why it could not be read. */
export interface McpFile {
  readonly shown: string;
  readonly read?: Pick<Document, "text" | "encoding">;
  readonly unreadable?: string;
}

/** Each of them loses the file with everything in it; the other errors cost one entry. */
const LOSES_FILE: ReadonlySet<string> = new Set(FILE_RULES.map(({ id }) => id));

/** Why something is not loaded. */
interface Lost {
  readonly why: string;
  /** `:line:column`, or empty. */
  readonly at: string;
  /** The whole file is not loaded. */
  readonly isFile: boolean;
}

/** One server of a file or of the store. */
export interface Server {
  readonly entry: Entry;
  readonly scope: Scope;
  /** As it is shown. */
  readonly file: string;
  /** Claude Code does not have it: it skips the entry, or the file. */
  readonly lost: Lost | undefined;
  /** It goes to HALO, carries its token, or runs a program that does; otherwise it has the name alone. */
  readonly isHalo: boolean;
}

/** HALO's address, the header of its token, and its variable. */
const MARKS = [HALO_URL, HEADERS.token, variablesFor(DEFAULT_NAME).token].map((mark) => mark.toLowerCase());

const rules = new Map(LOADER_RULES.map((rule) => [rule.id, rule]));

/** In: the text of a `.mcp.json`, or the servers of the store in that form; secrets are masked in what is said. */
function placeOf(scope: Scope, file: string, read: Pick<Document, "text" | "encoding">, secrets: readonly string[]) {
  const raw = { path: ".mcp.json", kind: "mcp", tracked: false, ignored: false, mode: undefined } as const;
  const document = documentOf({ ...read, ...raw });
  const base = { inRepository: false, url: HALO_URL, allowMissing: true, local: true, spilled: [], unignoredEnv: [] };
  const subject: Subject = { ...base, documents: [document], secrets };
  const lostBy = ({ rule, args, span }: Finding): Lost => ({
    why: rules.get(rule)?.message(args) ?? rule,
    // what stands in the store was read as a text of its own
    at: scope === "project" ? placeWords(read.text, span.offset) : "",
    isFile: LOSES_FILE.has(rule),
  });
  const errors = runRules(LOADER_RULES, subject).filter(({ rule }) => rules.get(rule)?.severity === "error");
  const whole = errors.find(({ rule }) => LOSES_FILE.has(rule));
  const servers = entriesOf(subject).map(({ name, entry: node }): Server => {
    // of two equal names the last one stands, and that rule is about the first
    const found = errors.find(
      ({ rule, span }) => rule !== "duplicate-server" && span.offset >= node.start && span.offset < node.value.end,
    );
    const lost = whole ?? found;
    const value = toJson(node.value);
    const text = JSON.stringify(value).toLowerCase();
    const isHalo = MARKS.some((mark) => text.includes(mark));
    return { entry: readEntry(name, scope, value), scope, file, lost: lost && lostBy(lost), isHalo };
  });
  /** `broken`: Claude Code refuses the file as a whole; what stands in it is listed all the same. */
  return { scope, file, broken: whole && lostBy(whole), servers };
}

/**
 * The files with servers: local, `.mcp.json` from the nearest on, user. One loader reads them all (measured 2026-11-22: in
 * the store, too, an entry without a type is skipped).
 */
export function placesOf(
  input: Pick<ClaudeFiles, "store"> & Folder & { readonly mcp: readonly McpFile[] },
  store: Json | undefined,
  secrets: readonly string[],
) {
  const ofStore = (scope: Scope, mcpServers: Json | undefined) => {
    const read = { text: JSON.stringify({ mcpServers }), encoding: "utf-8" } as const;
    return isObject(mcpServers) ? [placeOf(scope, input.store.shown, read, secrets)] : [];
  };
  return [
    ...ofStore("local", property(store, "projects", storeKey(input), "mcpServers")),
    ...input.mcp.flatMap(({ shown, read }) => (read === undefined ? [] : [placeOf("project", shown, read, secrets)])),
    ...ofStore("user", property(store, "mcpServers")),
  ];
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
