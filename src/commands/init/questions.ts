/** What a person is asked. */
import type { Context } from "../../context.ts";
import type { Scope } from "../../core/clients/claude-code.ts";
import { cleanValue, idsFromStudioUrl, isGuid, LABELS, looksLikeUrl, type Value } from "../../core/halo.ts";
import { maskOf, printable } from "../../core/secrets.ts";
import type { ClientId } from "../../flags.ts";
import { readTemplate } from "../../io/templates.ts";
import type { Ask } from "../../ui/ask.ts";
import type { Show } from "../../ui/show.ts";
import type { InitOptions } from "./options.ts";
import type { Candidate, Candidates, Values } from "./values.ts";

/** What a question needs: to ask, to say something beside it, to keep a token that was typed from being shown. */
export interface Dialog {
  readonly ask: Ask;
  readonly show: Show;
  readonly context: Pick<Context, "secrets" | "templates">;
}

/** Checks an answer while it is typed; the message never repeats it. */
function check(which: Value): (text: string) => string | undefined {
  return (text) => {
    const result = cleanValue(which, text);
    return result.ok ? undefined : `${result.problem.charAt(0).toUpperCase()}${result.problem.slice(1)}.`;
  };
}

/** An answer that `check` took, cleaned, and what was cleaned is said. */
function settle({ show, context }: Dialog, which: Value, text: string): string {
  const result = cleanValue(which, text);
  if (!result.ok) throw new Error(result.problem);
  if (which === "token") context.secrets.add(result.value);
  if (result.cleaned.length > 0) show.info(`Removed from the ${LABELS[which]}: ${result.cleaned.join(", ")}.`);
  if (which === "account" && !isGuid(result.value)) {
    show.info("This account ID is not a GUID, as most CM.com account IDs are. If the test fails, check it first.");
  }
  return result.value;
}

/** The token: what is at hand is offered first, shown by its last characters at most. */
export async function askToken(dialog: Dialog, candidates: readonly Candidate[]): Promise<string> {
  const { ask, show, context } = dialog;
  const given = candidates.find((candidate) => candidate.given);
  if (given !== undefined) return given.value;
  if (candidates.length > 0) {
    const label = ({ value, from }: Candidate): string => `${maskOf(value)} from ${from}`;
    const choices = candidates.map((candidate, index) => ({ value: String(index), label: label(candidate) }));
    const other = { value: "other", label: "Another one" };
    const choice = await ask.select({ message: "Product token", choices: [...choices, other] });
    const chosen = candidates[Number(choice)];
    if (chosen !== undefined) return chosen.value;
  }
  const steps = readTemplate(context.templates, "token-steps.txt", { example: "Claude Code – Anna" });
  show.info("How to get a product token:", steps.trimEnd().split("\n"));
  return settle(dialog, "token", await ask.secret({ message: "Paste the product token", validate: check("token") }));
}

/** A pasted HALO Studio URL, or the account ID itself. Out: what of both IDs is known now. */
async function askUrlOrAccount(dialog: Dialog): Promise<Partial<Record<"account" | "profile", Candidate>>> {
  const text = await dialog.ask.text({
    message: "Paste a HALO Studio URL of the profile, or the account ID",
    placeholder: "https://… or 01234567-89ab-…",
    validate: (value) => {
      const problem = check("account")(value);
      if (!looksLikeUrl(value))
        return problem === undefined ? undefined : `Paste a HALO Studio URL or an account ID. ${problem}`;
      const ids = idsFromStudioUrl(value);
      return ids.account === undefined && ids.profile === undefined
        ? "There is no ID in this URL. Paste the account ID instead."
        : undefined;
    },
  });
  if (!looksLikeUrl(text)) {
    return { account: { value: settle(dialog, "account", text), from: "you", given: true } };
  }
  const { account, profile } = idsFromStudioUrl(text);
  dialog.show.info("Found in the URL", [`account: ${account ?? "not found"}`, `profile: ${profile ?? "not found"}`]);
  const found = (value: string): Candidate => ({ value, from: "found in the URL", given: false });
  return {
    ...(account === undefined ? {} : { account: found(account) }),
    ...(profile === undefined ? {} : { profile: found(profile) }),
  };
}

