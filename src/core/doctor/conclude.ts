/** The whole chain of one run as one report: what was found before the network, then what the connection test saw. Pure. */

import type { ClientStatus } from "../clients/claude-code.ts";
import { CAUSES } from "../diagnosis/causes.ts";
import type { Cause, Diagnosis, StageResult } from "../diagnosis/diagnose.ts";
import { type Exchange, type ProbeRecord, type ProbeStage, WAY } from "../diagnosis/record.ts";
import { CHANGE_VALUES } from "./advice.ts";
import type { LinkResult, Remark, SetupCause, SetupView } from "./model.ts";
import { contradiction, explains, refusedCopy, type Tested } from "./remarks-test.ts";

/** What Claude Code is, and what it said of itself. */
export interface ClientReport {
  readonly id: "claude-code";
  readonly version: string | null;
  /** Its own word, `claude mcp get`; null where it was not asked. */
  readonly status: ClientStatus | null;
  /** Whether a session would send the values, by our reading of the files. */
  readonly wouldConnect: boolean;
  readonly reason: string;
}

/** What one tool answered, cut and cleaned. */
export interface CallReport {
  readonly tool: string;
  readonly ok: boolean;
  readonly text: string;
}

export interface DoctorReport {
  readonly ok: boolean;
  /** The first link that failed; `unproven-token` goes with `ok: true`. */
  readonly cause: Cause | SetupCause | null;
  readonly at: LinkResult["link"] | null;
  readonly control: Diagnosis["control"];
  readonly links: readonly LinkResult[];
  readonly server: Diagnosis["server"];
  readonly tools: Diagnosis["tools"];
  readonly toolCount: number;
  readonly call: CallReport | null;
  readonly client: ClientReport;
  readonly setup: SetupView;
  /** Every request of the test, for a report; no body, no header. */
  readonly requests: readonly RequestFacts[];
}

export interface RequestFacts {
  readonly method: string;
  readonly control: boolean;
  readonly status: number | null;
  readonly end: Exchange["end"];
  readonly codes: readonly string[];
  readonly ms: number;
  readonly repeated: number;
}

export interface Found {
  readonly view: SetupView;
  /** setup, values, client. */
  readonly links: readonly LinkResult[];
  readonly client: Pick<ClientReport, "version" | "status">;
  /** Undefined when nothing was sent: `unsent` says why. */
  readonly test: { readonly diagnosis: Diagnosis; readonly record: ProbeRecord } | undefined;
  readonly unsent: { readonly cause: SetupCause; readonly reason: string } | undefined;
  /** The connection alone, where nothing could be sent over it. */
  readonly reached?: Found["test"];
  /** Where the values of the test come from, when a session has others. */
  readonly remark: string | undefined;
  /** The token that was sent: in words, and whether it is the one of a session. */
  readonly token: { readonly from: string | undefined; readonly own: boolean };
  readonly call: CallReport | null;
}

const STAGES: readonly ProbeStage[] = ["url", "dns", "tcp", "tls", "http", "auth", "mcp", "tools"];

const toolsWords = (count: number): string => `${count} ${count === 1 ? "tool" : "tools"}`;

/** What was seen at a stage that passed and has no words of its own. */
function seenAt(stage: ProbeStage, { server, toolCount, control }: Diagnosis, record: ProbeRecord): string | undefined {
  switch (stage) {
    case "url":
      return record.endpoint === null ? undefined : `${record.endpoint.origin}${record.endpoint.path}`;
    case "auth":
      if (control === "refused") return "the same request without the token was refused";
      return control === "skipped" ? "whether the token is needed could not be told" : undefined;
    case "mcp":
      return server === null ? undefined : `${server.name} ${server.version}, protocol ${server.protocol}`;
    case "tools":
      return toolsWords(toolCount);
    default:
      return undefined;
  }
}

