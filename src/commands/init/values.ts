/** Where the three values come from: the command line, the environment, files, or a person. */
import { basename, relative } from "node:path";
import { envIn } from "../../core/clients/claude-state.ts";
import { toSh } from "../../core/command-line.ts";
import {
  cleanValue,
  idsFromStudioUrl,
  LABELS,
  piping,
  resolving,
  storeOf,
  VALUES,
  type Value,
  variablesFor,
} from "../../core/halo.ts";
import { readPasted } from "../../core/pasted.ts";
import { keychainFor } from "../../core/plan/keychain.ts";
import { isShowable } from "../../core/plan/target.ts";
import { maskOf, printable } from "../../core/secrets.ts";
import { Refusal, UsageError } from "../../errors.ts";
import { readTemplate } from "../../io/read.ts";
import { readSecretFile, readStdin } from "../../io/secret-input.ts";
import type { Ask } from "../../ui/ask.ts";
import { labelOf } from "../shared/carry-out.ts";
import { chosenFiles, isInProject, ownValues } from "../shared/client-files.ts";
import { readKeychain } from "../shared/keychain.ts";
import { opReference } from "./keychain.ts";
import { commandFor } from "./repeat.ts";
import { entryIn, type Page, type Values, whyNotAsked } from "./survey.ts";

/** `flag`: on this command line. `given`: as plain text in the team's entry. The others: an empty line in them is no mistake. */
type Source = readonly [
  kind: "flag" | "given" | "environment" | "dotenv" | "file",
  from: string,
  text: string | undefined,
  /** Where all values of that source are; without the name of the variable. */
  place?: string,
];

export type Sources = Readonly<Record<Value, readonly Source[]>>;

export const isGiven = (kind: Source[0] | undefined): boolean => kind === "flag" || kind === "given";
const isFile = (kind: Source[0]): boolean => kind === "dotenv" || kind === "file";

type Candidate = { readonly value: string; readonly from: string; readonly kind: Source[0] };
export type Candidates = { readonly [which in Value]?: Candidate | undefined };

/** What 1Password gives for a reference. Throws Refusal. */
async function readReference({ context, here, target }: Page, reference: string): Promise<string> {
  const keychain = keychainFor(context.platform, target.name, reference);
  const token = keychain && (await readKeychain(context, here.programs, keychain));
  if (token !== undefined) return token;
  throw new Refusal("1Password gives no token for the reference", { hint: toSh(["op", "read", reference]) });
}

/** Every place where a value of a target can be found, best first. Throws UsageError for a Studio URL without an ID. */
export async function valueSources(page: Page): Promise<Sources> {
  const { context, options, here, target } = page;
  const { tokenFile, tokenStdin, said } = options;
  const ids = idsFromStudioUrl(said["studio-url"] ?? "");
  if (said["studio-url"] !== undefined && ids.account === undefined && ids.profile === undefined)
    throw new UsageError("--studio-url: there is no ID in it", { hint: "give --account-id and --profile-id" });
  const patience = { ...options, signal: context.signal, onWait: page.show.waits };
  const fromStdin = tokenStdin ? await readStdin(context.stdin, patience) : undefined;
  const fromFile = tokenFile === undefined ? undefined : await readSecretFile(tokenFile, patience);
  // do not report the line break at the end of a file
  const unbroken = (text: string | undefined) => text?.replace(/\r?\n$/, "");
  const given: Readonly<Record<Value, Readonly<Record<string, string | undefined>>>> = {
    token: { "--token-stdin": unbroken(fromStdin), "--token-file": unbroken(fromFile) },
    account: { "--account-id": said["account-id"], "--studio-url": ids.account },
    profile: { "--profile-id": said["profile-id"], "--studio-url": ids.profile },
  };
  const { root, state } = here;
  const bridges = state.settings.filter(({ from }) => from === "bridge").reverse();
  // where 2.1.197 has the values of its own scopes; no source for a repository
  const own = isInProject(options.choice) ? {} : envIn(state.files.userSettings);
  const ofClients = chosenFiles(here, options.choice).flatMap((file) => {
    const own = ownValues(file, here.snapshot, target.name);
    const from = `${file.client.label}'s ${labelOf(file.store ?? file.path, root)}`;
    return own === undefined ? [] : [{ from, own }];
  });
  // another connection to this URL with its token in a keychain shares it, and the account
  const kept = here.entries.user.find(
    ({ entry }) => entry.name !== target.name && entry.url === target.url && here.keychains.has(entry.name),
  )?.entry;
  const shares = kept !== undefined && options.bridge === "keychain" && !options.ownCredentials;
  const reference = opReference(page);
  const resolved = reference && (await readReference(page, reference));
  const plain = (text: string | undefined) => (text === reference ? resolved : text);
  const sourcesOf = (which: Value): readonly Source[] => {
    const slot = target.slots[which];
    if ("literal" in slot) return [["given", ".mcp.json", slot.literal]];
    const { env } = slot;
    const header = (scope: "local" | "user") => {
      const written = entryIn(page, scope)?.values[which];
      return written !== undefined && "literal" in written ? written.literal : undefined;
    };
    const sibling = shares && which !== "profile" ? kept.values[which] : undefined;
    const old = target.entry?.values[which];
    const replaced = old !== undefined && "literal" in old && storeOf(old.literal) ? old.literal : undefined;
    // a team may have its IDs there; a token there is never used
    const example = which === "token" || target.mode === "new" ? undefined : here.example.get(env);
    const at = (kind: Source[0], place: string, text: string | undefined): Source => [
      kind,
      `${env} in ${place}`,
      text,
      place,
    ];
    return [
      ...Object.entries(given[which]).map(([flag, text]): Source => ["flag", flag, text]),
      at("environment", "the environment", plain(context.env[env])),
      at("dotenv", labelOf(here.paths.env, root), plain(here.dotenv.get(env))),
      ...bridges.map((bridge) => at("file", labelOf(bridge.place, root), bridge.env[env])),
      at("file", here.userSettings, own[env]),
      ["file", basename(here.paths.example), example],
      ...ofClients.map(({ from, own }): Source => ["file", from, own[which]]),
      ["file", "Claude Code's local scope", header("local")],
      ["file", "Claude Code's user scope", header("user")],
      ["file", `the entry "${kept?.name}"`, sibling && "literal" in sibling ? sibling.literal : undefined],
      // of an entry that is replaced: not used, but a reference is worth keeping
      ["file", ".mcp.json", replaced],
    ];
  };
  return { token: sourcesOf("token"), account: sourcesOf("account"), profile: sourcesOf("profile") };
}

