import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { claudeVersions, runClaude } from "../support/claude.ts";
import { doctor, put as putAll, repositoryFor, told } from "./doctor-support.ts";
import { onClaude, put, reached } from "./real-claude-support.ts";
import { ACCOUNT, entryFor, flat, full, type Machine, PROFILE, TOKEN, VALUES, withToken } from "./support.ts";

/** What asking the real Claude Code does beside the answer, and in which set-ups its own `claude mcp list` tells the truth. */

const OLD = "another.made.up.Kd8Rb4Nv6Ty8Zq7-a1b2";
const ENABLED = { enabledMcpjsonServers: ["halo"] };
const trusted = (cwd: string) => ({ projects: { [cwd]: { hasTrustDialogAccepted: true } } });
const stage = (answer: ReturnType<typeof told>, name: string) => answer.stages.find((each) => each.stage === name);

/** Everything that Claude Code can be told to start, in every file: each leaves a mark. */
function plant(m: Machine, cwd: string, isTrusted: boolean): () => readonly string[] {
  const mark = (name: string) => `touch ${m.root}/MARK-${name}`;
  const server = (name: string) => ({ type: "stdio", command: "/bin/sh", args: ["-c", `${mark(name)}; cat`] });
  const events = [
    "SessionStart",
    "Setup",
    "SessionEnd",
    "InstructionsLoaded",
    "ConfigChange",
    "UserPromptSubmit",
    "Stop",
  ];
  const hooks = (from: string) =>
    Object.fromEntries(
      events.map((event) => [event, [{ hooks: [{ type: "command", command: mark(`hook-${from}-${event}`) }] }]]),
    );
  const settings = (from: string) => ({
    hooks: hooks(from),
    statusLine: { type: "command", command: mark(`statusLine-${from}`) },
    apiKeyHelper: `${mark(`apiKeyHelper-${from}`)}; echo x`,
    awsAuthRefresh: mark(`awsAuthRefresh-${from}`),
    otelHeadersHelper: mark(`otelHeadersHelper-${from}`),
  });
  const helper = { type: "http", url: m.url, headersHelper: mark("headersHelper") };
  const market = join(m.root, "market");
  putAll(m.home, {
    ".claude/settings.json": {
      ...settings("user"),
      enabledPlugins: { "planted@market": true },
      extraKnownMarketplaces: { market: { source: { source: "directory", path: market } } },
    },
    ".claude.json": {
      mcpServers: { own: server("user") },
      projects: { [cwd]: { mcpServers: { mine: server("local") }, hasTrustDialogAccepted: isTrusted } },
    },
  });
  putAll(cwd, {
    ".mcp.json": { mcpServers: { halo: entryFor(m.url), other: server("project"), helper } },
    ".claude/settings.json": { ...settings("project"), enableAllProjectMcpServers: true },
    ".claude/settings.local.json": { ...settings("local"), ...ENABLED, env: VALUES },
    "CLAUDE.md": "read me",
  });
  putAll(market, {
    ".claude-plugin/marketplace.json": {
      name: "market",
      owner: { name: "x" },
      plugins: [{ name: "planted", source: "./planted", description: "x" }],
    },
    "planted/.claude-plugin/plugin.json": { name: "planted", version: "1.0.0", description: "x" },
    "planted/.mcp.json": { mcpServers: { plugged: server("plugin") } },
    "planted/hooks/hooks.json": { hooks: hooks("plugin") },
  });
  return () => readdirSync(m.root).filter((name) => name.startsWith("MARK-"));
}

