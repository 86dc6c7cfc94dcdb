/** `remove`: takes out what the wizard wrote: entries, values, approval, ignore rules. */
import { realpathSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Context } from "../../context.ts";
import { claudeCode, type Scope } from "../../core/clients/claude-code.ts";
import { envIn } from "../../core/clients/claude-state.ts";
import { referring } from "../../core/clients/entry.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import type { Client } from "../../core/clients/model.ts";
import { CLIENT_IDS } from "../../core/clients/told.ts";
import { toSh } from "../../core/command-line.ts";
import { cleanValue, DEFAULT_NAME, HALO_URL, VALUES, variablesFor } from "../../core/halo.ts";
import { isOwn } from "../../core/plan/claude-program.ts";
import type { Plan } from "../../core/plan/model.ts";
import { removableIn, type Target, variablesOf } from "../../core/plan/target.ts";
import { printable, whichToken } from "../../core/secrets.ts";
import type { RawOptions } from "../../flags.ts";
import { isInside, readState } from "../../io/read.ts";
import { carry } from "../init/carry.ts";
import { entriesHere } from "../init/clients.ts";
import { conclude } from "../init/screens.ts";
import { NO_VALUES, openDialog, type Page, readOptions, survey } from "../init/survey.ts";
import { missingInput, valueSources } from "../init/values.ts";
import { labelOf } from "../shared/carry-out.ts";
import { type Choice, choiceOf, chosenFiles, SCOPES } from "../shared/client-files.ts";
import { buildRemoval, keepsBridge } from "./plan.ts";

/** Exit code: 0 removed, or nothing was there. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const options = readOptions(context, raw);
  const start = { ...(await openDialog(context, options)), options, here: await survey(context, options) };
  return await leave(start, options.said.scope === undefined ? SCOPES : options.wished, raw.switches.has("values"));
}

type Start = Omit<Page, "target" | "url">;

/** Where the server is, of the clients and scopes that were asked for; and its name. `entries`: with client, scope and file. */
export function find({ options, here }: Pick<Start, "options" | "here">, scopes: readonly Scope[]) {
  const { said } = options;
  const wished = choiceOf(said.client === undefined ? CLIENT_IDS : here.choice.clients, scopes);
  const files = chosenFiles(here, wished);
  const all = entriesHere(here).filter(({ client, scope, path }) => {
    if (client === claudeCode) return wished.scopes.includes(scope);
    // a client that has not got the scope is meant only if it was named
    const isMeant = said.client !== undefined || scopes.includes(scope);
    return isMeant && files.some((file) => file.path === path && file.scope === scope);
  });
  const names = [...new Set(all.filter(({ isHalo }) => isHalo).map(({ entry }) => entry.name))];
  const name = options.name ?? (names.includes(DEFAULT_NAME) ? DEFAULT_NAME : (names[0] ?? DEFAULT_NAME));
  // another program's server may have this name
  const found = all.filter(({ entry, isHalo }) => isHalo !== false && entry.name === name);
  const scopesOf = (client: Client) =>
    SCOPES.filter((scope) => found.some((each) => each.client === client && each.scope === scope));
  const clients = CLIENTS.filter((client) => scopesOf(client).length > 0);
  const choice: Choice = {
    clients: CLIENT_IDS.filter((id) => clients.some((client) => client.id === id)),
    scopes: scopesOf(claudeCode),
    places: found.flatMap(({ client, scope }) =>
      scope === "local" || (client === claudeCode && scope === "user") ? [] : [{ id: client.id, scope }],
    ),
  };
  const labels = clients.map((client) => `${client.label} (${scopesOf(client).join(", ")})`);
  const entries = found.map(({ entry }) => entry);
  const entry = entries.find(({ runs }) => !runs) ?? entries[0];
  // the entry of a user can have the values themselves: the variables are in that of another client
  const referred = VALUES.flatMap((value) => {
    const all = entries.map(({ values }) => values[value]).filter((each) => each !== undefined && "env" in each);
    const slot = all.find((each) => removableIn({ [value]: each }, name).length > 0) ?? all[0];
    return slot === undefined ? [] : [[value, slot] as const];
  });
  const slots = { ...referring(variablesFor(name)), ...Object.fromEntries(referred) };
  const where = { file: ".mcp.json", client: claudeCode };
  const target: Target = { mode: "join", name, url: entry?.url || HALO_URL, slots, where, entry };
  return { name, wished, choice, labels, target, found, others: names.filter((each) => each !== name) };
}

