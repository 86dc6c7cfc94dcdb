/** A run as a report: the links from the files to the tools, each with what was seen and what to do. Pure. */
import type { Advice } from "../advice.ts";
import { shown } from "../check/show.ts";
import { claudeCode } from "../clients/claude-code.ts";
import type { ApprovalView } from "../clients/claude-state.ts";
import type { ToSend } from "../connection.ts";
import { CAUSES, TOKEN_ADVICE } from "../diagnosis/causes.ts";
import type { Cause, Diagnosis, StageResult } from "../diagnosis/diagnose.ts";
import { factsOf } from "../diagnosis/facts.ts";
import { type ProbeRecord, type ProbeStage, STAGES } from "../diagnosis/record.ts";
import type { Given, Server } from "./entries.ts";
import {
  type Finding,
  finish,
  linesOf,
  linkOf,
  note,
  repair,
  replaceToken,
  type Scene,
  SETUP_LINKS,
  type SetupCause,
  type SetupLink,
} from "./finding.ts";
import { clientFindings, STATUS_WORDS } from "./findings-client.ts";
import { setupFindings } from "./findings-setup.ts";
import { valueFindings } from "./findings-values.ts";
import type { Asked, View } from "./view.ts";

/** Failures with which a session still sends the values. */
const NO_OBSTACLE: readonly SetupCause[] = [
  "endpoint-foreign",
  "stale-value",
  "client-broken",
  "client-disagrees",
  "repository-steers",
];
/** What a skipped settings file may contain. */
const IN_SETTINGS: readonly SetupCause[] = ["missing-value", "no-bridge", "not-approved"];

/** Reported only for an entry that may be approved: nobody must be told to approve an entry that is not HALO's. */
const isForFit = ({ cause, link }: Finding): boolean =>
  link === "values" ? cause !== "token-in-repository" : cause === "disabled" || cause === "rejected";

/** In: the view, and what is known of the test and of Claude Code's answer. Out: the findings, failures first. */
export function findingsOf(v: Scene) {
  const { winner, waiting } = v;
  const all = finish([...setupFindings(v), ...clientFindings(v), ...valueFindings(v)], v.given);
  // without an entry, or without its approval, a session sends nothing either
  const obstacle = all.find(({ cause, severity }) =>
    severity === "failed"
      ? !NO_OBSTACLE.includes(cause)
      : cause === "no-entry" || (cause === "not-approved" && waiting === undefined),
  );
  /** What an interactive session does if its owner trusts the folder and approves nothing. */
  const verdict = obstacle
    ? { wouldConnect: false, cause: obstacle.cause, reason: obstacle.seen }
    : { wouldConnect: true, reason: `it sends the values of the entry in ${winner?.file ?? ""}` };
  const findings = all
    .filter((each) => winner === undefined || v.isFit(winner) || !isForFit(each))
    .toSorted((a, b) => Number(a.severity !== "failed") - Number(b.severity !== "failed"));
  return { findings, verdict };
}

export interface Link extends Pick<StageResult, "ok" | "ms"> {
  readonly stage: SetupLink | ProbeStage;
  readonly status: StageResult["status"] | "warning";
  readonly cause?: Cause | SetupCause | undefined;
  /** The line of `detail` about the cause. */
  readonly why?: string | undefined;
  /** What was seen; the first line is short, for the chain. */
  readonly detail?: string | undefined;
  readonly tryThis?: string | undefined;
  readonly notes?: readonly Finding[];
}

export interface Tested {
  readonly diagnosis: Diagnosis;
  readonly record: ProbeRecord;
}

/** The results after the view. `test`: the connection test; undefined if nothing may be sent. */
export interface Run {
  readonly test: Tested | undefined;
  readonly asked?: Asked | undefined;
  readonly call: { readonly tool: string; readonly ok: boolean; readonly text: string } | null;
}

export const skipped = (stage: Link["stage"]) => ({ stage, status: "skipped", ok: false, ms: 0 }) as const;

export const toolsWords = (count: number): string => `${count} ${count === 1 ? "tool" : "tools"}`;

/** Why an entry is not used, in words for after "not used: ". */
function whyNot({ entry, scope, lost }: Server, { name, winner }: View): string {
  if (lost !== undefined) return lost.isFile ? `the file is not loaded: ${lost.why}` : lost.why;
  if (entry.name !== name) return "another name";
  if (scope === "project" && winner?.scope === "user") return "not approved";
  return `${winner?.file ?? "another file"} comes first`;
}

