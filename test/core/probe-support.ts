/** Records of a probe, made up, and what is made of them as every command does: cleaned first. */
import * as diagnosis from "../../src/core/diagnosis/diagnose.ts";
import { diagnosisJson } from "../../src/core/diagnosis/json.ts";
import { cleaned, type Exchange, type ProbeRecord } from "../../src/core/diagnosis/record.ts";
import { NOTHING, type ProbeRequest, probe as probeRaw } from "../../src/io/probe/probe.ts";
import { UNANSWERED } from "../../src/io/probe/recording-fetch.ts";

/** The diagnosis as JSON has it. */
export function diagnose(record: ProbeRecord, secrets: readonly string[] = [], known: diagnosis.Known = {}) {
  return diagnosisJson(cleaned(diagnosis.diagnose(cleaned(record, secrets), cleaned(known, secrets)), secrets));
}
type Told = ReturnType<typeof diagnose>;
export const failedStage = ({ stages }: Told): Told["stages"][number] | undefined =>
  stages.find(({ status }) => status === "failed");

/** The record without what was sent. */
export async function probe(request: ProbeRequest): Promise<ProbeRecord> {
  return cleaned(await probeRaw(request), Object.values(request.headers));
}

export const IDS = { accountId: "11111111-2222-3333-4444-555555555555", profileId: "profile-7" };

/** All headers of HALO, no proxy, and nobody who cancels. */
export function request(url: string, token: string, more: Partial<ProbeRequest> = {}): ProbeRequest {
  return {
    url,
    headers: { "X-CM-PRODUCTTOKEN": token, "CM-ACCOUNT-ID": IDS.accountId, "CM-PROFILE-ID": IDS.profileId },
    tokenHeader: "X-CM-PRODUCTTOKEN",
    timeoutMs: 5000,
    version: "0.0.0-test",
    signal: new AbortController().signal,
    network: () => ({ proxy: null, verify: true }),
    ...more,
  };
}

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
    input: null,
    timings: { dns: 1, tcp: 2, tls: 3 },
    addresses: [],
    proxy: null,
    verification: "on",
    tls: null,
    ignoredProxy: null,
    exchanges,
    reach: null,
    outcome: NOTHING,
    control: null,
    ...more,
  };
}