/** The removal itself, also from the wizard's menu. */
export async function leave(start: Start, scopes: readonly Scope[], wantsValues: boolean): Promise<number> {
  const { options, show, ask } = start;
  const { name, wished, choice: found, labels, target, others } = find(start, scopes);
  const shown = printable(name, 64);
  // the team has taken the entry out, or Claude Code was never installed: values can be left
  const isLeft = target.entry === undefined;
  const choice = isLeft ? choiceOf(wished.scopes.length > 0 ? [claudeCode.id] : [], wished.scopes) : found;
  const isValuesOnly = wantsValues || isLeft;
  const page: Page = { ...start, options: { ...options, choice, isRemoval: true }, target, url: target.url };
  const first = await buildRemoval(page, choice, isValuesOnly);
  if (isLeft && first.plan.steps.length === 0) {
    show.result(`There is no server "${shown}" of HALO to remove here.`);
    return 0;
  }
  if (ask === undefined && !options.yes && !options.dryRun) {
    const said = Object.entries(options.said).flatMap(([option, value]) => [`--${option}`, value]);
    const words = ["remove", "--yes", ...(wantsValues ? ["--values"] : []), ...said];
    throw await missingInput(page, [], toSh(["npx", "create-halo-mcp", ...words]));
  }
  const decided = { values: NO_VALUES, choice };
  const tokens = await tokensOf(page);
  show.info(`To be removed: ${isValuesOnly ? `your values for "${shown}"` : `"${shown}" of ${labels.join(", ")}`}.`);
  if (first.isUnruled)
    show.warn(
      "Rules in .gitignore go, too: git would then offer the .env of your teammates. Each of them runs this first:",
      [toSh(["npx", "create-halo-mcp", "remove", "--values"])],
    );
  const make = async (now: Page) => (now === page ? first : await buildRemoval(now, choice, isValuesOnly)).plan;
  const { plan, statuses } = await carry(page, decided, make, {
    message: "Remove this?",
    initial: first.shared.length > 0 ? "no" : "yes",
  });
  if (options.dryRun) return conclude(page, decided, { ok: true, plan });
  clearFolders(page, plan);
  const what = isValuesOnly
    ? `Your values were removed.${isLeft ? "" : " The files of the team stay."}`
    : `${others.length === 0 ? "HALO" : `"${shown}"`} was removed.`;
  const headline = [what, ...leftWords(page, choice), othersWords(others, tokens)].join(" ");
  const ending = { next: await commitLines(page, plan, first.shared) };
  return conclude(page, decided, { ok: true, headline, ending, plan, statuses });
}

/** The tokens that a removal may take out: only their last characters are shown. */
async function tokensOf(page: Page): Promise<readonly string[]> {
  const found = (await valueSources(page)).token.flatMap(([kind, , text = ""]) => {
    const token = cleanValue("token", text);
    return token.ok && (kind === "dotenv" || kind === "file") ? [token.value] : [];
  });
  for (const token of found) page.context.secrets.add(token);
  return [...new Set(found)];
}

/** How the team's files that changed are committed: on one line if it is short. */
async function commitLines(
  { context, here: { root, git: io }, show }: Page,
  { steps }: Plan,
  shared: readonly string[],
) {
  const labels = [];
  for (const step of steps)
    if (step.kind === "write" && shared.includes(step.path) && (await io?.committed(step.path)) !== step.after)
      labels.push(labelOf(step.path, root));
  if (labels.length === 0) return [];
  const git = realpathSync(context.cwd) === root ? ["git"] : ["git", "-C", root];
  const both = [
    ["add", ...labels],
    ["commit", "-m", "Remove HALO"],
  ].map((words) => toSh([...git, ...words]));
  const line = `  ${both.join(" && ")}`;
  return ["Commit for your team:", ...(line.length > show.columns ? both.map((each) => `  ${each}`) : [line])];
}

/** What stays where, and why. */
function leftWords({ here, target }: Page, { scopes }: Choice): readonly string[] {
  const { slots, name } = target;
  const ours = removableIn(slots, name).map(({ env }) => env);
  const foreign = variablesOf(slots).flatMap(({ env }) => (ours.includes(env) || !here.dotenv.has(env) ? [] : [env]));
  const kept = envIn({ shown: here.userSettings, state: readState(here.userSettings) });
  const isKept = scopes.some(isOwn) && ours.some((env) => Object.hasOwn(kept, env));
  return [
    ...(foreign.length > 0 ? [`Not named like HALO's, so left where it is: ${foreign.join(", ")}.`] : []),
    ...(isKept ? [`Other entries use its values in ${here.userSettings}, under "env".`] : []),
    ...(keepsBridge(here) ? [`The main checkout has HALO, too: its values stay in ${here.paths.bridge}.`] : []),
  ];
}

/** What else uses the token. */
function othersWords(others: readonly string[], tokens: readonly string[]): string {
  const [first] = others;
  if (first === undefined)
    return `The token still works: delete ${whichToken(tokens) ?? "it"} in HALO Studio > Settings > Product Tokens.`;
  const command = toSh(["npx", "create-halo-mcp", "remove", "--name", first]);
  return `Still here: ${others.map((name) => printable(name, 64)).join(", ")}. To remove one: ${command}`;
}

/** Removes the folders in which nothing is left. */
function clearFolders({ here, context }: Page, { steps }: Plan): void {
  for (const step of steps) {
    if (step.kind !== "write" || step.after !== undefined) continue;
    const top = [here.root, context.home].find((folder) => isInside(step.path, folder));
    for (let folder = dirname(step.path); top !== undefined && folder !== top; folder = dirname(folder)) {
      try {
        rmdirSync(folder);
      } catch {
        break;
      }
    }
  }
}
