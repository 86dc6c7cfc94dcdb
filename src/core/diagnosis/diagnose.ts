/** What a probe's record means: which stage failed, why, and what to try. Pure; the words are in `causes.ts`. */

import { HALO_URL, HEADERS } from "../halo.ts";
import { HIDDEN, holdsPieces, mask, printable } from "../secrets.ts";
import { type Cause, causeOf, causeOfExchange, decisive, revisionsOf, stageOf } from "./cause-of.ts";
import type { CauseFacts, ExtraCas, IdWords } from "./cause-text.ts";
import { CAUSES } from "./causes.ts";
import { issueLink } from "./issue-link.ts";
import { certificateWords, detailOf, directWords, LED, ledWords, proxyWords } from "./network-words.ts";
import { type Exchange, type ProbeRecord, type ProbeStage, WAY } from "./record.ts";
import { isHtml, libraryWords, pageWords, sentenceOf, wordsOf } from "./server-words.ts";

export type { Cause } from "./cause-of.ts";
export type { ProbeStage } from "./record.ts";

export interface StageResult {
  readonly stage: ProbeStage;
  /** `skipped`: not reached, or not there (no TLS on http:). */
  readonly status: "ok" | "failed" | "skipped";
  readonly ok: boolean;
  /** Milliseconds; 0 where nothing was measured. */
  readonly ms: number;
  readonly cause?: Cause;
  readonly detail?: string;
  readonly tryThis?: string;
}

/** What the caller knows beside the record. All of it is optional: the words get better by it, the cause does not. */
export interface Known {
  /** The headers that were sent. Only the two IDs are read, which are no secrets. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Where the two IDs come from, e.g. `.env`. */
  readonly from?: { readonly account?: string | undefined; readonly profile?: string | undefined } | undefined;
  /** What NODE_EXTRA_CA_CERTS names; of use where a certificate is not trusted. */
  readonly extraCas?: ExtraCas | undefined;
  /** The tracker of the project; by default that of package.json. */
  readonly bugs?: string | undefined;
}

export interface Diagnosis {
  readonly ok: boolean;
  /** Null when all is well; `unproven-token` goes with `ok: true`. */
  readonly cause: Cause | null;
  readonly at: ProbeStage | null;
  /** What became of the same request without the token. `skipped`: not tried, or it cannot be told. */
  readonly control: "refused" | "accepted" | "skipped";
  readonly stages: readonly StageResult[];
  readonly server: { readonly name: string; readonly version: string; readonly protocol: string } | null;
  /** The first 1,000. */
  readonly tools: readonly { readonly name: string; readonly description: string }[];
  /** All that were listed. */
  readonly toolCount: number;
  /** Why no client is to be asked after this, although it passed: it might be led elsewhere with the token. Null: it may. */
  readonly led: string | null;
}

const STAGES: readonly ProbeStage[] = ["url", "dns", "tcp", "tls", "http", "auth", "mcp", "tools"];
const LONGEST = 300;

/** The end of a text that was cut may be the beginning of a secret: four characters and more of one are masked. */
function dropCutSecret(text: string, secrets: readonly string[]): string {
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, text.length); length >= 4; length--) {
      if (text.endsWith(secret.slice(0, length))) return text.slice(0, -length) + HIDDEN;
    }
  }
  return text;
}

/**
 * Text of a server as it may be shown: secrets masked, control characters gone, at most 300 characters.
 * Masked before the cut, so that half a secret cannot stay, and after it, since a secret may only appear once invisible characters are gone.
 */
function shown(text: string, secrets: readonly string[], cut = false): string {
  const masked = mask(text, secrets);
  const whole = mask(printable(masked, masked.length + 1), secrets);
  return mask(printable(cut ? dropCutSecret(whole, secrets) : whole, LONGEST), secrets);
}

/** Did the server let the same road pass without the token? */
function controlOf(record: ProbeRecord): Diagnosis["control"] {
  const { control, outcome } = record;
  if (control === null || !outcome.listed) return "skipped";
  // Nothing to see without the token and something with it: the token made the difference.
  if (control.listed) return control.toolCount === 0 && outcome.toolCount > 0 ? "refused" : "accepted";
  const last = record.exchanges.filter((exchange) => exchange.phase === "control").at(-1);
  if (last === undefined) return "skipped";
  const cause = causeOfExchange(last, record.endpoint?.secure ?? false);
  if (cause === "unauthorized" || cause === "forbidden") return "refused";
  if (cause === "rate-limited" || cause === "server-error" || last.status === null || last.status === 408)
    return "skipped";
  // Another 4xx, a redirect (to a sign-in page), a web page or an error in the answer, where the token got an answer.
  const refusing = last.status >= 300 || last.rpcError !== null || cause === "html-answer";
  return refusing && last.end !== "timeout" && last.end !== "aborted" ? "refused" : "skipped";
}