/** The set-up in the JSON output: where everything is, without values. */
function setupOf(v: View, verdict: ReturnType<typeof findingsOf>["verdict"]) {
  const { name, winner, values, approval = null, trust, bridge, missing, network } = v;
  const entries = v.contenders.map((each) => {
    const { entry, scope, file } = each;
    const why = each === winner ? {} : { why: whyNot(each, v) };
    return { name: shown(v, entry.name, 64), scope, file, url: shown(v, entry.url), wins: each === winner, ...why };
  });
  return {
    name,
    entries,
    winner: entries.find(({ wins }) => wins) ?? null,
    values,
    approval,
    trust,
    bridge,
    missing,
    network,
    verdict,
    repair: linesOf([repair(v, winner)], v.given),
  };
}

/** The displayed state of an approval, if it differs from its id. */
const APPROVAL: Readonly<Partial<Record<ApprovalView["state"], string>>> = {
  "not-needed": "no approval needed",
  pending: "not approved",
};

/** "token, account from .env; profile not set" */
export const sourcesIn = (values: readonly { readonly value: string; readonly place?: string | undefined }[]): string =>
  [...new Set(values.map(({ place }) => place))]
    .map((place) => {
      const those = values.filter((each) => each.place === place).map(({ value }) => value);
      return `${those.join(", ")} ${place === undefined ? "not set" : `from ${place}`}`;
    })
    .join("; ");

/** What was seen at each link before the network. */
function seenBefore(v: Scene, { entries }: ReturnType<typeof setupOf>): Record<SetupLink, readonly string[]> {
  const { client, approval, trust, asked, input, values } = v;
  const setup = entries
    .toSorted((a, b) => Number(b.wins) - Number(a.wins))
    .map(({ name, file, scope, url, why }) => {
      const entry = `"${name}" in ${file} (${scope} scope)`;
      return why === undefined ? `${entry}\n${url}` : `not used: ${entry}: ${why}`;
    });
  const { refused, remark } = asked ?? {};
  const how = [refused && `not asked: ${refused}`, remark].filter((each) => each !== undefined);
  const silence = asked === undefined || asked.refused !== undefined ? "not asked" : "did not answer";
  const status = asked?.status === undefined ? silence : STATUS_WORDS[asked.status];
  const isAlone = client.program === "none";
  const name = `Claude Code ${client.version ?? "(version unknown)"}${client.program === "found" ? `: ${status}` : ""}`;
  const through = input.main && trust.folder === input.main.folder ? ` through ${input.shownMain}` : "";
  const asks = isAlone ? "this folder is not trusted yet" : "asks to trust this folder: pick Yes";
  const approved = approval && (APPROVAL[approval.state] ?? approval.state);
  const isFine = approved === "approved" || approved === "no approval needed";
  const files = trust.trusted
    ? [`trusted${through}`, ...(approved ? [approved] : [])].join(", ")
    : [...(approved && !isFine ? [approved] : []), asks].join(", ");
  return {
    setup,
    values: values.length === 0 ? [] : [sourcesIn(values)],
    client: isAlone
      ? ["Claude Code is not installed here, so HALO is untested there", `according to its files: ${files}`]
      : [`${name}; ${files}`, ...how],
  };
}

/** A link before the network: its first failure is its cause, else its first warning. */
export function setupLink(stage: SetupLink, lines: readonly string[], all: readonly Finding[]): Link {
  const own = all.filter(({ link }) => link === stage);
  const first = own.find(({ severity }) => severity === "failed") ?? own.find(({ severity }) => severity === "warning");
  const notes = own.filter((each) => each !== first && each.severity !== "failed");
  const ok = first?.severity !== "failed";
  return {
    stage,
    status: first === undefined ? "ok" : ok ? "warning" : "failed",
    ok,
    ms: 0,
    ...(first && { cause: first.cause, why: first.seen, ...(first.tryThis && { tryThis: first.tryThis }) }),
    detail: [...lines, ...own.map(({ seen }) => seen)].join("\n") || undefined,
    ...(notes.length > 0 && { notes }),
  };
}

export const serverWords = ({ name, version, protocol }: NonNullable<Diagnosis["server"]>): string =>
  `${name} ${version}, protocol ${protocol}`;

function seenAt(stage: ProbeStage, { server, toolCount, control }: Diagnosis, { endpoint }: ProbeRecord) {
  if (stage === "url") return `${endpoint.origin}${endpoint.path}`;
  if (stage === "mcp") return server === null ? undefined : serverWords(server);
  if (stage === "tools") return toolsWords(toolCount);
  if (stage !== "auth" || control === "accepted") return undefined;
  return control === "refused"
    ? "the same request without the token was refused"
    : "could not check whether the token is needed";
}