function linkOf(
  { stage, status, ms, cause, detail, tryThis }: StageResult,
  diagnosis: Diagnosis,
  record: ProbeRecord,
): LinkResult {
  const untold = stage === "auth" && diagnosis.ok && diagnosis.control === "skipped";
  const warns = status === "ok" && (cause !== undefined || tryThis !== undefined || untold);
  return {
    link: stage,
    status: warns ? "warning" : status,
    ms,
    seen: [detail ?? (status === "ok" ? seenAt(stage, diagnosis, record) : undefined)].filter(
      (line) => line !== undefined,
    ),
    ...(cause === undefined ? {} : { cause }),
    ...(cause === undefined || detail === undefined ? {} : { why: detail }),
    ...(tryThis === undefined ? {} : { tryThis: tryThis.split("\n") }),
  };
}

/** Nothing was sent: the set-up has said why about a URL; what there is of the way to it was seen, or not. */
function unsentLinks(
  { cause, reason }: NonNullable<Found["unsent"]>,
  reached: Found["reached"],
): readonly LinkResult[] {
  const isUrl = cause === "endpoint-foreign" || cause === "bad-url";
  const why = `nothing was sent: ${isUrl ? "see set-up" : reason}`;
  return STAGES.map((stage) => {
    const seen = reached?.diagnosis.stages.find((each) => each.stage === stage && WAY.includes(stage));
    if (reached !== undefined && seen !== undefined) return linkOf(seen, reached.diagnosis, reached.record);
    return { link: stage, status: "skipped", ms: 0, seen: stage === "url" ? [why] : [] };
  });
}

function requestsOf(record: ProbeRecord | undefined): readonly RequestFacts[] {
  return (record?.exchanges ?? []).map(({ method, phase, status, end, codes, ms, repeated }) => ({
    method,
    control: phase === "control",
    status,
    end,
    codes,
    ms: Math.round(ms),
    repeated,
  }));
}

/** A link with one remark more; what failed before stays its cause. */
function withRemark(link: LinkResult, remark: Remark | undefined): LinkResult {
  if (remark === undefined || link.status === "skipped") return link;
  const seen = [...link.seen, remark.seen];
  const notes = [...(link.notes ?? []), remark];
  if (link.status === "failed" || (remark.severity !== "failed" && link.status === "warning"))
    return { ...link, seen, notes };
  const { cause, seen: why, tryThis } = remark;
  // a warning steps aside for it; of a value whose copies differ both would say the same
  const before: readonly Remark[] =
    link.cause === undefined || link.cause === cause
      ? []
      : [{ cause: link.cause as SetupCause, severity: "warning", seen: link.why ?? "", tryThis: link.tryThis ?? [] }];
  const kept = [...before, ...(link.notes ?? [])].filter((note) => !explains(remark, note));
  const { notes: _, ...rest } = link;
  return {
    ...rest,
    ...(kept.length === 0 ? {} : { notes: kept }),
    status: remark.severity === "failed" ? "failed" : "warning",
    seen,
    cause,
    why,
    tryThis,
  };
}

const SEE_VALUES = "# first let the copies agree: see values";
const NEW_TOKEN = "# HALO Studio > Settings > Product Tokens > + > type MCP";
/** Refused for what was sent: the token, or one of the IDs. */
const REFUSED: readonly LinkResult["cause"][] = ["unauthorized", "forbidden", "rejected-request", "rpc-error"];
const INPUT: readonly LinkResult["cause"][] = ["bad-value", "missing-value", "placeholder-sent"];

/** Of a value that was not sent the link has spoken that knows where it stands. */
function seeValues(link: LinkResult, values: LinkResult | undefined): LinkResult {
  if (!INPUT.includes(link.cause) || values?.status !== "failed") return link;
  const why = "nothing was sent: see values";
  return { ...link, ...(values.cause === undefined ? {} : { cause: values.cause }), seen: [why], why, tryThis: [] };
}

/** What to do about a refusal: what is wrong with the values is first, and a new token only after it. */
function afterRefusal(
  link: LinkResult,
  { view, token }: Found,
  copy: Remark | undefined,
  values: LinkResult | undefined,
) {
  if (values?.status === "failed" && INPUT.includes(values.cause)) return ["# first put the values right: see values"];
  if (copy !== undefined)
    return copy.about === "token" ? [`${SEE_VALUES}; if it is refused after that:`, NEW_TOKEN] : [SEE_VALUES];
  const isFixed = view.values.some(({ value, from }) => value === "token" && from === "literal");
  if (!token.own || view.winner === undefined || (isFixed && view.winner.scope === "project")) return link.tryThis;
  return [...(link.tryThis ?? []), view.repair, CHANGE_VALUES];
}

