/** The probe in a process of its own: certificates under a CA that it trusts, and that nothing keeps the process alive. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Diagnosis } from "../../src/core/diagnosis.ts";
import type { ProbeRecord } from "../../src/core/probe-record.ts";
import { FAULTS } from "../servers/faults.ts";
import { makeTlsFaults } from "../servers/tls-faults.ts";

interface Answer {
  diagnosis?: Diagnosis;
  record?: ProbeRecord;
  error?: string;
  took: number;
  /** Most memory the process ever had. */
  peakMiB: number;
  /** Milliseconds from the end of the probe to the end of the process. */
  lingered: number;
}

/** Another Node to run the probe with, e.g. to see that 24 behaves like 20; all faults are then tried in it. */
const NODE = process.env.HALO_TEST_NODE ?? process.execPath;
const TOKEN = "Made-Up-Token-0123456789abcdefXYZ";
const root = fileURLToPath(new URL("../..", import.meta.url));
let folder = "";
let slowest = 0;
let peak = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(root, "node_modules", ".probe-child-"));
  const bundle = await rolldown({
    input: join(root, "test/servers/probe-child.ts"),
    platform: "node",
    external: [/^@modelcontextprotocol\//],
  });
  await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].mjs" });
  await bundle.close();
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
  console.log(
    `a process ended at most ${Math.round(slowest)} ms after its probe, and had at most ${Math.round(peak)} MiB`,
  );
});

async function run(url: string, env: Record<string, string> = {}, cancelAfter?: number): Promise<Answer> {
  const child = spawn(NODE, [join(folder, "probe-child.mjs")], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  child.stdin.end(
    `${JSON.stringify({
      url,
      headers: { "X-CM-PRODUCTTOKEN": TOKEN, "CM-ACCOUNT-ID": "a", "CM-PROFILE-ID": "p" },
      tokenHeader: "X-CM-PRODUCTTOKEN",
      timeoutMs: 3000,
      version: "0.0.0-test",
      cancelAfter,
    })}\n`,
  );
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  expect(code).toBe(0);
  const answer = JSON.parse(text) as Answer;
  peak = Math.max(peak, answer.peakMiB);
  slowest = Math.max(slowest, answer.lingered);
  return answer;
}

describe("TLS", () => {
  const made = makeTlsFaults();
  it.each(made.faults)("$name → $cause", async (fault) => {
    const server = await fault.start();
    try {
      const { diagnosis, record, lingered } = await run(server.url, { NODE_EXTRA_CA_CERTS: made.ca });
      expect(diagnosis?.cause, JSON.stringify(record)).toBe(fault.cause);
      if (fault.cause === null) expect(record?.timings).toMatchObject({ seen: true, tls: expect.any(Number) });
      else expect(diagnosis?.at).toBe("tls");
      expect(lingered).toBeLessThan(750);
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
        const ended = await run(server.url);
        expect(ended.diagnosis?.cause).toBe(fault.cause);
        expect(ended.lingered).toBeLessThan(750);
        // Bare Node takes 45 MiB, the SDK 35.
        expect(ended.peakMiB).toBeLessThan(200);
        if (!names.includes(fault.name)) return;
        const cancelled = await run(server.url, {}, 60);
        if (cancelled.error !== undefined) expect(cancelled.error).toBe("Cancelled");
        expect(cancelled.lingered).toBeLessThan(750);
      } finally {
        await server.close();
      }
    },
  );
});
