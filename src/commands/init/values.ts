/** Where each of the three values comes from. */
import type { Context } from "../../context.ts";
import { envIn } from "../../core/clients/claude-state.ts";
import { cleanValue, idsFromStudioUrl, LABELS, VALUES, type Value } from "../../core/halo.ts";
import { idsFromExample } from "../../core/plan/install.ts";
import type { Target } from "../../core/plan/target.ts";
import { UsageError } from "../../errors.ts";
import { readSecretFile, readStdin } from "../../io/secret-input.ts";
import type { Show } from "../../ui/show.ts";
import type { InitOptions } from "./options.ts";
import { entryIn, type Survey } from "./survey.ts";

export type Values = Readonly<Record<Value, string>>;

interface Source {
  readonly text: string | undefined;
  readonly from: string;
  /** `given`: on this command line. `fixed`: in clear in the team's entry. `file`: where an unfilled line is no mistake. */
  readonly kind: "given" | "fixed" | "environment" | "file";
}

/** A value that is at hand, and where it was found. */
export interface Candidate {
  readonly value: string;
  readonly from: string;
  /** Given on this command line, or fixed by the team: taken without a question. */
  readonly given: boolean;
}

export type Candidates = Readonly<Record<Value, readonly Candidate[]>>;

/** Every place where a value of a target can be found, best first. Throws UsageError for a Studio URL without an ID. */
export async function valueSources(
  context: Context,
  options: InitOptions,
  survey: Survey,
  target: Target,
): Promise<Readonly<Record<Value, readonly Source[]>>> {
  const { tokenFile, studioUrl, scopes } = options;
  const ids = studioUrl === undefined ? {} : idsFromStudioUrl(studioUrl);
  if (studioUrl !== undefined && ids.account === undefined && ids.profile === undefined)
    throw new UsageError("--studio-url: there is no ID in it", { hint: "give --account-id and --profile-id" });
  // a file ends in a line break: that is not worth a word
  const withoutEnd = (text: string | undefined): string | undefined => text?.replace(/\r?\n$/, "");
  const { stdin, signal } = context;
  const given: Readonly<Record<Value, readonly (readonly [text: string | undefined, from: string])[]>> = {
    token: [
      [withoutEnd(options.tokenStdin ? await readStdin(stdin, { signal }) : undefined), "--token-stdin"],
      [withoutEnd(tokenFile === undefined ? undefined : await readSecretFile(tokenFile, { signal })), "--token-file"],
    ],
    account: [
      [options.accountId, "--account-id"],
      [ids.account, "--studio-url"],
    ],
    profile: [
      [options.profileId, "--profile-id"],
      [ids.profile, "--studio-url"],
    ],
  };
  const { localSettings, userSettings } = survey.state.files;
  const bridge = envIn(localSettings);
  const example = target.mode === "join" ? idsFromExample(survey.example, target) : {};
  // where a Claude Code that takes only references keeps what a person set up for themselves
  const own = scopes !== undefined && !scopes.includes("project") ? envIn(userSettings) : {};
  const envFile = options.valuesFile === undefined ? ".env" : "the values file";
  const sourcesOf = (which: Value): readonly Source[] => {
    const slot = target.slots[which];
    if ("fixed" in slot) return [{ text: slot.fixed, from: ".mcp.json", kind: "fixed" }];
    const { env } = slot;
    const literal = (scope: "local" | "user"): string | undefined => {
      const header = entryIn(survey, scope, target.name)?.values[which];
      return header !== undefined && "literal" in header ? header.literal : undefined;
    };
    const files: readonly (readonly [text: string | undefined, from: string])[] = [
      [survey.dotenv.get(env), `${env} in ${envFile}`],
      [bridge[env], `${env} in .claude/settings.local.json`],
      [example[which], ".env.example"],
      [own[env], `${env} in ~/.claude/settings.json`],
      [literal("local"), "Claude Code's local scope"],
      [literal("user"), "Claude Code's user scope"],
    ];
    return [
      ...given[which].map(([text, from]): Source => ({ text, from, kind: "given" })),
      { text: context.env[env], from: `${env} in the environment`, kind: "environment" },
      ...files.map(([text, from]): Source => ({ text, from, kind: "file" })),
    ];
  };
  return { token: sourcesOf("token"), account: sourcesOf("account"), profile: sourcesOf("profile") };
}

/**
 * The values that can be used, best first. One of the command line that cannot be used is a UsageError; one of the
 * environment too, unless somebody can be asked for another.
 */
export function usable(
  sources: Readonly<Record<Value, readonly Source[]>>,
  isAsked: boolean,
  show: Show,
  secrets: Set<string>,
): Candidates {
  const found: Record<Value, Candidate[]> = { token: [], account: [], profile: [] };
  for (const which of VALUES) {
    for (const { text, from, kind } of sources[which]) {
      if (text === undefined || (text === "" && kind !== "given")) continue;
      if (kind === "fixed") {
        found[which].push({ value: text, from, given: true });
        continue;
      }
      const result = cleanValue(which, text);
      if (!result.ok) {
        if (kind === "file" && result.missing) continue;
        if (kind === "given" || (!isAsked && found[which].length === 0))
          throw new UsageError(`${from}: ${result.problem}`, undefined, which === "token" ? "bad-token" : "bad-id");
        show.warn(`Not used, ${from}: ${result.problem}.`);
        continue;
      }
      if (result.cleaned.length > 0)
        show.info(`Removed from the ${LABELS[which]} (${from}): ${result.cleaned.join(", ")}.`);
      if (which === "token") secrets.add(result.value);
      if (!found[which].some(({ value }) => value === result.value))
        found[which].push({ value: result.value, from, given: kind === "given" });
    }
  }
  return found;
}

/** The values that nothing gives. */
export function missingIn(candidates: Candidates): readonly Value[] {
  return VALUES.filter((which) => candidates[which].length === 0);
}

/** The best value of each. */
export function firstOf({ token, account, profile }: Candidates): Values {
  return { token: token[0]?.value ?? "", account: account[0]?.value ?? "", profile: profile[0]?.value ?? "" };
}
