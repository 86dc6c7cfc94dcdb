/** A run as a report: the links from the files to the tools, each with what was seen and what to do. Pure. */
import { shown } from "../check/show.ts";
import { claudeCode } from "../clients/claude-code.ts";
import type { ApprovalView } from "../clients/claude-state.ts";
import { CAUSES } from "../diagnosis/causes.ts";
import type { Cause, Diagnosis, StageResult } from "../diagnosis/diagnose.ts";
import { factsOf } from "../diagnosis/facts.ts";
import { type ProbeRecord, type ProbeStage, STAGES } from "../diagnosis/record.ts";
import type { Server } from "./entries.ts";
import { type Finding, linesOf, note, repair, type Scene, type SetupCause, type SetupLink } from "./finding.ts";
import { findingsOf, IN_SETTINGS } from "./findings.ts";
import { STATUS_WORDS } from "./findings-client.ts";
import { refusedCopy } from "./findings-values.ts";
import type { Asked, View } from "./view.ts";

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

/** The results after the view. `test`: the connection test; undefined if nothing may be sent. */
export interface Run {
  readonly test: { readonly diagnosis: Diagnosis; readonly record: ProbeRecord } | undefined;
  readonly asked?: Asked | undefined;
  readonly call: { readonly tool: string; readonly ok: boolean; readonly text: string } | null;
}

const skipped = (stage: Link["stage"]) => ({ stage, status: "skipped", ok: false, ms: 0 }) as const;

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
    verdict: { ...verdict, dialogs: v.dialogs },
    repair: linesOf([repair(v, winner)], v.input.given.cwd),
  };
}

/** The displayed state of an approval, if it differs from its id. */
const APPROVAL: Readonly<Partial<Record<ApprovalView["state"], string>>> = {
  "not-needed": "no approval needed",
  pending: "not approved",
};

/** What must be said of the question: why it was not asked, and whose values were sent. */
const askedHow = ({ refused, remark }: Asked = {}): readonly string[] => [
  ...(refused === undefined ? [] : [`not asked: ${refused}`]),
  ...(remark === undefined ? [] : [remark]),
];

/** What was seen at each link before the network. */
function seenBefore(v: Scene, { entries }: ReturnType<typeof setupOf>): Record<SetupLink, readonly string[]> {
  const { client, approval, trust, asked, input, values } = v;
  const setup = entries
    .toSorted((a, b) => Number(b.wins) - Number(a.wins))
    .map(({ name, file, scope, url, why }) => {
      const entry = `"${name}" in ${file} (${scope} scope)`;
      return why === undefined ? `${entry}\n${url}` : `not used: ${entry}: ${why}`;
    });
  const places = [...new Set(values.map(({ place }) => place))].map((place) => {
    const those = values.filter((each) => each.place === place).map(({ value }) => value);
    return `${those.join(", ")} ${place === undefined ? "not set" : `from ${place}`}`;
  });
  const silence = asked === undefined || asked.refused !== undefined ? "not asked" : "did not answer";
  const status = asked?.status === undefined ? silence : STATUS_WORDS[asked.status];
  const name = `Claude Code ${client.version ?? "(version unknown)"}${client.program === "found" ? `: ${status}` : ""}`;
  const through = input.main && trust.folder === input.main.folder ? ` through ${input.shownMain}` : "";
  const approved = approval === null || approval === undefined ? "" : `, ${APPROVAL[approval.state] ?? approval.state}`;
  const files = trust.trusted ? `trusted${through}${approved}` : "asks to trust this folder: pick Yes";
  return {
    setup,
    values: places.length === 0 ? [] : [places.join("; ")],
    client:
      client.program === "none"
        ? [
            `Claude Code is not installed here, so HALO is untested there; its files: ${trust.trusted ? files : "this folder is not trusted yet"}`,
          ]
        : [`${name}; ${files}`, ...askedHow(asked)],
  };
}

