/** A program that probes once, for what needs a process of its own: another CA, or a look at what keeps Node alive. Bundled by the test. */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { diagnose, diagnosisJson } from "../../src/core/diagnosis/diagnose.ts";
import { cleaned } from "../../src/core/diagnosis/record.ts";
import { networkOf, proxySecrets } from "../../src/core/proxy.ts";
import { type ProbeRequest, probe } from "../../src/io/probe/probe.ts";

const lines = createInterface({ input: process.stdin });
lines.once("line", async (line) => {
  lines.close();
  process.stdin.destroy();
  const { cancelAfter, ...request } = JSON.parse(line) as Omit<ProbeRequest, "signal" | "network"> & {
    cancelAfter?: number;
  };
  const stopper = new AbortController();
  if (cancelAfter !== undefined) setTimeout(() => stopper.abort(), cancelAfter);
  let answer: unknown;
  try {
    const seen = await probe({
      ...request,
      signal: stopper.signal,
      network: (url) => networkOf(process.env, url),
    });
    const secrets = [...proxySecrets(process.env), request.headers["X-CM-PRODUCTTOKEN"] ?? ""];
    const record = cleaned(seen, secrets);
    answer = { diagnosis: diagnosisJson(diagnose(record)), record };
  } catch (error) {
    answer = { error: error instanceof Error ? error.name : "?" };
  }
  // what was destroyed is gone a turn later
  await new Promise((resolve) => setTimeout(resolve, 50));
  const left = process.getActiveResourcesInfo().filter((name) => /TCP|TLS|Timeout|GetAddrInfo|Process/.test(name));
  process.on("exit", () => {
    // Whole, however long: a write to process.stdout may be cut by the exit.
    const bytes = Buffer.from(
      JSON.stringify({
        ...(answer as object),
        left,
        peakMiB: process.resourceUsage().maxRSS / 1024,
      }),
    );
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  });
});