/** Where there are only references to a secret store: a warning if a person can be asked. Throws Refusal otherwise. */
function assertResolved(page: Page, which: Value, sources: readonly Source[]): void {
  const { options, here, context, ask, show } = page;
  for (const [kind, from, text = ""] of sources) {
    const result = cleanValue(which, text);
    if (result.ok || result.store === undefined) continue;
    const file = toSh([relative(context.cwd, here.paths.env)]);
    const again = (piped: object): string =>
      commandFor({ ...page, options: { ...options, ...piped } }, options.choice, undefined, [], true);
    const by = kind === "environment" || kind === "dotenv" ? kind : "elsewhere";
    const slot = page.target.slots[which];
    const variable = "env" in slot ? slot.env : variablesFor(page.target.name)[which];
    const tokenFile = options.tokenFile && toSh([relative(context.cwd, options.tokenFile)]);
    const { first, command } = resolving(result.store, { by, file, variable }, again({}));
    const hint =
      kind !== "flag"
        ? `${first} ${command}`.trim()
        : which === "token"
          ? piping(result.store, tokenFile, again({ tokenFile: undefined, tokenStdin: true }))
          : `give the ${LABELS[which]} itself`;
    const problem = `${from}: ${result.problem}`;
    if (ask === undefined) throw new Refusal(`${problem}; nothing was sent`, { hint }, "placeholder-sent");
    show.warn(`Not used, ${problem}. To use it:`, [hint]);
    return;
  }
}

/** Of each place the values that can be used, best place first; never in the stead of one that was given. */
export function valuesIn(sources: Sources, candidates: Candidates): ReadonlyMap<string, Partial<Values>> {
  const places = new Map<string, Partial<Record<Value, string>>>();
  for (const which of VALUES)
    for (const [kind, from, text = "", place = from] of sources[which]) {
      const result = cleanValue(which, text);
      if (!result.ok || isGiven(kind) || isGiven(candidates[which]?.kind)) continue;
      const values = places.get(place) ?? {};
      values[which] ??= result.value;
      places.set(place, values);
    }
  return places;
}

/** The best usable value of each kind. Throws UsageError for a bad one, if it was given or nobody can be asked. */
export function usable(sources: Sources, page: Page): Candidates {
  const found: Partial<Record<Value, Candidate>> = {};
  for (const which of VALUES) {
    for (const [kind, from, text] of sources[which]) {
      if (text === undefined || (text === "" && !isGiven(kind))) continue;
      const result = cleanValue(which, text);
      // every known token is masked on screen, and an ID that may be something else
      if (result.ok && (which === "token" || !isShowable(page.target.slots[which])))
        page.context.secrets.add(result.value);
      const store = result.ok ? undefined : result.store;
      if (store !== undefined && isGiven(kind)) break;
      if (found[which] !== undefined || store || (!result.ok && isFile(kind) && result.missing)) continue;
      if (result.ok) {
        const cleaned = result.cleaned.join(", ");
        if (cleaned !== "") page.show.info(`Removed from the ${LABELS[which]} (${from}): ${cleaned}.`);
        found[which] = { value: result.value, from, kind };
      } else if (!isGiven(kind) && page.ask !== undefined) page.show.warn(`Not used, ${from}: ${result.problem}.`);
      else throw new UsageError(`${from}: ${result.problem}`, undefined, which === "token" ? "bad-token" : "bad-id");
    }
    if (found[which] === undefined) assertResolved(page, which, sources[which]);
  }
  return found;
}

/** All three, if none is missing. */
export function valuesOf({ token, account, profile }: Candidates): Values | undefined {
  return token && account && profile && { token: token.value, account: account.value, profile: profile.value };
}