/** The server refused the token or one of the IDs, or nothing could be sent. */
const REFUSED: readonly Link["cause"][] = ["unauthorized", "forbidden", "rejected-request", "rpc-error"];
const INPUT: readonly Link["cause"][] = ["bad-value", "missing-value", "placeholder-sent"];

/** Mended with what failed before it: the values, or the settings file that may contain them. */
export const isFollowUp = ({ stage, cause }: Link, { stages, cause: first }: Pick<Chain, "stages" | "cause">) =>
  (first === "settings-broken" && IN_SETTINGS.some((each) => each === cause)) ||
  (STAGES.some((each) => each === stage) &&
    [...REFUSED, ...INPUT].includes(cause) &&
    stages.some((each) => each.stage === "values" && each.status === "failed"));

/** What the stages of a test say besides what the server said. */
interface About {
  readonly toSend: ToSend | undefined;
  readonly given: Given;
  /** The source of the token, and whether a session sends another one: then it is also said after a passed test. */
  readonly token: string | undefined;
  readonly isOther: boolean;
  /** What replaces a value that the server refused, or that is missing. */
  readonly mend: (cause: Link["cause"]) => readonly Advice[];
}

/** No value helps against a header that is refused, or removed on the way. */
function isHeader({ cause }: StageResult, { record }: Tested, { toSend }: About): boolean {
  if (cause !== "rejected-request") return false;
  const { refused, lost } = factsOf(record, { headers: toSend?.ok ? toSend.sent.headers : {} });
  return (refused ?? lost) !== undefined;
}

/** A stage of the test, with the source of its token, and with what to try before a new token. */
function stageLink(result: StageResult, tested: Tested, about: About, values: Link | undefined): Link {
  const { stage, cause, ok } = result;
  const { diagnosis, record } = tested;
  const isWrong = values?.status === "failed";
  const isInput = INPUT.includes(cause);
  const why = "nothing was sent: see values";
  if (isWrong && isInput) return { ...result, cause: values.cause, detail: why, why, tryThis: undefined };
  const isUntold = stage === "auth" && diagnosis.ok && diagnosis.control === "skipped";
  const warns = result.status === "ok" && (cause !== undefined || result.tryThis !== undefined || isUntold);
  const isToken = (stage === "auth" && ok && about.isOther) || cause === "unauthorized" || cause === "forbidden";
  const source = isToken ? about.token : undefined;
  const seen = result.detail ?? (ok ? seenAt(stage, diagnosis, record) : undefined);
  const isRefused = REFUSED.includes(cause) && !isHeader(result, tested, about);
  const mend = isRefused || isInput ? about.mend(cause) : [];
  // the step that replaces the token says where a new one is made
  const isSaid = (each: Advice) =>
    isInput || (cause === "unauthorized" && "note" in each && TOKEN_ADVICE.includes(each.note));
  const advice = [...(result.tryThis ?? []).filter((each) => mend.length === 0 || !isSaid(each)), ...mend];
  const first = isRefused && isWrong ? [note("first correct the values: see values")] : advice;
  const sentence = source && `Tested with ${source}.`;
  return {
    ...result,
    status: warns ? "warning" : result.status,
    why: cause && [result.detail, sentence].filter(Boolean).join(" "),
    detail: (ok ? [source && `tested with ${source}`, seen] : [seen, sentence]).filter(Boolean).join("\n") || undefined,
    tryThis: first.length === 0 ? undefined : linesOf(first, about.given),
  };
}

/** The stages of the test; if nothing was sent, the reason. */
function networkLinks(test: Run["test"], about: About, values: Link | undefined): readonly Link[] {
  if (test !== undefined) return test.diagnosis.stages.map((result) => stageLink(result, test, about, values));
  const { toSend } = about;
  const reason = toSend?.ok === false && linkOf(toSend.cause) === "values" ? toSend.reason : "see set-up";
  const detail = `nothing was sent: ${reason}`;
  return STAGES.map((stage) => ({ ...skipped(stage), ...(stage === "url" && { detail }) }));
}

