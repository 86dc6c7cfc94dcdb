/** (Target, values, Snapshot) → Plan, for the files of a repository. Pure: it decides, nothing is written here. */
import { connectionFor, entryOf } from "../clients/claude-code.ts";
import { quoteSh } from "../command-line.ts";
import { addExampleNames, removeDotenv, removeExampleNames, setDotenv } from "../formats/dotenv.ts";
import {
  addToArray,
  type Edited,
  isSkeleton,
  type Refused,
  removeFromArray,
  removeProperty,
  setProperty,
} from "../formats/json-edit.ts";
import { addLines, removeLines } from "../formats/lines.ts";
import type { Value } from "../halo.ts";
import type { FileState, Secrets, Snapshot, WriteStep } from "./model.ts";
import { type Target, variablesOf } from "./target.ts";

/** Absolute paths of the files that a set-up can touch. */
export interface ProjectPaths {
  readonly ignore: string;
  readonly exclude: string | undefined;
  readonly env: string;
  readonly example: string;
  readonly bridge: string;
  readonly envrc: string;
  readonly mcp: string;
}

export interface ProjectInput {
  readonly paths: ProjectPaths;
  readonly snapshot: Snapshot;
  readonly target: Target;
  readonly values: Readonly<Record<Value, string>>;
  readonly bridge: "claude-settings" | "direnv" | "none";
  /** Patterns for the ignore file, for what the repository's own rules do not cover yet. */
  readonly uncovered: readonly string[];
  /** The comments of `.env.example`: where to find each value. */
  readonly exampleComments: Readonly<Record<Value, string>>;
  /** How `.envrc` names the env file. */
  readonly envFileForEnvrc: string;
}

export type Planned =
  | { readonly ok: true; readonly steps: readonly WriteStep[] }
  | { readonly ok: false; readonly path: string; readonly text: string; readonly refused: Refused };

const PRIVATE = 0o600;
const STRICT = { strict: true };
/** To take something out; comments of their user are kept. To put something in would be in vain: Claude Code skips a settings file that has one (measured). */
const LENIENT = { strict: false };
const HEADING = "# HALO (create-halo-mcp): private values, never committed";

/** Stops a chain of edits at the first refusal. */
class Stop extends Error {
  readonly path: string;
  readonly text: string;
  readonly refused: Refused;
  constructor(path: string, text: string, refused: Refused) {
    super(refused.reason);
    this.path = path;
    this.text = text;
    this.refused = refused;
  }
}

type Editor = (text: string | undefined) => Edited;

function stateText(state: FileState | undefined, path: string): string | undefined {
  if (state === undefined || state.kind === "absent") return undefined;
  if (state.kind === "unreadable") throw new Stop(path, "", { reason: state.reason, offset: 0 });
  return state.text;
}

/** Runs edits on one file, in order. Each sees the last one's text. */
function edit(
  snapshot: Snapshot,
  path: string,
  editors: readonly Editor[],
): { before: string | undefined; after: string | undefined } {
  const before = stateText(snapshot.get(path), path);
  let after = before;
  for (const editor of editors) {
    const result = editor(after);
    if (!result.ok) {
      // the place must be one of the file as it is, not of a text that an earlier edit made (which may hold a secret)
      const alone = after === before ? result : editor(before);
      throw new Stop(path, before ?? "", alone.ok ? { ...result.refused, offset: 0 } : alone.refused);
    }
    if (result.changed) after = result.text;
  }
  return { before, after };
}

function collect(make: () => readonly WriteStep[]): Planned {
  try {
    return { ok: true, steps: make() };
  } catch (stop) {
    if (stop instanceof Stop) return { ok: false, path: stop.path, text: stop.text, refused: stop.refused };
    throw stop;
  }
}

function appended(lines: readonly string[], heading?: string): Editor {
  return (text) => ({ ok: true, ...addLines(text, lines, heading) });
}

function bridgeEditors(target: Target, variables: Readonly<Record<string, string>>): readonly Editor[] {
  const editors: Editor[] = Object.entries(variables)
    .reverse()
    .map(
      ([name, value]) =>
        (text) =>
          setProperty(text, ["env", name], value, STRICT),
    );
  editors.push((text) => addToArray(text, ["enabledMcpjsonServers"], target.name, STRICT));
  // the list of rejected servers wins over the list of enabled ones
  editors.push((text) =>
    text === undefined
      ? { ok: true, text: "", changed: false }
      : removeFromArray(text, ["disabledMcpjsonServers"], target.name, STRICT),
  );
  return editors;
}

/** The values of a target's variables, by variable name. */
export function secretsOf(target: Target, values: Readonly<Record<Value, string>>): Secrets {
  return Object.fromEntries(variablesOf(target).map(({ value, env }) => [env, values[value]]));
}

/**
 * The writes of a project set-up in their order: ignore rules, private values, names for the team, and last the file
 * that refers to them. Joining leaves every committed file alone. A file that stays as it is has `before === after`.
 */