/** Nobody can be asked: what is missing, and the command that has it. */
export async function missingInput(
  { context, options, target, ask }: Page,
  missing: readonly Value[],
  again: string,
): Promise<UsageError> {
  const lines = missing.map((which) => {
    const slot = target.slots[which];
    const variable = `the variable ${"env" in slot ? slot.env : ""}`;
    return which === "token"
      ? `the product token: ${variable}, --token-stdin or --token-file <file>`
      : `the ${LABELS[which]}: --${which}-id <id> (or --studio-url <url>), or ${variable}`;
  });
  if (ask === undefined && !options.yes && !options.dryRun)
    lines.push("your agreement to the plan: --yes (or --dry-run to see it)");
  const why = (await whyNotAsked(context, options)) ?? "--yes was given";
  const message = [`input is missing, and this program cannot ask for it, because ${why}:`, ...lines].join("\n  - ");
  return new UsageError(message, { hint: again }, "missing-input");
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The questions; in each field anything can be pasted. */
const QUESTIONS: Readonly<Record<Value, string>> = {
  token: "Paste the product token",
  account: "Paste a HALO Studio URL of the profile, or the account ID",
  profile: "Paste the profile ID, or a HALO Studio URL of the profile",
};

type Known = Readonly<Partial<Record<Value, string>>>;
/** A token is shown by its last characters at most. */
const shown = (which: Value, value: string): string => (which === "token" ? maskOf(value) : printable(value, 60));

/**
 * Asks for one value, and takes every value that is in the answer. Enter keeps an ID that is known. `refused`: tokens that
 * HALO has just refused.
 */
export async function askFor(
  ask: Ask,
  page: Page,
  which: Value,
  known: Known,
  refused: ReadonlySet<string>,
  question = QUESTIONS[which],
) {
  const { show, context } = page;
  const { [which]: old, ...others } = known;
  const isAll = known.account !== undefined && known.profile !== undefined;
  const kept = which === "token" ? undefined : old;
  const validate = (text: string): string | undefined => {
    if (kept !== undefined && text === "") return undefined;
    const { found, problem } = readPasted(text, which, others);
    if (found.token !== undefined && refused.has(found.token)) return "HALO has just refused this token.";
    // the title of a page, or what was next to the ID
    const isText = which !== "token" && problem !== undefined && /^the \w+ ID has a space/.test(problem);
    return isText
      ? `That is neither a Studio URL nor a${which === "account" ? "n" : ""} ${LABELS[which]} (it contains a space).`
      : problem && sentence(problem);
  };
  if (which === "token") {
    const steps = readTemplate(context.templates, "token-steps.txt", { example: "Claude Code – Anna" });
    show.info("How to get a product token:", steps.trimEnd().split("\n"));
  }
  const example = which === "account" ? "https://… or 01234567-89ab-…" : "";
  const text =
    which === "token"
      ? await ask.secret({
          message: question + (isAll ? "" : ", and a Studio URL if you have it"),
          validate,
        })
      : await ask.text({
          message: question,
          placeholder: kept === undefined ? example : `${kept}, Enter keeps it`,
          validate,
        });
  if (kept !== undefined && text === "") return known;
  const { found, cleaned } = readPasted(text, which, others);
  if (found.token !== undefined) context.secrets.add(found.token);
  const all = VALUES.filter((value) => found[value] !== undefined);
  const labels = all.map((value) => LABELS[value]).join(", ");
  if (cleaned.length > 0) show.info(`Removed from the ${labels}: ${cleaned.join(", ")}.`);
  const lines = all.map((value) => `${LABELS[value]}: ${shown(value, found[value] ?? "")}`);
  if (found[which] !== text) show.info("Found in it", lines);
  return { ...known, ...found };
}

/** All three values: the known ones are printed, the others asked for. */
export async function askValues(ask: Ask, page: Page, candidates: Candidates) {
  const here = VALUES.flatMap((which) => {
    const each = candidates[which];
    return each === undefined ? [] : [[which, each] as const];
  });
  const used = here.map(([which, { value, from }]) => `${LABELS[which]}: ${shown(which, value)} from ${from}`);
  if (used.length > 0) page.show.info("Known already", used);
  let known: Known = Object.fromEntries(here.map(([which, { value }]) => [which, value]));
  let isAsked = false;
  for (;;) {
    const { token, account, profile } = known;
    if (token !== undefined && account !== undefined && profile !== undefined)
      return { values: { token, account, profile }, isAsked };
    const missing = VALUES.find((which) => known[which] === undefined) as Value;
    // what was taken for the token may be an ID
    const { token: before, ...ids } = known;
    const next = await askFor(ask, page, missing, ids, new Set());
    const isId =
      before !== undefined && [next.account, next.profile].some((id) => id?.toLowerCase() === before.toLowerCase());
    if (isId) page.context.secrets.delete(before);
    if (isId) page.show.warn("What was taken for the product token is an ID: the token is asked for again.");
    known = isId || before === undefined ? next : { token: before, ...next };
    isAsked = true;
  }
}