/** The links before the network, and those of the test → the whole chain, and where it broke. `ok`: no link failed, and the connection worked. */
export function chainOf(before: readonly Link[], { test, call = null }: Partial<Run>, about: About) {
  const { diagnosis } = test ?? {};
  const { toSend } = about;
  const values = before.find(({ stage }) => stage === "values");
  const stages = [...before, ...networkLinks(test, about, values)];
  const failed = stages.find(({ status }) => status === "failed");
  const ok = failed === undefined && diagnosis?.ok === true && call?.ok !== false;
  const unproven = ok && diagnosis.cause === "unproven-token" ? diagnosis.cause : undefined;
  const unsent = toSend?.ok === false ? toSend.cause : undefined;
  const cause: Cause | SetupCause | null = failed?.cause ?? unproven ?? unsent ?? null;
  return {
    version: 1,
    ok,
    /** The first link that failed; `unproven-token` goes with `ok: true`. */
    cause,
    at: failed?.stage ?? (unproven ? "auth" : unsent && "values") ?? null,
    control: diagnosis?.control ?? "skipped",
    stages,
    server: diagnosis?.server ?? null,
    tools: diagnosis?.tools ?? [],
    toolCount: diagnosis?.toolCount ?? 0,
    call,
  };
}

/** `remarks`: how Claude Code was asked; if it is not installed, what its files say. */
export type Chain = ReturnType<typeof chainOf> & { readonly clients?: DoctorReport["clients"] };
export type DoctorReport = ReturnType<typeof makeReport>;

/** What replaces a value of Claude Code's entry: nothing for the token of the command line, or without an entry to write it for. */
function mendOf(v: View, cause: Link["cause"]): readonly Advice[] {
  const { winner, input, values, name } = v;
  const mend = repair(v, winner);
  if (INPUT.includes(cause)) return [mend];
  if (input.token !== undefined || winner === undefined) return [];
  const { from } = values.find(({ value }) => value === "token") ?? {};
  const isKept =
    from !== "environment" && from !== "project-settings" && (from !== "literal" || winner.scope !== "project");
  return cause === "unauthorized" ? replaceToken(isKept, name, mend) : [mend];
}

/** The report of a run, see docs/json.md. */
export function makeReport(v: View, run: Run) {
  const { winner } = v;
  const scene: Scene = { ...v, asked: run.asked, tested: run.test?.diagnosis };
  const { findings, verdict } = findingsOf(scene);
  const setup = setupOf(v, verdict);
  const seen = seenBefore(scene, setup);
  // an entry that must not be filled in
  const isUnfit = winner === undefined || !v.isFit(winner);
  const before = SETUP_LINKS.map((link) =>
    link === "values" && isUnfit && findings.every((each) => each.link !== link)
      ? { ...skipped(link), detail: winner && "not checked: see set-up" }
      : setupLink(link, seen[link], findings),
  );
  const about: About = {
    ...v,
    token: v.from.token,
    isOther: v.input.token !== undefined || v.ours === undefined || v.added.length > 0,
    mend: (cause) => mendOf(v, cause),
  };
  return {
    ...chainOf(before, run, about),
    clients: [
      {
        id: claudeCode.id,
        version: v.client.version ?? null,
        status: run.asked?.status ?? null,
        remarks: seen.client.slice(1),
        wouldConnect: verdict.wouldConnect,
        reason: verdict.reason,
      },
    ],
    setup,
    requests: (run.test?.record.exchanges ?? []).map(({ method, phase, status, end, codes, ms }) => {
      // each has a connection of its own, and nothing is sent twice
      return { method, control: phase === "control", status, end, codes, ms: Math.round(ms), repeated: 0 };
    }),
  };
}

/**
 * The stage that the headline is about: that of the cause; or it works from here, and the client does not get the values; or
 * nothing was sent to the URL of `--url`, because there is no entry.
 */
export const mainOf = ({ stages, at, ok, cause }: Chain): Link | undefined =>
  (cause === "missing-value" && at === "auth" ? stages.find((each) => each.cause === "no-entry") : undefined) ??
  stages.find((each) => (at === null ? ok && each.cause === "no-bridge" : each.stage === at));
export const isUnread = (chain: Chain): boolean => chain.ok && mainOf(chain)?.cause === "no-bridge";

/** The verdict in one sentence. */
export function headline(chain: Chain): string {
  const { cause, stages, ok, server, toolCount, call } = chain;
  const main = mainOf(chain);
  if (ok && !isUnread(chain)) {
    const name = [server?.name || "the server", server?.version].filter(Boolean).join(" ");
    return `Connected to ${name}, ${toolsWords(toolCount)}`;
  }
  if (call?.ok === false && stages.every(({ status }) => status !== "failed"))
    return `The connection works, but calling the tool "${call.tool}" failed`;
  // some ids of the set-up and of the test are the same, with different meanings
  if (SETUP_LINKS.some((link) => link === main?.stage))
    return main?.why ?? stages.find(({ stage }) => stage === "url")?.detail ?? "Not connected";
  return cause !== null && Object.hasOwn(CAUSES, cause) ? CAUSES[cause as Cause].title : "Not connected";
}
