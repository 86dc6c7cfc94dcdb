/** What is wrong with the three values, in words. */
import { HEADERS, LABELS, variablesFor } from "../halo.ts";
import { homeOf, repairCommand, type Target, unreadWords, wayTo } from "./advice.ts";
import type { SetupInput } from "./input.ts";
import { envIn, isOld } from "./layers.ts";
import type { BridgeView, Remark, TrustView, ValueSource } from "./model.ts";

function listOf(values: readonly ValueSource[]): string {
  return values.map(({ value, variable }) => variable ?? `the ${LABELS[value]}`).join(", ");
}

const isOne = (values: readonly ValueSource[]): boolean => values.length === 1;

/** Values of the root's settings, which an old Claude Code started in a folder below does not read. */
function belowRoot(input: SetupInput, target: Target, values: readonly ValueSource[]): Remark | undefined {
  const root = input.rootLocalSettings;
  if (root === undefined || !isOld(input.version)) return undefined;
  const env = envIn(root);
  const held = values.filter(({ variable }) => variable !== undefined && (env[variable] ?? "") !== "");
  if (held.length === 0) return undefined;
  const home = root.shown.slice(0, -".claude/settings.local.json".length);
  return {
    cause: "no-bridge",
    severity: "failed",
    seen: `${listOf(held)} ${isOne(held) ? "stands" : "stand"} in ${root.shown}, which Claude Code ${input.version ?? ""} reads only when it is started in that folder`,
    tryThis: [
      `cd ${wayTo(input, home)} && claude`,
      "# or give this folder values of its own:",
      repairCommand(input, target),
    ],
  };
}

function unset(
  input: SetupInput,
  target: Target,
  values: readonly ValueSource[],
  bridge: BridgeView,
): readonly Remark[] {
  if (values.length === 0) return [];
  const below = belowRoot(input, target, values);
  if (below !== undefined) return [below];
  const inDotenv = (source: ValueSource): boolean => source.places.some(({ place }) => place === input.dotenv.shown);
  const [carried, lost] = [values.filter(inDotenv), values.filter((source) => !inDotenv(source))];
  const again = repairCommand(input, target);
  const remarks: Remark[] = [];
  if (carried.length > 0) {
    const seen = `${listOf(carried)} ${isOne(carried) ? "stands" : "stand"} in ${input.dotenv.shown}, which Claude Code does not read: it would send the ${isOne(carried) ? "reference itself" : "references themselves"}`;
    const direnv =
      bridge.kind === "direnv"
        ? ["direnv allow", `# ${bridge.file ?? ".envrc"} loads the values, but not in this shell`]
        : [];
    const own = target.entry.scope === "project" ? ["# writes .claude/settings.local.json, which it does read"] : [];
    remarks.push({ cause: "no-bridge", severity: "failed", seen, tryThis: [...direnv, again, ...own] });
  }
  if (lost.length > 0)
    remarks.push({
      cause: "missing-value",
      severity: "failed",
      seen: `nothing sets ${listOf(lost)}: Claude Code would send the ${isOne(lost) ? "reference itself" : "references themselves"}${unreadWords(input.dotenv)}`,
      tryThis: [again],
    });
  return remarks;
}

function bad(input: SetupInput, target: Target, source: ValueSource): Remark {
  const { file } = target;
  const where = source.place ?? (source.from === "default" ? `a default in ${file}` : file);
  const label = source.variable === undefined ? `the header ${HEADERS[source.value]}` : source.variable;
  const base = { severity: "failed", tryThis: [repairCommand(input, target)] } as const;
  if (source.state === "absent")
    return { ...base, cause: "missing-value", seen: `the entry in ${file} has no header ${HEADERS[source.value]}` };
  if (source.state === "empty") return { ...base, cause: "missing-value", seen: `${label} is empty in ${where}` };
  const problem = source.problem ?? `the ${LABELS[source.value]} cannot be sent`;
  const cause = source.state === "placeholder" ? "placeholder-sent" : "bad-value";
  return { ...base, cause, seen: `${label} in ${where}: ${problem}` };
}