/** The link that refused what it got names the token that it got. */
function withSource(
  link: LinkResult,
  found: Found,
  copy: Remark | undefined,
  values: LinkResult | undefined,
): LinkResult {
  if (!REFUSED.includes(link.cause)) return link;
  const tryThis = afterRefusal(link, found, copy, values);
  const isToken = link.cause === "unauthorized" || link.cause === "forbidden";
  const tested = !isToken || found.token.from === undefined ? undefined : `Tested with ${found.token.from}.`;
  return {
    ...link,
    ...(tested === undefined
      ? {}
      : { why: [link.why, tested].filter((line) => line !== undefined).join(" "), seen: [...link.seen, tested] }),
    ...(tryThis === undefined ? {} : { tryThis }),
  };
}

/** The report of a run. `ok`: no link failed, and the connection stood. */
export function conclude(found: Found): DoctorReport {
  const { view, test, unsent, remark, call } = found;
  const tested: Tested | undefined =
    test === undefined ? undefined : { ok: test.diagnosis.ok, cause: test.diagnosis.cause, own: found.token.own };
  const copy = tested === undefined ? undefined : refusedCopy(view, tested);
  const { version, status } = found.client;
  const word = tested === undefined ? undefined : contradiction(version, view, status, tested);
  const before = found.links.map((link) =>
    link.link === "values" ? withRemark(link, copy) : link.link === "client" ? withRemark(link, word) : link,
  );
  const network =
    test === undefined
      ? unsentLinks(unsent ?? { cause: "no-entry", reason: "there is nothing to test" }, found.reached)
      : test.diagnosis.stages.map((stage) => linkOf(stage, test.diagnosis, test.record));
  const values = before.find((each) => each.link === "values");
  const noted = network.map((link) => {
    const named = seeValues(withSource(link, found, copy, values), values);
    return named.link === "auth" && remark !== undefined && named.status !== "skipped"
      ? { ...named, seen: [remark, ...named.seen] }
      : named;
  });
  const links = [...before, ...noted];
  const failed = links.find(({ status }) => status === "failed");
  const connected = test?.diagnosis.ok === true;
  const ok = failed === undefined && connected && call?.ok !== false;
  const unproven = ok && test?.diagnosis.cause === "unproven-token";
  return {
    ok,
    cause: failed?.cause ?? (unproven ? "unproven-token" : (unsent?.cause ?? null)),
    at: failed?.link ?? (unproven ? "auth" : unsent === undefined ? null : "values"),
    control: test?.diagnosis.control ?? "skipped",
    links,
    server: test?.diagnosis.server ?? null,
    tools: test?.diagnosis.tools ?? [],
    toolCount: test?.diagnosis.toolCount ?? 0,
    call,
    client: {
      id: "claude-code",
      ...found.client,
      wouldConnect: view.verdict.wouldConnect,
      reason: view.verdict.reason,
    },
    setup: view,
    requests: requestsOf(test?.record),
  };
}

/** What is wrong in one line. */
export function headline(report: DoctorReport): string {
  const { cause, links, ok, server, toolCount, at } = report;
  if (ok) {
    const name = server === null || server.name === "" ? "the server" : server.name;
    const count = toolsWords(toolCount);
    if (cause === "unproven-token") return `Connected to ${name}, ${count}; but the token is unproven`;
    const proof =
      report.control === "refused" ? "The token is what opens it." : "Whether the token is needed could not be told.";
    return `Connected to ${name}${server?.version ? ` ${server.version}` : ""}, ${count}. ${proof}`;
  }
  if (report.call?.ok === false && links.every(({ status }) => status !== "failed"))
    return `The connection works; calling the tool "${report.call.tool}" did not`;
  const link = links.find((each) => each.link === at);
  // ids of the set-up and of the test are partly the same, what they mean is not
  if (at === "setup" || at === "values" || at === "client")
    return link?.why ?? links.find((each) => each.link === "url")?.seen[0] ?? "It does not connect";
  return cause !== null && Object.hasOwn(CAUSES, cause) ? CAUSES[cause as Cause].title : "It does not connect";
}
