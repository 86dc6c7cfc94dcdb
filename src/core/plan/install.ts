/** The files of a repository: what a set-up puts into them, and how it is taken out again. Pure. */
import { connectionFor, entryOf } from "../clients/claude-code.ts";
import { quoteSh } from "../command-line.ts";
import { addExampleNames, removeDotenv, removeExampleNames, setDotenv } from "../formats/dotenv.ts";
import type { Edited, Refused } from "../formats/json.ts";
import { addToArray, isSkeleton, removeFromArray, removeProperty, setProperty } from "../formats/json-edit.ts";
import { addLines, removeLine } from "../formats/lines.ts";
import { type Value, variablesFor } from "../halo.ts";
import type { Secrets, Snapshot, WriteStep } from "./model.ts";
import { type Target, variablesOf } from "./target.ts";

/**
 * The files in the order in which they are written: ignore rules, private values, names for the team, and last the file
 * that refers to them. So no value is ever on disk without its ignore rule, and no reference without its value.
 * Removal goes the other way.
 */
const ORDER = ["ignore", "exclude", "env", "example", "bridge", "envrc", "mcp"] as const;
type Role = (typeof ORDER)[number];

/** The comments of `.env.example`: where to find each value. */
const COMMENTS: Readonly<Record<Value, string>> = {
  token: "HALO product token, type MCP: HALO Studio > Settings > Product Tokens",
  account: "CM.com account ID: account settings, or the URL in HALO Studio",
  profile: "HALO profile ID: in the URL of the profile in HALO Studio",
};

const SECRET: ReadonlySet<Role> = new Set(["env", "bridge"]);
const PRIVATE = 0o600;

/** Absolute paths. `exclude` is `.git/info/exclude`; undefined without git. */
export type ProjectPaths = Readonly<Record<Exclude<Role, "exclude">, string>> & {
  readonly exclude: string | undefined;
};

interface Project {
  readonly paths: ProjectPaths;
  readonly snapshot: Snapshot;
  readonly target: Target;
  /** How `.envrc` names the env file. */
  readonly envFileForEnvrc: string;
}

export interface ProjectInput extends Project {
  readonly values: Readonly<Record<Value, string>>;
  readonly bridge: "claude-settings" | "direnv" | "none";
  /** Patterns for the ignore file, for what the repository's own rules do not cover yet. */
  readonly uncovered: readonly string[];
}

export interface RemovalInput extends Project {
  /** Variables that another HALO entry of the project still refers to. */
  readonly kept: ReadonlySet<string>;
  /** Files of git: they stay, however little is left in them. */
  readonly tracked: ReadonlySet<string>;
}

export type Planned =
  | { readonly ok: true; readonly steps: readonly WriteStep[] }
  | { readonly ok: false; readonly path: string; readonly text: string; readonly refused: Refused };

type Editor = (text: string | undefined) => Edited;
type Edits = Readonly<Partial<Record<Role, readonly Editor[]>>>;

const STRICT = { strict: true };
/** To take something out; comments of their user are kept. To put something in would be in vain: Claude Code skips a settings file that has one (measured). */
const LENIENT = { strict: false };
const HEADING = "# HALO (create-halo-mcp): private values, never committed";

/** Runs the edits of each file, every one on the text of the one before. Stops at the first that is refused. */
function editFiles(
  { paths, snapshot }: Project,
  order: readonly Role[],
  edits: Edits,
  stepOf: (role: Role, path: string, before: string | undefined, after: string | undefined) => WriteStep | undefined,
): Planned {
  const steps: WriteStep[] = [];
  for (const role of order) {
    const [path, editors] = [paths[role], edits[role]];
    if (path === undefined || editors === undefined) continue;
    const state = snapshot.get(path);
    if (state?.kind === "unreadable")
      return { ok: false, path, text: "", refused: { reason: state.reason, offset: 0 } };
    const before = state?.kind === "file" ? state.text : undefined;
    let after = before;
    for (const editor of editors) {
      const edited = editor(after);
      if (!edited.ok) {
        // the offset must be one of the file as it is, not of a text that an earlier edit made (which may hold a secret)
        const alone = after === before ? edited : editor(before);
        const refused = alone.ok ? { ...edited.refused, offset: 0 } : alone.refused;
        return { ok: false, path, text: before ?? "", refused };
      }
      if (edited.changed) after = edited.text;
    }
    const step = stepOf(role, path, before, after);
    if (step !== undefined) steps.push(step);
  }
  return { ok: true, steps };
}

