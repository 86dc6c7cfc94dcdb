/** The connection test: connects to the endpoint as a client would, then again without the token, and records what it saw. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { BadInput, Exchange, ProbeRecord, ProbeStage } from "../../core/diagnosis/record.ts";
import type { Network } from "../../core/proxy.ts";
import { Cancelled } from "../../errors.ts";
import { codesOf, type Recorder, recordingFetch, UNANSWERED } from "./recording-fetch.ts";
import { NOTHING, type Subject, walk } from "./walk.ts";
import { openWay, type Way } from "./way.ts";

export interface ProbeRequest extends Subject {
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the token's header, which the control omits. */
  readonly tokenHeader: string;
  readonly signal: AbortSignal;
  /** What the environment says about the connection to a URL: `networkOf` of `core/proxy.ts`, bound to the environment. */
  readonly network: (url: URL) => Network;
  readonly onStage?: ((stage: ProbeStage) => void) | undefined;
}

/** What is wrong with a header, or null: fetch would throw an error that contains the value, or send an é as Latin-1. */
function checkHeaders(headers: ProbeRequest["headers"], tokenHeader: string): BadInput | null {
  const isToken = (name: string): boolean => name.toLowerCase() === tokenHeader.toLowerCase();
  if (!Object.keys(headers).some(isToken)) return { cause: "missing-value", header: tokenHeader };
  for (const [name, value] of Object.entries(headers)) {
    // The name may be a misplaced value, so it is not repeated.
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u.test(name))
      return { cause: "bad-value", header: "a header's name", position: 1, codePoint: name.codePointAt(0) ?? 0 };
    if (value === "") return { cause: "missing-value", header: name };
    const index = value.search(isToken(name) ? /[^\x21-\x7e]/u : /[^\x20-\x7e]|^ | $/u);
    if (index < 0) continue;
    const position = Array.from(value.slice(0, index)).length + 1;
    return { cause: "bad-value", header: name, position, codePoint: value.codePointAt(index) ?? 0 };
  }
  return null;
}

/** The headers without the token, under its own name in any case and under any other name. */
function withoutToken(headers: ProbeRequest["headers"], tokenHeader: string): Record<string, string> {
  const fold = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/gu, "");
  const all = Object.entries(headers);
  const token = all.find(([name]) => name.toLowerCase() === tokenHeader.toLowerCase())?.[1] ?? "";
  return Object.fromEntries(all.filter(([name, value]) => fold(name) !== fold(tokenHeader) && !value.includes(token)));
}

/** The SDK takes any failure of `server/discover` as final, but a server of 2025, or one behind a gateway, may still support `initialize`. */
function worthTheOldWay(last: Exchange | undefined): boolean {
  if (last?.method !== "server/discover" || !last.connected || last.status === 401) return false;
  return last.end !== "redirect" && last.end !== "too-big" && last.end !== "aborted";
}

/** The share of the time that the first request may take, its connection included. */
const FIRST = 0.4;

/** The results so far: the limit of the whole run can end it at any point. */
type Found = { -readonly [Key in "reach" | "outcome" | "control"]: ProbeRecord[Key] };

/** First with all headers (if needed again with `initialize`), then without the token. The first part gets four fifths of the time. */
async function ask(request: ProbeRequest, recorder: Recorder, start: number, found: Found): Promise<void> {
  const { headers, tokenHeader, timeoutMs, onStage } = request;
  const main = { headers, deadline: start + timeoutMs * 0.8 };
  found.outcome = await walk(request, recorder, { ...main, mode: "auto", firstMs: timeoutMs * FIRST });
  if (!found.outcome.connected && worthTheOldWay(recorder.exchanges.at(-1)))
    found.outcome = await walk(request, recorder, { ...main, mode: "legacy" });
  const { listed, protocol } = found.outcome;
  if (!listed) return;
  onStage?.("auth");
  // The same protocol version, up to the request that listed the tools: some servers ask for the token only there.
  const isModern = recorder.exchanges.every((exchange) => exchange.method !== "initialize");
  const control = await walk(request, recorder, {
    headers: withoutToken(headers, tokenHeader),
    isControl: true,
    mode: isModern && protocol ? { pin: protocol } : "legacy",
    deadline: start + timeoutMs * 0.96,
  });
  found.control = { listed: control.listed, toolCount: control.toolCount };
}

/** Opens a connection and sends nothing over it: the network can be tested without a value. */
async function reach(way: Way, limitMs: number, found: Found): Promise<void> {
  const start = performance.now();
  const opened = way.connect().then(
    (): Partial<Exchange> => ({ connected: true, end: "accepted" }),
    (error): Partial<Exchange> => ({ codes: codesOf(error) }),
  );
  const late: Partial<Exchange> = { end: "timeout" };
  const seen = await Promise.race([opened, sleep(limitMs, late, { ref: false })]);
  const ms = performance.now() - start;
  found.reach = { ...UNANSWERED, phase: "connect", method: "CONNECT", end: "broken", ...seen, ms };
}

/**
 * Tests a connection. Sends the headers only to `request.url`, follows no redirect, starts no OAuth, and ends within `timeoutMs`. The record contains
 * the servers' words unmasked: `cleaned` masks secrets. Throws only Cancelled, as soon as the signal is aborted; by then every connection is closed.
 */
export async function probe(request: ProbeRequest): Promise<ProbeRecord> {
  if (request.signal.aborted) throw new Cancelled();
  const { timeoutMs, onStage } = request;
  const start = performance.now();
  const url = new URL(request.url);
  const secure = url.protocol === "https:";
  const network = request.network(url);
  const { broken, ignored = null } = network;
  const brokenProxy = broken === undefined ? null : ({ cause: "proxy-failed", variable: broken } as const);
  const input = checkHeaders(request.headers, request.tokenHeader) ?? brokenProxy;
  const after = { dns: "tcp", tcp: secure ? "tls" : "http", tls: "http" } as const;
  const way = openWay(url, network, (stage) => onStage?.(after[stage]));
  const stopper = new AbortController();
  const recorder = recordingFetch(url, way, stopper.signal, ({ phase, end }) => {
    if (phase === "connect" && end === "answered") onStage?.("tools");
  });
  const found: Found = { reach: null, outcome: NOTHING, control: null };
  if (brokenProxy === null) {
    onStage?.("dns");
    const test = input === null ? ask(request, recorder, start, found) : reach(way, timeoutMs * FIRST, found);
    const limits = { signal: stopper.signal };
    // the limit of the whole run, even if the SDK waits for something that is not a request
    await Promise.race([test, sleep(timeoutMs, undefined, limits), once(request.signal, "abort", limits)]);
    stopper.abort();
    way.close();
    if (request.signal.aborted) throw new Cancelled();
    // a request that was stopped just now is recorded a turn later
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    ...way.facts(),
    ...found,
    endpoint: { origin: url.origin, host: url.host, path: url.pathname, secure },
    timeoutMs,
    input,
    ignoredProxy: ignored,
    exchanges: [...recorder.exchanges],
  };
}