/** One ID, with what was found as the answer that is offered. */
async function confirmId(
  dialog: Dialog,
  which: "account" | "profile",
  candidate: Candidate | undefined,
): Promise<string> {
  if (candidate?.given === true) return candidate.value;
  const label = LABELS[which];
  if (candidate === undefined && which === "profile")
    dialog.show.info("The profile ID is in the URL while you look at the profile in HALO Studio.");
  const text = await dialog.ask.text({
    message: candidate === undefined ? `The ${label}` : `The ${label} (${candidate.from}):`,
    ...(candidate === undefined ? {} : { initial: candidate.value }),
    validate: check(which),
  });
  return settle(dialog, which, text);
}

/**
 * Both IDs: from a pasted HALO Studio URL or one by one, each shown and open to correction. `asTheTeam`: taken as they
 * were found, without a question.
 */
export async function askIds(
  dialog: Dialog,
  candidates: Pick<Candidates, "account" | "profile">,
  asTheTeam: boolean,
): Promise<Pick<Values, "account" | "profile">> {
  const found = { account: candidates.account[0], profile: candidates.profile[0] };
  const { account, profile } = found;
  if (account !== undefined && profile !== undefined && (asTheTeam || (account.given && profile.given))) {
    const shown = (candidate: Candidate): string => `${printable(candidate.value, 60)} from ${candidate.from}`;
    if (asTheTeam && !(account.given && profile.given))
      dialog.show.info("Account and profile", [shown(account), shown(profile)]);
    return { account: account.value, profile: profile.value };
  }
  const asked = { ...found, ...(account === undefined ? await askUrlOrAccount(dialog) : {}) };
  return {
    account: await confirmId(dialog, "account", asked.account),
    profile: await confirmId(dialog, "profile", asked.profile),
  };
}

/** What to do about a connection test that failed. */
export async function askAfterFailure({ ask }: Dialog) {
  return await ask.select({
    message: "What now?",
    choices: [
      { value: "token", label: "Enter another token" },
      { value: "ids", label: "Correct the IDs" },
      { value: "again", label: "Try again" },
      { value: "save", label: "Save anyway, untested" },
      { value: "stop", label: "Stop, write nothing" },
    ],
  });
}

/** What to do about a set-up that is there already. */
export async function askAfterProof({ ask }: Dialog, works: boolean, inRepository: boolean) {
  return await ask.select({
    message: "What now?",
    choices: [
      { value: "done", label: works ? "Nothing, I am done" : "Nothing, stop here" },
      { value: "again", label: "Test again" },
      { value: "change", label: "Change values" },
      { value: "remove", label: `Remove HALO from ${inRepository ? "this repository" : "Claude Code"}` },
    ],
  });
}

/** What is connected: clients, and of Claude Code the scopes. */
export interface Choice {
  readonly clients: readonly ClientId[];
  readonly scopes: readonly Scope[];
}

/** What the flags say, and Claude Code for this repository where they say nothing. */
export function choiceByFlags({ clients, scopes }: InitOptions): Choice {
  return { clients: clients ?? ["claude-code"], scopes: scopes ?? ["project"] };
}

const SCOPES = ["project", "local", "user"] as const;
const WEB_CLIENTS = ["claude-ai", "chatgpt"] as const;

const CHOICES = [
  { value: "project", label: "Claude Code, for this repository", hint: ".mcp.json, for the team" },
  { value: "local", label: "Claude Code, only me, in this repository" },
  { value: "user", label: "Claude Code, only me, everywhere" },
  { value: "claude-ai", label: "Claude.ai", hint: "steps to do by hand" },
  { value: "chatgpt", label: "ChatGPT", hint: "steps to do by hand" },
] as const;

export async function askChoice({ ask }: Dialog): Promise<Choice> {
  const picked = await ask.several({ message: "What do you want to connect?", choices: CHOICES, initial: ["project"] });
  const scopes = SCOPES.filter((scope) => picked.includes(scope));
  const web = WEB_CLIENTS.filter((client) => picked.includes(client));
  return { clients: [...(scopes.length > 0 ? (["claude-code"] as const) : []), ...web], scopes };
}
