/** A program that probes once for each line it reads: for another Node, another list of CAs, or a look at what keeps Node alive. Bundled by the test. */
import { createInterface } from "node:readline";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import { diagnosisJson } from "../../src/core/diagnosis/json.ts";
import { cleaned } from "../../src/core/diagnosis/record.ts";
import { networkOf, proxySecrets } from "../../src/core/proxy.ts";
import { type ProbeRequest, probe } from "../../src/io/probe/probe.ts";

type Asked = Omit<ProbeRequest, "signal" | "network"> & {
  readonly env: Readonly<Record<string, string>>;
  readonly cancelAfter?: number;
};

for await (const line of createInterface({ input: process.stdin })) {
  const { cancelAfter, env, ...request } = JSON.parse(line) as Asked;
  const stopper = new AbortController();
  const timer = cancelAfter === undefined ? undefined : setTimeout(() => stopper.abort(), cancelAfter);
  let answer: object;
  try {
    const seen = await probe({ ...request, signal: stopper.signal, network: (url) => networkOf(env, url) });
    const record = cleaned(seen, [...proxySecrets(env), request.headers["X-CM-PRODUCTTOKEN"] ?? ""]);
    answer = { diagnosis: diagnosisJson(diagnose(record)), record };
  } catch (error) {
    answer = { error: error instanceof Error ? error.name : "?" };
  }
  clearTimeout(timer);
  // what was destroyed is gone a turn later
  await new Promise((resolve) => setTimeout(resolve, 30));
  const left = process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout|GetAddrInfo|Process/.test(name));
  process.stdout.write(`${JSON.stringify({ ...answer, left, peakMiB: process.resourceUsage().maxRSS / 1024 })}\n`);
}
