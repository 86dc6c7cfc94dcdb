import type { Context } from "../../context.ts";
import { jsonOf, property, strings } from "../../core/formats/json.ts";
import {
  cleanValue,
  HEADERS,
  idsFromStudioUrl,
  isGuid,
  LABELS,
  looksLikeUrl,
  VALUES,
  type Value,
} from "../../core/halo.ts";
import { idsFromExample } from "../../core/plan/install.ts";
import type { Target } from "../../core/plan/target.ts";
import { maskOf, printable } from "../../core/secrets.ts";
import { UsageError } from "../../errors.ts";
import { readSecretFile, readStdin } from "../../io/secret-input.ts";
import { readTemplate } from "../../io/templates.ts";
import type { Ask } from "../../ui/ask.ts";
import type { Show } from "../../ui/show.ts";
import { commandFor } from "./command.ts";
import type { InitOptions } from "./options.ts";
import type { Survey } from "./survey.ts";

export type Values = Readonly<Record<Value, string>>;

/** A value that is at hand, and where it was found. */
export interface Candidate {
  readonly value: string;
  readonly from: string;
  /** Given on this command line: taken without a question. */
  readonly given: boolean;
}

export type Candidates = Readonly<Record<Value, readonly Candidate[]>>;

/** What every part of the wizard works with. */
export interface Room {
  readonly context: Context;
  readonly options: InitOptions;
  readonly show: Show;
  readonly survey: Survey;
  readonly target: Target;
  /** Undefined when nobody can be asked. */
  readonly ask: Ask | undefined;
}

function explain(which: Value, from: string, problem: string): UsageError {
  return new UsageError(`${from}: ${problem}`, undefined, which === "token" ? "bad-token" : "bad-id");
}

/** A file ends in a line break: that is not worth a word. */
function withoutEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}

/**
 * Every value that is at hand for a target, best first: this command line, the environment, the env file, the bridge,
 * the team's example. A value on the command line or in the environment that cannot be used is a UsageError.
 */
export async function findCandidates(room: Room): Promise<Candidates> {
  const { context, options, show, survey, target } = room;
  const found: Record<Value, Candidate[]> = { token: [], account: [], profile: [] };
  const add = (which: Value, text: string | undefined, from: string, kind: "given" | "env" | "file"): void => {
    if (text === undefined || (text === "" && kind !== "given")) return;
    const result = cleanValue(which, text);
    if (!result.ok) {
      // an unfilled line of a file is simply not there yet; where somebody can be asked, a bad value is asked for again
      if (kind === "file" && result.missing) return;
      if (kind === "given" || (room.ask === undefined && found[which].length === 0))
        throw explain(which, from, result.problem);
      show.warn(`Not used, ${from}: ${result.problem}.`);
      return;
    }
    if (result.cleaned.length > 0)
      show.info(`Taken out of the ${LABELS[which]} (${from}): ${result.cleaned.join(", ")}.`);
    if (which === "token") context.secrets.add(result.value);
    if (!found[which].some(({ value }) => value === result.value))
      found[which].push({ value: result.value, from, given: kind === "given" });
  };

  if (options.tokenStdin)
    add("token", withoutEnd(await readStdin(context.stdin, context.signal)), "--token-stdin", "given");
  if (options.tokenFile !== undefined)
    add("token", withoutEnd(await readSecretFile(options.tokenFile, context.signal)), "--token-file", "given");
  add("account", options.accountId, "--account-id", "given");
  add("profile", options.profileId, "--profile-id", "given");
  if (options.studioUrl !== undefined) {
    const ids = idsFromStudioUrl(options.studioUrl);
    if (ids.account === undefined && ids.profile === undefined)
      throw new UsageError("--studio-url: there is no ID in it", { hint: "give --account-id and --profile-id" });
    add("account", ids.account, "--studio-url", "given");
    add("profile", ids.profile, "--studio-url", "given");
  }
  const example = target.mode === "join" ? idsFromExample(survey.example, target) : {};
  // where a Claude Code that takes only references keeps what a person set up for themselves
  const alone = options.scopes !== undefined && !options.scopes.includes("project");
  const own = alone ? strings(property(jsonOf(survey.snapshot.get(survey.userSettings), true), "env")) : {};
  for (const which of VALUES) {
    const slot = target.slots[which];
    if ("fixed" in slot) {
      found[which] = [{ value: slot.fixed, from: ".mcp.json", given: true }];
      continue;
    }
    add(which, context.env[slot.env], `${slot.env} in the environment`, "env");
    add(
      which,
      survey.dotenv.get(slot.env),
      `${slot.env} in ${room.survey.paths.env === room.options.valuesFile ? "the values file" : ".env"}`,
      "file",
    );
    add(which, survey.bridge[slot.env], `${slot.env} in .claude/settings.local.json`, "file");
    add(which, example[which], ".env.example", "file");
    add(which, own[slot.env], `${slot.env} in ~/.claude/settings.json`, "file");
    for (const scope of ["local", "user"] as const) {
      const kept = survey.entries[scope].find((entry) => entry.name === target.name)?.values[which];
      if (kept !== undefined && "literal" in kept) add(which, kept.literal, `Claude Code's ${scope} scope`, "file");
    }
  }
  return found;
}

/** What `--yes` and every run without a terminal takes; throws one UsageError that names all that is missing. */
export function takeValues(room: Room, candidates: Candidates, alsoMissing: readonly string[]): Values {
  const first = (which: Value): string | undefined => candidates[which][0]?.value;
  const missing = VALUES.filter((which) => first(which) === undefined);
  if (missing.length > 0 || alsoMissing.length > 0) throw missingInput(room, missing, alsoMissing);
  return { token: first("token") ?? "", account: first("account") ?? "", profile: first("profile") ?? "" };
}

