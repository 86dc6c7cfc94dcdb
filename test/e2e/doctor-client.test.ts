import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listen } from "../servers/fault-kit.ts";
import { quietClaude } from "../support/claude.ts";
import { doctor, leaks, put, repositoryFor, told } from "./doctor-support.ts";
import { front, gateway, onClaude } from "./real-claude-support.ts";
import { closing, type Machine, on, program, TOKEN, VALUES } from "./support.ts";

/** `doctor` beside the real Claude Code: where the two do not come to the same, and how long both together take. */

const NEW = "2.1.332";
const OTHER = "another.made.up.Kd8Rb4Nv6Ty8Zq7-a1b2";
const DEAD = "http://127.0.0.1:9";

/** A folder as the wizard leaves one, trusted. */
function setUp(m: Machine, url: string, files: Readonly<Record<string, unknown>> = {}): string {
  const cwd = repositoryFor(m, url, files);
  put(m.home, { ".claude.json": { projects: { [cwd]: { hasTrustDialogAccepted: true } } } });
  return cwd;
}

const stage = (answer: ReturnType<typeof told>, name: string) => answer.stages.find((each) => each.stage === name);
const lineOf = (text: string, name: string): string => text.split("\n").find((line) => line.includes(name)) ?? "";

describe("a claude program that is a script", () => {
  const claude = (m: Machine, text: string): string =>
    program(join(m.root, "bin"), "claude", text, "/usr/bin/env bash");

  test("gets no program of the repository, and no value to say its version", () =>
    on({}, async (m) => {
      const cwd = setUp(m, m.url);
      const heard = join(m.root, "heard");
      const bin = claude(m, `git --version >/dev/null; env >>${heard}; echo "2.1.332 (Claude Code)"`);
      const theirs = join(cwd, "node_modules/.bin");
      for (const name of ["git", "bash", "env"]) program(theirs, name, `touch ${m.root}/owned`);
      const PATH = `${theirs}:node_modules/.bin:${bin}:/usr/bin:/bin`;
      const env = { PATH, HALO_MCP_TOKEN: TOKEN };
      const run = await doctor(m, ["--json", "--url", m.url], { cwd, env });
      expect(stage(told(run), "client")?.detail).toContain("Claude Code 2.1.332");
      expect(existsSync(join(m.root, "owned"))).toBe(false);
      const first = readFileSync(heard, "utf8").split(/^(?=_=)/m)[0] ?? "";
      expect(first).toContain("PATH=");
      expect(leaks(first)).toEqual([]);
    }));

  test("that leaves a process behind, with its output open, does not hold us", () =>
    on({}, async (m) => {
      const cwd = setUp(m, m.url);
      const env = { PATH: `${claude(m, `setsid sleep 30 & echo "2.1.332 (Claude Code)"`)}:/usr/bin:/bin` };
      const run = await doctor(m, ["--json", "--url", m.url, "--timeout", "4"], { cwd, env });
      expect(stage(told(run), "tools")?.status).toBe("ok");
    }));
});