/** The two IDs as they were sent, whatever the case of their headers. */
function idsOf({ headers, from }: Known, clean: (text: string | undefined) => string | undefined): CauseFacts["ids"] {
  const id = (which: "account" | "profile"): IdWords => {
    const name = Object.keys(headers ?? {}).find((each) => each.toLowerCase() === HEADERS[which].toLowerCase());
    return { value: clean(name === undefined ? undefined : headers?.[name]), from: clean(from?.[which]) };
  };
  return { account: id("account"), profile: id("profile") };
}

const SIGN_IN = /auth|log-?in|sign-?in|sso/i;

/** A redirect's target that may well be the URL that is meant: on the same host, not less encrypted, and no sign-in. */
function movedTo({ endpoint }: ProbeRecord, target: string | undefined): string | undefined {
  const [, scheme, host = "", path] = /^(https?:)\/\/([^/]+)(\/[^\s•…]*)$/.exec(target ?? "") ?? [];
  if (endpoint === null || path === undefined || SIGN_IN.test(path)) return undefined;
  const name = (authority: string): string => authority.replace(/:\d+$/, "");
  const isSame = target === `${endpoint.origin}${endpoint.path}`;
  const stays = scheme === "https:" ? name(host) === name(endpoint.host) : `${scheme}//${host}` === endpoint.origin;
  return stays && !isSame ? target : undefined;
}

/** What one exchange brought in words: of the server, of a page, of the MCP library. */
function spokenOf(
  record: ProbeRecord,
  last: Exchange,
  secrets: readonly string[],
): Pick<CauseFacts, "words" | "page" | "library" | "revisions"> {
  const show = (text: string, cut: boolean): string | undefined =>
    text === "" ? undefined : shown(text, secrets, cut) || undefined;
  const isFailed = causeOfExchange(last, record.endpoint?.secure ?? false) !== null;
  const page = isFailed && isHtml(last) ? pageWords(mask(last.body, secrets)) : "";
  return {
    words: isFailed ? show(sentenceOf(wordsOf(last)), last.cut || last.rpcError !== null) : undefined,
    page: holdsPieces(page, secrets) ? undefined : show(page, last.cut),
    library: isFailed ? undefined : show(libraryWords(record.outcome.failure?.message ?? ""), true),
    revisions: show(revisionsOf(record).join(", "), true),
  };
}

function factsOf(
  record: ProbeRecord,
  last: Exchange | undefined,
  secrets: readonly string[],
  known: Known,
): CauseFacts {
  const clean = (text: string | null | undefined, cut = false): string | undefined =>
    text === null || text === undefined || text === "" ? undefined : shown(text, secrets, cut);
  const { input } = record;
  const host = clean(record.endpoint?.host);
  const halo = record.endpoint !== null && `${record.endpoint.origin}${record.endpoint.path}` === HALO_URL;
  if (input !== null) {
    return {
      host,
      ...("header" in input ? { header: clean(input.header) } : {}),
      ...("position" in input ? { position: input.position, codePoint: input.codePoint } : {}),
      ...("why" in input ? { why: input.why } : {}),
      ...(input.cause === "proxy-failed" ? { proxy: { variable: input.variable } } : {}),
    };
  }
  const network = {
    halo,
    extraCas: known.extraCas && {
      ...known.extraCas,
      file: shown(known.extraCas.file, secrets),
      names: known.extraCas.names.map((name) => shown(name, secrets)),
    },
    proxy: proxyWords(record, last, (text) => shown(text, secrets)),
    certificate: certificateWords(record, (text) => shown(text, secrets)),
    direct: directWords(record, last),
    ids: idsOf(known, clean),
    issue: issueLink(
      {
        cause: causeOf(record) ?? "unknown",
        halo,
        method: last?.method,
        status: last?.status ?? undefined,
        end: last?.end,
        codes: last?.codes ?? [],
      },
      known.bugs,
    ),
  };
  if (last === undefined) return { host, seconds: seconds(record.timeoutMs), ...network };
  const path = last.location?.replace(/^\w+:\/\/[^/]*/, "") ?? "";
  const target = clean(holdsPieces(path, secrets) ? last.location?.slice(0, -path.length) : last.location);
  return {
    host,
    status: last.status ?? undefined,
    method: clean(last.method),
    target,
    moved: last.end === "redirect" ? movedTo(record, target) : undefined,
    retryAfter: clean(last.retryAfter),
    seconds: last.end === "timeout" ? seconds(record.timeoutMs) : undefined,
    share: last.ms < record.timeoutMs * 0.95,
    contentType: clean(last.contentType),
    code:
      last.rpcError !== null
        ? String(last.rpcError.code)
        : clean(last.codes.findLast((each) => !each.startsWith("HALO_"))),
    ...spokenOf(record, last, secrets),
    end: last.end,
    codes: last.codes.filter((each) => !each.startsWith("HALO_")).map((each) => shown(each, secrets)),
    html: isHtml(last),
    ...network,
  };
}

