import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { listen } from "../servers/fault-kit.ts";
import { nodeBinary, programFolder } from "../support/claude.ts";
import { doctor, leaks, repositoryFor, told } from "./doctor-support.ts";
import { type Machine, machine, on, start } from "./support.ts";

/** `doctor` of the packed program beside what others wrote: the server that uses all of the protocol, and the public conformance suite. */

const client = fileURLToPath(new URL("../servers/conformance-client.mjs", import.meta.url));
const figures = { scenarios: 0, success: 0, failure: 0, skipped: 0 };
let m: Machine;
beforeAll(async () => {
  m = await machine();
});
afterAll(async () => {
  await m?.close();
  const { scenarios, success, failure, skipped } = figures;
  process.stdout.write(
    `\nconformance: ${scenarios} runs of scenarios, ${success} checks SUCCESS, ${failure} FAILURE, ${skipped} skipped (methods that a connection test does not use)\n`,
  );
});

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "INFO" | "SKIPPED";
  readonly errorMessage?: string;
}

/** One scenario of the suite: it starts a server, runs our client against it, and judges what the client sent. */
async function judge(version: "0.1" | "0.2", scenario: string): Promise<readonly Check[]> {
  const folder = repositoryFor(m, "");
  const env = { ...m.env, PATH: `${programFolder("node-22", "node")}${delimiter}${m.env.PATH}` };
  const command = [process.execPath, client, m.bin, folder, scenario].join(" ");
  const suite = join(programFolder(`conformance-${version}`, "conformance"), "conformance");
  const args = [suite, "client", "--command", command, "--scenario", scenario, "-o", join(folder, "out")];
  const run = await start(nodeBinary(22), args, { cwd: folder, env });
  expect(leaks(run.stdout + run.stderr)).toEqual([]);
  const [made = ""] = readdirSync(join(folder, "out"));
  const checks = JSON.parse(readFileSync(join(folder, "out", made, "checks.json"), "utf8")) as readonly Check[];
  const count = (status: Check["status"]) => checks.filter((check) => check.status === status).length;
  figures.scenarios += 1;
  figures.success += count("SUCCESS");
  figures.failure += count("FAILURE");
  figures.skipped += count("SKIPPED");
  expect(run.code, run.stdout + run.stderr).toBe(0);
  return checks;
}

describe.concurrent("the public conformance suite", () => {
  test.each([
    ["0.1", "initialize", "mcp-client-initialization"],
    ["0.1", "tools_call", "tool-add-numbers"],
    ["0.2", "initialize", "mcp-client-initialization"],
    ["0.2", "tools_call", "tool-add-numbers"],
    ["0.2", "request-metadata", "sep-2575-client-populates-meta"],
    ["0.2", "http-standard-headers", "sep-2243-client-includes-standard-headers"],
    ["0.2", "http-custom-headers", "sep-2243-client-mirrors-designated-params"],
    ["0.2", "http-invalid-tool-headers", "sep-2243-client-reject-invalid-tool"],
  ] as const)("%s %s", async (version, scenario, id) => {
    const checks = await judge(version, scenario);
    // a client that never connects passes 0 of 0
    expect(checks.filter((check) => check.id === id && check.status === "SUCCESS").length).toBeGreaterThan(0);
    expect(checks.filter(({ status }) => status === "FAILURE" || status === "WARNING")).toEqual([]);
  });
});

const eras = ["2025-stateful", "2025-stateless", "2026", "both"] as const;
describe.concurrent("the servers of both SDKs", () => {
  test.each(eras.flatMap((era) => (["json", "sse"] as const).map((answers) => [era, answers] as const)))(
    "%s, %s",
    (era, answers) =>
      on({ server: { era, answers } }, async (own) => {
        const cwd = repositoryFor(own, own.url);
        const call = ["--call", "ask_agent", "--args", '{"question":"so?"}'];
        const answer = told(await doctor(own, ["--json", "--url", own.url, ...call], { cwd }));
        const protocol = era === "2026" || era === "both" ? "2026-07-28" : "2025-11-25";
        expect(answer).toMatchObject({ ok: true, cause: null, control: "refused", call: { ok: true } });
        expect(answer.server).toEqual({ name: "halo-stand-in", version: "1.0.0", protocol });
        expect(answer.tools).toHaveLength(4);
      }),
  );
});

describe("@modelcontextprotocol/server-everything", () => {
  test("connects, lists all its tools, calls one, and says that it takes anybody", async () => {
    const free = await listen(createServer());
    await free.close();
    const { port } = new URL(free.url);
    const program = join(programFolder("server-everything", "mcp-server-everything"), "mcp-server-everything");
    const server = spawn(process.execPath, [program, "streamableHttp"], {
      env: { ...m.env, PORT: port },
      stdio: "pipe",
    });
    const ended = once(server, "close");
    try {
      let said = "";
      await new Promise<void>((resolve, reject) => {
        server.stdout.resume();
        server.stderr.setEncoding("utf8").on("data", (text: string) => {
          said += text;
          if (said.includes("listening")) resolve();
        });
        server.once("close", () => reject(new Error(said)));
      });
      const url = `http://127.0.0.1:${port}/mcp`;
      const cwd = repositoryFor(m, url);
      const call = ["--call", "echo", "--args", '{"message":"is anybody there?"}'];
      const run = await doctor(m, ["--json", "--url", url, ...call], { cwd });
      const answer = told(run);
      expect(run.code, run.stdout).toBe(0);
      expect(answer).toMatchObject({ ok: true, cause: "unproven-token", control: "accepted" });
      expect(answer.server?.name).toMatch(/everything/);
      expect(answer.server?.protocol).toBe("2025-11-25");
      expect(answer.tools.length).toBeGreaterThan(5);
      expect(answer.call).toEqual({ tool: "echo", ok: true, text: "Echo: is anybody there?" });
      const path = await doctor(m, ["--json", "--url", url.replace("/mcp", "/nowhere")], {
        cwd: repositoryFor(m, url.replace("/mcp", "/nowhere")),
      });
      expect(told(path)).toMatchObject({ ok: false, cause: "not-found", at: "http" });
    } finally {
      server.kill();
      await ended;
    }
  });
});
