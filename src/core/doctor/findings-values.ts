/** Findings about the three values. */
import type { Advice } from "../advice.ts";
import { shown } from "../check/show.ts";
import { ENVIRONMENT } from "../clients/claude-state.ts";
import { expand } from "../clients/references.ts";
import { cutValues } from "../formats/dotenv.ts";
import { cleanValue, HEADERS, LABELS, resolving, variablesFor } from "../halo.ts";
import { type Found, linesOf, note, npx, repair, run, type Scene, say } from "./finding.ts";
import { headersFor, type ValueSource } from "./values.ts";

const nameOf = ({ variable, value }: ValueSource): string => variable ?? `the ${LABELS[value]}`;
/** The places with another value than the one that is sent. */
const othersOf = ({ places }: ValueSource): readonly string[] =>
  places.filter(({ same }) => !same).map(({ place }) => place);

/** A reference to a secret store, where a value should be: the advice is to run the wizard with the values themselves. */
function unresolved(v: Scene, source: ValueSource, store: Exclude<ValueSource["store"], undefined>) {
  const { given, url, dotenv } = v.input;
  const program = linesOf([repair(v, v.winner, ...(url === undefined ? [] : ["--url", shown(v, url)]))], given.cwd);
  // only a file that no session reads can hold what is unset
  const by = source.state === "unset" ? "dotenv" : source.from === "environment" ? "environment" : "elsewhere";
  const variable = source.variable ?? variablesFor(v.name)[source.value];
  const seen = `${nameOf(source)} in ${store.place}: the ${LABELS[source.value]} is ${store.what}, which nothing has resolved`;
  const { first, command } = resolving(store, { by, file: dotenv.shown, variable }, program);
  return say.failed("placeholder-sent", seen, ...(first === "" ? [] : [note(first)]), { note: command });
}

/** The values that nothing sets in a session, even if a place that it does not read contains them. */
function* unset(v: Scene): Found {
  const { winner, bridge } = v;
  const direnv = [run("direnv", "allow"), note(".envrc would load the values, but not in this shell")];
  const all = v.values.filter(({ state }) => state === "unset");
  for (const source of all) if (source.store) yield unresolved(v, source, source.store);
  const held = all.filter(({ places }) => places.length > 0);
  const gone = all.filter(({ places, store }) => places.length === 0 && store === undefined);
  const namesOf = (sources: readonly ValueSource[]) => sources.map(nameOf).join(", ");
  const places = new Set(held.flatMap((source) => source.places.map(({ place }) => place)));
  if (held.length > 0)
    yield say.failed(
      "no-bridge",
      `${namesOf(held)}: set only in ${[...places].join(", ")}, which Claude Code does not read`,
      ...(bridge.kind === "direnv" ? direnv : []),
      repair(v, winner),
      ...(winner?.scope === "project" ? [note("writes .claude/settings.local.json, which Claude Code reads")] : []),
    );
  if (gone.length > 0)
    yield say.failed(
      "missing-value",
      `${namesOf(gone)}: not set, so Claude Code would send the reference itself`,
      repair(v, winner),
    );
}

const UNUSABLE = {
  absent: "missing-value",
  empty: "missing-value",
  placeholder: "placeholder-sent",
  bad: "bad-value",
} as const;

function* unusable(v: Scene): Found {
  const { file = "" } = v.winner ?? {};
  for (const source of v.values) {
    const { variable, value, state, place = "", problem = "", store } = source;
    if (state === "set" || state === "unset") continue;
    if (store) yield unresolved(v, source, store);
    if (store) continue;
    const seen =
      state === "absent"
        ? `the entry in ${file} has no header ${HEADERS[value]}`
        : `${variable ?? `the header ${HEADERS[value]}`} in ${place}: ${problem}`;
    yield say.failed(UNUSABLE[state], seen, repair(v, v.winner));
  }
}

/** Another header of the entry whose variable is not set, or belongs to another service: then nothing is sent. */
function* others({ toSend, ours, winner, values }: Scene): Found {
  if (toSend.ok || winner === undefined || ours !== winner || values.some(({ state }) => state !== "set")) return;
  if (toSend.cause === "missing-value" || toSend.cause === "bad-value")
    yield say.failed(
      toSend.cause,
      `${toSend.reason}: nothing was sent`,
      note(
        toSend.cause === "bad-value"
          ? `correct this header in ${winner.file}, or remove it`
          : `set the variable, or remove the header from ${winner.file}`,
      ),
    );
}

/** The refused value has copies that differ: try one of them before a new token. */
export function refusedCopy({ values, tested, input }: Scene): ValueSource | undefined {
  if (tested?.cause !== "unauthorized" && tested?.cause !== "forbidden") return undefined;
  return values.find(
    (source) =>
      source.state === "set" && (input.token === undefined || source.value !== "token") && othersOf(source).length > 0,
  );
}

function* stale(v: Scene): Found {
  const { winner, input } = v;
  const isProject = winner?.scope === "project";
  // the wizard writes to neither; it asks about exported variables, but does not change them
  const foreign = [input.projectSettings, isProject ? input.userSettings : input.localSettings].map(
    ({ shown }) => shown,
  );
  for (const source of v.values) {
    const others = othersOf(source);
    if (others.length === 0 || (source.state !== "set" && source.state !== "empty")) continue;
    const used = source.place ?? "";
    const isRefused = source === refusedCopy(v);
    // there the user's settings come first, then the environment, then the project's settings
    const first = [input.userSettings.shown, ENVIRONMENT].find((place) =>
      source.places.some((each) => each.place === place),
    );
    const print =
      first === undefined || !others.includes(first) || source.from === "literal"
        ? ""
        : `; claude -p sends the one in ${first}`;
    const seen = isRefused
      ? `${nameOf(source)} in ${used} was refused; another value is in ${others.join(", ")}`
      : `${nameOf(source)} differs between ${used} and ${others.join(", ")}: Claude Code sends the one in ${used}${print}`;
    const byHand = others.filter((place) => place === ENVIRONMENT || foreign.includes(place));
    const variable = source.variable ?? variablesFor(v.name)[source.value];
    const advice: readonly Advice[] = [
      ...(others.some((place) => !foreign.includes(place))
        ? [repair(v, winner), note("asks which one is right and saves it")]
        : []),
      ...byHand.map((place) => note(`remove ${variable} from ${place} if it is outdated`)),
    ];
    yield { ...say[isRefused ? "failed" : "warning"]("stale-value", seen, ...advice), about: source.value };
  }
}

export function* valueFindings(v: Scene): Found {
  const { state, shown } = v.input.dotenv;
  const names = v.values.map(({ variable = "" }) => variable);
  for (const cut of cutValues(state, shown, names)) yield say.warning("bad-value", cut);
  yield* unset(v);
  yield* unusable(v);
  yield* others(v);
  yield* stale(v);
  // the file is shared, and git keeps every version of it
  const shared = v.contenders.filter(({ isHalo, scope }) => isHalo && scope === "project");
  const holds = shared.filter(({ entry }) =>
    headersFor(entry, "token")
      .map((text) => expand(text, {}))
      .some(({ missing, text }) => missing.length === 0 && cleanValue("token", text).ok),
  );
  for (const file of new Set(holds.map((each) => each.file)))
    yield say.warning(
      "token-in-repository",
      `the product token is in ${file} as plain text: everyone who has this repository has the token`,
      note("create a new token: HALO Studio > Settings > Product Tokens, type MCP"),
      note("and delete this one, then"),
      npx(),
      note("replaces it with a placeholder"),
      npx("check"),
      note("finds other copies that git tracks"),
    );
}