/** A link before the network: its first failure is its cause, else its first warning. */
function setupLink(stage: SetupLink, v: View, lines: readonly string[], all: readonly Finding[]): Link {
  const own = all.filter(({ link }) => link === stage);
  // an entry that must not be filled in
  if (stage === "values" && own.length === 0 && (v.winner === undefined || !v.isFit(v.winner)))
    return { ...skipped(stage), detail: v.winner && "not checked: see set-up" };
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

/** The server refused the token or one of the IDs. */
const REFUSED: readonly Link["cause"][] = ["unauthorized", "forbidden", "rejected-request", "rpc-error"];
const INPUT: readonly Link["cause"][] = ["bad-value", "missing-value", "placeholder-sent"];

/** Mended with what failed before it: the values, or the settings file that may contain them. */
export const isFollowUp = ({ stage, cause }: Link, { stages, cause: first }: Pick<DoctorReport, "stages" | "cause">) =>
  (first === "settings-broken" && IN_SETTINGS.some((each) => each === cause)) ||
  (STAGES.some((each) => each === stage) &&
    [...REFUSED, ...INPUT].includes(cause) &&
    stages.some((each) => each.stage === "values" && each.status === "failed"));

/** A stage of the test, with the source of its token, and with what to try before a new token. */
function stageLink(result: StageResult, v: Scene, test: NonNullable<Run["test"]>, values: Link | undefined): Link {
  const { stage, cause, ok } = result;
  const { input, winner, from, ours, added } = v;
  const { diagnosis, record } = test;
  const wrong = values?.status === "failed" && INPUT.includes(values.cause) ? values.cause : undefined;
  const why = "nothing was sent: see values";
  if (wrong !== undefined && INPUT.includes(cause))
    return { ...result, cause: wrong, detail: why, why, tryThis: undefined };
  const isUntold = stage === "auth" && diagnosis.ok && diagnosis.control === "skipped";
  const warns = result.status === "ok" && (cause !== undefined || result.tryThis !== undefined || isUntold);
  const isOther = stage === "auth" && ok && (input.token !== undefined || ours === undefined || added.length > 0);
  const isToken = isOther || cause === "unauthorized" || cause === "forbidden";
  const source = isToken ? from.token : undefined;
  const [line, sentence] = source === undefined ? [] : [`tested with ${source}`, `Tested with ${source}.`];
  const seen = result.detail ?? (ok ? seenAt(stage, diagnosis, record) : undefined);
  const isRefused = REFUSED.includes(cause);
  // no value helps against a header that is refused, or removed on the way
  const headers = v.toSend.ok ? v.toSend.sent.headers : {};
  const facts = cause === "rejected-request" ? factsOf(record, { headers }) : undefined;
  const isHeader = (facts?.refused ?? facts?.lost) !== undefined;
  const isValue = isRefused && !isHeader && input.token === undefined && winner !== undefined;
  const advice = [
    ...(isRefused && refusedCopy(v) ? [note("first make the copies match: see values; if it is still refused:")] : []),
    ...(result.tryThis ?? []),
    ...(isValue ? [repair(v, winner)] : []),
  ];
  const first = isRefused && wrong !== undefined ? [note("first correct the values: see values")] : advice;
  return {
    ...result,
    status: warns ? "warning" : result.status,
    why: cause && [result.detail, sentence].filter(Boolean).join(" "),
    detail: (ok ? [line, seen] : [seen, sentence]).filter(Boolean).join("\n") || undefined,
    tryThis: first.length === 0 ? undefined : linesOf(first, input.given.cwd),
  };
}

/** The stages of the test; if nothing was sent, the reason. */
function networkLinks(v: Scene, test: Run["test"], values: Link | undefined): readonly Link[] {
  const { toSend } = v;
  if (test !== undefined && (toSend.ok || toSend.url !== undefined))
    return test.diagnosis.stages.map((result) => stageLink(result, v, test, values));
  const isUrl = !toSend.ok && (toSend.cause === "endpoint-foreign" || toSend.cause === "bad-url");
  const why = `nothing was sent: ${isUrl || toSend.ok ? "see set-up" : toSend.reason}`;
  return STAGES.map((stage) => ({ ...skipped(stage), detail: stage === "url" ? why : undefined }));
}

export type DoctorReport = ReturnType<typeof makeReport>;

/** The report of a run, see docs/json.md. `ok`: no link failed, and the connection worked. */
export function makeReport(v: View, run: Run) {
  const { toSend } = v;
  const { diagnosis, record } = run.test ?? {};
  const scene: Scene = { ...v, asked: run.asked, tested: diagnosis };
  const { findings, verdict } = findingsOf(scene);
  const setup = setupOf(v, verdict);
  const seen = seenBefore(scene, setup);
  const before = (["setup", "values", "client"] as const).map((link) => setupLink(link, v, seen[link], findings));
  const stages = [...before, ...networkLinks(scene, run.test, before[1])];
  const failed = stages.find(({ status }) => status === "failed");
  const ok = failed === undefined && diagnosis?.ok === true && run.call?.ok !== false;
  const unproven = ok && diagnosis.cause === "unproven-token" ? diagnosis.cause : undefined;
  const cause: Cause | SetupCause | null = failed?.cause ?? unproven ?? (toSend.ok ? null : toSend.cause);
  return {
    version: 1,
    ok,
    /** The first link that failed; `unproven-token` goes with `ok: true`. */
    cause,
    at: failed?.stage ?? (unproven ? "auth" : toSend.ok ? null : "values"),
    control: diagnosis?.control ?? "skipped",
    stages,
    server: diagnosis?.server ?? null,
    tools: diagnosis?.tools ?? [],
    toolCount: diagnosis?.toolCount ?? 0,
    call: run.call,
    clients: [
      {
        id: claudeCode.id,
        version: v.client.version ?? null,
        status: run.asked?.status ?? null,
        remarks: askedHow(run.asked),
        wouldConnect: verdict.wouldConnect,
        reason: verdict.reason,
      },
    ],
    setup,
    requests: (record?.exchanges ?? []).map(({ method, phase, status, end, codes, ms }) => {
      // each has a connection of its own, and nothing is sent twice
      return { method, control: phase === "control", status, end, codes, ms: Math.round(ms), repeated: 0 };
    }),
  };
}

export function headline({ cause, stages, ok, server, toolCount, at, call }: DoctorReport): string {
  if (ok) {
    const name = [server?.name || "the server", server?.version].filter(Boolean).join(" ");
    return `Connected to ${name}, ${toolsWords(toolCount)}`;
  }
  if (call?.ok === false && stages.every(({ status }) => status !== "failed"))
    return `The connection works, but calling the tool "${call.tool}" failed`;
  // some ids of the set-up and of the test are the same, with different meanings
  const of = (name: Link["stage"]) => stages.find(({ stage }) => stage === name);
  if (at === "setup" || at === "values" || at === "client") return of(at)?.why ?? of("url")?.detail ?? "Not connected";
  return cause !== null && Object.hasOwn(CAUSES, cause) ? CAUSES[cause as Cause].title : "Not connected";
}
