/** The files of a repository: what a set-up adds to them, and how it is removed again. Pure. */
import { hasSecret } from "../check/env-files.ts";
import { quoteSh } from "../command-line.ts";
import { addExampleNames, dotenvOf, removeDotenv, removeExampleNames, setDotenv } from "../formats/dotenv.ts";
import type { Edited, Refused } from "../formats/json.ts";
import { addToArray, isSkeleton, removeFromArray, removeProperty, setProperty } from "../formats/json-edit.ts";
import { addLines, appendLines, removeLine, removeLines } from "../formats/lines.ts";
import type { Value } from "../halo.ts";
import { isClosed, type Secrets, type Snapshot, type WriteStep } from "./model.ts";
import { removableIn, type Target, variablesOf } from "./target.ts";

interface Project {
  /** Absolute. `exclude` is `.git/info/exclude`; undefined without git. `bridge` gives Claude Code the values. */
  readonly paths: Readonly<Record<"ignore" | "exclude" | "env" | "example" | "bridge" | "envrc", string | undefined>>;
  readonly snapshot: Snapshot;
  readonly target: Target;
  /** The edits of the files that refer to the values: the entries of the clients. */
  readonly entryEdits: readonly FileEdits[];
  /** How `.envrc` names the env file. */
  readonly envFromRoot: string;
}

export interface ProjectInput extends Project {
  readonly values: Readonly<Record<Value, string>>;
  /** IDs of other connections, for private files. */
  readonly others?: Secrets;
  readonly bridge: "claude-settings" | "direnv" | "none";
  /** Patterns that no rule covers yet: for the team's ignore file, and for `exclude`, which counts in every worktree. */
  readonly uncovered: readonly string[];
  readonly excluded: readonly string[];
  /** Lines for the ignore file that take back a rule above them. */
  readonly exceptions: readonly string[];
  /** Whether the example gets the two IDs, so that a teammate is asked for the token alone. */
  readonly sharesIds: boolean;
}

export interface RemovalInput extends Project {
  /** Variables that another HALO entry of the project still refers to, and those of Claude Code's entries. */
  readonly kept: ReadonlySet<string>;
  readonly keptInBridge: ReadonlySet<string>;
  /** Only what is private: the files of the team stay. */
  readonly isValuesOnly: boolean;
  /** Our ignore rules, if no entry is left: each with the file that it is for. */
  readonly rules: readonly Rule[];
  /** Tracked files: they stay, even if they become empty. */
  readonly tracked: ReadonlySet<string>;
}

/** `heading`: our block; undefined for an exception. */
export interface Rule {
  readonly file: string | undefined;
  readonly line: string;
  readonly heading?: string;
  readonly path: string;
}

/** `text`: the file as it is; the place of a refusal is in it. `isClosed`: the system does not let us read it. */
export type Planned =
  | { readonly ok: true; readonly steps: readonly WriteStep[] }
  | { readonly ok: false; readonly path: string; readonly text: string; readonly refused: Refused; isClosed?: boolean };

export type Edit = (text: string) => Edited;

/** A file with its edits; a file without edits is skipped. `secret`: the edits write values; `own`: into a file of the user that nobody else may read. */
export type FileEdits = readonly [path: string | undefined, edits: readonly Edit[], secret?: false | "env" | "own"];

const STRICT = { strict: true };
/** For removals: comments stay. For additions not: Claude Code skips a settings file with comments (measured). */
const LENIENT = { strict: false };
export const HEADING = "# HALO (create-halo-mcp): private values, never committed";

/** The comments of `.env.example`: where to find each value. */
const COMMENTS: Readonly<Record<Value, string>> = {
  token: "HALO product token, type MCP: HALO Studio > Settings > Product Tokens",
  account: "CM.com account ID: account settings, or the URL in HALO Studio",
  profile: "HALO profile ID: in the URL of the profile in HALO Studio",
};