function missingInput(room: Room, missing: readonly Value[], alsoMissing: readonly string[]): UsageError {
  const lines = missing.map((which) => {
    const slot = room.target.slots[which];
    const variable = "env" in slot ? slot.env : "";
    if (which === "token") return `the product token: the variable ${variable}, --token-stdin or --token-file <file>`;
    return `the ${LABELS[which]}: --${which}-id <id> (or --studio-url <url>), or the variable ${variable}`;
  });
  return new UsageError(
    ["input is missing and nobody can be asked here:", ...[...lines, ...alsoMissing].map((line) => `  - ${line}`)].join(
      "\n",
    ),
    { hint: commandFor(room, { missing }) },
    "missing-input",
  );
}

/** Checks an answer while it is typed; the message never repeats it. */
function check(which: Value): (text: string) => string | undefined {
  return (text) => {
    const result = cleanValue(which, text);
    return result.ok ? undefined : `${result.problem.charAt(0).toUpperCase()}${result.problem.slice(1)}.`;
  };
}

function settle(room: Room, which: Value, text: string): string {
  const result = cleanValue(which, text);
  if (!result.ok) throw explain(which, HEADERS[which], result.problem);
  if (which === "token") room.context.secrets.add(result.value);
  if (result.cleaned.length > 0) room.show.info(`Taken out of the ${LABELS[which]}: ${result.cleaned.join(", ")}.`);
  if (result.unusual) {
    room.show.info(
      `The ${LABELS[which]} has characters other than letters, digits, ".", "_" and "-". Claude Code takes them; some other clients do not.`,
    );
  }
  if (which === "account" && !isGuid(result.value)) {
    room.show.info(
      "This account ID is not in the form of a GUID, as CM.com's usually are. If the test fails, look at it first.",
    );
  }
  return result.value;
}

/** The token: what is at hand is offered first, shown by its last characters at most. */
export async function askToken(room: Room, ask: Ask, candidates: readonly Candidate[]): Promise<string> {
  const given = candidates.find((candidate) => candidate.given);
  if (given !== undefined) return given.value;
  if (candidates.length > 0) {
    const choices = candidates.map(({ value, from }, index) => ({
      value: String(index),
      label: `${maskOf(value)} from ${from}`,
    }));
    const choice = await ask.select({
      message: "Product token",
      choices: [...choices, { value: "other", label: "Another one" }],
    });
    const chosen = candidates[Number(choice)];
    if (chosen !== undefined) return chosen.value;
  }
  room.show.info(
    "The product token (type MCP):",
    readTemplate(room.context.templates, "token-steps.txt", { example: "Claude Code, your name" })
      .trimEnd()
      .split("\n"),
  );
  return settle(room, "token", await ask.secret({ message: "Paste the product token", validate: check("token") }));
}

/**
 * Both IDs: from a pasted HALO Studio URL or one by one, each shown and open to correction. Joining takes them as the
 * team wrote them, unless they are reopened.
 */
export async function askIds(
  room: Room,
  ask: Ask,
  candidates: Candidates,
  reopen: boolean,
): Promise<{ account: string; profile: string }> {
  const { show } = room;
  let account = candidates.account[0];
  let profile = candidates.profile[0];
  if (account?.given === true && profile?.given === true) return { account: account.value, profile: profile.value };
  const shown = (candidate: Candidate): string => `${printable(candidate.value, 60)} from ${candidate.from}`;
  if (account !== undefined && profile !== undefined && room.target.mode === "join" && !reopen) {
    show.info("Account and profile", [shown(account), shown(profile)]);
    return { account: account.value, profile: profile.value };
  }
  let fromUrl = false;
  if (account === undefined) {
    const text = await ask.text({
      message: "Paste a HALO Studio URL of the profile, or the account ID",
      placeholder: "https://… or 01234567-89ab-…",
      validate: (value) => {
        if (!looksLikeUrl(value)) return check("account")(value);
        const ids = idsFromStudioUrl(value);
        return ids.account === undefined && ids.profile === undefined
          ? "There is no ID in this URL. Paste the account ID instead."
          : undefined;
      },
    });
    if (looksLikeUrl(text)) {
      const ids = idsFromStudioUrl(text);
      fromUrl = true;
      if (ids.account !== undefined) account = { value: ids.account, from: "found in the URL", given: false };
      if (ids.profile !== undefined) profile = { value: ids.profile, from: "found in the URL", given: false };
      show.info("Taken from the URL", [
        `account: ${ids.account ?? "not found"}`,
        `profile: ${ids.profile ?? "not found"}`,
      ]);
    } else {
      account = { value: settle(room, "account", text), from: "you", given: true };
    }
  }
  const confirmed = async (which: "account" | "profile", candidate: Candidate | undefined): Promise<string> => {
    if (candidate?.given === true) return candidate.value;
    const message =
      candidate === undefined ? `The ${LABELS[which]}` : `The ${LABELS[which]} (${candidate.from}): right?`;
    const text = await ask.text({
      message,
      ...(candidate === undefined ? {} : { initial: candidate.value }),
      validate: check(which),
    });
    return settle(room, which, text);
  };
  if (!fromUrl && profile === undefined)
    show.info("The profile ID is in the URL while you look at the profile in HALO Studio.");
  return { account: await confirmed("account", account), profile: await confirmed("profile", profile) };
}