const ENVIRONMENT = "the environment";

/** The places that hold another value than the one that is sent. */
export function othersOf({ places }: ValueSource): readonly string[] {
  return places.filter(({ same }) => !same).map(({ place }) => place);
}

/** The environment alone has another value, and two places at least agree: that what is exported is old, and not they. */
function isOddOne(source: ValueSource): boolean {
  const others = othersOf(source);
  return source.places.length > 2 && others.length === 1 && others[0] === ENVIRONMENT;
}

/**
 * What makes copies of a value agree: the wizard, where it is about the files that it writes itself and the environment; by
 * hand where it is about any other file.
 */
function agree(input: SetupInput, target: Target, source: ValueSource): readonly string[] {
  const variable = source.variable ?? variablesFor(target.entry.name)[source.value];
  const others = othersOf(source);
  if (source.variable === undefined && target.entry.scope === "project")
    return [
      `put "\${${variable}}" in the place of the ${LABELS[source.value]} in ${target.file}`,
      `# then it is the one of ${others.join(", ")}; or correct it there`,
    ];
  const home = homeOf(input, target);
  const kept = input.given?.valuesFile === undefined ? [`${home}.env`] : [input.dotenv.shown];
  const written =
    target.entry.scope === "project"
      ? [...kept, `${home}.claude/settings.local.json`]
      : [...kept, input.userSettings.shown];
  const known = [...written, ENVIRONMENT];
  const isKnown = source.place === undefined || known.includes(source.place);
  const asks = isKnown
    ? others.some((place) => known.includes(place))
    : others.some((place) => written.includes(place));
  const taken = others.filter((place) => !known.includes(place));
  return [
    ...(asks ? [repairCommand(input, target), "# asks which one is right, and writes it where it is kept"] : []),
    ...(isOddOne(source) ? [`unset ${variable}`, "# and take it out where it is exported, such as ~/.profile"] : []),
    ...taken.map((place) => `take ${variable} out of ${place}, if it is old there`),
    ...(isKnown || taken.length > 0 || asks
      ? []
      : [`correct ${variable} in ${source.place ?? ""}, or take it out there`]),
  ];
}

/** Copies that differ: which one is sent, and which ones are not. */
function stale(input: SetupInput, target: Target, trust: TrustView, source: ValueSource): readonly Remark[] {
  const others = othersOf(source);
  if (others.length === 0 || (source.state !== "set" && source.state !== "empty")) return [];
  const label = source.variable ?? `the ${LABELS[source.value]}`;
  const used = source.place ?? "its entry";
  // it connects more than once at the start, before and after it has read the project's settings (measured 2026-11-22)
  const isUnsure =
    isOld(input.version) &&
    trust.trusted &&
    (source.from === "bridge" || source.from === "project-settings") &&
    others.some((place) => place === ENVIRONMENT || place === input.userSettings.shown);
  const which = isUnsure ? `this version of Claude Code may send either` : `Claude Code sends the one of ${used}`;
  return [
    {
      cause: "stale-value",
      severity: "warning",
      seen: `${label} is not the same in ${others.join(", ")} as in ${used}: ${which}`,
      tryThis: agree(input, target, source),
      about: source.value,
    },
  ];
}

/** Everything about the values of the entry that wins, worst first. */
export function remarksOnValues(
  input: SetupInput,
  target: Target,
  values: readonly ValueSource[],
  bridge: BridgeView,
  trust: TrustView,
): readonly Remark[] {
  const of = (...states: readonly ValueSource["state"][]): readonly ValueSource[] =>
    values.filter(({ state }) => states.includes(state));
  return [
    ...unset(input, target, of("unset"), bridge),
    ...of("absent", "empty", "placeholder", "bad").map((source) => bad(input, target, source)),
    ...values.flatMap((source) => stale(input, target, trust, source)),
  ];
}