describe.concurrent.each(claudeVersions)("Claude Code %s", (version) => {
  test.each([true, false])(
    "asked, it starts our server and nothing else: no server, no hook, no helper; trusted: %s",
    (isTrusted) =>
      onClaude(version, async (m) => {
        const cwd = m.path;
        const marks = plant(m, cwd, isTrusted);
        const answer = told(await doctor(m, ["--json", "--url", m.url], { cwd }));
        expect(answer.clients[0]).toMatchObject({ version, status: "connected" });
        const again = await m.run(full(m, "--json"), { env: withToken });
        expect(JSON.parse(again.stdout).client).toMatchObject({ version, status: "connected" });
        expect(marks()).toEqual([]);
        expect(readdirSync(m.tmp)).toEqual([]);
        // the marks are left where it is started without our words; it would try for minutes to reach its model
        await runClaude(version, ["-p", "hello"], { env: m.env, cwd, timeoutMs: 20_000 });
        expect(marks()).toEqual(
          expect.arrayContaining(["MARK-hook-project-SessionStart", "MARK-hook-user-SessionStart"]),
        );
      }),
  );

  test("not asked where the repository would run a program through git, until the folder is trusted", () =>
    onClaude(version, async (m) => {
      const cwd = m.path;
      const mark = join(m.root, "MARK");
      const env = { GIT_CONFIG_COUNT: "1", GIT_CONFIG_KEY_0: "core.fsmonitor", GIT_CONFIG_VALUE_0: `touch ${mark}` };
      putAll(cwd, {
        ".mcp.json": { mcpServers: { halo: entryFor(m.url) } },
        ".claude/settings.json": { env },
        ".claude/settings.local.json": { ...ENABLED, env: VALUES },
      });
      const answer = told(await doctor(m, ["--json", "--url", m.url], { cwd }));
      expect(answer.clients[0]).toMatchObject({ status: null });
      expect(stage(answer, "client")?.detail).toContain(
        "not asked: .claude/settings.json sets a variable that changes",
      );
      expect(readdirSync(m.root)).not.toContain("MARK");
      const wizard = await m.run(full(m), { env: withToken });
      expect(flat(wizard)).toContain("Claude Code was not tested: ");
      expect(readdirSync(m.root)).not.toContain("MARK");
      putAll(m.home, { ".claude.json": trusted(cwd) });
      expect(told(await doctor(m, ["--json", "--url", m.url], { cwd })).clients[0]?.status).toBe("connected");
      // the older one does run it: that is what this is about
      expect(readdirSync(m.root).includes("MARK")).toBe(version === "2.1.197");
    }));

  test("a file that it skips as a whole is no set-up: it is asked about what stands", () =>
    onClaude(version, async (m) => {
      const local = { env: VALUES, ...ENABLED, permissions: { allow: "Bash(ls)" } };
      const cwd = repositoryFor(m, m.url, { ".claude/settings.local.json": local });
      const run = await doctor(m, ["--json", "--url", m.url], { cwd });
      expect(told(run).ok, run.stdout).toBe(false);
      expect(told(run).clients[0]?.status).not.toBe("connected");
    }));

  test("a stale export: a terminal is asked about, and claude -p, which sends the export, is told of", () =>
    onClaude(version, async (m) => {
      const cwd = repositoryFor(m, m.url);
      putAll(m.home, { ".claude.json": trusted(cwd) });
      const env = { HALO_MCP_TOKEN: OLD };
      const answer = told(await doctor(m, ["--json", "--url", m.url], { cwd, env }));
      expect(answer.clients[0]).toMatchObject({ status: "connected" });
      expect(stage(answer, "values")?.detail).toContain("claude -p sends the one in the environment");
      m.standIn.requests.length = 0;
      await runClaude(version, ["-p", "hello"], { env: { ...m.env, ...env }, cwd });
      // 2.1.197 may end before it has connected
      const sent = new Set(m.standIn.requests.map(({ headers }) => headers["x-cm-producttoken"]));
      expect([...sent].filter((token) => token !== OLD)).toEqual([]);
      expect(sent.size).toBeGreaterThanOrEqual(version === "2.1.332" ? 1 : 0);
    }));

  test("a stale user setting: the values of a terminal are lent, and that is said", () =>
    onClaude(version, async (m) => {
      const cwd = repositoryFor(m, m.url);
      const settings = { env: { HALO_MCP_TOKEN: OLD } };
      putAll(m.home, { ".claude.json": trusted(cwd), ".claude/settings.json": settings });
      const answer = told(await doctor(m, ["--json", "--url", m.url], { cwd }));
      expect(answer.clients[0]).toMatchObject({ status: "connected" });
      expect(stage(answer, "client")?.detail).toContain("claude -p would send the value in ~/.claude/settings.json");
      expect(stage(answer, "values")?.detail).toContain("claude -p sends the one in ~/.claude/settings.json");
    }));

  test("a refusal (403) is remembered for 15 minutes, and that is the reason that is given", () =>
    onClaude(version, async (m) => {
      const cwd = repositoryFor(m, m.url);
      const at = (minutes: number) => ({ halo: { timestamp: Date.now() - minutes * 60_000 } });
      putAll(m.home, { ".claude.json": trusted(cwd), ".claude/mcp-needs-auth-cache.json": at(1) });
      const answer = told(await doctor(m, ["--json", "--url", m.url], { cwd }));
      expect(answer).toMatchObject({ ok: false, cause: "client-disagrees", clients: [{ status: "needs-auth" }] });
      expect(stage(answer, "client")?.detail).toContain("15 minutes");
      putAll(m.home, { ".claude/mcp-needs-auth-cache.json": at(16) });
      expect(told(await doctor(m, ["--json", "--url", m.url], { cwd })).ok).toBe(true);
    }));
});

