/** The meaning of a probe's record: which stage failed, why, and what to try. Pure; the words are in `causes.ts`. */
import type { Advice } from "../advice.ts";
import { printable } from "../secrets.ts";
import { CAUSES, type Cause } from "./causes.ts";
import { adviceOf, type Facts, factsOf, proxyAddress } from "./facts.ts";
import { type Exchange, type Known, type ProbeRecord, type ProbeStage, STAGES, type TlsFacts } from "./record.ts";
import { libraryWords } from "./server-words.ts";

export type { Cause } from "./causes.ts";
export type { Known, ProbeStage } from "./record.ts";

export interface StageResult {
  readonly stage: ProbeStage;
  /** `skipped`: not reached, or not needed (no TLS on http:). */
  readonly status: "ok" | "failed" | "skipped";
  readonly ok: boolean;
  /** Milliseconds; 0 if nothing was measured. */
  readonly ms: number;
  readonly cause?: Cause;
  readonly detail?: string;
  readonly tryThis?: readonly Advice[];
}

export interface Diagnosis {
  readonly ok: boolean;
  /** Null if everything works; `unproven-token` has `ok: true`. */
  readonly cause: Cause | null;
  readonly at: ProbeStage | null;
  /** The result of the same request without the token. `skipped`: not tried, or not clear. */
  readonly control: "refused" | "accepted" | "skipped";
  readonly stages: readonly StageResult[];
  readonly server: { readonly name: string; readonly version: string; readonly protocol: string } | null;
  readonly tools: readonly { readonly name: string; readonly description: string }[];
  readonly toolCount: number;
  /** As the server wrote it: a tool that can be tried. */
  readonly harmless: string | null;
}

/** What the server said, else the first matching row. Null: nothing went wrong in a single exchange. */
function pick(facts: Facts): Cause | null {
  if (!facts.isWhole && facts.isFine) return null;
  if (facts.heard !== null) return facts.heard;
  const found = Object.entries(CAUSES).find(([, row]) => row.when?.(facts) === true);
  return (found?.[0] ?? "unknown") as Cause;
}

const lastOf = ({ exchanges }: ProbeRecord, phase: Exchange["phase"]): Exchange | undefined =>
  exchanges.findLast((each) => each.phase === phase);
const refuses = (cause: Cause | null): boolean => cause === "unauthorized" || cause === "forbidden";

/** The cause of a whole test, or null if it was completed. A server may ask for the token only when a tool is called. */
function causeOf(record: ProbeRecord): Cause | null {
  if (record.input !== null) return record.input.cause;
  if (!record.outcome.listed) return pick(factsOf(record));
  const call = lastOf(record, "call");
  const cause = call === undefined ? null : pick(factsOf(record, {}, call));
  return refuses(cause) ? cause : null;
}

function controlOf(record: ProbeRecord): Diagnosis["control"] {
  const { control, outcome } = record;
  if (control === null || !outcome.listed) return "skipped";
  // No tools without the token, but some with it: the token made the difference.
  if (control.listed) return control.toolCount === 0 && outcome.toolCount > 0 ? "refused" : "accepted";
  const last = lastOf(record, "control");
  if (last === undefined) return "skipped";
  const cause = pick(factsOf(record, {}, last));
  if (refuses(cause)) return "refused";
  if (cause === "rate-limited" || cause === "server-error" || last.status === undefined || last.status === 408)
    return "skipped";
  // Another 4xx, a redirect (to a sign-in page), a web page or an error, although the request with the token got an answer.
  return last.status >= 300 || last.rpcError !== undefined || cause === "html-answer" ? "refused" : "skipped";
}

/** The stage at which a cause stopped the test. After the handshake, every failure belongs to `tools`, except the token and the session. */
function stageOf(cause: Cause, { record, last }: Facts): ProbeStage {
  const own = CAUSES[cause].stage;
  if (record.outcome.connected) return own === "auth" || (own && cause === "session-lost") ? own : "tools";
  if (own !== undefined) return own;
  if (cause === "unknown" && (last?.end === "answered" || last?.end === "accepted")) return "mcp";
  if (last === undefined || last.connected) return "http";
  if (record.endpoint.secure && record.timings.tcp !== null) return "tls";
  return record.timings.dns === null ? "dns" : "tcp";
}

/** Whether each stage passed if nothing before it failed, and its milliseconds if they were measured separately. */
function passedIn({ timings, exchanges, outcome, input }: ProbeRecord) {
  const whole = (ms: number | null): number => Math.max(0, Math.round(ms ?? 0));
  const sum = (phase: Exchange["phase"]): number =>
    exchanges.reduce((total, exchange) => (exchange.phase === phase ? total + exchange.ms : total), 0);
  const first = exchanges.find(({ phase }) => phase === "connect")?.ms ?? 0;
  const [dns, tcp, tls] = [whole(timings.dns), whole(timings.tcp), whole(timings.tls)];
  return {
    url: [true, 0],
    dns: [timings.dns !== null, dns],
    tcp: [timings.tcp !== null, tcp],
    tls: [timings.tls !== null, tls],
    http: [input === null, whole(first - dns - tcp - tls)],
    // the same request without the token proves it
    auth: [outcome.connected, whole(sum("control"))],
    mcp: [outcome.connected, whole(sum("connect") - first)],
    tools: [outcome.listed, whole(sum("tools"))],
  } as const satisfies Record<ProbeStage, readonly [boolean, number]>;
}

