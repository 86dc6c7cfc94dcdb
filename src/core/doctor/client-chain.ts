/** `doctor --client`: what is between the file of a client and the server. Claude Code has more: view.ts. Pure. */

import { type Advice, run } from "../advice.ts";
import { shown as shownIn } from "../check/show.ts";
import { ENVIRONMENT } from "../clients/claude-state.ts";
import { startWords } from "../clients/model.ts";
import { answersFor, type Env, seenBy, sentBy } from "../clients/sent.ts";
import { judged } from "../connection.ts";
import { HEADERS, LABELS, nameWords, VALUES, type Value } from "../halo.ts";
import type { ClientFile } from "../plan/clients.ts";
import type { Found as FoundEntry } from "../plan/target.ts";
import type { Given } from "./entries.ts";
import { type Found, finish, note, npx, replaceToken, SETUP_LINKS, type SetupCause, say } from "./finding.ts";
import { STATUS_WORDS } from "./findings-client.ts";
import { chainOf, type Run, setupLink, skipped, sourcesIn } from "./report.ts";

export interface ClientInput {
  readonly file: ClientFile;
  /** The file, and that of `dotenv`, as they are shown. */
  readonly shown: string;
  readonly dotenvFile: string;
  readonly name: string;
  readonly found: FoundEntry | undefined;
  /** Exported variables; those of the project's `.env`; those of the client's own private file. */
  readonly exported: Env;
  readonly dotenv: Env;
  readonly stored: Env;
  /** With the URL of `--url`, which may get the token. */
  readonly given: Given;
  readonly ofRepository: boolean;
}

const repair = ({ file: { client }, name }: ClientInput, scope: string): Advice =>
  npx("--client", client.id, ...(scope === "user" ? ["--scope", "user"] : []), ...nameWords(name));

/** Where the client gets a value (undefined: nowhere), and what is wrong with that. */
function sourceOf(value: Value, input: ClientInput) {
  const { file, found, shown, exported, dotenv, stored, dotenvFile } = input;
  const { client, scope } = file;
  const slot = found?.entry.values[value];
  if (slot === undefined || "literal" in slot) return { value, place: slot && shown };
  const variable = slot.env;
  if (client.asks) return { value, variable, place: `what you enter in ${client.label}` };
  const { storeWins, store = "", reads, blanks } = client;
  const isBlanked = blanks?.test(variable) === true;
  const isRead = scope === "project" && reads.includes(".env") && !isBlanked;
  const kept = scope === "project" ? dotenv[variable] : (stored[variable] ?? dotenv[variable]);
  const ofStore = { place: store, text: isBlanked ? undefined : stored[variable] };
  const ofEnv = { place: ENVIRONMENT, text: exported[variable] };
  const ofFile = { place: dotenvFile, text: isRead ? dotenv[variable] : undefined };
  const order = storeWins ? [ofStore, ofEnv, ofFile] : [ofEnv, ofStore, ofFile];
  const taken = order.find(({ text }) => text !== undefined);
  const lack = kept === undefined ? "unset" : isBlanked ? "blanked" : "unread";
  if (taken === undefined) return { value, variable, problem: lack };
  const meant = taken === ofStore && scope === "project" ? (exported[variable] ?? kept) : kept;
  const isStale = meant !== undefined && taken.text !== meant;
  const problem = isStale ? (taken === ofEnv ? "exported" : "stored") : undefined;
  return { value, variable, place: taken.place, problem };
}

/** The variables that the client does not get, or gets from an unexpected place: the same of several is said once. */
function* sources(input: ClientInput, all: readonly ReturnType<typeof sourceOf>[]): Found {
  const { scope, client } = input.file;
  const { label, store } = client;
  const start: Advice = { run: startWords(client) };
  const only = `set only in ${input.dotenvFile}`;
  const rows: readonly (readonly [string, SetupCause, string, Advice?])[] = [
    ["unset", "missing-value", "not set", repair(input, scope)],
    ["unread", "no-bridge", `${only}, which ${label} does not read`, start],
    ["blanked", "no-bridge", `${only}; ${label} empties it because of its name`, start],
    ["stored", "stale-value", `another value is in ${store}, and ${label} takes that one`, repair(input, "user")],
    ["exported", "stale-value", `exported with another value than in the file, and ${label} takes the exported one`],
  ];
  for (const [problem, cause, says, advice] of rows) {
    const names = [...new Set(all.flatMap((each) => (each.problem === problem ? [each.variable ?? ""] : [])))];
    const make = say[problem === "unset" ? "failed" : "warning"];
    if (names.length > 0) yield make(cause)(`${names.join(", ")}: ${says}`, [advice ?? run("unset", ...names)]);
  }
}