/** The set-ups of docs/clients/claude-code.md, and whether `claude mcp list` connects in a trusted folder. */
interface Listed {
  readonly scope: "project" | "local" | "user";
  readonly values: "settings.local.json" | "~/.claude/settings.json" | "exported" | "headersHelper";
  readonly connects: boolean;
}
const LISTED: readonly Listed[] = (["project", "local", "user"] as const).flatMap((scope) => [
  { scope, values: "settings.local.json", connects: false },
  { scope, values: "~/.claude/settings.json", connects: true },
  { scope, values: "exported", connects: true },
  { scope, values: "headersHelper", connects: true },
]);
const counts = { all: 0, told: 0 };

afterAll(() => {
  process.stdout.write(
    `\nclaude mcp list: as docs/clients/claude-code.md says in ${counts.told} of ${counts.all} set-ups\n`,
  );
});

describe.concurrent.each(claudeVersions)("claude mcp list of %s", (version) => {
  test.each(LISTED.map((each) => [`${each.scope} scope, ${each.values}`, each] as const))(
    "%s",
    (_, { scope, values, connects }) =>
      onClaude(version, async (m) => {
        const headers = { "X-CM-PRODUCTTOKEN": TOKEN, "CM-ACCOUNT-ID": ACCOUNT, "CM-PROFILE-ID": PROFILE };
        const helper = { type: "http", url: m.url, headersHelper: `printf '%s' '${JSON.stringify(headers)}'` };
        const servers = { halo: values === "headersHelper" ? helper : entryFor(m.url) };
        const local = values === "settings.local.json" ? { env: VALUES, ...ENABLED } : ENABLED;
        if (scope === "project") put(join(m.path, ".mcp.json"), { mcpServers: servers });
        put(join(m.path, ".claude/settings.local.json"), local);
        if (values === "~/.claude/settings.json") put(join(m.home, ".claude/settings.json"), { env: VALUES });
        put(join(m.home, ".claude.json"), {
          ...(scope === "user" && { mcpServers: servers }),
          projects: {
            [m.path]: { hasTrustDialogAccepted: true, ...(scope === "local" && { mcpServers: servers }) },
          },
        });
        const env = values === "exported" ? { ...m.env, ...VALUES } : m.env;
        const { stdout } = await runClaude(version, ["mcp", "list"], { env, cwd: m.path });
        counts.all += 1;
        if (connects === /✔ Connected/.test(stdout)) counts.told += 1;
        expect({ connects: /✔ Connected/.test(stdout), reached: reached(m) }, stdout).toEqual({
          connects,
          reached: connects,
        });
        expect(/✘ Failed to connect/.test(stdout)).toBe(!connects);
      }),
  );

  test("it fails after the default set-up, and connects in the user scope: README.md", () =>
    onClaude(version, async (m) => {
      const list = async () => (await runClaude(version, ["mcp", "list"], { env: m.env, cwd: m.path })).stdout;
      const first = await m.run(full(m), { env: withToken });
      expect(first.code, first.stderr).toBe(0);
      put(join(m.home, ".claude.json"), trusted(m.path));
      expect(await list()).toContain("✘ Failed to connect");
      const own = await m.run(full(m, "--scope", "user", "--name", "halo-mine"), { env: withToken });
      expect(own.code, own.stderr).toBe(0);
      expect(await list()).toMatch(/halo-mine: .*✔ Connected/);
    }));
});
