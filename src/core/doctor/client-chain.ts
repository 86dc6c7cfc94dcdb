/** `doctor --client`: what is between the file of a client and the server. Claude Code has more: view.ts. Pure. */
import type { Advice } from "../advice.ts";
import { answersFor, type Env, seenBy, sentBy } from "../clients/sent.ts";
import { type Consent, judged, type ToSend } from "../connection.ts";
import { HEADERS, LABELS, VALUES } from "../halo.ts";
import type { ClientFile } from "../plan/clients.ts";
import { type Found, variablesOf } from "../plan/target.ts";

export interface ChainFinding {
  readonly severity: "error" | "warning";
  readonly seen: string;
  readonly tryThis: Advice;
}

interface Chain {
  readonly findings: readonly ChainFinding[];
  readonly toSend?: ToSend;
  /** Why the client does not get values that are in a file, and how to start it with them. */
  readonly unread?: { readonly why: string; readonly start: Advice };
}

export interface ChainInput {
  readonly file: ClientFile;
  readonly shown: string;
  readonly name: string;
  readonly found: Found | undefined;
  /** Exported variables; those of the project's `.env`; those of the client's own private file. */
  readonly exported: Env;
  readonly dotenv: Env;
  readonly stored: Env;
  readonly given: Consent;
  readonly ofRepository: boolean;
}

const repair = ({ client, scope }: ClientFile): Advice => ({
  run: ["npx", "create-halo-mcp", "--client", client.id, ...(scope === "user" ? ["--scope", "user"] : [])],
});

/** A variable that the client does not get, or gets from an unexpected place. */
function valueFinding(
  variable: string,
  { file, exported, dotenv, stored }: ChainInput,
  start: Advice,
): ChainFinding | undefined {
  const { client, scope } = file;
  const own = stored[variable];
  if (client.storeWins && own !== undefined) {
    const meant = scope === "project" ? (exported[variable] ?? dotenv[variable]) : own;
    const seen = `${variable} has another value in ${client.store}: ${client.label} takes that one`;
    const tryThis = repair({ ...file, scope: "user" });
    return meant === undefined || meant === own ? undefined : { severity: "warning", seen, tryThis };
  }
  const inFile = own ?? (scope === "project" && client.reads.includes(".env") ? dotenv[variable] : undefined);
  const isBlanked = client.blanks?.test(variable) === true;
  const kept = scope === "project" ? dotenv[variable] : (own ?? dotenv[variable]);
  if (exported[variable] !== undefined) {
    const seen = `${variable} is exported with another value than in the file: ${client.label} takes the exported one`;
    const isStale = kept !== undefined && kept !== exported[variable];
    return isStale ? { severity: "warning", seen, tryThis: { run: ["unset", variable] } } : undefined;
  }
  if (inFile !== undefined && !isBlanked) return undefined;
  if (kept === undefined) return { severity: "error", seen: `nothing sets ${variable}`, tryThis: repair(file) };
  const why = isBlanked ? "empties it because of its name" : "does not read .env";
  return { severity: "warning", seen: `${variable} is in a file, but ${client.label} ${why}`, tryThis: start };
}

/** Why nothing is sent, unless another finding says it. */
function refusedBy(toSend: ToSend, { file }: ChainInput, findings: readonly ChainFinding[]): readonly ChainFinding[] {
  if (toSend.ok || (toSend.cause === "missing-value" && findings.some(({ severity }) => severity === "error")))
    return [];
  const naming: Advice = { note: "If its host may have your token, name the URL: --url" };
  const tryThis = toSend.cause === "endpoint-foreign" ? naming : repair(file);
  return [{ severity: "error", seen: toSend.reason, tryThis }];
}

/** What is wrong, and what is sent with the values that are known here: also those of `.env`, which `run` exports. */
export function chainOf(input: ChainInput): Chain {
  const { file, shown, name, found, exported, dotenv, stored, given, ofRepository } = input;
  const { client } = file;
  const error = (seen: string): ChainFinding => ({ severity: "error", seen, tryThis: repair(file) });
  if (found?.server === undefined) return { findings: [error(`there is no server "${name}" of HALO in ${shown}`)] };
  const { server, lost, entry } = found;
  const shape = VALUES.flatMap((value) => {
    const slot = entry.values[value];
    if (slot === undefined) return [error(`the header ${HEADERS[value]} is missing`)];
    const isReference = "literal" in slot && /[$%{}<>]/.test(slot.literal);
    return isReference ? [error(`the ${LABELS[value]} is a reference that ${client.label} does not expand`)] : [];
  });
  const variables = variablesOf(entry.values).map(({ env }) => env);
  const values = seenBy(client, exported, dotenv, stored);
  const [program = "<program>"] = client.programs;
  const start: Advice = { run: ["npx", "create-halo-mcp", "run", "--", program] };
  const ofValues = client.asks ? [] : variables.map((variable) => valueFinding(variable, input, start));
  const answers = answersFor(client, Object.fromEntries(variables.map((variable) => [variable, values[variable]])));
  const findings = [
    ...(lost === undefined ? [] : [error(`the entry is not loaded: ${lost.why}`)]),
    ...shape,
    ...ofValues.filter((each) => each !== undefined),
  ];
  const toSend = judged(sentBy(server, values, answers, exported), given, ofRepository);
  const refused = refusedBy(toSend, input, findings);
  const isUnread = ofValues.some((each) => each?.tryThis === start);
  const unread = { why: `The values work, but ${client.label} does not read them there`, start };
  return { findings: [...findings, ...refused], toSend, ...(isUnread && { unread }) };
}
