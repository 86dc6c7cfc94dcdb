/** What is found about the three values. */
import type { Advice } from "../advice.ts";
import { expand, references } from "../clients/references.ts";
import { cleanValue, HEADERS, LABELS, variablesFor } from "../halo.ts";
import { homeOf, mendFirst, note, npx, repair, run } from "./advice.ts";
import { type Found, type Scene, say } from "./finding.ts";
import { headersFor, type ValueSource } from "./values.ts";

const ENVIRONMENT = "the environment";

const nameOf = ({ variable, value }: ValueSource): string => variable ?? `the ${LABELS[value]}`;
const listOf = (all: readonly ValueSource[]): string => all.map(nameOf).join(", ");
const [ONE, MANY] = [
  ["is", "placeholder"],
  ["are", "placeholders"],
] as const;

/** The values that nothing sets in a session, by the place that holds them all the same: `.env`, say. */
function* unset(v: Scene): Found {
  const all = v.values.filter(({ state }) => state === "unset");
  const placeOf = ({ places }: ValueSource): string => places[0]?.place ?? "";
  const { winner, bridge, skipped } = v;
  const { dotenv } = v.input;
  const again = [repair(v, winner)];
  // those that are held somewhere go first
  const held = [...new Set(all.map(placeOf))].toSorted((a, b) => Number(a === "") - Number(b === ""));
  for (const place of held) {
    const sources = all.filter((each) => placeOf(each) === place);
    const [names, are, placeholders] = [listOf(sources), ...(sources.length === 1 ? ONE : MANY)];
    if (place === "") {
      const unread =
        dotenv.state.kind === "unreadable" ? `; ${dotenv.shown} could not be read: ${dotenv.state.reason}` : "";
      const seen = `${names} ${are} not set: Claude Code would send the ${placeholders} instead${unread}`;
      yield say.failed("missing-value", seen, ...(skipped === undefined ? again : mendFirst(v)));
      continue;
    }
    const loads = note(`# ${bridge.file ?? ".envrc"} would load the values, but not in this shell`);
    const direnv = bridge.kind === "direnv" ? [run("direnv", "allow"), loads] : [];
    const own = note("# writes .claude/settings.local.json, which Claude Code reads");
    yield say.failed(
      "no-bridge",
      `${names} ${are} only in ${place}, which Claude Code does not read: it would send the ${placeholders} instead`,
      ...(skipped === undefined ? [...direnv, ...again, ...(winner?.scope === "project" ? [own] : [])] : mendFirst(v)),
    );
  }
}

/** The cause of a value that is there and cannot be used, by its state. */
const CAUSE_OF = {
  absent: "missing-value",
  empty: "missing-value",
  placeholder: "placeholder-sent",
  bad: "bad-value",
} as const;

/** What is wrong with such a value, in words. */
function problemOf({ variable, value, state, from, place, problem }: ValueSource, file: string): string {
  if (state === "absent") return `the entry in ${file} has no header ${HEADERS[value]}`;
  const where = place ?? (from === "default" ? `a default in ${file}` : file);
  const label = variable ?? `the header ${HEADERS[value]}`;
  return state === "empty" ? `${label} is empty in ${where}` : `${label} in ${where}: ${problem ?? ""}`;
}

/** The places that hold another value than the one that is sent. */
const othersOf = ({ places }: ValueSource): readonly string[] =>
  places.filter(({ same }) => !same).map(({ place }) => place);

/** The value that was refused has copies that differ: then one of them is the first thing to try, and no new token. */
export function refusedCopy({ values, tested, input }: Scene): ValueSource | undefined {
  if (tested?.cause !== "unauthorized" && tested?.cause !== "forbidden") return undefined;
  return values.find(
    (source) =>
      source.state === "set" && (input.token === undefined || source.value !== "token") && othersOf(source).length > 0,
  );
}

