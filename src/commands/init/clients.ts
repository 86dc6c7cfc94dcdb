/** The entries of the clients: which one a run is about, and what is written or removed. */
import { claudeCode } from "../../core/clients/claude-code.ts";
import { sentBy } from "../../core/clients/sent.ts";
import { isFollowed } from "../../core/connection.ts";
import { setDotenv } from "../../core/formats/dotenv.ts";
import { cleanValue, LABELS, nameProblem, VALUES, valueNamed } from "../../core/halo.ts";
import { type ClientTarget, commandIn, hasLiterals, setEdits } from "../../core/plan/clients.ts";
import { type FileEdits, secretsOf } from "../../core/plan/install.ts";
import type { Secrets } from "../../core/plan/model.ts";
import {
  BESIDE,
  type Decision,
  decideTarget,
  removableIn,
  type Target,
  variablesOf,
  type Wish,
} from "../../core/plan/target.ts";
import { printable } from "../../core/secrets.ts";
import { Refusal } from "../../errors.ts";
import { labelOf } from "../shared/carry-out.ts";
import { type Choice, type ClientHere, chosenFiles } from "../shared/client-files.ts";
import type { Page, Survey, Values } from "./survey.ts";

/** What a run is about: the first entry of the project that can be used, also one that another client reads. Throws Refusal. */
export function targetAmong(here: Survey, choice: Choice, wish: Wish): Target {
  const chosen = chosenFiles(here, choice);
  const ofProject = here.clients.filter(({ scope, found }) => scope === "project" && found.length > 0);
  const inOrder = [
    ...ofProject.filter((file) => chosen.includes(file)),
    ...ofProject.filter((file) => !chosen.includes(file)),
  ];
  const decide = ({ path, client, found }: ClientHere) =>
    decideTarget(found, wish, { file: labelOf(path, here.root), client });
  const decided = chosen.some(({ scope }) => scope === "project")
    ? inOrder.map((file) => ({ file, decision: decide(file) }))
    : [];
  const own = decided.filter(({ file }) => chosen.includes(file)).map(({ decision }) => decision);
  const refused = own.find(({ ok }) => !ok);
  const joined = decided.map(({ decision }) => decision).find((each) => each.ok && each.target.mode === "join");
  return targetIn(refused ?? joined ?? own[0] ?? decideTarget([], wish, { file: ".mcp.json", client: claudeCode }));
}

function targetIn(decision: Decision): Target {
  if (!decision.ok) throw new Refusal(decision.reason, { hint: decision.hint });
  return decision.target;
}

/**
 * Every entry for HALO that is here, with its client, scope and file. `keys`: the way to it in the file. `isOwn`: the file is the
 * person's own, which no repository decides.
 */
export function entriesHere({ entries, clients, store, programs, project }: Survey) {
  const own = [
    {
      client: claudeCode,
      scope: "local",
      path: store,
      keys: ["projects", project.key, "mcpServers"],
      found: entries.local,
    },
    { client: claudeCode, scope: "user", path: store, keys: ["mcpServers"], found: entries.user },
  ] as const;
  return [...clients.map((file) => ({ ...file, keys: [file.client.servers] })), ...own].flatMap(
    ({ client, scope, path, keys, found }) =>
      found.map(({ entry, isHalo }) => {
        const isOwn = scope !== "project" && programs.isOwn(path);
        return { client, scope, path, keys: [...keys, entry.name], entry, isHalo, isOwn };
      }),
  );
}

