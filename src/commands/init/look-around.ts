import type { Context } from "../../context.ts";
import { DEFAULT_NAME, HALO_URL, variablesFor } from "../../core/halo.ts";
import { decideTarget, type Target } from "../../core/plan/target.ts";
import { Refusal } from "../../errors.ts";
import type { Choice } from "./build-plan.ts";
import { choiceByFlags } from "./dialog.ts";
import type { InitOptions } from "./options.ts";
import { survey as look, type Survey } from "./survey.ts";

const DEFAULT_TOKEN = variablesFor(DEFAULT_NAME).token;
const MOST_SECRETS = 200;
const LONGEST_SECRET = 8192;

/**
 * Values of files that are never shown: the token, and what else looks like a secret. Bounded, since every printer
 * looks for each of them: nobody has hundreds, save who wants this to take minutes.
 */
function secretsIn({ dotenv, bridge }: Survey, target: Target): readonly string[] {
  const { token } = target.slots;
  const isToken = (name: string): boolean => name === DEFAULT_TOKEN || ("env" in token && token.env === name);
  const all = [...dotenv, ...Object.entries(bridge)].filter(([, { length }]) => length <= LONGEST_SECRET);
  const tokens = all.filter(([name, { length }]) => isToken(name) && length >= 8);
  const others = all.filter(([name, { length }]) => /TOKEN|SECRET|KEY|PASSWORD/i.test(name) && length >= 12);
  return [...tokens, ...others.slice(0, MOST_SECRETS)].map(([, value]) => value);
}

/** What is there, and what to connect there. Remembers the secrets that it reads. Throws Refusal. */
export async function lookAround(
  context: Context,
  options: InitOptions,
): Promise<{ survey: Survey; choice: Choice; target: Target; project: boolean }> {
  const survey = await look(context, options);
  const choice = choiceByFlags(options);
  const project = choice.clients.includes("claude-code") && choice.scopes.includes("project");
  // a repository has no say in what a person sets up for themselves alone
  const decision = decideTarget(project ? survey.entries.project : [], {
    name: options.name,
    url: options.url,
    defaultName: DEFAULT_NAME,
    defaultUrl: HALO_URL,
  });
  if (!decision.ok) throw new Refusal(decision.reason, { hint: decision.hint });
  const { target } = decision;
  for (const secret of secretsIn(survey, target)) context.secrets.add(secret);
  return { survey, choice, target, project };
}
