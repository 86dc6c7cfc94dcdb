/** Every fault gets its cause, in time, with nothing left behind, and the token goes nowhere. Size attacks: probe-process.test.ts. */
import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { diagnose, probe, request } from "../core/probe-support.ts";
import { listen, type Running } from "../servers/fault-kit.ts";
import { FAULTS } from "../servers/faults.ts";

const TOKEN = "Made-Up-Token-0123456789abcdefXYZ";
const heard: string[] = [];
const rejections: unknown[] = [];
const onRejection = (error: unknown): void => void rejections.push(error);
let second: Running;

const closed = (server: Running) => vi.waitFor(() => expect(server.open()).toBe(0), { interval: 10, timeout: 200 });

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
  expect(heard).toEqual([]);
  expect(rejections).toEqual([]);
});

// most of them wait for a limit of time
describe.concurrent("a fault", () => {
  it.each(FAULTS.filter(({ big }) => big !== true))("$name → $cause", async (fault) => {
    const server = await fault.start(second.url.replace(/\/halo.*/u, ""));
    try {
      // what must pass needs more time on a busy machine
      const record = await probe(request(server.url, TOKEN, { timeoutMs: fault.cause === null ? 5000 : 2000 }));
      const diagnosis = diagnose(record, [TOKEN]);
      expect({ cause: diagnosis.cause, ok: diagnosis.ok }).toEqual({ cause: fault.cause, ok: fault.cause === null });
      // in any writing, or either half of it
      const told = JSON.stringify([record, diagnosis]).toLowerCase();
      for (const part of [TOKEN.slice(0, 16), TOKEN.slice(16)]) expect(told).not.toContain(part.toLowerCase());
      expect(JSON.parse(JSON.stringify(record))).toEqual(record);
      await closed(server);
      if (fault.cause === null) expect(diagnosis.control).toBe("refused");
      else {
        const stage = diagnosis.stages.find((each) => each.stage === diagnosis.at);
        expect(stage).toMatchObject({ ok: false, status: "failed", cause: fault.cause });
        expect(stage?.detail?.length).toBeGreaterThan(10);
        expect(stage?.tryThis?.length).toBeGreaterThan(10);
      }
    } finally {
      await server.close();
    }
  });
});
