import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { listen } from "../servers/fault-kit.ts";
import { installed, nodeBinary } from "../support/claude.ts";
import { doctor, leaks, repositoryFor, told } from "./doctor-support.ts";
import { on, start } from "./support.ts";

/** `doctor` of the packed program beside what others wrote: the public conformance suite, and the server that uses all of the protocol. */

const client = fileURLToPath(new URL("../servers/conformance-client.mjs", import.meta.url));

interface Check {
  readonly id: string;
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "INFO" | "SKIPPED";
}

/** Each scenario starts a server, runs our client against it, and judges what the client sent. */
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
  ])("%s %s", (version, scenario, id) =>
    on({}, async (m) => {
      const cwd = repositoryFor(m, "");
      const env = { ...m.env, PATH: `${dirname(nodeBinary(22))}${delimiter}${m.env.PATH}` };
      const command = [process.execPath, client, m.bin, cwd, scenario].join(" ");
      const suite = installed(`conformance-${version}`, "conformance");
      const args = [suite, "client", "--command", command, "--scenario", scenario, "-o", join(cwd, "out")];
      const run = await start(nodeBinary(22), args, { cwd, env });
      expect(leaks(run.stdout + run.stderr)).toEqual([]);
      expect(run.code, run.stdout + run.stderr).toBe(0);
      const [made = ""] = readdirSync(join(cwd, "out"));
      const checks = JSON.parse(readFileSync(join(cwd, "out", made, "checks.json"), "utf8")) as readonly Check[];
      // a client that never connects passes 0 of 0
      expect(checks.filter((check) => check.id === id && check.status === "SUCCESS").length).toBeGreaterThan(0);
      expect(checks.filter(({ status }) => status === "FAILURE" || status === "WARNING")).toEqual([]);
    }),
  );
});

test("@modelcontextprotocol/server-everything: connects, lists all its tools, calls one, and says that it takes anybody", () =>
  on({}, async (m) => {
    const free = await listen(createServer());
    await free.close();
    const program = installed("server-everything", "mcp-server-everything");
    const env = { ...m.env, PORT: new URL(free.url).port };
    const server = spawn(process.execPath, [program, "streamableHttp"], { env, stdio: "pipe" });
    const ended = once(server, "close");
    try {
      let said = "";
      server.stdout.resume();
      server.stderr.setEncoding("utf8").on("data", (text: string) => {
        said += text;
      });
      await vi.waitUntil(() => said.includes("listening"), { timeout: 30_000 });
      const url = `${new URL(free.url).origin}/mcp`;
      const call = ["--call", "echo", "--args", '{"message":"is anybody there?"}'];
      const run = await doctor(m, ["--json", "--url", url, ...call], { cwd: repositoryFor(m, url) });
      const answer = told(run);
      expect(run.code, run.stdout).toBe(0);
      expect(answer).toMatchObject({
        ok: true,
        cause: "unproven-token",
        control: "accepted",
        server: { name: expect.stringContaining("everything") as string, protocol: "2025-11-25" },
        call: { tool: "echo", ok: true, text: "Echo: is anybody there?" },
      });
      expect(answer.tools.length).toBeGreaterThan(5);
      const nowhere = url.replace("/mcp", "/nowhere");
      const path = await doctor(m, ["--json", "--url", nowhere], { cwd: repositoryFor(m, nowhere) });
      expect(told(path)).toMatchObject({ ok: false, cause: "not-found", at: "http" });
    } finally {
      server.kill();
      await ended;
    }
  }));
