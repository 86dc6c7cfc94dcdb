/** The input, and the servers of every scope as Claude Code loads them. The loading rules of `check` decide what it skips. */
import { documentOf } from "../check/documents.ts";
import type { Document, Finding, Subject } from "../check/model.ts";
import { claudeEntries, runRules } from "../check/run.ts";
import { haloIn } from "../check/servers.ts";
import { claudeCode, readEntry, type Scope } from "../clients/claude-code.ts";
import type { Folder } from "../clients/claude-project.ts";
import type { ClaudeFiles, NamedFile } from "../clients/claude-state.ts";
import { type Json, toJson } from "../formats/json.ts";
import { placeWords } from "../formats/lines.ts";
import { DEFAULT_NAME, HALO_URL } from "../halo.ts";
import { FILE_RULES, LOADER_RULES } from "../rules/loader.ts";

/** Options of a command line that a suggested command needs too, as they can be typed where it was started. */
export interface Given {
  readonly cwd: string | undefined;
  readonly valuesFile: string | undefined;
  readonly url: string | undefined;
}

export interface SetupInput extends ClaudeFiles, Folder {
  readonly name: string | undefined;
  /** `--url`: this very URL may get the token. */
  readonly url: string | undefined;
  /** From this command line: tested instead of the one that is found. */
  readonly token?: string | undefined;
  readonly given: Given;
  /** The main checkout of a linked worktree, as it is shown. */
  readonly shownMain?: string | undefined;
  /** Folders below with an entry for HALO, looked for if this folder has none. */
  readonly below?: readonly string[];
  /** Files of this folder with one that Claude Code does not read there. */
  readonly misplaced?: readonly string[];
  /** The `.mcp.json` files of the folder and above it that are there, nearest first. */
  readonly mcp: readonly {
    readonly shown: string;
    readonly read?: Pick<Document, "text" | "encoding">;
    readonly unreadable?: string;
  }[];
  /** Entries of the person's own whose token is in the system's store; `isOpen`: it gave one, which is in `store` now. */
  readonly keychains?: ReadonlyMap<string, { readonly label: string; readonly isOpen: boolean }>;
  readonly dotenv: NamedFile;
  readonly envrc: NamedFile;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hasModes: boolean;
}

/** These errors make Claude Code skip the whole file; the other errors only one entry. */
const LOSES_FILE: ReadonlySet<string> = new Set(FILE_RULES.map(({ id }) => id));

const rules = new Map(LOADER_RULES.map((rule) => [rule.id, rule]));

/** In: the text of a `.mcp.json`, or the servers of the store in that form; secrets are masked in the reasons. */
export function placeOf(
  scope: Scope,
  file: string,
  read: Pick<Document, "text" | "encoding">,
  secrets: readonly string[],
) {
  const raw = { path: ".mcp.json", kind: "mcp", tracked: false, ignored: false, mode: undefined } as const;
  const document = documentOf({ ...read, ...raw });
  const none = { spilled: [], unignoredEnv: [], hidden: new Map() };
  const base = { inRepository: false, url: HALO_URL, allowMissing: true, local: true, ...none };
  const subject: Subject = { ...base, documents: [document], secrets };
  const lostBy = ({ rule, args, span, fix }: Finding) => ({
    why: rules.get(rule)?.message(args) ?? rule,
    /** `:line:column`; empty for the store, which was read as a text of its own. */
    at: scope === "project" ? placeWords(read.text, span.offset) : "",
    isFile: LOSES_FILE.has(rule),
    isMendable: fix !== undefined,
    rule,
  });
  const errors = runRules(LOADER_RULES, subject).filter(({ rule }) => rules.get(rule)?.severity === "error");
  const whole = errors.find(({ rule }) => LOSES_FILE.has(rule));
  const about = new Set(haloIn(document, claudeCode, HALO_URL, false).map(({ name }) => name));
  const servers = claudeEntries(subject).map(({ name, entry: node }) => {
    // if a name occurs twice, the last one counts, and that rule reports the first
    const found = errors.find(
      ({ rule, span }) => rule !== "duplicate-server" && span.offset >= node.start && span.offset < node.value.end,
    );
    const lost = whole ?? found;
    return {
      entry: readEntry(name, scope, toJson(node.value)),
      scope,
      file,
      lost: lost && lostBy(lost),
      /** It is about HALO as in `check`; otherwise it has only the name. */
      isHalo: about.has(name),
    };
  });
  /** `broken`: Claude Code refuses the whole file; its entries are listed anyway. */
  return { scope, file, broken: whole && lostBy(whole), servers };
}

export type Server = ReturnType<typeof placeOf>["servers"][number];

export const ofJson = (scope: Scope, file: string, mcpServers: Json | undefined, secrets: readonly string[]) =>
  placeOf(scope, file, { text: JSON.stringify({ mcpServers }), encoding: "utf-8" }, secrets);

/** The entries for HALO, and the one of this name: that one first, those that run a program last. In: the value of `mcpServers`. */
export function haloEntries(mcpServers: Json | undefined, scope: Scope, name: string): readonly Server[] {
  const rank = ({ entry }: Server): number => (entry.name === name ? 0 : entry.runs ? 2 : 1);
  return ofJson(scope, "", mcpServers, [])
    .servers.filter(({ isHalo, entry }) => isHalo || entry.name === name)
    .toSorted((a, b) => rank(a) - rank(b));
}

/** The requested name, else HALO's usual one, else that of the first entry for HALO. An entry that runs a program comes last: it cannot be tested. */
export function chooseName(servers: readonly Server[], asked: string | undefined): string {
  if (asked !== undefined) return asked;
  const about = servers.filter(({ isHalo }) => isHalo);
  const tested = about.filter(({ entry }) => !entry.runs);
  const names = (tested.length > 0 ? tested : about).map(({ entry }) => entry.name);
  return names.includes(DEFAULT_NAME) ? DEFAULT_NAME : (names[0] ?? DEFAULT_NAME);
}
