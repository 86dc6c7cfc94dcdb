/** What is found about the three values. */
import type { Advice } from "../advice.ts";
import { expand, references } from "../clients/references.ts";
import { cleanValue, HEADERS, LABELS, variablesFor } from "../halo.ts";
import { note, npx, repair, run } from "./advice.ts";
import { type Found, type Scene, type SetupCause, say } from "./finding.ts";
import { headersFor, type ValueSource } from "./values.ts";

const nameOf = ({ variable, value }: ValueSource): string => variable ?? `the ${LABELS[value]}`;
/** The places that hold another value than the one that is sent. */
const othersOf = ({ places }: ValueSource): readonly string[] =>
  places.filter(({ same }) => !same).map(({ place }) => place);

/** The values that nothing sets in a session, by the place that holds them all the same: `.env`, say. */
function* unset(v: Scene): Found {
  const all = v.values.filter(({ state }) => state === "unset");
  const placeOf = ({ places }: ValueSource): string => places[0]?.place ?? "";
  const { winner, bridge, skipped } = v;
  const { dotenv } = v.input;
  // those that are held somewhere go first
  const held = [...new Set(all.map(placeOf))].toSorted((a, b) => Number(a === "") - Number(b === ""));
  for (const place of held) {
    const sources = all.filter((each) => placeOf(each) === place);
    const names = `${sources.map(nameOf).join(", ")} ${sources.length === 1 ? "is" : "are"}`;
    const sent = sources.length === 1 ? "the placeholder" : "the placeholders";
    const unread = dotenv.state.kind === "unreadable" ? `; ${dotenv.shown}: ${dotenv.state.reason}` : "";
    const seen =
      place === ""
        ? `${names} not set: Claude Code would send ${sent} instead${unread}`
        : `${names} only in ${place}, which Claude Code does not read: it would send ${sent} instead`;
    const direnv = [
      run("direnv", "allow"),
      note(`# ${bridge.file ?? ".envrc"} would load the values, but not in this shell`),
    ];
    const own = note("# writes .claude/settings.local.json, which Claude Code reads");
    const fill = [
      ...(place !== "" && bridge.kind === "direnv" ? direnv : []),
      repair(v, winner),
      ...(place !== "" && winner?.scope === "project" ? [own] : []),
    ];
    // what a skipped file may hold is not known, and the wizard does not write to it
    const advice = skipped === undefined ? fill : [note(`# first fix ${skipped}: see set-up`)];
    yield say.failed(place === "" ? "missing-value" : "no-bridge", seen, ...advice);
  }
}

/** A value that is there, or whose header is not, and cannot be used. */
function* unusable({ variable, value, state, from, place, problem }: ValueSource, v: Scene): Found {
  const { file = "" } = v.winner ?? {};
  const where = place ?? (from === "default" ? `a default in ${file}` : file);
  const label = variable ?? `the header ${HEADERS[value]}`;
  const failed = (cause: SetupCause, seen: string) => say.failed(cause, seen, repair(v, v.winner));
  if (state === "absent") yield failed("missing-value", `the entry in ${file} has no header ${HEADERS[value]}`);
  if (state === "empty") yield failed("missing-value", `${label} is empty in ${where}`);
  if (state === "placeholder") yield failed("placeholder-sent", `${label} in ${where}: ${problem ?? ""}`);
  if (state === "bad") yield failed("bad-value", `${label} in ${where}: ${problem ?? ""}`);
}

/** The value that was refused has copies that differ: then one of them is the first thing to try, and no new token. */
export function refusedCopy({ values, tested, input }: Scene): ValueSource | undefined {
  if (tested?.cause !== "unauthorized" && tested?.cause !== "forbidden") return undefined;
  return values.find(
    (source) =>
      source.state === "set" && (input.token === undefined || source.value !== "token") && othersOf(source).length > 0,
  );
}

/** What makes the copies of a value agree: the wizard for the files that it writes itself, a person for any other. */
function agree(source: ValueSource, others: readonly string[], v: Scene): readonly Advice[] {
  const { input, winner } = v;
  const variable = source.variable ?? variablesFor(v.name)[source.value];
  const isProject = winner?.scope === "project";
  if (source.variable === undefined && isProject)
    return [note(`replace the ${LABELS[source.value]} in ${winner.file} with "\${${variable}}"`)];
  // the wizard writes to neither, and asks about what is exported
  const foreign = [input.projectSettings, isProject ? input.userSettings : input.localSettings].map(
    ({ shown }) => shown,
  );
  const byHand = others.filter((place) => place === "the environment" || foreign.includes(place));
  const wizard = [repair(v, winner), note("# asks which one is right and saves it")];
  return [
    ...(others.some((place) => !foreign.includes(place)) ? wizard : []),
    ...byHand.map((place) => note(`remove ${variable} from ${place} if it is outdated`)),
  ];
}

/** Copies that differ, and which one is sent. */
function* stale(v: Scene): Found {
  for (const source of v.values) {
    const others = othersOf(source);
    if (others.length === 0 || (source.state !== "set" && source.state !== "empty")) continue;
    const used = source.place ?? v.winner?.file ?? "";
    const isRefused = source === refusedCopy(v);
    const seen = isRefused
      ? `${nameOf(source)} in ${used} was refused; ${others.join(" and ")} ${others.length === 1 ? "has" : "have"} another value`
      : `${nameOf(source)} differs between ${used} and ${others.join(", ")}: Claude Code sends the one in ${used}`;
    const made = say[isRefused ? "failed" : "warning"]("stale-value", seen, ...agree(source, others, v));
    yield { ...made, about: source.value };
  }
}

/** A header that is a token by itself: as text, or as the default of a reference. */
function isToken(text: string): boolean {
  const alone = expand(text, {});
  return alone.missing.length === 0 && cleanValue("token", alone.text).ok && references(alone.text).length === 0;
}

export function* valueFindings(v: Scene): Found {
  yield* unset(v);
  for (const source of v.values) yield* unusable(source, v);
  yield* stale(v);
  // the file is made to be shared, and git keeps every state of it
  const holds = v.contenders.filter(
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
