/** Records of a probe, made up. */
import type { Exchange, ProbeRecord } from "../../src/core/diagnosis/record.ts";
import { NOTHING } from "../../src/io/probe/probe-walk.ts";
import { UNANSWERED } from "../../src/io/probe/unanswered.ts";

export function exchange(more: Partial<Exchange> = {}): Exchange {
  return {
    ...UNANSWERED,
    phase: "connect",
    method: "initialize",
    connected: true,
    status: 200,
    contentType: "application/json",
    end: "answered",
    ms: 10,
    ...more,
  };
}

/** A proxy that was asked for nothing yet. */
export const PROXY = {
  host: "proxy.example",
  port: 3128,
  variable: "HTTPS_PROXY",
  secure: false,
  credentials: false,
  bypassedBy: null,
  tunnel: false,
  status: null,
  said: "",
  schemes: [],
  systemCas: false,
} as const;

export function record(exchanges: readonly Exchange[], more: Partial<ProbeRecord> = {}): ProbeRecord {
  return {
    endpoint: { origin: "https://api.cm.com", host: "api.cm.com", path: "/halo/core/mcp", secure: true },
    timeoutMs: 15_000,
    totalMs: 100,
    input: null,
    timings: { seen: true, dns: 1, tcp: 2, tls: 3 },
    addresses: [],
    proxy: null,
    verification: "on",
    tls: null,
    exchanges,
    outcome: NOTHING,
    control: null,
    ...more,
  };
}
