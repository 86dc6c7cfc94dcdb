/** The entries of HALO in every scope, and the one that a session takes. */
import { documentOf } from "../check/documents.ts";
import { shown } from "../check/show.ts";
import { type Entry, haloEntries, isObject, type Scope } from "../clients/claude-code.ts";
import type { Json } from "../formats/json.ts";
import { property } from "../formats/json.ts";
import { DEFAULT_NAME, HALO_URL, HEADERS, variablesFor } from "../halo.ts";
import { isSwitchedOff, storeKey } from "./approval.ts";
import type { SetupInput } from "./input.ts";
import { type Loaded, loadDocument } from "./loads.ts";
import type { ApprovalView, EntryView } from "./model.ts";

export interface Contender {
  readonly entry: Entry;
  readonly file: string;
  /** Why Claude Code does not have it: the file is refused, or the entry skipped. */
  readonly lost:
    | { readonly whole: boolean; readonly why: string; readonly at: string; readonly fixable: boolean }
    | undefined;
  readonly stuck: string | undefined;
  /** It goes to HALO, carries its token, or runs a program that does; otherwise it has the name alone. */
  readonly isHalo: boolean;
}

/** One place with servers, in the order in which Claude Code asks for a name. */
export interface Place {
  readonly scope: Scope;
  readonly file: string;
  readonly loaded: Loaded;
}

/** Servers of the store in the form of a file: the same loader reads them (measured 2026-11-22: an entry without a type is skipped there too). */
function placeOf(scope: Scope, file: string, servers: Json | undefined, secrets: readonly string[]): readonly Place[] {
  if (!isObject(servers)) return [];
  const raw = {
    path: ".mcp.json",
    kind: "mcp",
    text: JSON.stringify({ mcpServers: servers }),
    encoding: "utf-8",
    tracked: false,
    ignored: false,
    mode: undefined,
  } as const;
  return [{ scope, file, loaded: loadDocument(documentOf(raw), secrets) }];
}

/** Local, the `.mcp.json` files from the nearest on, user. */
export function placesOf(input: SetupInput, store: Json | undefined, secrets: readonly string[]): readonly Place[] {
  const { shown: file } = input.store;
  return [
    ...placeOf("local", file, property(store, "projects", storeKey(input), "mcpServers"), secrets),
    ...input.mcp.flatMap(({ document, shown: path }) =>
      document === undefined
        ? []
        : [{ scope: "project" as const, file: path, loaded: loadDocument(document, secrets) }],
    ),
    ...placeOf("user", file, property(store, "mcpServers"), secrets),
  ];
}

/** HALO's address, the header of its token, or its variable: in a URL, in any header, or in what a program is started with. */
function isAboutHalo({ url, values, raw }: Entry): boolean {
  if (url.includes(HALO_URL) || values.token !== undefined) return true;
  if (!isObject(raw)) return false;
  const text = JSON.stringify([raw.url, raw.headers, raw.command, raw.args, raw.env]).toLowerCase();
  return [HALO_URL, HEADERS.token, variablesFor(DEFAULT_NAME).token].some((word) => text.includes(word.toLowerCase()));
}

/** Every entry about HALO, or of its name, in the order of the places. */
export function contendersOf(places: readonly Place[], name: string): readonly Contender[] {
  return places.flatMap(({ scope, file, loaded }) =>
    loaded.entries.flatMap((each): readonly Contender[] => {
      const stub = { name: each.name, scope, url: "", headers: {}, values: {}, runs: false, raw: each.raw };
      const [entry] = isObject(each.raw)
        ? haloEntries({ [each.name]: each.raw }, scope, each.name)
        : each.name === name
          ? [stub]
          : [];
      if (entry === undefined || (entry.name !== name && !isAboutHalo(entry))) return [];
      const why = loaded.broken ?? each.skipped;
      const lost =
        why === undefined
          ? undefined
          : {
              whole: loaded.broken !== undefined,
              why,
              // what stands in the store was read as a text of its own
              at: scope === "project" ? ((loaded.broken === undefined ? each.at : loaded.at) ?? "") : "",
              fixable: loaded.broken !== undefined && loaded.fixable,
            };
      return [{ entry, file, lost, stuck: each.stuck, isHalo: isAboutHalo(entry) }];
    }),
  );
}

/**
 * The name that is looked at: the one asked for, else HALO's usual one, else that of the first entry about HALO. One that
 * runs a program cannot be tested, so another goes before it.
 */
export function chooseName(places: readonly Place[], asked: string | undefined): string {
  if (asked !== undefined) return asked;
  const about = contendersOf(places, DEFAULT_NAME).filter(({ isHalo }) => isHalo);
  const tested = about.filter(({ entry }) => !entry.runs);
  const all = tested.length > 0 ? tested : about;
  if (all.some(({ entry }) => entry.name === DEFAULT_NAME)) return DEFAULT_NAME;
  return all[0]?.entry.name ?? DEFAULT_NAME;
}

export interface Choice {
  readonly winner: Contender | undefined;
  readonly approval: ApprovalView | undefined;
  /** The entry of a `.mcp.json` that waits for its approval, while another scope's is taken. */
  readonly waiting: Contender | undefined;
}

/**
 * The entry that a session takes, when its owner approves nothing more. Measured 2026-11-22 with both versions: local,
 * the nearest `.mcp.json`, user; what is skipped, or rejected by name, leaves its place to the next.
 */
export function chooseEntry(
  input: SetupInput,
  store: Json | undefined,
  contenders: readonly Contender[],
  name: string,
  approval: ApprovalView,
): Choice {
  const kept = contenders.filter(({ entry, lost }) => entry.name === name && lost === undefined);
  const of = (scope: Scope): Contender | undefined => kept.find(({ entry }) => entry.scope === scope);
  const [local, project, user] = [of("local"), of("project"), of("user")];
  const isOpen = project !== undefined && approval.state === "approved";
  const winner = local ?? (isOpen ? project : (user ?? project));
  const waiting = approval.state === "pending" && project !== winner ? project : undefined;
  if (winner === undefined) return { winner, approval: undefined, waiting };
  if (isSwitchedOff(input, store, name))
    return {
      winner,
      approval: { state: "disabled", by: { file: input.store.shown, key: "disabledMcpServers" } },
      waiting,
    };
  return { winner, approval: winner === project ? approval : { state: "not-needed" }, waiting };
}

const STANDS: Readonly<Record<Scope, string>> = { local: "local", project: "project's", user: "user" };

/** The entries as they are shown, each with what becomes of it. */
export function viewEntries(
  contenders: readonly Contender[],
  { winner }: Choice,
  approval: ApprovalView,
  name: string,
  secrets: readonly string[],
): readonly EntryView[] {
  return contenders.map((contender) => {
    const { entry, file, lost } = contender;
    const base = {
      name: shown({ secrets }, entry.name, 64),
      scope: entry.scope,
      file,
      url: shown({ secrets }, entry.url),
      wins: contender === winner,
    };
    if (contender === winner) return base;
    const why = ((): string => {
      if (lost !== undefined) return lost.whole ? `the file is refused: ${lost.why}` : lost.why;
      if (entry.name !== name) return "another name";
      if (entry.scope === "project" && approval.state === "rejected") return `rejected in ${approval.by?.file ?? ""}`;
      if (entry.scope === "project" && winner?.entry.scope === "user") return "it waits for its approval";
      if (entry.scope === "project" && winner?.entry.scope === "project") return `${winner.file} is nearer`;
      return `the ${STANDS[winner?.entry.scope ?? "local"]} entry of the same name stands before it`;
    })();
    return { ...base, why };
  });
}
