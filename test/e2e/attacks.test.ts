import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { statusLine } from "../support/claude.ts";
import type { Environment } from "../support/home.ts";
import {
  callsOf,
  contents,
  entryFor,
  expectNoToken,
  fakeClaude,
  flat,
  full,
  ids,
  type Machine,
  on,
  program,
  READS_STDIN,
  type Run,
  says,
  start,
  TOKEN,
  withRecorder,
  withToken,
} from "./support.ts";

/** Files that are made to take for ever, a Claude Code that fails while it is asked, and what is put back. */

const HALO = "https://api.cm.com/halo/core/mcp";
const SETTINGS = "../home/.claude/settings.json";

/** The program, and the seconds of processor time that it took: a machine with much else to do does not count. */
async function timed(m: Machine, args: readonly string[], env: Environment): Promise<Run & { seconds: number }> {
  const file = join(m.root, "times");
  const script = `"$@"; code=$?; times > "${file}"; exit $code`;
  const options = { cwd: m.path, env: { ...m.env, ...env }, timeoutMs: 80_000 };
  const run = await start("bash", ["-c", script, "bash", process.execPath, m.bin, ...args], options);
  // the second line is that of the children: user and system, as 0m1.234s
  const spent = existsSync(file) ? (readFileSync(file, "utf8").split("\n")[1] ?? "") : "999m0s";
  const seconds = [...spent.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m = 0, s = 0]) => sum + 60 * +m + +s, 0);
  return { ...run, seconds };
}

describe("M1: files that are made to take for ever", () => {
  const blanks = " ".repeat(100_000);
  const lines = (count: number, line: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => line(index)).join("\n");
  const servers = (server: unknown): string => JSON.stringify({ mcpServers: { halo: server } });
  /** Seconds of processor time: what grows with the square of a file takes minutes here, and a busy machine counts double. */
  const LIMIT_S = 12;

  test.each<[string, Record<string, string>]>([
    [".env.example with blanks in a line", { ".env.example": `A=x${blanks}y\n` }],
    [".env.example with blanks in a name", { ".env.example": `A${blanks}y=x\n` }],
    [".env.example with blanks at both ends", { ".env.example": `${blanks}A${blanks}=${blanks}x${blanks}\n` }],
    [".env with blanks in a line", { ".env": `A=x${blanks}y\n` }],
    [".env with blanks behind a quote", { ".env": `A="x"${blanks}y\nHALO_MCP_TOKEN="a"${blanks}b\n` }],
    [".gitignore with blanks in a line", { ".gitignore": `x${blanks}y\n` }],
    ["a url of open references", { ".mcp.json": servers(entryFor("${A:-".repeat(40_000))) }],
    [
      "a header of open references",
      { ".mcp.json": servers({ ...entryFor(HALO), headers: { "X-CM-PRODUCTTOKEN": "${A:-".repeat(40_000) } }) },
    ],
    [
      "an item two thousand times",
      { ".claude/settings.local.json": JSON.stringify({ disabledMcpjsonServers: Array(2000).fill("halo") }) },
    ],
    ["twenty thousand keys", { ".env": lines(20_000, (index) => `N${index}_KEY=value-of-${index}-0123456789`) }],
    [
      "twenty thousand keys in the bridge",
      {
        ".claude/settings.local.json": JSON.stringify({
          env: Object.fromEntries(
            Array.from({ length: 20_000 }, (_, index) => [`N${index}_TOKEN`, `value-of-${index}-0123456789`]),
          ),
        }),
      },
    ],
    ["three hundred thousand open quotes", { ".env": lines(300_000, () => "B='x") }],
    ["open quotes of three kinds", { ".env": `A="x\nB='x\nC=\`x\n${lines(200_000, (index) => `D${index}=1`)}` }],
    [
      "words and comments in the user's settings",
      { ".claude/settings.local.json": `{"a": [${'"x"/**/,'.repeat(60_000)}1]}` },
    ],
    ["comments without an end", { ".claude/settings.local.json": `${'"x"/**/'.repeat(100_000)}` }],
    ["one long comment", { ".claude/settings.local.json": `{/*${" *".repeat(400_000)}*/}` }],
  ])("%s", (_, files) =>
    on({}, async (m) => {
      for (const [path, text] of Object.entries(files)) m.write(path, text, 0o600);
      for (const flags of [["--yes"], ["--dry-run"]]) {
        const run = await timed(m, [...flags, ...ids, "--url", m.url, "--skip-test"], withToken);
        expect(run.seconds, run.stderr.slice(0, 500)).toBeLessThan(LIMIT_S);
        expect([0, 1]).toContain(run.code);
        expectNoToken(run.stdout + run.stderr);
      }
    }),
  );

  test("a token in a file of thousands of secrets is masked all the same", () =>
    on({ server: { auth: "none" } }, async (m) => {
      m.write(
        ".env",
        `${lines(5000, (index) => `N${index}_KEY=value-of-${index}-0123456789`)}\nHALO_MCP_TOKEN=${TOKEN}\n`,
      );
      await withRecorder(
        (_, response) => void response.writeHead(401).end(`your token ${TOKEN} is bad`),
        async (evil) => {
          for (const flags of [["--yes"], ["--yes", "--json"]]) {
            const run = await m.run([...flags, ...ids, "--url", evil.url]);
            expect(run.code, run.stderr).toBe(1);
            expect(evil.received.join()).toContain(TOKEN);
            expectNoToken(run.stdout + run.stderr);
          }
        },
      );
    }));
});