/** The files after their edits, each on the text of the one before. Stops at the first that is refused. */
export function editFiles(snapshot: Snapshot, files: readonly FileEdits[]): Planned {
  const steps: WriteStep[] = [];
  for (const [path, edits, secret] of files) {
    if (path === undefined || edits.length === 0) continue;
    const state = snapshot.get(path);
    if (state?.kind === "unreadable")
      return { ok: false, path, text: "", refused: { reason: state.reason, offset: 0 }, isClosed: isClosed(state) };
    const before = state?.kind === "file" ? state.text : undefined;
    const original = before ?? "";
    let text = original;
    for (const edit of edits) {
      const edited = edit(text);
      if (!edited.ok) {
        // the offset must be one in the file, not in the result of an earlier edit (which may contain a secret)
        const alone = edit(original);
        const refused = alone.ok ? { ...edited.refused, offset: 0 } : alone.refused;
        return { ok: false, path, text: original, refused };
      }
      text = edited.text;
    }
    const after = text === original ? before : text;
    steps.push({ kind: "write", path, before, after, secret: secret ? true : undefined, closes: secret === "own" });
  }
  return { ok: true, steps };
}

const envrcLine = ({ envFromRoot }: Project): string => `dotenv_if_exists ${quoteSh(envFromRoot)}`;

/** In `.env.example`; `idOf`: what may be in it besides the names, never the token. */
const exampleNames = (
  variables: ReturnType<typeof variablesOf>,
  idOf: (which: Value, env: string) => string | undefined,
) =>
  variables.map(({ value, env }) => {
    return { name: env, comment: COMMENTS[value], value: value === "token" ? undefined : idOf(value, env) };
  });

/** Sets variables under "env", the first at the top. */
export function envEdits(variables: Secrets): readonly Edit[] {
  const pairs = Object.entries(variables).toReversed();
  return pairs.map(
    ([name, value]) =>
      (text) =>
        setProperty(text, ["env", name], value, STRICT),
  );
}

export const secretsOf = ({ slots }: Pick<Target, "slots">, values: Readonly<Record<Value, string>>): Secrets =>
  Object.fromEntries(variablesOf(slots).map(({ value, env }) => [env, values[value]]));

/** The writes of a set-up. The order: no value on disk without its ignore rule, no reference without its value. */
export function planProject(input: ProjectInput): Planned {
  const { paths, target, values, bridge, uncovered, excluded, exceptions, sharesIds, snapshot } = input;
  const { name, slots, mode } = target;
  const variables = { ...secretsOf(target, values), ...input.others };
  const isNew = mode === "new";
  const shared = (edit: Edit): readonly Edit[] => (isNew ? [edit] : []);
  // a token that somebody pasted as an ID, too
  const idOf = (which: Value): string | undefined =>
    sharesIds && values[which] !== values.token ? values[which] : undefined;
  const settings: readonly Edit[] = [
    ...envEdits(variables),
    (text) => addToArray(text, ["enabledMcpjsonServers"], name, STRICT),
    // the list of rejected servers takes precedence over the list of enabled ones
    (text) => removeFromArray(text, ["disabledMcpjsonServers"], name, STRICT),
  ];
  return editFiles(snapshot, [
    [paths.ignore, [...exceptions.map(excepted), ...shared((text) => addLines(text, uncovered, HEADING))]],
    [paths.exclude, excluded.length === 0 ? [] : [(text) => addLines(text, excluded, HEADING)]],
    [paths.env, [(text) => setDotenv(text, variables)], "env"],
    [paths.example, shared((text) => addExampleNames(text, exampleNames(variablesOf(slots), idOf)))],
    [paths.bridge, bridge === "claude-settings" ? settings : [], "env"],
    [paths.envrc, bridge === "direnv" ? shared((text) => addLines(text, [envrcLine(input)])) : []],
    ...input.entryEdits,
  ]);
}