/** What makes the copies of a value agree: the wizard for the files that it writes itself, a person for any other. */
function agree(source: ValueSource, v: Scene): readonly Advice[] {
  const { input, winner } = v;
  const variable = source.variable ?? variablesFor(v.name)[source.value];
  const others = othersOf(source);
  if (source.variable === undefined && winner?.scope === "project")
    return [
      note(`replace the ${LABELS[source.value]} in ${winner.file} with "\${${variable}}"`),
      note(`# then the one in ${others.join(", ")} is used; or correct it there`),
    ];
  const home = homeOf(v, winner);
  const written = [
    input.given?.valuesFile === undefined ? `${home}.env` : input.dotenv.shown,
    winner?.scope === "project" ? `${home}.claude/settings.local.json` : input.userSettings.shown,
  ];
  const byHand = others.filter((place) => place !== ENVIRONMENT && !written.includes(place));
  const isOddOne = source.places.length > 2 && others.length === 1 && others[0] === ENVIRONMENT;
  const exported = [run("unset", variable), note("# and remove it where it is exported, such as ~/.profile")];
  return [
    ...(byHand.length === others.length ? [] : [repair(v, winner), note("# asks which one is right and saves it")]),
    ...(isOddOne ? exported : []),
    ...byHand.map((place) => note(`remove ${variable} from ${place} if it is outdated`)),
  ];
}

/** Which copy is sent. A version that connects twice at its start, with other values, may send either. */
function staleWords(source: ValueSource, v: Scene): string {
  const others = othersOf(source);
  if (source === refusedCopy(v)) {
    const used = source.place ?? v.winner?.file ?? "its entry";
    return `${nameOf(source)} in ${used} was refused; ${others.join(" and ")} ${others.length === 1 ? "has" : "have"} another value`;
  }
  const used = source.place ?? "its entry";
  const isEither =
    v.state.behaviour.sendsEitherCopy &&
    v.trust.trusted &&
    (source.from === "bridge" || source.from === "project-settings") &&
    others.some((place) => place === ENVIRONMENT || place === v.input.userSettings.shown);
  const which = isEither ? "this version of Claude Code may send either" : `Claude Code sends the one in ${used}`;
  return `${nameOf(source)} differs between ${used} and ${others.join(", ")}: ${which}`;
}

/** A header that is a token by itself: as text, or as the default of a reference. */
function isToken(text: string): boolean {
  const alone = expand(text, {});
  return alone.missing.length === 0 && cleanValue("token", alone.text).ok && references(alone.text).length === 0;
}

export function* valueFindings(v: Scene): Found {
  const { values, winner, contenders } = v;
  yield* unset(v);
  for (const cause of new Set(Object.values(CAUSE_OF)))
    for (const source of values)
      if (source.state in CAUSE_OF && CAUSE_OF[source.state as keyof typeof CAUSE_OF] === cause)
        yield say.failed(cause, problemOf(source, winner?.file ?? ""), repair(v, winner));
  for (const source of values) {
    if (othersOf(source).length === 0 || (source.state !== "set" && source.state !== "empty")) continue;
    const made = say[source === refusedCopy(v) ? "failed" : "warning"];
    yield { ...made("stale-value", staleWords(source, v), ...agree(source, v)), about: source.value };
  }
  // the file is made to be shared, and git keeps every state of it
  const holds = contenders.filter(
    ({ isHalo, scope, entry }) => isHalo && scope === "project" && headersFor(entry, "token").some(isToken),
  );
  for (const file of new Set(holds.map((each) => each.file)))
    yield say.warning(
      "token-in-repository",
      `the product token is in ${file} as plain text: everyone who has this repository has the token`,
      note("# create a new token: HALO Studio > Settings > Product Tokens, type MCP"),
      note("# and delete this one, then"),
      npx(),
      note("# replaces it with a placeholder"),
      npx("check"),
      note("# finds other copies that git tracks"),
    );
}
