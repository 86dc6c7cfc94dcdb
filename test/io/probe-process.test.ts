/** The probe in a process of its own: certificates under a CA that it trusts, and that nothing keeps the process alive. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FAULTS } from "../servers/faults.ts";
import { makeTlsFaults } from "../servers/tls-faults.ts";
import { buildProbeChild, type ProbeAnswer, type ProbeChild, type ProbeRun } from "../support/probe-child.ts";

/** Another Node to run the probe with, e.g. to see that 24 behaves like 20; all faults are then tried in it. */
const NODE = process.env.HALO_TEST_NODE ?? process.execPath;
const TOKEN = "Made-Up-Token-0123456789abcdefXYZ";
let probe: ProbeChild;
let peak = 0;

beforeAll(async () => {
  probe = await buildProbeChild();
});
afterAll(() => {
  probe.remove();
  console.log(`a process had at most ${Math.round(peak)} MiB`);
});

async function run(url: string, more: Partial<ProbeRun> = {}): Promise<ProbeAnswer> {
  const answer = await probe.run({ url, token: TOKEN, node: NODE, ...more });
  expect(answer.code).toBe(0);
  expect(answer.left).toEqual([]);
  peak = Math.max(peak, answer.peakMiB);
  return answer;
}

describe("TLS", () => {
  const made = makeTlsFaults();
  it.each(made.faults)("$name → $cause", async (fault) => {
    const server = await fault.start();
    try {
      const { diagnosis, record } = await run(server.url, { env: { NODE_EXTRA_CA_CERTS: made.ca } });
      expect(diagnosis?.cause, JSON.stringify(record)).toBe(fault.cause);
      if (fault.shown === null) expect(record?.tls).toBeNull();
      else expect(record?.tls).toMatchObject({ ...fault.shown, error: fault.error, authorized: fault.error === null });
      for (const word of fault.says ?? [])
        expect(diagnosis?.stages.find(({ stage }) => stage === "tls")?.detail).toContain(word);
      if (fault.cause === null) expect(record?.timings).toMatchObject({ tls: expect.any(Number) });
      else expect(diagnosis?.at).toBe("tls");
    } finally {
      await server.close();
    }
  });
});

describe("nothing keeps the process alive", () => {
  const names = [
    "401 json",
    "a silent accept on an https URL",
    "a stream of comments",
    "1 GB of JSON",
    "a gzip bomb of 1 GB",
    "DELETE hangs",
  ];
  const all = process.env.HALO_TEST_NODE !== undefined;
  it.each(FAULTS.filter((fault) => all || names.includes(fault.name) || fault.big === true))(
    "after: $name",
    async (fault) => {
      const server = await fault.start("http://127.0.0.1:9");
      try {
        const ended = await run(server.url, fault.cause === "timeout" ? { timeoutMs: 4000 } : {});
        expect(ended.diagnosis?.cause).toBe(fault.cause);
        // Bare Node takes 45 MiB, the SDK 35.
        expect(ended.peakMiB).toBeLessThan(200);
        if (!names.includes(fault.name)) return;
        const cancelled = await run(server.url, { cancelAfter: 60 });
        if (cancelled.error !== undefined) expect(cancelled.error).toBe("Cancelled");
      } finally {
        await server.close();
      }
    },
  );
});