/** An edit of a text that is there. */
function ifThere(edit: (text: string) => Edited): Editor {
  return (text) => (text === undefined ? { ok: true, text: "", changed: false } : edit(text));
}

function appended(lines: readonly string[], heading?: string): Editor {
  return (text) => addLines(text, lines, heading);
}

const envrcLine = (file: string): string => `dotenv_if_exists ${quoteSh(file)}`;

/** The values of a target's variables, by variable name. */
export function secretsOf(target: Target, values: Readonly<Record<Value, string>>): Secrets {
  return Object.fromEntries(variablesOf(target).map(({ value, env }) => [env, values[value]]));
}

/**
 * The writes of a project set-up. Joining leaves every committed file alone. A file that stays as it is has
 * `before === after`.
 */
export function planProject(input: ProjectInput): Planned {
  const { target, uncovered, bridge, envFileForEnvrc } = input;
  const { name, url } = target;
  const joining = target.mode === "join";
  const entry = entryOf(connectionFor(name, url, variablesFor(name)));
  const variables = secretsOf(target, input.values);
  const names = variablesOf(target).map(({ value, env }) => ({ name: env, comment: COMMENTS[value] }));
  const shared: Edits = {
    ignore: [appended(uncovered, HEADING)],
    example: [(text) => addExampleNames(text, names)],
    ...(bridge === "direnv" ? { envrc: [appended([envrcLine(envFileForEnvrc)])] } : {}),
    mcp: [(text) => setProperty(text, ["mcpServers", name], entry, STRICT)],
  };
  const settings: readonly Editor[] = [
    // each goes to the top of "env", so that the token ends up first
    ...Object.entries(variables)
      .reverse()
      .map(
        ([variable, value]): Editor =>
          (text) =>
            setProperty(text, ["env", variable], value, STRICT),
      ),
    (text) => addToArray(text, ["enabledMcpjsonServers"], name, STRICT),
    // the list of rejected servers wins over the list of enabled ones
    ifThere((text) => removeFromArray(text, ["disabledMcpjsonServers"], name, STRICT)),
  ];
  const edits: Edits = {
    ...(joining ? {} : shared),
    ...(joining && uncovered.length > 0 ? { exclude: [appended(uncovered, HEADING)] } : {}),
    env: [(text) => setDotenv(text, variables)],
    ...(bridge === "claude-settings" ? { bridge: settings } : {}),
  };
  return editFiles(input, ORDER, edits, (role, path, before, after) => ({
    kind: "write",
    path,
    before,
    after,
    ...(SECRET.has(role) ? { secret: true, ...(before === undefined ? { mode: PRIVATE } : {}) } : {}),
  }));
}

/** Takes out what `planProject` put in, the reference first, the values last. Ignore rules stay: they protect. */
export function planRemoval(input: RemovalInput): Planned {
  const { target, kept, tracked, envFileForEnvrc } = input;
  const { name } = target;
  const variables = variablesOf(target).filter(({ env }) => !kept.has(env));
  const names = variables.map(({ env }) => env);
  const examples = variables.map(({ value, env }) => ({ name: env, comment: COMMENTS[value] }));
  const edits: Edits = {
    mcp: [ifThere((text) => removeProperty(text, ["mcpServers", name], STRICT))],
    bridge: [
      ...names.map((variable) => ifThere((text) => removeProperty(text, ["env", variable], LENIENT))),
      ifThere((text) => removeFromArray(text, ["enabledMcpjsonServers"], name, LENIENT)),
    ],
    example: [ifThere((text) => removeExampleNames(text, examples))],
    ...(kept.size === 0 ? { envrc: [ifThere((text) => removeLine(text, envrcLine(envFileForEnvrc)))] } : {}),
    env: [ifThere((text) => removeDotenv(text, names))],
  };
  return editFiles(input, [...ORDER].reverse(), edits, (role, path, before, after) => {
    if (before === after || after === undefined) return undefined;
    const isEmpty = role === "mcp" || role === "bridge" ? isSkeleton(after) : after.trim() === "";
    return {
      kind: "write",
      path,
      before,
      after: isEmpty && !tracked.has(path) ? undefined : after,
      secret: SECRET.has(role),
    };
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
