/** The table of findings: the three values. */
import type { Advice } from "../advice.ts";
import { expand, references } from "../clients/claude-code.ts";
import { cleanValue, HEADERS, LABELS, variablesFor } from "../halo.ts";
import { homeOf, mendFirst, note, npx, repair, run } from "./advice.ts";
import { rowOf, type Scene } from "./finding.ts";
import { headersFor, type ValueSource } from "./values.ts";

const values = rowOf("values");
const ENVIRONMENT = "the environment";

const nameOf = ({ variable, value }: ValueSource): string => variable ?? `the ${LABELS[value]}`;
const listOf = (all: readonly ValueSource[]): string => all.map(nameOf).join(", ");
const again = (v: Scene): readonly Advice[] => [repair(v, v.winner)];
/** The values that nothing sets in a session, by the place that holds them all the same: `.env`, say; "" for none. */
function unset(v: Scene, isHeld: boolean): readonly { readonly place: string; readonly all: readonly ValueSource[] }[] {
  const places = new Map<string, ValueSource[]>();
  for (const source of v.values.filter(({ state }) => state === "unset")) {
    const place = source.places[0]?.place ?? "";
    if ((place !== "") === isHeld) places.set(place, [...(places.get(place) ?? []), source]);
  }
  return [...places].map(([place, all]) => ({ place, all }));
}

/** A value that is there and cannot be used, by its state. */
const wrong = (...states: readonly ValueSource["state"][]) => ({
  when: (v: Scene): readonly ValueSource[] => v.values.filter(({ state }) => states.includes(state)),
  sentence: (source: ValueSource, { winner }: Scene): string => {
    const { variable, value, state, from, place, problem } = source;
    const file = winner?.file ?? "";
    if (state === "absent") return `the entry in ${file} has no header ${HEADERS[value]}`;
    const where = place ?? (from === "default" ? `a default in ${file}` : file);
    const label = variable ?? `the header ${HEADERS[value]}`;
    return state === "empty" ? `${label} is empty in ${where}` : `${label} in ${where}: ${problem ?? ""}`;
  },
  advice: (_: ValueSource, v: Scene) => again(v),
  ours: true,
});

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

export const VALUES = [
  values<ReturnType<typeof unset>[number]>({
    id: "no-bridge",
    when: (v) => unset(v, true),
    sentence: ({ place, all }) =>
      all.length === 1
        ? `${listOf(all)} is only in ${place}, which Claude Code does not read: it would send the placeholder instead`
        : `${listOf(all)} are only in ${place}, which Claude Code does not read: it would send the placeholders instead`,
    advice: (_, v) => {
      if (v.skipped !== undefined) return mendFirst(v);
      const direnv = [
        run("direnv", "allow"),
        note(`# ${v.bridge.file ?? ".envrc"} would load the values, but not in this shell`),
      ];
      const own = [note("# writes .claude/settings.local.json, which Claude Code reads")];
      return [
        ...(v.bridge.kind === "direnv" ? direnv : []),
        ...again(v),
        ...(v.winner?.scope === "project" ? own : []),
      ];
    },
    ours: true,
  }),
  values<ReturnType<typeof unset>[number]>({
    id: "missing-value",
    when: (v) => unset(v, false),
    sentence: ({ all }, { input: { dotenv } }) => {
      const unread =
        dotenv.state.kind === "unreadable" ? `; ${dotenv.shown} could not be read: ${dotenv.state.reason}` : "";
      const words =
        all.length === 1
          ? "is not set: Claude Code would send the placeholder"
          : "are not set: Claude Code would send the placeholders";
      return `${listOf(all)} ${words} instead${unread}`;
    },
    advice: (_, v) => (v.skipped === undefined ? again(v) : mendFirst(v)),
    ours: true,
  }),
  values({ id: "missing-value", ...wrong("absent", "empty") }),
  values({ id: "placeholder-sent", ...wrong("placeholder") }),
  values({ id: "bad-value", ...wrong("bad") }),
  values<ValueSource>({
    id: "stale-value",
    when: (v) =>
      v.values.filter((each) => othersOf(each).length > 0 && (each.state === "set" || each.state === "empty")),
    severity: (source, v) => (source === refusedCopy(v) ? "failed" : "warning"),
    sentence: staleWords,
    advice: agree,
    about: ({ value }) => value,
    blocks: false,
    ours: true,
  }),
  // the file is made to be shared, and git keeps every state of it
  values<string>({
    id: "token-in-repository",
    when: ({ contenders }) => {
      const holds = contenders.filter(({ isHalo, scope }) => isHalo && scope === "project");
      return [
        ...new Set(holds.filter(({ entry }) => headersFor(entry, "token").some(isToken)).map(({ file }) => file)),
      ];
    },
    severity: "warning",
    sentence: (file) => `the product token is in ${file} as plain text: everyone who has this repository has the token`,
    advice: () => [
      note("# create a new token: HALO Studio > Settings > Product Tokens, type MCP"),
      note("# and delete this one, then"),
      npx(),
      note("# replaces it with a placeholder"),
      npx("check"),
      note("# finds other copies that git tracks"),
    ],
  }),
];
