/** A program that probes once, for what needs a process of its own: another CA, or a look at what keeps Node alive. Bundled by the test. */
import { writeSync } from "node:fs";
import { createInterface } from "node:readline";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import { networkOf } from "../../src/core/proxy.ts";
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
  const start = performance.now();
  let answer: unknown;
  try {
    const record = await probe({
      ...request,
      signal: stopper.signal,
      network: (url) => networkOf(process.env, url),
    });
    answer = { diagnosis: diagnose(record, []), record };
  } catch (error) {
    answer = { error: error instanceof Error ? error.name : "?" };
  }
  const took = performance.now() - start;
  process.on("exit", () => {
    // Whole, however long: a write to process.stdout may be cut by the exit.
    const bytes = Buffer.from(
      JSON.stringify({
        ...(answer as object),
        took,
        peakMiB: process.resourceUsage().maxRSS / 1024,
        lingered: performance.now() - start - took,
      }),
    );
    for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  });
});
