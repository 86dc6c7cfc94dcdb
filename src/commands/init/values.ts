/** Where the three values come from: the command line, the environment, files, or a person. */
import { basename, relative } from "node:path";
import { envIn } from "../../core/clients/claude-state.ts";
import { toSh } from "../../core/command-line.ts";
import {
  cleanValue,
  idsFromStudioUrl,
  LABELS,
  looksLikeUrl,
  piping,
  resolving,
  storeOf,
  VALUES,
  type Value,
  variablesFor,
} from "../../core/halo.ts";
import { isShowable } from "../../core/plan/target.ts";
import { maskOf, printable } from "../../core/secrets.ts";
import { Refusal, UsageError } from "../../errors.ts";
import { readTemplate } from "../../io/read.ts";
import { readSecretFile, readStdin } from "../../io/secret-input.ts";
import type { Ask } from "../../ui/ask.ts";
import { labelOf } from "../shared/carry-out.ts";
import { chosenFiles, isInProject, ownValues } from "../shared/client-files.ts";
import { commandFor } from "./repeat.ts";
import { entryIn, type Page, type Values } from "./survey.ts";

type Id = "account" | "profile";

/** `flag`: on this command line. `given`: as plain text in the team's entry. The others: an empty line in them is no mistake. */
type Source = readonly [
  kind: "flag" | "given" | "environment" | "dotenv" | "file",
  from: string,
  text: string | undefined,
];

const isGiven = (kind: Source[0]): boolean => kind === "flag" || kind === "given";
const isFile = (kind: Source[0]): boolean => kind === "dotenv" || kind === "file";

export interface Candidate {
  readonly value: string;
  readonly from: string;
  readonly given: boolean;
}

/** A value that a person may still change. */
export const candidate = (value: string, from: string): Candidate => ({ value, from, given: false });

export type Candidates = { readonly [which in Value]?: Candidate | undefined };