export function planProject(input: ProjectInput): Planned {
  const { paths, snapshot, target } = input;
  const variables = secretsOf(target, input.values);
  return collect(() => {
    const steps: WriteStep[] = [];
    const joining = target.mode === "join";
    const ignore = joining ? paths.exclude : paths.ignore;
    if (ignore !== undefined && (input.uncovered.length > 0 || !joining)) {
      steps.push({ kind: "write", path: ignore, ...edit(snapshot, ignore, [appended(input.uncovered, HEADING)]) });
    }
    const env = edit(snapshot, paths.env, [(text) => setDotenv(text, variables)]);
    steps.push({
      kind: "write",
      path: paths.env,
      ...env,
      secret: true,
      ...(env.before === undefined ? { mode: PRIVATE } : {}),
    });
    if (!joining) {
      const names = variablesOf(target).map(({ value, env: name }) => ({
        name,
        comment: input.exampleComments[value],
      }));
      steps.push({
        kind: "write",
        path: paths.example,
        ...edit(snapshot, paths.example, [(text) => addExampleNames(text, names)]),
      });
    }
    if (input.bridge === "claude-settings") {
      const bridge = edit(snapshot, paths.bridge, bridgeEditors(target, variables));
      steps.push({
        kind: "write",
        path: paths.bridge,
        ...bridge,
        secret: true,
        ...(bridge.before === undefined ? { mode: PRIVATE } : {}),
      });
    } else if (input.bridge === "direnv" && !joining) {
      steps.push({
        kind: "write",
        path: paths.envrc,
        ...edit(snapshot, paths.envrc, [appended([`dotenv_if_exists ${quoteSh(input.envFileForEnvrc)}`])]),
      });
    }
    if (!joining) {
      const variablesByValue = Object.fromEntries(
        variablesOf(target).map(({ value, env: name }) => [value, name]),
      ) as Record<Value, string>;
      const entry = entryOf(connectionFor(target.name, target.url, variablesByValue));
      steps.push({
        kind: "write",
        path: paths.mcp,
        ...edit(snapshot, paths.mcp, [(text) => setProperty(text, ["mcpServers", target.name], entry, STRICT)]),
      });
    }
    return steps;
  });
}

function isBlank(text: string): boolean {
  return text.trim() === "";
}

export interface RemovalInput {
  readonly paths: ProjectPaths;
  readonly snapshot: Snapshot;
  readonly target: Target;
  /** Variables that another HALO entry of the project still refers to. */
  readonly kept: ReadonlySet<string>;
  /** As in the set-up: with them the names in `.env.example`, and the line in `.envrc`, are taken out too. */
  readonly exampleComments?: Readonly<Record<Value, string>>;
  readonly envFileForEnvrc?: string;
  /** Files of git: they stay, however little is left in them. */
  readonly tracked: ReadonlySet<string>;
}

/** Takes out what `planProject` put in, the reference first, the values last. Ignore rules stay: they protect. */
export function planRemoval(input: RemovalInput): Planned {
  const { paths, snapshot, target } = input;
  const names = variablesOf(target)
    .map(({ env }) => env)
    .filter((name) => !input.kept.has(name));
  return collect(() => {
    const steps: WriteStep[] = [];
    const take = (
      path: string,
      editors: readonly Editor[],
      secret: boolean,
      isEmpty: (text: string) => boolean,
    ): void => {
      if (stateText(snapshot.get(path), path) === undefined) return;
      const { before, after } = edit(snapshot, path, editors);
      if (before === after) return;
      steps.push({
        kind: "write",
        path,
        before,
        after: after !== undefined && isEmpty(after) && !input.tracked.has(path) ? undefined : after,
        secret,
      });
    };
    take(paths.mcp, [(text) => removeProperty(text ?? "", ["mcpServers", target.name], STRICT)], false, isSkeleton);
    take(
      paths.bridge,
      [
        ...names.map(
          (name): Editor =>
            (text) =>
              removeProperty(text ?? "", ["env", name], LENIENT),
        ),
        (text) => removeFromArray(text ?? "", ["enabledMcpjsonServers"], target.name, LENIENT),
      ],
      true,
      isSkeleton,
    );
    const { exampleComments: comments, envFileForEnvrc } = input;
    if (comments !== undefined) {
      const examples = variablesOf(target).flatMap(({ value, env: name }) =>
        names.includes(name) ? [{ name, comment: comments[value] }] : [],
      );
      take(paths.example, [(text) => removeExampleNames(text ?? "", examples)], false, isBlank);
    }
    if (envFileForEnvrc !== undefined && input.kept.size === 0) {
      take(
        paths.envrc,
        [(text) => ({ ok: true, ...removeLines(text ?? "", [`dotenv_if_exists ${quoteSh(envFileForEnvrc)}`]) })],
        false,
        isBlank,
      );
    }
    take(paths.env, [(text) => removeDotenv(text ?? "", names)], true, isBlank);
    return steps;
  });
}

/** `.env.example` of a team may name the IDs, which are no secrets. A token there is never taken. */
export function idsFromExample(example: ReadonlyMap<string, string>, target: Target): Partial<Record<Value, string>> {
  const ids: Partial<Record<Value, string>> = {};
  for (const { value, env } of variablesOf(target)) {
    const text = example.get(env)?.trim();
    if (value !== "token" && text !== undefined && /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/.test(text)) ids[value] = text;
  }
  return ids;
}
