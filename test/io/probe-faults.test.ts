/** Every fault gets its cause, in time, with nothing left behind, and the token goes nowhere. */
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cancelled } from "../../src/errors.ts";
import type { ProbeRequest } from "../../src/io/probe/probe.ts";
import { diagnose, probe } from "../core/probe-support.ts";
import { type Fault, listen, type Running } from "../servers/fault-kit.ts";
import { FAULTS } from "../servers/faults.ts";

const TOKEN = "Made-Up-Token-0123456789abcdefXYZ";
/** Milliseconds: what waits for its limit is to end soon; what takes a processor's time, or must pass, needs more on a busy machine. */
const limitOf = ({ big, cause }: Pick<Fault, "big" | "cause">): number =>
  big === true ? 10_000 : cause === null ? 4000 : 1500;
const heard: string[] = [];
const rejections: unknown[] = [];
const figures = { right: 0, faults: 0, leaks: 0, peak: 0 };
let second: Running;
const onRejection = (error: unknown): void => void rejections.push(error);

function request(url: string, timeoutMs: number, signal = new AbortController().signal): ProbeRequest {
  return {
    url,
    headers: { "X-CM-PRODUCTTOKEN": TOKEN, "CM-ACCOUNT-ID": "account-1", "CM-PROFILE-ID": "profile-1" },
    tokenHeader: "X-CM-PRODUCTTOKEN",
    timeoutMs,
    version: "0.0.0-test",
    signal,
    network: () => ({ proxy: null, verify: true }),
  };
}

/** The token in any writing, or either half of it. */
const leaked = (text: string): boolean => {
  const low = text.toLowerCase();
  return [TOKEN, TOKEN.slice(0, 16), TOKEN.slice(16)].some((part) => low.includes(part.toLowerCase()));
};
async function closed(server: Running): Promise<number> {
  for (let wait = 0; wait < 10 && server.open() > 0; wait++) await new Promise((resolve) => setTimeout(resolve, 10));
  return server.open();
}

beforeAll(async () => {
  process.on("unhandledRejection", onRejection);
  // on a busy machine, loading it takes as long as the limit of the first test
  await import("@modelcontextprotocol/client");
  second = await listen(
    createServer((asked, response) => {
      heard.push(`${asked.method} ${asked.url} ${JSON.stringify(asked.headers)}`);
      response.end("{}");
    }),
  );
});

afterAll(async () => {
  await second.close();
  process.off("unhandledRejection", onRejection);
  const { right, faults, leaks, peak } = figures;
  console.log(
    `causes right / faults: ${right} / ${faults} · leaks: ${leaks} · second origin heard: ${heard.length} · unhandled: ${rejections.length} · ` +
      `memory grew under size attacks by at most ${peak} MiB`,
  );
});

describe("a fault", () => {
  it.each(FAULTS)("$name → $cause", async (fault) => {
    figures.faults++;
    const server = await fault.start(second.url.replace(/\/halo.*/u, ""));
    const before = process.memoryUsage().rss;
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss);
    }, 5);
    try {
      const record = await probe(request(server.url, limitOf(fault)));
      clearInterval(watch);
      const diagnosis = diagnose(record, [TOKEN]);
      if (fault.big === true) figures.peak = Math.max(figures.peak, Math.round((most - before) / 1048576));
      const leak = leaked(JSON.stringify(record)) || leaked(JSON.stringify(diagnosis));
      if (leak) figures.leaks++;
      if (diagnosis.cause === fault.cause) figures.right++;

      expect({ cause: diagnosis.cause, ok: diagnosis.ok }).toEqual({ cause: fault.cause, ok: fault.cause === null });
      expect(leak).toBe(false);
      expect(JSON.parse(JSON.stringify(record))).toEqual(record);
      expect(await closed(server)).toBe(0);
      if (fault.cause === null) expect(diagnosis.control).toBe("refused");
      else {
        expect(diagnosis.at).not.toBeNull();
        const stage = diagnosis.stages.find((each) => each.stage === diagnosis.at);
        expect(stage).toMatchObject({ ok: false, status: "failed", cause: fault.cause });
        expect(stage?.detail?.length).toBeGreaterThan(10);
        expect(stage?.tryThis?.length).toBeGreaterThan(10);
      }
      if (fault.big === true) expect((most - before) / 1048576).toBeLessThan(250);
      expect(heard).toEqual([]);
      expect(rejections).toEqual([]);
    } finally {
      clearInterval(watch);
      await server.close();
    }
  });
});

describe("cancelling", () => {
  const hanging = [
    "a silent accept",
    "a silent accept on an https URL",
    "a stream that never ends",
    "a stream of comments",
    "a body that drips",
    "1 GB of JSON",
    "a silence at the tools",
    "DELETE hangs",
  ];
  it.each(FAULTS.filter((fault) => hanging.includes(fault.name)))("during: $name", async (fault) => {
    const server = await fault.start("http://127.0.0.1:9");
    const stopper = new AbortController();
    const running = probe(request(server.url, 10_000, stopper.signal)).then(
      () => "ended",
      (error: unknown) => error,
    );
    await new Promise((resolve) => setTimeout(resolve, fault.big === true ? 5 : 150));
    stopper.abort();
    const ended = await running;
    expect(ended).toBeInstanceOf(Cancelled);
    expect(await closed(server)).toBe(0);
    await server.close();
    expect(rejections).toEqual([]);
  });
});