/** What is wrong with the file and its entry. */
function* entries(input: ClientInput): Found {
  const { file, shown, name, found } = input;
  const mend = [repair(input, file.scope)];
  if (found?.server === undefined)
    return yield say.failed("no-entry")(`there is no server "${name}" of HALO in ${shown}`, mend);
  const { lost, entry } = found;
  if (lost !== undefined) yield say.failed("entry-skipped")(`${shown}: the entry is not loaded: ${lost.why}`, mend);
  for (const value of VALUES) {
    const slot = entry.values[value];
    const unread = `the ${LABELS[value]} is a reference that ${file.client.label} does not expand`;
    if (slot === undefined) yield say.failed("missing-value")(`the header ${HEADERS[value]} is missing`, mend);
    else if ("literal" in slot && /[$%{}<>]/.test(slot.literal)) yield say.failed("placeholder-sent")(unread, mend);
  }
}

/**
 * What is wrong, what is sent with the values that are known here (also those of `.env`, which `run` exports), and the chain
 * with the result of the test. `status`: what the client's own program says.
 */
export function lookAtClient(input: ClientInput) {
  const { file, found, exported, dotenv, stored, given, ofRepository, name, shown } = input;
  const { client, scope } = file;
  const { label } = client;
  const values = seenBy(client, exported, dotenv, stored);
  const all = VALUES.map((value) => sourceOf(value, input));
  const known = all.flatMap(({ variable }) => (variable === undefined ? [] : [[variable, values[variable]]]));
  const answers = answersFor(client, Object.fromEntries(known));
  const consent = { url: given.url, isOwn: !ofRepository };
  const toSend = found?.server && judged(sentBy(found.server, values, answers, exported), consent, ofRepository);
  const mend = repair(input, scope);
  const wrong = [...entries(input), ...sources(input, all)];
  const isTold = wrong.some(({ severity }) => severity === "failed");
  if (toSend?.ok === false && !(toSend.cause === "missing-value" && isTold)) {
    const url = shownIn({ secrets: [] }, found?.entry.url ?? "");
    const again = npx("doctor", "--client", client.id, ...nameWords(name), "--url", url);
    const advice = toSend.cause === "endpoint-foreign" ? [note("If this host may have your token:"), again] : [mend];
    wrong.push(say.failed(toSend.cause)(toSend.reason, advice));
  }
  const findings = finish(wrong, given);

  const [{ variable = "the token", place = undefined } = {}] = all;
  const chain = (test: Run["test"], status: string) => {
    const isDown = status === "failed" || status === "needs-auth";
    const down = say.failed("client-disagrees")(`${label} cannot connect, although the same values work from here`, [
      note("Proxy variables and NODE_EXTRA_CA_CERTS are the usual reasons"),
    ]);
    const seen = {
      setup: found === undefined ? [] : [`"${name}" in ${shown} (${scope} scope)`],
      values: [sourcesIn(all)],
      client: [`${label}: ${STATUS_WORDS[status as keyof typeof STATUS_WORDS] ?? "not asked"}`],
    };
    const reported = [...findings, ...finish(isDown ? [down] : [], given)];
    const links = SETUP_LINKS.map((link) => {
      if (link === "values" && found === undefined) return skipped(link);
      const looked = setupLink(link, seen[link], reported);
      // without an answer of the client, nothing is known of it
      const isUnknown = link === "client" && status !== "connected" && looked.status === "ok";
      return isUnknown ? { ...looked, ...skipped(link) } : looked;
    });
    return chainOf(
      links,
      { test },
      {
        toSend,
        given,
        token: `${variable} from ${place ?? input.dotenvFile}`,
        isOther: false,
        mend: (cause) => (cause === "unauthorized" ? replaceToken(place !== ENVIRONMENT, name, mend) : [mend]),
      },
    );
  };
  return { findings, toSend, chain };
}
