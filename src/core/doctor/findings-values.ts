/** Findings about the three values. */
import { run } from "../advice.ts";
import { ENVIRONMENT } from "../clients/claude-state.ts";
import { expand } from "../clients/references.ts";
import { cutValues } from "../formats/dotenv.ts";
import { cleanValue, HEADERS, LABELS, nameWords, resolving, variablesFor } from "../halo.ts";
import { type Found, linesOf, note, npx, repair, type Scene, say } from "./finding.ts";
import { headersFor, type ValueSource } from "./view.ts";

const variableOf = ({ name }: Scene, { variable, value }: ValueSource) => variable ?? variablesFor(name)[value];
const nameOf = ({ variable, value }: ValueSource): string => variable ?? `the ${LABELS[value]}`;
/** The places with another value than the one that is sent. */
const othersOf = ({ places }: ValueSource): readonly string[] =>
  places.filter(({ same }) => !same).map(({ place }) => place);

/** A reference to a secret store, where a value should be: the advice is to run the wizard with the values themselves. */
function unresolved(v: Scene, source: ValueSource, store: Exclude<ValueSource["store"], undefined>) {
  const { dotenv } = v.input;
  const program = linesOf([repair(v, v.winner)], v.given);
  // only a file that no session reads can hold what is unset
  const by = source.state === "unset" ? "dotenv" : source.from === "environment" ? "environment" : "elsewhere";
  const { first, command } = resolving(store, { by, file: dotenv.shown, variable: variableOf(v, source) }, program);
  return say.failed("placeholder-sent")(
    `${nameOf(source)} in ${store.place}: the ${LABELS[source.value]} is ${store.what}, which nothing has resolved`,
    [...(first === "" ? [] : [note(first)]), { note: command }],
  );
}

/** The values that nothing sets in a session, even if a place that it does not read contains them. */
function* unset(v: Scene): Found {
  const all = v.values.filter(({ state }) => state === "unset");
  for (const source of all) if (source.store) yield unresolved(v, source, source.store);
  const held = all.filter(({ places }) => places.length > 0);
  const gone = all.filter(({ places, store }) => places.length === 0 && store === undefined);
  const namesOf = (sources: readonly ValueSource[]) => sources.map(nameOf).join(", ");
  const places = [...new Set(held.flatMap((source) => source.places.map(({ place }) => place)))];
  const direnv = [run("direnv", "allow"), note("lets .envrc load the values: start claude in that shell")];
  const writes = note("writes .claude/settings.local.json, which Claude Code reads");
  if (held.length > 0)
    yield say.failed("no-bridge")(
      `${namesOf(held)}: set only in ${places.join(", ")}, which Claude Code does not read`,
      v.bridge.kind === "direnv" ? direnv : [repair(v, v.winner), ...(v.winner?.scope === "project" ? [writes] : [])],
    );
  const sends = "not set, so Claude Code would send the reference itself";
  if (gone.length > 0) yield say.failed("missing-value")(`${namesOf(gone)}: ${sends}`, [repair(v, v.winner)]);
}

const UNUSABLE = {
  absent: "missing-value",
  empty: "missing-value",
  placeholder: "placeholder-sent",
  bad: "bad-value",
} as const;

function* unusable(v: Scene): Found {
  for (const source of v.values) {
    const { variable, value, state, place = "", problem = "", store } = source;
    if (state === "set" || state === "unset") continue;
    if (state === "absent" && value === "token" && v.keychain?.isOpen === false) {
      const silent = `${v.keychain.label} gives no token: Claude Code connects without it, and does not say so`;
      const again = npx("--bridge", "keychain", ...nameWords(v.name));
      yield say.failed("missing-value")(silent, [note("unlock it; or, to store the token again:"), again]);
      continue;
    }
    const header = `header ${HEADERS[value]}`;
    const seen =
      state === "absent"
        ? `The entry in ${v.winner?.file ?? ""} has no ${header}`
        : `${variable ?? `the ${header}`} in ${place}: ${problem}`;
    yield store ? unresolved(v, source, store) : say.failed(UNUSABLE[state])(seen, [repair(v, v.winner)]);
  }
}