describe.concurrent("git that hangs", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s ends the run, and git with what it started", (name) =>
    on({}, async (m) => {
      const mark = join(m.root, "started");
      const script = `trap '' INT TERM; touch ${mark}; sleep 70 & wait; sleep 70; sleep 70`;
      const env = { ...m.env, ...withToken, PATH: `${program(join(m.root, "bin"), "git", script)}:${m.env.PATH}` };
      for (const args of [full(m), ["check"]]) {
        rmSync(mark, { force: true });
        const child = spawn(process.execPath, [m.bin, ...args], { cwd: m.path, env, stdio: "ignore" });
        await vi.waitUntil(() => existsSync(mark), { timeout: 30_000 });
        child.kill(name);
        const [code] = await once(child, "close");
        expect(code).toBe(130);
        // a killed process takes a moment to go
        await vi.waitUntil(() => m.processes().length === 0, { timeout: 5000 });
      }
    }),
  );
});

describe.concurrent("Claude Code while it is asked", () => {
  /** Writes down what it was given, then does this. */
  const asked = (m: Machine, then: string): string =>
    `*--strict-mcp-config*) cp "$XDG_CACHE_HOME/settings.json" "${m.root}/settings"; env > "${m.root}/environment"; echo $$ > "${m.root}/pid"; ${then} ;;`;

  test("killed meanwhile, it leaves no token behind, and nothing that git would take", () =>
    on({}, async (m) => {
      const env = { ...m.env, ...withToken, ...fakeClaude(m, [asked(m, "sleep 60")]) };
      const child = spawn(process.execPath, [m.bin, ...full(m)], { cwd: m.path, env, stdio: "ignore" });
      const pid = (): string => (existsSync(join(m.root, "pid")) ? readFileSync(join(m.root, "pid"), "utf8") : "");
      await vi.waitUntil(() => pid().endsWith("\n"), { timeout: 30_000 });
      child.kill("SIGKILL");
      await once(child, "close");
      process.kill(-Number(pid()), "SIGKILL");
      const left = readdirSync(m.tmp).filter((name) => name.startsWith("create-halo-mcp-"));
      expect(left).toHaveLength(1);
      expect(JSON.stringify([...m.tree(m.tmp)])).not.toContain(TOKEN);
      expect(readFileSync(join(m.tmp, left[0] ?? "", ".gitignore"), "utf8")).toBe("*\n");
      expect(statSync(join(m.tmp, left[0] ?? "")).mode & 0o777).toBe(0o700);
      // the client's log would be in it
      writeFileSync(join(m.tmp, left[0] ?? "", "log"), TOKEN);
      const next = await m.run(["doctor", "--url", m.url], { env: { ...fakeClaude(m, [says("connected")]) } });
      expect(next.code, next.stdout).toBe(0);
      expect(readdirSync(m.tmp)).toEqual([]);
    }));

  test.each([
    ["nothing", undefined, false],
    ["the same value", TOKEN, false],
    ["another value", "made.up.other.token-0123", true],
  ])("the token is in its private file only where the user's own settings would win: they set %s", (_, own, inFile) =>
    on({}, async (m) => {
      if (own !== undefined) m.write(SETTINGS, JSON.stringify({ env: { HALO_MCP_TOKEN: own } }));
      const cases = [asked(m, `read -r _; read -r _; echo '${statusLine(1, "halo", "connected")}'`)];
      const run = await m.run(full(m), { env: { ...withToken, ...fakeClaude(m, cases) } });
      expect(run.code, run.stderr).toBe(0);
      const settings = JSON.parse(readFileSync(join(m.root, "settings"), "utf8"));
      expect(settings).toEqual({ disableAllHooks: true, env: inFile ? { HALO_MCP_TOKEN: TOKEN } : {} });
      // it has the value from its own settings, as a session
      expect(readFileSync(join(m.root, "environment"), "utf8")).not.toContain("HALO_MCP_TOKEN=");
      expect(flat(run).includes("claude -p would send")).toBe(inFile);
      expect(callsOf(m)).not.toContain(TOKEN);
      expect(readdirSync(m.tmp)).toEqual([]);
    }),
  );

  test("one that takes only references (2.1.197): a second run needs nothing, and a removal takes its values too", () =>
    on({}, async (m) => {
      writeFileSync(join(m.root, "entry"), JSON.stringify({ mcpServers: { halo: entryFor(m.url) } }), { mode: 0o600 });
      const cases = [
        `*"add-json --help"*) echo "json: the entry" ;;`,
        `*"mcp add "*) cp "${m.root}/entry" "$HOME/.claude.json" ;;`,
        `*"mcp remove"*) echo '{}' > "$HOME/.claude.json" ;;`,
        says("connected"),
      ];
      const env = fakeClaude(m, cases, "2.1.197");
      const args = ["--url", m.url, "--scope", "user"];
      const first = await m.run(["--yes", ...ids, ...args], { env: { ...withToken, ...env } });
      expect(first.code, first.stderr).toBe(0);
      const second = await m.run(["--yes", ...args], { env });
      expect(flat(second)).toContain("Already set up and working");
      expectNoToken(second.stdout + second.stderr);
      const wizard = m.open(args, { env });
      await wizard.follow("What now?: up enter", "Remove this?: enter");
      await wizard.ends(0);
      expect(wizard.prose()).toContain("HALO was removed.");
      expect(m.exists(SETTINGS)).toBe(false);
    }));

  test.each([
    ["its remove fails too: what to type", "exit 1", false],
    ["its remove works: it is gone", `printf '%s' '{"numStartups": 3}' > "$HOME/.claude.json"`, true],
  ])("it stores the entry and then fails, %s", (_, remove, isGone) =>
    on({}, async (m) => {
      const store = "../home/.claude.json";
      m.write(store, '{"numStartups": 3}\n');
      const add = `*add-json*) printf '{"numStartups": 3, "mcpServers":{"halo":%s}}' "$(cat)" > "$HOME/.claude.json"; exit 1 ;;`;
      const env = { ...withToken, ...fakeClaude(m, [READS_STDIN, add, `*"mcp remove"*) ${remove} ;;`]) };
      const run = await m.run(full(m, "--scope", "user"), { env });
      expect(run.code, run.stdout).toBe(1);
      expect(flat(run)).toContain(
        isGone
          ? "Everything was restored."
          : 'Could not be restored: add "halo" (user scope), values through standard input: claude mcp remove --scope user halo',
      );
      const { mcpServers = {}, numStartups } = JSON.parse(m.read(store));
      expect([Object.keys(mcpServers), numStartups]).toEqual([isGone ? [] : ["halo"], 3]);
      if (isGone) expect(JSON.stringify([...m.tree(m.root)])).not.toContain(TOKEN);
    }),
  );
});

test("locks that a repository brings along are not touched before the yes", () =>
  on({}, async (m) => {
    m.write(".env.lock/owner-01234567-89ab-4cde-8f01-23456789abcd", '{"pid": 1, "host": "elsewhere"}\n');
    m.write(".mcp.json.lock/owner-01234567-89ab-4cde-8f01-23456789abcd", "");
    m.commit();
    const before = contents(m.tree());
    const run = await m.run(["--dry-run", ...ids, "--url", m.url], { env: withToken });
    expect(run.code, run.stderr).toBe(0);
    expect(contents(m.tree())).toEqual(before);
    const wizard = m.open([...ids, "--url", m.url], { env: withToken });
    await wizard.follow("What do you want to: enter", "Write th: down down enter");
    await wizard.ends(130);
    expect(contents(m.tree())).toEqual(before);
  }));
