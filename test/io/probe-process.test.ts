/** The probe in processes of its own: certificates under a CA that it trusts, its memory, and that nothing keeps the process alive. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FAULTS } from "../servers/faults.ts";
import { makeTlsFaults } from "../servers/tls-faults.ts";
import { buildProbeChild, type ProbeAnswer, type ProbeChild, type ProbeRun } from "../support/probe-child.ts";

const TOKEN = "Made-Up-Token-0123456789abcdefXYZ";
let probe: ProbeChild;
beforeAll(async () => {
  probe = await buildProbeChild();
});
afterAll(async () => {
  // nothing keeps a process alive
  expect(new Set(await probe.end())).toEqual(new Set([0]));
});

async function run(url: string, more: Partial<ProbeRun> = {}): Promise<ProbeAnswer> {
  const answer = await probe.run({ url, token: TOKEN, ...more });
  expect(answer.left).toEqual([]);
  expect(answer.text).not.toContain(TOKEN);
  // of all runs together: bare Node takes 45 MiB, the SDK 35, and what one attack leaves is collected late
  expect(answer.peakMiB).toBeLessThan(300);
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
      else expect(record?.tls).toMatchObject({ ...fault.shown, error: fault.error });
      for (const word of fault.says)
        expect(diagnosis?.stages.find(({ stage }) => stage === "tls")?.detail).toContain(word);
      if (fault.cause === null) expect(record?.timings).toMatchObject({ tls: expect.any(Number) });
      else expect(diagnosis?.at).toBe("tls");
    } finally {
      await server.close();
    }
  });
});

describe("nothing is left, and memory is bounded", () => {
  const hanging = ["a silent accept on an https URL", "a stream of comments", "a body that drips", "DELETE hangs"];
  it.each(FAULTS.filter(({ name, big }) => big === true || hanging.includes(name)))("after: $name", async (fault) => {
    const server = await fault.start("http://127.0.0.1:9");
    try {
      const timeoutMs = fault.big === true ? 15_000 : 1500;
      expect((await run(server.url, { timeoutMs })).diagnosis?.cause).toBe(fault.cause);
      const cancelled = await run(server.url, { cancelAfter: 60 });
      if (cancelled.error !== undefined) expect(cancelled.error).toBe("Cancelled");
    } finally {
      await server.close();
    }
  });
});