/** Whole ones: of the limit that was given, what came before the connection test has taken a moment. */
const seconds = (ms: number): number => Math.max(1, Math.ceil(ms / 1000));
const whole = (ms: number | null): number => Math.max(0, Math.round(ms ?? 0));

/** Milliseconds a stage took, as far as they can be told apart. */
function timesOf(record: ProbeRecord): Readonly<Record<ProbeStage, number>> {
  const { dns, tcp, tls } = record.timings;
  const sum = (phase: Exchange["phase"]): number =>
    record.exchanges.reduce((total, exchange) => (exchange.phase === phase ? total + exchange.ms : total), 0);
  const first = record.exchanges.find((exchange) => exchange.phase === "connect")?.ms ?? 0;
  const connecting = whole(dns) + whole(tcp) + whole(tls);
  return {
    url: 0,
    dns: whole(dns),
    tcp: whole(tcp),
    tls: whole(tls),
    http: whole(first - connecting),
    // the same request without the token is what proves it
    auth: whole(sum("control")),
    mcp: whole(sum("connect") - first),
    tools: whole(sum("tools")),
  };
}

/** Was a stage before the failing one passed, or is it not there at all? A stage after it may have been passed too: the token can be refused at the tools only. */
function statusOf(stage: ProbeStage, at: ProbeStage | null, record: ProbeRecord, sent: boolean): StageResult["status"] {
  if (stage === at) return "failed";
  if (stage === "tls" && record.endpoint?.secure !== true) return "skipped";
  // behind a proxy that fails, nobody has looked the name up
  if (stage === "dns" && at === "tcp" && record.timings.seen && record.timings.dns === null) return "skipped";
  if (at === null) return "ok";
  if (stage !== "url" && !sent) return "skipped";
  if (STAGES.indexOf(stage) < STAGES.indexOf(at))
    return stage === "auth" && !record.outcome.connected ? "skipped" : "ok";
  return stage === "mcp" && record.outcome.connected ? "ok" : "skipped";
}

/**
 * What a probe's record means.
 * `secrets`: every value that must not be shown (token, IDs if wished); they are masked in whatever came from the server.
 * `known`: what makes the words better, the two IDs above all.
 * Never throws. The result can be written as JSON as it is.
 */
export function diagnose(record: ProbeRecord, secrets: readonly string[], known: Known = {}): Diagnosis {
  const failure = causeOf(record);
  const at = failure === null ? null : stageOf(failure, record);
  const control = controlOf(record);
  const cause = failure ?? (control === "accepted" ? "unproven-token" : null);
  const times = timesOf(record);
  const sent = record.input === null;
  const told = (id: Cause): Pick<StageResult, "cause" | "detail" | "tryThis"> => {
    const facts = factsOf(record, failure === null ? undefined : decisive(record), secrets, known);
    return { cause: id, detail: CAUSES[id].explain(facts), tryThis: CAUSES[id].tryThis(facts) };
  };
  const led = failure === null ? ledWords(record, (text) => shown(text, secrets)) : null;
  const way =
    record.reach && diagnose({ ...record, input: null, exchanges: [record.reach], reach: undefined }, secrets);
  const stages = STAGES.map((stage): StageResult => {
    const reached = WAY.includes(stage) ? way?.stages.find((each) => each.stage === stage) : undefined;
    if (reached !== undefined) return reached;
    const status = statusOf(stage, at, record, sent);
    const base = { stage, status, ok: status === "ok", ms: status === "skipped" ? 0 : times[stage] };
    if (cause !== null && (stage === at || (failure === null && stage === "auth"))) return { ...base, ...told(cause) };
    if (led !== null && stage === "http") return { ...base, detail: led, tryThis: LED };
    return status === "ok" ? { ...base, ...detailOf(stage, record, (text) => shown(text, secrets)) } : base;
  });
  const { server, protocol, tools, toolCount } = record.outcome;
  return {
    ok: failure === null,
    cause,
    at,
    control,
    stages,
    server:
      server === null
        ? null
        : {
            name: shown(server.name, secrets, true),
            version: shown(server.version, secrets, true),
            protocol: shown(protocol ?? "", secrets),
          },
    tools: tools.map((tool) => ({
      name: shown(tool.name, secrets, true),
      description: shown(tool.description, secrets, true),
    })),
    toolCount,
    led,
  };
}

/** Why the one tool that was called gave no answer; undefined where it gave one, or was not asked. Never throws. */
export function explainCall(record: ProbeRecord, secrets: readonly string[], known: Known = {}): string | undefined {
  const last = record.exchanges.findLast(({ phase }) => phase === "call");
  const cause = last === undefined ? null : causeOfExchange(last, record.endpoint?.secure ?? false);
  return cause === null ? undefined : CAUSES[cause].explain(factsOf(record, last, secrets, known));
}