type Words = Pick<StageResult, "detail" | "tryThis">;

const VOUCHED = "trusted only through the system's certificates";

function wayOf({ proxy, addresses }: ProbeRecord): string {
  if (proxy?.bypassedBy === null)
    return `through the proxy ${proxyAddress(proxy)} (${proxy.variable})${proxy.systemCas ? `, ${VOUCHED}` : ""}`;
  const parts = addresses
    .filter(({ code }) => code !== undefined)
    .map(({ address, family, code }) => `${address} (IPv${family})${code === null ? "" : ` failed: ${code}`}`);
  if (proxy?.bypassedBy === "loopback") parts.push("directly: plain http: does not leave this computer");
  else if (proxy !== null) parts.push(`directly: ${proxy.bypassedBy} excludes this host from ${proxy.variable}`);
  return parts.join(", ");
}

/** Certificates that only the system trusts, not Node: reported, because the client may use only Node's list. */
const SYSTEM_ONLY = {
  note: "This system trusts the certificate, but Node does not. A client that reads only Node's list refuses it: start the client with NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem, or, with Node 22.15 or later, with NODE_OPTIONS=--use-system-ca.",
};
const UNVERIFIED = {
  note: "In this environment NODE_TLS_REJECT_UNAUTHORIZED=0 is set: no certificate is verified, and the token goes to any server that answers. Unset it, and set your company's certificate with NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem.",
};

function tlsWords({ protocol, issuer, daysLeft, systemCas, error }: TlsFacts, isOff: boolean): Words {
  const days = `${daysLeft} ${Math.abs(daysLeft) === 1 ? "day" : "days"} left`;
  const parts = [protocol ?? "TLS", `issued by ${issuer || "no name"}`, days];
  if (systemCas === "helped") parts.push(VOUCHED);
  if (isOff) parts.push(`not verified${error === null ? "" : `: ${error}`}`);
  const tryThis = isOff ? [UNVERIFIED] : systemCas === "helped" ? [SYSTEM_ONLY] : undefined;
  return { detail: printable(parts.join(", ")), ...(tryThis && { tryThis }) };
}

function detailOf(stage: ProbeStage, record: ProbeRecord): Words {
  const { proxy, addresses, tls, verification } = record;
  if (stage === "tls" && tls !== null) return tlsWords(tls, verification === "off");
  const found = addresses.map(({ address }) => address).join(", ");
  const name = proxy?.bypassedBy === null && found !== "" ? `of the proxy: ${found}` : found;
  const detail = stage === "dns" ? name : stage === "tcp" ? wayOf(record) : "";
  return detail === "" ? {} : { detail: printable(detail) };
}

const printed = <T extends Readonly<Record<string, string>>>(texts: T) =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, printable(text)])) as T;

/** The meaning of a test's record, which is `cleaned`, as `known` must be. Never throws. It can be written as JSON. */
export function diagnose(record: ProbeRecord, known: Known = {}): Diagnosis {
  const facts = factsOf(record, known);
  const failure = causeOf(record);
  const at = failure === null ? null : stageOf(failure, facts);
  const control = controlOf(record);
  const cause = failure ?? (control === "accepted" ? "unproven-token" : null);
  const passed = passedIn(record);
  const { reach } = record;
  const network = reach && diagnose({ ...record, input: null, exchanges: [reach], reach: null }).stages;
  const stages = STAGES.map((stage, index): StageResult => {
    const reached = ["dns", "tcp", "tls"].includes(stage) && network?.[index];
    if (reached) return reached;
    const [isPassed, ms] = passed[stage];
    // the token can be refused when the tools are listed
    const counts = at === null || index < STAGES.indexOf(at) || stage === "mcp" || stage === "tools";
    const status = stage === at ? "failed" : isPassed && counts ? "ok" : "skipped";
    const base = { stage, status, ok: status === "ok", ms: status === "skipped" ? 0 : ms } as const;
    if (cause !== null && stage === (at ?? "auth"))
      return { ...base, cause, detail: CAUSES[cause].explain(facts), tryThis: adviceOf(CAUSES[cause], facts) };
    return status === "ok" ? { ...base, ...detailOf(stage, record) } : base;
  });
  const { server, protocol, tools, toolCount, harmless } = record.outcome;
  return {
    ok: failure === null,
    cause,
    at,
    control,
    stages,
    server: server === undefined ? null : printed({ ...server, protocol: protocol ?? "" }),
    tools: tools.map(printed),
    toolCount,
    harmless: harmless ?? null,
  };
}

/** Why the called tool gave no answer; undefined if it answered or was not called. Never throws. */
export function explainCall(record: ProbeRecord, known: Known = {}): string | undefined {
  const last = lastOf(record, "call");
  const facts = factsOf(record, known, last);
  const cause = last === undefined ? null : pick(facts);
  if (cause !== null) return CAUSES[cause].explain(facts);
  const failure = record.outcome.call?.failure;
  if (failure === undefined) return undefined;
  return failure.code === "UNSUPPORTED_RESULT_TYPE"
    ? "the tool asks for more input, or gave a result of a type that this test does not know"
    : `the tool's answer is not valid in MCP: ${libraryWords(failure.message)}`;
}