/** Every place where a value of a target can be found, best first. Throws UsageError for a Studio URL without an ID. */
export async function valueSources(page: Page) {
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
  const sourcesOf = (which: Value): readonly Source[] => {
    const slot = target.slots[which];
    if ("literal" in slot) return [["given", ".mcp.json", slot.literal]];
    const { env } = slot;
    const header = (scope: "local" | "user") => {
      const written = entryIn(page, scope)?.values[which];
      return written !== undefined && "literal" in written ? written.literal : undefined;
    };
    const old = target.entry?.values[which];
    const reference = old !== undefined && "literal" in old && storeOf(old.literal) ? old.literal : undefined;
    // a team may have its IDs there; a token there is never used
    const example = which === "token" || target.mode === "new" ? undefined : here.example.get(env);
    return [
      ...Object.entries(given[which]).map(([flag, text]): Source => ["flag", flag, text]),
      ["environment", `${env} in the environment`, context.env[env]],
      ["dotenv", `${env} in ${labelOf(here.paths.env, root)}`, here.dotenv.get(env)],
      ...bridges.map((bridge): Source => ["file", `${env} in ${labelOf(bridge.place, root)}`, bridge.env[env]]),
      ["file", `${env} in ${here.userSettings}`, own[env]],
      ["file", basename(here.paths.example), example],
      ...ofClients.map(({ from, own }): Source => ["file", from, own[which]]),
      ["file", "Claude Code's local scope", header("local")],
      ["file", "Claude Code's user scope", header("user")],
      // of an entry that is replaced: not used, but a reference is worth keeping
      ["file", ".mcp.json", reference],
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

/** The best usable value of each kind. Throws UsageError for a bad one, if it was given or nobody can be asked. */
export function usable(sources: Readonly<Record<Value, readonly Source[]>>, page: Page): Candidates {
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
      if (result.ok) found[which] = { value: settle(page, which, text, ` (${from})`), from, given: isGiven(kind) };
      else if (!isGiven(kind) && page.ask !== undefined) page.show.warn(`Not used, ${from}: ${result.problem}.`);
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

/** Checks an answer while it is typed; the message never repeats it. */
function check(which: Value, text: string): string | undefined {
  const result = cleanValue(which, text);
  return result.ok ? undefined : `${result.problem.charAt(0).toUpperCase()}${result.problem.slice(1)}.`;
}

/** A value that can be used, cleaned; reports what was cleaned. `from`: where it was found. */
function settle({ show, context }: Page, which: Value, text: string, from = ""): string {
  const result = cleanValue(which, text);
  if (!result.ok) throw new Error(result.problem);
  if (which === "token") context.secrets.add(result.value);
  if (result.cleaned.length > 0) show.info(`Removed from the ${LABELS[which]}${from}: ${result.cleaned.join(", ")}.`);
  return result.value;
}

/** The token: a known one is offered first, shown by its last characters at most. */
export async function askToken(ask: Ask, page: Page, candidate: Candidate | undefined): Promise<string> {
  if (candidate?.given === true) return candidate.value;
  if (candidate !== undefined) {
    const label = `${maskOf(candidate.value)} from ${candidate.from}`;
    const choices = [{ value: "found", label } as const, { value: "other", label: "Another one" } as const];
    if ((await ask.select({ message: "Product token", choices })) === "found") return candidate.value;
  }
  const steps = readTemplate(page.context.templates, "token-steps.txt", { example: "Claude Code – Anna" });
  page.show.info("How to get a product token:", steps.trimEnd().split("\n"));
  const validate = (text: string) => check("token", text);
  return settle(page, "token", await ask.secret({ message: "Paste the product token", validate }));
}

/** A pasted HALO Studio URL, or the account ID itself. Out: the IDs that are known now. */
async function askUrlOrAccount(ask: Ask, page: Page): Promise<Pick<Candidates, Id>> {
  const text = await ask.text({
    message: "Paste a HALO Studio URL of the profile, or the account ID",
    placeholder: "https://… or 01234567-89ab-…",
    validate: (typed) => {
      if (!looksLikeUrl(typed)) return check("account", typed);
      const { account, profile } = idsFromStudioUrl(typed);
      return (account ?? profile) ? undefined : "There is no ID in this URL. Paste the account ID instead.";
    },
  });
  if (!looksLikeUrl(text)) return { account: { value: settle(page, "account", text), from: "you", given: true } };
  const { account, profile } = idsFromStudioUrl(text);
  page.show.info("Found in the URL", [`account: ${account ?? "not found"}`, `profile: ${profile ?? "not found"}`]);
  const found = (value?: string) => (value === undefined ? undefined : candidate(value, "found in the URL"));
  return { account: found(account), profile: found(profile) };
}

/** One ID, shown and editable; used without a question if it was given. */
async function askId(ask: Ask, page: Page, which: Id, known: Candidate | undefined): Promise<string> {
  if (known?.given === true) return known.value;
  const label = LABELS[which];
  if (known === undefined && which === "profile")
    page.show.info("The profile ID is in the URL while you look at the profile in HALO Studio.");
  const text = await ask.text({
    message: known === undefined ? `The ${label}` : `The ${label} (${known.from}):`,
    initial: known?.value ?? "",
    validate: (typed) => check(which, typed),
  });
  return settle(page, which, text);
}

/** Both IDs: from a pasted HALO Studio URL or one by one. `asTheTeam`: used as they were found, without a question. */
export async function askIds(ask: Ask, page: Page, { account, profile }: Pick<Candidates, Id>, asTheTeam: boolean) {
  if (asTheTeam && account !== undefined && profile !== undefined) {
    const shown = ({ value, from }: Candidate): string => `${printable(value, 60)} from ${from}`;
    page.show.info("Account and profile", [shown(account), shown(profile)]);
    return { account: account.value, profile: profile.value };
  }
  const known = account === undefined ? await askUrlOrAccount(ask, page) : { account, profile };
  return {
    account: await askId(ask, page, "account", known.account),
    profile: await askId(ask, page, "profile", known.profile ?? profile),
  };
}