/** Whether the entry of a file is as it should be. Throws Refusal for another server of this name. */
function fits(file: ClientHere, target: Target, values: Values, root: string): boolean {
  const named = file.found.filter(({ entry }) => entry.name === target.name);
  const where = { file: labelOf(file.path, root), client: file.client };
  const { mode, entry, slots } = targetIn(decideTarget(named, target, where));
  const server = mode === "join" ? named[0]?.server : undefined;
  // where a client asks, nothing is sent that a person did not enter
  const isAsked = (header: string): boolean =>
    file.client.asks?.reference.test(entry?.headers[header]?.trim() ?? "") === true;
  const stray =
    server &&
    sentBy(server, {}).read.find(
      ({ variable, header }) =>
        valueNamed(header) === undefined && !isAsked(header) && !isFollowed(variable, undefined),
    );
  if (stray) {
    const would = `the header ${printable(stray.header, 60)} would send the variable ${stray.variable}`;
    const hint = `correct it, or ${BESIDE}`;
    throw new Refusal(`${labelOf(file.path, root)}: ${would}, which is not meant for HALO`, { hint }, "bad-header");
  }
  if (!hasLiterals(file)) return mode === "join" && JSON.stringify(slots) === JSON.stringify(target.slots);
  const isSame = (value: (typeof VALUES)[number]): boolean => {
    const slot = entry?.values[value];
    return slot !== undefined && "literal" in slot && slot.literal === values[value];
  };
  return named[0]?.lost === undefined && entry?.url === target.url && VALUES.every(isSame);
}

/** The other connections of a repository that is joined, to the same URL. `values`: their IDs, which its example has; `names`: those that need more. */
export function othersOf({ here, target }: Page): { readonly values: Secrets; readonly names: readonly string[] } {
  const values: Record<string, string> = {};
  const names = new Set<string>();
  const known = new Set([...here.dotenv.keys(), ...variablesOf(target.slots).map(({ env }) => env)]);
  const found = here.clients.flatMap((file) => (file.scope === "project" ? file.found : []));
  for (const { entry, isHalo } of target.mode === "join" ? found : []) {
    const { name, url } = entry;
    if (!isHalo || name === target.name || url !== target.url || nameProblem(name) !== undefined) continue;
    const missing = removableIn(entry.values, name).filter(({ env }) => !known.has(env));
    const given = missing.flatMap(({ value, env }) => {
      const id = cleanValue(value, here.example.get(env) ?? "");
      return value === "token" || !id.ok ? [] : [[env, id.value] as const];
    });
    if (given.length < missing.length) names.add(name);
    else Object.assign(values, Object.fromEntries(given));
  }
  return { values, names: [...names] };
}

export const targetOf = ({ target, url, options }: Page, values: Values): ClientTarget => ({
  ...target,
  url,
  values,
  isAsked: options.bridge === "claude-settings",
});

/** Throws Refusal for a value that the client would not send as it is. */
function assertUnspoilt(file: ClientHere, values: Values): void {
  const { label, spoils, asks } = file.client;
  const spoilt = hasLiterals(file) ? spoils?.literal : asks ? undefined : spoils?.reference;
  const bad = VALUES.find((value) => spoilt?.test(values[value]));
  if (bad === undefined) return;
  const hint = `make another one in HALO Studio, or leave ${label} out: --client`;
  throw new Refusal(
    `${label} changes characters that this ${LABELS[bad]} contains: it would not arrive as it is`,
    { hint },
    "bad-value",
  );
}

/** The edits that write the entries of the chosen files: in the repository, and of the user. A private file comes first. */
export function entryEdits(page: Page, choice: Choice, values: Values) {
  const { here, target } = page;
  const project: FileEdits[] = [];
  const user: FileEdits[] = [];
  for (const file of chosenFiles(here, choice)) {
    const { store, path, scope } = file;
    assertUnspoilt(file, values);
    const state = here.snapshot.get(path);
    const command = state?.kind === "file" ? commandIn(state.text, file.client, target.slots) : undefined;
    if (command !== undefined) {
      const hint = `check who wrote it, then remove it from "${file.client.asks?.list}"`;
      throw new Refusal(`${labelOf(path, here.root)}: the question "${command}" runs a command`, { hint });
    }
    // what makes an entry unusable is not kept
    const was = file.found.find(({ entry, lost }) => entry.name === target.name && lost === undefined)?.entry.raw;
    const edits = fits(file, target, values, here.root)
      ? []
      : setEdits(file, { ...targetOf(page, values), was }, here.toml);
    if (store !== undefined) user.unshift([store, [(text) => setDotenv(text, secretsOf(target, values))], "own"]);
    if (scope === "project") project.push([path, edits]);
    else user.push([path, edits, hasLiterals(file) && "own"]);
  }
  return { project, user };
}