/** A line at the end, even if it also stands above: there a later rule takes it back. */
const excepted = (line: string) => (text: string) => ({ ok: true, text: appendLines(text, [line]) }) as const;

/** Removes what `planProject` added: the reference first, then the values, and a rule of ours only after its file. */
export function planRemoval(input: RemovalInput): Planned {
  const { paths, target, kept, keptInBridge, tracked, snapshot, isValuesOnly } = input;
  const { name, slots } = target;
  const variables = variablesOf(slots).filter(({ env }) => !kept.has(env));
  const removable = removableIn(slots, name).map(({ env }) => env);
  const names = removable.filter((env) => !kept.has(env));
  // under our comment, of a variable that nobody refers to any more: an ID may also be another person's
  const shown = dotenvOf(paths.example === undefined ? undefined : snapshot.get(paths.example));
  const inBridge = removable.filter((env) => !keptInBridge.has(env));
  const settings: readonly Edit[] = [
    ...inBridge.map((env) => (text: string) => removeProperty(text, ["env", env], LENIENT)),
    (text) => removeFromArray(text, ["enabledMcpjsonServers"], name, LENIENT),
  ];
  const shared = (edit: Edit): readonly Edit[] => (isValuesOnly ? [] : [edit]);
  const examples = exampleNames(variables, (_, env) => shown.get(env));
  const files: readonly FileEdits[] = [
    ...(isValuesOnly ? [] : input.entryEdits),
    [paths.envrc, kept.size === 0 ? shared((text) => removeLine(text, envrcLine(input))) : []],
    [paths.example, shared((text) => removeExampleNames(text, examples))],
    [paths.bridge, settings, "env"],
    [paths.env, [(text) => removeDotenv(text, names)], "env"],
  ];
  const planned = planTakingOut(snapshot, files, tracked);
  if (!planned.ok || isValuesOnly) return planned;
  const isGone = (rule: Rule): boolean => isNeedless(rule, snapshot, planned.steps);
  const edits = [paths.ignore, paths.exclude].map((file): FileEdits => {
    const ofBlock = (heading?: string): readonly Edit[] => {
      const own = input.rules.filter((rule) => rule.file === file && rule.heading === heading);
      const gone = own.filter(isGone).map(({ line }) => line);
      const left = own.filter((rule) => !isGone(rule)).map(({ line }) => line);
      return gone.length === 0 ? [] : [(text) => removeLines(text, gone, heading, left)];
    };
    return [file, [...ofBlock(HEADING), ...ofBlock()]];
  });
  const unruled = planTakingOut(snapshot, edits, tracked);
  return unruled.ok ? { ok: true, steps: [...planned.steps, ...unruled.steps] } : unruled;
}

/** Whether the file of a rule is gone after these steps, or has no secret; an exception is for a file that is there. */
function isNeedless({ path, heading }: Rule, snapshot: Snapshot, steps: readonly WriteStep[]): boolean {
  const step = steps.find((each) => each.path === path);
  const state = snapshot.get(path);
  if (step === undefined ? state?.kind === "absent" : step.after === undefined) return true;
  const text = step?.after ?? (state?.kind === "file" ? state.text : undefined);
  return heading !== undefined && text !== undefined && !hasSecret(path, text);
}

/** Edits that only take out: a file that becomes empty is removed, but for a tracked one. */
export function planTakingOut(snapshot: Snapshot, files: readonly FileEdits[], tracked: ReadonlySet<string>): Planned {
  const planned = editFiles(snapshot, files);
  if (!planned.ok) return planned;
  const isEmpty = ({ path, after = "" }: WriteStep): boolean =>
    (after.trim() === "" || isSkeleton(after)) && !tracked.has(path);
  const changed = planned.steps.filter(({ before, after }) => before !== after);
  return { ok: true, steps: changed.map((step) => (isEmpty(step) ? { ...step, after: undefined } : step)) };
}
