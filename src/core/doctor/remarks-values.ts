/** What is wrong with the three values, in words. */
import type { Entry } from "../clients/claude-code.ts";
import { HEADERS, LABELS, variablesFor } from "../halo.ts";
import { repairCommand, unreadWords } from "./advice.ts";
import type { SetupInput } from "./input.ts";
import { isOld } from "./layers.ts";
import type { BridgeView, Remark, TrustView, ValueSource } from "./model.ts";

function listOf(values: readonly ValueSource[]): string {
  return values.map(({ value, variable }) => variable ?? `the ${LABELS[value]}`).join(", ");
}

const isOne = (values: readonly ValueSource[]): boolean => values.length === 1;

function unset(input: SetupInput, entry: Entry, values: readonly ValueSource[], bridge: BridgeView): readonly Remark[] {
  const inDotenv = (source: ValueSource): boolean => source.places.some(({ place }) => place === input.dotenv.shown);
  const [carried, lost] = [values.filter(inDotenv), values.filter((source) => !inDotenv(source))];
  const again = repairCommand(entry);
  const remarks: Remark[] = [];
  if (carried.length > 0) {
    const seen = `${listOf(carried)} ${isOne(carried) ? "stands" : "stand"} in ${input.dotenv.shown}, which Claude Code does not read: it would send the ${isOne(carried) ? "reference itself" : "references themselves"}`;
    const direnv =
      bridge.kind === "direnv"
        ? ["direnv allow", `# ${bridge.file ?? ".envrc"} loads the values, but not in this shell`]
        : [];
    const own = entry.scope === "project" ? ["# writes .claude/settings.local.json, which it does read"] : [];
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

function bad(entry: Entry, file: string, source: ValueSource): Remark {
  const where = source.place ?? (source.from === "default" ? `a default in ${file}` : file);
  const label = source.variable === undefined ? `the header ${HEADERS[source.value]}` : source.variable;
  const base = { severity: "failed", tryThis: [repairCommand(entry)] } as const;
  if (source.state === "absent")
    return { ...base, cause: "missing-value", seen: `the entry in ${file} has no header ${HEADERS[source.value]}` };
  if (source.state === "empty") return { ...base, cause: "missing-value", seen: `${label} is empty in ${where}` };
  const problem = source.problem ?? `the ${LABELS[source.value]} cannot be sent`;
  const cause = source.state === "placeholder" ? "placeholder-sent" : "bad-value";
  return { ...base, cause, seen: `${label} in ${where}: ${problem}` };
}

/** The environment alone has another value, and two places at least agree: that what is exported is old, and not they. */
function isOddOne({ places }: ValueSource): boolean {
  const others = places.filter(({ same }) => !same);
  return places.length > 2 && others.length === 1 && others[0]?.place === "the environment";
}

/** Copies that differ: which one is sent, and which ones are not. */
function stale(input: SetupInput, entry: Entry, trust: TrustView, source: ValueSource): readonly Remark[] {
  const others = source.places.filter(({ same }) => !same).map(({ place }) => place);
  if (others.length === 0 || (source.state !== "set" && source.state !== "empty")) return [];
  const label = source.variable ?? `the ${LABELS[source.value]}`;
  const used = source.place ?? "its entry";
  // it connects more than once at the start, before and after it has read the project's settings (measured 2026-11-22)
  const isUnsure =
    isOld(input.version) &&
    trust.trusted &&
    (source.from === "bridge" || source.from === "project-settings") &&
    others.some((place) => place === "the environment" || place === input.userSettings.shown);
  const which = isUnsure ? `this version of Claude Code may send either` : `Claude Code sends the one of ${used}`;
  return [
    {
      cause: "stale-value",
      severity: "warning",
      seen: `${label} is not the same in ${others.join(", ")} as in ${used}: ${which}`,
      tryThis: [
        repairCommand(entry),
        "# asks which one is right, and writes it everywhere",
        ...(isOddOne(source)
          ? [
              `unset ${source.variable ?? variablesFor(entry.name)[source.value]}`,
              "# and take it out where it is exported, such as ~/.profile",
            ]
          : []),
      ],
    },
  ];
}

/** Everything about the values of the entry that wins, worst first. */
export function remarksOnValues(
  input: SetupInput,
  entry: Entry,
  file: string,
  values: readonly ValueSource[],
  bridge: BridgeView,
  trust: TrustView,
): readonly Remark[] {
  const of = (...states: readonly ValueSource["state"][]): readonly ValueSource[] =>
    values.filter(({ state }) => states.includes(state));
  return [
    ...unset(input, entry, of("unset"), bridge),
    ...of("absent", "empty", "placeholder", "bad").map((source) => bad(entry, file, source)),
    ...values.flatMap((source) => stale(input, entry, trust, source)),
  ];
}