/** Another header of the entry whose variable is not set, or belongs to another service: then nothing is sent. */
function* others({ toSend, ours, winner, values }: Scene): Found {
  if (toSend.ok || winner === undefined || ours !== winner || values.some(({ state }) => state !== "set")) return;
  const { cause, reason } = toSend;
  if (cause !== "missing-value" && cause !== "bad-value") return;
  const correct = `correct this header in ${winner.file}, or remove it`;
  const set = `set the variable, or remove the header from ${winner.file}`;
  yield say.failed(cause)(`${reason}: nothing was sent`, [note(cause === "bad-value" ? correct : set)]);
}

function* stale(v: Scene): Found {
  const { winner, input, tested } = v;
  const isRefusal = tested?.cause === "unauthorized" || tested?.cause === "forbidden";
  const isSent = ({ value, state }: ValueSource) => state === "set" && (value !== "token" || input.token === undefined);
  // try one of its copies before a new token
  const refused = isRefusal ? v.values.find((each) => isSent(each) && othersOf(each).length > 0) : undefined;
  // the wizard writes to neither; it asks about exported variables, but does not change them
  const unwritten = winner?.scope === "project" ? input.userSettings : input.localSettings;
  const foreign = [input.projectSettings.shown, unwritten.shown];
  for (const source of v.values) {
    const { state, place: used = "", places, from } = source;
    const others = othersOf(source);
    if (others.length === 0 || (state !== "set" && state !== "empty")) continue;
    const isRefused = source === refused;
    // there the user's settings come first, then the environment, then the project's settings
    const first = [input.userSettings.shown, ENVIRONMENT].find((each) => places.some(({ place }) => place === each));
    const isOther = first !== undefined && others.includes(first) && from !== "literal";
    const print = isOther ? `; claude -p sends the one in ${first}` : "";
    const seen = isRefused
      ? `${nameOf(source)} in ${used} was refused; another value is in ${others.join(", ")}`
      : `${nameOf(source)} differs between ${used} and ${others.join(", ")}: Claude Code sends the one in ${used}${print}`;
    // the wizard saves an exported value that works in place of a refused one
    const isLeft = (place: string) => foreign.includes(place) || (place === ENVIRONMENT && !isRefused);
    const advice = others.every(isLeft)
      ? others.map((place) => note(`remove ${variableOf(v, source)} from ${place} if it is outdated`))
      : [repair(v, winner), note("tests each copy, and saves the one that works")];
    yield { ...say[isRefused ? "failed" : "warning"]("stale-value")(seen, advice), about: source.value };
  }
}

export function* valueFindings(v: Scene): Found {
  const { state, shown } = v.input.dotenv;
  const names = v.values.map(({ variable = "" }) => variable);
  for (const cut of cutValues(state, shown, names)) yield say.warning("bad-value")(cut);
  yield* unset(v);
  yield* unusable(v);
  yield* others(v);
  yield* stale(v);
  // the file is shared, and git keeps every version of it
  const isToken = ({ missing, text }: ReturnType<typeof expand>) =>
    missing.length === 0 && cleanValue("token", text).ok;
  const holding = v.contenders.filter(
    ({ isHalo, scope, entry }) =>
      isHalo && scope === "project" && headersFor(entry, "token").some((text) => isToken(expand(text, {}))),
  );
  for (const file of new Set(holding.map((each) => each.file)))
    yield say.warning("token-in-repository")(
      `The product token is in ${file} as plain text: everyone who has this repository has the token`,
      [
        note("create a new token (HALO Studio > Settings > Product Tokens, type MCP) and delete this one, then"),
        npx(),
        note("replaces it with a reference; npx create-halo-mcp check finds other copies"),
      ],
    );
}