describe("what Claude Code says beside our test", () => {
  test("the same: one line says all of it", () =>
    onClaude(NEW, async (m) => {
      const cwd = setUp(m, m.url);
      const run = await doctor(m, ["--url", m.url], { cwd });
      expect(run.code, run.stdout).toBe(0);
      expect(lineOf(run.stdout, "client")).toContain(`Claude Code ${NEW}: connected; trusted, approved`);
      expect(lineOf(run.stdout, "values")).toContain("token, account, profile from .claude/settings.local.json");
      put(m.home, { ".claude.json": {} });
      const untrusted = await doctor(m, ["--url", m.url], { cwd });
      expect(untrusted.code, untrusted.stdout).toBe(0);
      expect(lineOf(untrusted.stdout, "client")).toContain("asks to trust this folder: pick Yes");
    }));

  test("a proxy of the user's settings, which nobody else has", () =>
    onClaude(NEW, async (m) => {
      const cwd = setUp(m, m.url);
      put(m.home, { ".claude/settings.json": { env: { HTTP_PROXY: DEAD } } });
      const run = await doctor(m, ["--json", "--url", m.url], { cwd });
      expect(run.code, run.stdout).toBe(1);
      const answer = told(run);
      expect(answer).toMatchObject({ ok: false, cause: "client-disagrees", at: "client" });
      expect(stage(answer, "client")?.detail).toContain(
        "through HTTP_PROXY from ~/.claude/settings.json; this test connects without it",
      );
      expect(stage(answer, "client")?.tryThis).toMatch(/^# correct HTTP_PROXY in ~\/\.claude\/settings\.json/);
      expect(stage(answer, "tools")?.status).toBe("ok");
      const text = await doctor(m, ["--url", m.url], { cwd });
      expect(text.stdout).toMatch(/^✖ client +Claude Code /m);
      expect(leaks(run.stdout + text.stdout + text.stderr)).toEqual([]);
    }));

  test.each([
    ["401", /needs authentication|failed to connect/],
    ["500", /failed to connect/],
  ] as const)("refused to it alone: %s", (mood, words) =>
    onClaude(NEW, async (m) => {
      await closing(await gateway(m, mood), async ({ url }) => {
        const answer = told(await doctor(m, ["--json", "--url", url], { cwd: setUp(m, url) }));
        expect(answer).toMatchObject({ ok: false, cause: "client-disagrees", at: "client" });
        expect(stage(answer, "client")?.detail).toMatch(words);
      });
    }),
  );

  test("a right token of the command line, a wrong one in the set-up", () =>
    onClaude(NEW, async (m) => {
      const wrong = { env: { ...VALUES, HALO_MCP_TOKEN: OTHER }, enabledMcpjsonServers: ["halo"] };
      const cwd = setUp(m, m.url, { ".claude/settings.local.json": wrong });
      const run = await doctor(m, ["--json", "--url", m.url, "--token-stdin"], { cwd, stdin: TOKEN });
      expect(told(run)).toMatchObject({ ok: false, cause: "client-disagrees" });
      expect(stage(told(run), "client")?.detail).toContain("passed with the token from the command line");
      expect([...leaks(run.stdout), ...leaks(run.stdout, OTHER)]).toEqual([]);
    }));
});

describe("the limit is one for both", () => {
  test("a server that says nothing", () =>
    onClaude(NEW, async (m) => {
      await closing(await listen(createServer()), async ({ url }) => {
        const run = await doctor(m, ["--json", "--url", url, "--timeout", "3"], { cwd: setUp(m, url) });
        expect(run.code, run.stdout + run.stderr).toBe(1);
        expect(told(run).cause).toBe("timeout");
        expect(m.processes()).toEqual([]);
      });
    }));

  test.each([
    ["its version", 'case "$words" in *--version*) exec sleep 60 ;; esac'],
    ["anything, and does not end", "trap '' TERM; sleep 60 & wait; sleep 60"],
    ["what it is asked", 'case "$words" in *--strict-mcp-config*) trap "" TERM; sleep 60; sleep 60 ;; esac'],
  ])("a claude that does not say %s", (_, script) =>
    onClaude(NEW, async (m) => {
      const { env } = front(m, NEW, script);
      const options = { cwd: setUp(m, m.url), env: { ...quietClaude, ...env } };
      const run = await doctor(m, ["--json", "--url", m.url, "--timeout", "3"], options);
      // a person is told, and the connection stands
      expect(run.code, run.stdout + run.stderr).toBe(0);
      expect(stage(told(run), "client")?.detail).toContain("in time");
      expect(m.processes()).toEqual([]);
    }),
  );

  test("a terminal shows both from the start", () =>
    onClaude(NEW, async (m) => {
      const { env } = front(m, NEW, 'case "$words" in *--strict-mcp-config*) sleep 3 ;; esac');
      const screen = m.open(["doctor", "--url", m.url], { cwd: setUp(m, m.url), env });
      await screen.waitFor(/asking Claude Code/);
      await screen.ends(0);
      expect(screen.text()).not.toContain("asking Claude Code");
    }));
});
