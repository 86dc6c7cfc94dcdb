import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { startStandIn } from "../servers/stand-in.mjs";
import { type ClaudeVersion, claudeOf, claudeVersions, runClaude } from "../support/claude.ts";
import { cleanPath } from "../support/home.ts";
import {
  filesWithToken,
  fromClaude,
  front,
  gateway,
  json,
  leftBehind,
  literal,
  type Mood,
  modeOf,
  onboard,
  onClaude,
  put,
  reached,
  sentRight,
  session,
} from "./real-claude-support.ts";
import {
  closing,
  entryFor,
  flat,
  ids,
  type Machine,
  type Run,
  type RunOptions,
  start,
  TOKEN,
  VALUES,
} from "./support.ts";

/**
 * The wizard from the packed tarball with the real Claude Code, both versions, no login, nothing exported: what Claude
 * Code sends comes from the files alone. A "session" is a real one in a terminal.
 */

interface Told {
  readonly code: number | null;
  readonly ok: boolean;
  readonly steps: readonly { readonly kind: string; readonly status: string; readonly argv?: readonly string[] }[];
  readonly client: { readonly version: string | null; readonly status: string } | null;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string | null };
}

const stdin = `${TOKEN}\n`;
const base = (m: Machine, url = m.url) => ["--yes", "--token-stdin", ...ids, "--url", url];

function told(run: Run): Told {
  expect(run.stdout, run.stderr).toMatch(/^\{/);
  return { ...JSON.parse(run.stdout), code: run.code };
}

const wizard = async (m: Machine, args: readonly string[], options: RunOptions = {}): Promise<Told> =>
  told(await m.run([...base(m), ...args, "--json"], { stdin, ...options }));
/** A second run, which finds everything where the first one left it. */
const again = async (m: Machine): Promise<Told> => told(await m.run(["--yes", "--url", m.url, "--json"]));

const list = (m: Machine, version: ClaudeVersion, env: Record<string, string> = {}) => {
  m.standIn.requests.length = 0;
  return runClaude(version, ["mcp", "list"], { env: { ...m.env, ...env }, cwd: m.path });
};

const store = (m: Machine) => join(m.home, ".claude.json");
const userSettings = (m: Machine) => join(m.home, ".claude/settings.json");
const servers = (m: Machine, scope: string, path = store(m)): Record<string, unknown> => {
  const all = json(path);
  return (scope === "user" ? all : all.projects?.[m.path])?.mcpServers ?? {};
};
/** An entry of before. */
const OLD = { type: "http", url: "http://127.0.0.1:1/old", headers: { "X-CM-PRODUCTTOKEN": "${OLD_TOKEN}" } };
const own = (version: ClaudeVersion, url: string) => (version === "2.1.197" ? entryFor(url) : literal(url));

/** States in which the wizard's word about the client was held beside what the server saw in a session. */
const states = { all: 0, agreed: 0 };

afterAll(() => {
  const { all, agreed } = states;
  process.stdout.write(
    `\nreal Claude Code: the wizard's word equals what the server received in ${agreed} of ${all} states\n`,
  );
});

async function compare(m: Machine, version: ClaudeVersion, state: string, result: Told): Promise<void> {
  const claim = result.code === 0 && result.client?.status === "connected";
  expect(result.ok, "the exit code is that of the document").toBe(result.code === 0);
  // what is said to connect gets its time; what is said not to has to stay away for a while
  await session(m, version, claim ? 10_000 : 2000);
  const truth = reached(m);
  states.all += 1;
  if (claim === truth) states.agreed += 1;
  expect({ state, connected: claim }).toEqual({ state, connected: truth });
}

describe.concurrent.each(claudeVersions)("Claude Code %s", (version) => {
  describe("project scope", () => {
    test("a session after the wizard sends the three right headers, through the bridge", () =>
      onClaude(version, async (m) => {
        const result = await wizard(m, []);
        expect(result).toMatchObject({ code: 0, ok: true, client: { version, status: "connected" } });
        const asked = await session(m, version, 8000);
        expect(fromClaude(m).map(({ rpc }) => rpc)).toEqual(expect.arrayContaining(["initialize", "tools/list"]));
        expect(reached(m)).toBe(true);
        // one dialog, as the wizard's last words say: trust, and none about the server
        expect(asked).toMatch(version === "2.1.332" ? /❯ No, exit/ : /❯ 1\. Yes, I trust this folder/);

        // the bridge is what it takes: without it the same session does not get through
        writeFileSync(join(m.path, ".claude/settings.local.json"), '{"enabledMcpjsonServers":["halo"]}');
        await session(m, version);
        expect(fromClaude(m)[0]?.headers["x-cm-producttoken"]).toBe("${HALO_MCP_TOKEN}");
        expect(reached(m)).toBe(false);
      }));

    test("claude -p sends them as well, without a login", () =>
      onClaude(version, async (m) => {
        expect(await wizard(m, [])).toMatchObject({ code: 0 });
        m.standIn.requests.length = 0;
        const { code, stdout } = await runClaude(version, ["-p", "hello"], { env: m.env, cwd: m.path });
        expect({ code, stdout }).toEqual({ code: 1, stdout: expect.stringContaining("Not logged in") as string });
        // 2.1.197 ends as soon as it finds no login, at times before it has connected: the session above is its proof
        expect(version === "2.1.332" ? reached(m) : sentRight(m)).toBe(true);
      }));

    test("asked with a private file that nobody else can read and that is gone afterwards; no word of claude is shown", () =>
      onClaude(version, async (m) => {
        const claude = front(
          m,
          version,
          'case "$words" in *--strict-mcp-config*) echo CANARY-OUT; echo CANARY-ERR >&2;; esac',
        );
        const run = await m.run([...base(m), "--timeout", "7"], { stdin, env: claude.env });
        expect(run.code, run.stderr).toBe(0);
        expect(run.stdout).toContain("Claude Code reaches it with the saved settings");
        const get = claude.calls().filter(({ argv }) => argv.includes("-p"));
        expect(get.map(({ argv }) => argv.join(" "))).toEqual([
          expect.stringMatching(/ --strict-mcp-config --mcp-config \S+mcp\.json --settings \S+settings\.json$/),
        ]);
        const listed = get[0]?.settings.map((line) => line.split(" ")[0]).sort();
        expect(listed).toEqual(["-rw-------", "drwx------"]);
        expect(get[0]?.timeout).toBe("7000");
        expect(leftBehind(m)).toEqual([]);
        expect(`${run.stdout}${run.stderr}`).not.toContain("CANARY");
        expect(`${run.stdout}${run.stderr}`).not.toContain(TOKEN);
        for (const { argv } of claude.calls())
          for (const value of Object.values(VALUES)) expect(argv.join("\n")).not.toContain(value);
        // 2.1.197 would have logged it below ~/.cache, for everybody to read
        expect(filesWithToken(m)).toEqual([]);
      }));
  });

  describe("its status is that of a session", () => {
    test("a wrong token, saved untested, then asked", () =>
      onClaude(version, async (m) => {
        const saved = await wizard(m, ["--skip-test"], { stdin: "wrong.wrong.wrong-0000\n" });
        expect(saved).toMatchObject({ code: 0, client: null });
        const result = await again(m);
        expect(result).toMatchObject({ code: 1, ok: false, client: { status: "not-asked" } });
        await compare(m, version, "wrong token", result);
        expect(fromClaude(m).length).toBeGreaterThan(0);
      }));

    test("a server that is down", () =>
      onClaude(version, async (m) => {
        expect(await wizard(m, [])).toMatchObject({ code: 0 });
        await m.standIn.close();
        const result = await again(m);
        await compare(m, version, "server down", result);
        expect(result.code).toBe(1);
      }));

    test.each<Mood>(["401", "500", "down", "hang"])("a server that is %s to Claude Code alone", (mood) =>
      onClaude(version, async (m) => {
        await closing(await gateway(m, mood), async ({ url }) => {
          const result = told(await m.run([...base(m, url), "--timeout", "3", "--json"], { stdin }));
          // where it hangs: Claude Code's own word, which only comes in time with MCP_TIMEOUT; ended by us it would be "unknown"
          expect(result).toMatchObject({ code: 1, client: { status: "failed" } });
          expect(leftBehind(m)).toEqual([]);
          await compare(m, version, `${mood} to Claude Code alone`, result);
        });
      }),
    );

    const rejects = '{"disabledMcpjsonServers":["halo"]}';
    const inStore = (m: Machine, more: object) =>
      onboard(m, { projects: { [m.path]: { hasTrustDialogAccepted: true, ...more } } });
    test.each<[string, (m: Machine) => void, readonly string[], RunOptions["env"], number, string]>([
      ["rejected in the store", (m) => inStore(m, { disabledMcpjsonServers: ["halo"] }), [], {}, 1, "rejected"],
      ["rejected, and taken back", (m) => m.write(".claude/settings.local.json", rejects), [], {}, 0, "connected"],
      [
        "rejected, and no bridge takes it back",
        (m) => m.write(".claude/settings.local.json", rejects),
        ["--bridge", "none"],
        VALUES,
        1,
        "rejected",
      ],
      ["switched off with /mcp", (m) => inStore(m, { disabledMcpServers: ["halo"] }), [], {}, 1, "disabled"],
      ["--bridge none, nothing exported", () => undefined, ["--bridge", "none"], {}, 0, "not-asked"],
      ["--bridge direnv, nothing exported", () => undefined, ["--bridge", "direnv"], {}, 0, "not-asked"],
    ])("%s", (state, prepare, args, env, code, status) =>
      onClaude(version, async (m) => {
        prepare(m);
        const result = await wizard(m, args, { env: env ?? {} });
        expect(result).toMatchObject({ code, client: { status } });
        await compare(m, version, state, result);
      }),
    );

    test("another entry of the same name stands in front", () =>
      onClaude(version, async (m) => {
        const anybody = { token: "x", accountId: "x", profileId: "x", auth: "none" } as const;
        await closing(await startStandIn(anybody), async (other) => {
          put(store(m), { projects: { [m.path]: { mcpServers: { halo: { type: "http", url: other.url } } } } });
          const run = await m.run(base(m), { stdin });
          expect(run.code).toBe(1);
          expect(run.stderr).toContain("uses its local entry");
          await compare(m, version, "foreign local entry in front", await again(m));
          expect(JSON.stringify(other.requests)).not.toContain(TOKEN);
        });
      }));
  });

  describe.each(["user", "local"] as const)("%s scope", (scope) => {
    test("added without a value in argv; the store is private; mcp list sends the three right headers; a second run changes nothing", () =>
      onClaude(version, async (m) => {
        put(store(m), { mcpServers: { other: { type: "stdio", command: "false" } } });
        const claude = front(m, version);
        const result = await wizard(m, ["--scope", scope], { env: claude.env });
        expect(result).toMatchObject({ code: 0, client: { status: "connected" } });
        expect(servers(m, scope).halo).toEqual(own(version, m.url));
        expect(servers(m, "user").other).toEqual({ type: "stdio", command: "false" });
        const holder = version === "2.1.197" ? userSettings(m) : store(m);
        expect(modeOf(holder)).toBe("600");
        expect(readFileSync(holder, "utf8")).toContain(TOKEN);
        expect(filesWithToken(m).filter((line) => !line.startsWith("600 "))).toEqual([]);
        for (const { argv } of claude.calls())
          for (const value of Object.values(VALUES)) expect(argv.join("\n")).not.toContain(value);
        expect(claude.calls().some(({ argv }) => argv.includes(version === "2.1.197" ? "add" : "add-json"))).toBe(true);
        expect(m.exists(".mcp.json") || m.exists(".env")).toBe(false);

        expect((await list(m, version)).stdout).toContain("✔ Connected");
        expect(reached(m)).toBe(true);
        await compare(m, version, `${scope} scope`, result);

        const entries = servers(m, scope);
        const calls = claude.calls().length;
        // the values of 2.1.197 are in its settings, which the wizard does not take for its own: given again
        const second = await wizard(m, ["--scope", scope], { env: claude.env });
        expect(second).toMatchObject({ code: 0, client: { status: "connected" } });
        expect(second.steps.filter(({ kind, status }) => kind === "run" || status === "written")).toEqual([]);
        const more = claude.calls().slice(calls);
        const changing = more.filter(({ argv }) => /\b(?:add|add-json|remove)\b/.test(argv.join(" ")));
        expect(changing.filter(({ argv }) => !argv.includes("--help"))).toEqual([]);
        expect(servers(m, scope)).toEqual(entries);
      }));

    test("an entry of that name is shown and replaced", () =>
      onClaude(version, async (m) => {
        const place = { mcpServers: { halo: OLD } };
        put(store(m), scope === "user" ? place : { projects: { [m.path]: place } });
        const run = await m.run([...base(m), "--scope", scope], { stdin });
        expect(run.code, run.stderr).toBe(0);
        expect(run.stderr).toContain("http://127.0.0.1:1/old");
        expect(servers(m, scope)).toEqual({ halo: own(version, m.url) });
      }));

    test("an add that fails: every file is as before; the entry that was taken out for it is named as gone", () =>
      onClaude(version, async (m) => {
        const place = { mcpServers: { first: { type: "stdio", command: "false" }, halo: OLD } };
        put(store(m), scope === "user" ? place : { projects: { [m.path]: place } });
        put(userSettings(m), '{ "env": { "A": "b" } }\n');
        const fails = 'case "$words" in *--help*) ;; *"mcp add"*) echo "no room" >&2; exit 1;; esac';
        const claude = front(m, version, fails);
        const run = await m.run([...base(m), "--scope", scope, "--json"], { stdin, env: claude.env });
        expect(run.code).toBe(1);
        expect(told(run)).toMatchObject({ ok: false, error: { code: "client-failed" } });
        expect(told(run).error?.message).toMatch(/failed: no room\. Could not be restored: remove the existing "halo"/);
        const { first } = place.mcpServers;
        expect(servers(m, scope)).toEqual({ first });
        expect(readFileSync(userSettings(m), "utf8")).toBe('{ "env": { "A": "b" } }\n');
        expect(filesWithToken(m)).toEqual([]);
      }));
  });

  test("user scope where a trusted project has an entry of the same name", () =>
    onClaude(version, async (m) => {
      expect(await wizard(m, [])).toMatchObject({ code: 0 });
      onboard(m, { projects: { [m.path]: { hasTrustDialogAccepted: true } } });
      const result = await wizard(m, ["--scope", "user"]);
      expect(result).toMatchObject({ code: 0, client: { status: "connected" } });
      await compare(m, version, "user scope beside a trusted project", result);
    }));

  test.each(["local,user", "project,user", "project,local"])("%s at once", (scopes) =>
    onClaude(version, async (m) => {
      const result = await wizard(m, ["--scope", scopes]);
      expect(result).toMatchObject({ code: 0, client: { status: "connected" } });
      for (const scope of scopes.split(","))
        if (scope !== "project") expect(servers(m, scope).halo).toEqual(own(version, m.url));
      await compare(m, version, scopes, result);
    }),
  );

  test("CLAUDE_CONFIG_DIR: everything of Claude Code's own goes there", () =>
    onClaude(version, async (m) => {
      const CLAUDE_CONFIG_DIR = join(m.root, "config");
      const env = { CLAUDE_CONFIG_DIR };
      expect(await wizard(m, ["--scope", "user"], { env })).toMatchObject({ code: 0, client: { status: "connected" } });
      const path = join(CLAUDE_CONFIG_DIR, ".claude.json");
      expect(servers(m, "user", path)).toEqual({ halo: own(version, m.url) });
      expect(modeOf(path)).toBe("600");
      expect(existsSync(store(m)) || existsSync(userSettings(m))).toBe(false);
      expect((await list(m, version, env)).stdout).toContain("✔ Connected");
      expect(reached(m)).toBe(true);
    }));

  test("not installed: the command for later, pasted into sh, connects; its references are in single quotes", () =>
    onClaude(undefined, async (m) => {
      const run = await m.run([...base(m), "--scope", "user"], { stdin });
      expect(run.code, run.stderr).toBe(0);
      expect(run.stdout).toContain("Claude Code is not installed here. To do it by hand:");
      const sh = run.stdout.split("\n").find((line) => line.trim().startsWith("claude mcp add")) ?? "";
      expect(sh.replace(/'[^']*'/g, "")).not.toMatch(/[$"`]/);
      for (const value of Object.values(VALUES)) expect(sh).not.toContain(value);
      const PATH = cleanPath([join(claudeOf(version), "..")]);
      const pasted = await start("sh", ["-c", sh.trim()], { cwd: m.path, env: { ...m.env, PATH } });
      expect(pasted, sh).toMatchObject({ code: 0 });
      expect((await list(m, version)).stdout).toContain("✔ Connected");
      expect(reached(m)).toBe(true);
    }));

  test("removal: the entry is gone, and nothing else", () =>
    onClaude(version, async (m) => {
      put(store(m), { mcpServers: { other: { type: "stdio", command: "false" } } });
      expect(await wizard(m, ["--scope", "user"])).toMatchObject({ code: 0 });
      expect(servers(m, "user")).toHaveProperty("halo");
      const env = { HALO_MCP_TOKEN: TOKEN };
      const screen = m.open(["--scope", "user", "--url", m.url, ...ids], { env });
      await screen.follow("What now?: up enter", "Remove this?: enter");
      await screen.ends(0);
      expect(servers(m, "user")).toEqual({ other: { type: "stdio", command: "false" } });
      expect((await list(m, version)).stdout).not.toContain("halo");
    }));
});

describe.concurrent("stopped while Claude Code is asked", () => {
  const hangs = "case \"$words\" in *--strict-mcp-config*) trap '' TERM; sleep 30; sleep 30;; esac";
  const files = [".env", ".mcp.json", ".claude/settings.local.json"];

  test("Ctrl-C: exit 130, the private file is gone, nothing runs on", () =>
    onClaude("2.1.332", async (m) => {
      const claude = front(m, "2.1.332", hangs);
      const run = m.open(["--yes", ...ids, "--url", m.url], { env: { ...claude.env, HALO_MCP_TOKEN: TOKEN } });
      await claude.called("--strict-mcp-config");
      expect(leftBehind(m)).toHaveLength(1);
      run.press("ctrl-c");
      await run.ends(130);
      expect(run.prose()).toContain("The files above are written");
      expect(files.every((name) => m.exists(name))).toBe(true);
      expect(leftBehind(m)).toEqual([]);
      expect(m.processes()).toEqual([]);
    }));

  test("kill -TERM: the same", () =>
    onClaude("2.1.332", async (m) => {
      const claude = front(m, "2.1.332", hangs);
      let ours = 0;
      const started = (pid: number): void => {
        ours = pid;
      };
      const run = m.run(base(m), { env: claude.env, stdin, started });
      await claude.called("--strict-mcp-config");
      expect(leftBehind(m)).toHaveLength(1);
      process.kill(ours, "SIGTERM");
      expect(await run).toMatchObject({ code: 130 });
      expect(leftBehind(m)).toEqual([]);
      expect(m.processes()).toEqual([]);
    }));

  test("a claude that hangs and cannot be ended softly: its limit holds, and no clear answer is what it says", () =>
    onClaude("2.1.332", async (m) => {
      const claude = front(m, "2.1.332", hangs);
      const run = await m.run([...base(m), "--timeout", "2"], { stdin, env: claude.env });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toContain("gave no clear answer");
      expect(run.stdout).not.toContain("Claude Code reaches it");
      expect(leftBehind(m)).toEqual([]);
      expect(m.processes()).toEqual([]);
    }));

  test("Ctrl-C while an entry is replaced: the old one is put back", () =>
    onClaude("2.1.332", async (m) => {
      put(store(m), { mcpServers: { halo: OLD } });
      const once = `case "$words" in *--help*) ;; *'mcp add-json'*) [ -e '${m.root}/once' ] || { touch '${m.root}/once'; sleep 30; };; esac`;
      const claude = front(m, "2.1.332", once);
      const env = { ...claude.env, HALO_MCP_TOKEN: TOKEN };
      const run = m.open(["--yes", "--scope", "user", ...ids, "--url", m.url], { env });
      await claude.called("mcp add-json --scope");
      run.press("ctrl-c");
      await run.ends(130);
      expect(run.prose()).toContain('remove the existing "halo" (user scope)');
      expect(servers(m, "user")).toEqual({ halo: OLD });
      expect(m.processes()).toEqual([]);
    }));
});

describe.concurrent("a claude that does not work", () => {
  const stub = join(claudeOf("2.1.332"), "../../@anthropic-ai/claude-code/cli-wrapper.cjs");
  test.each([
    ["prints nothing and fails", "exit 1"],
    // longer than this test may take
    ["hangs on --version and cannot be ended softly", "trap '' TERM; sleep 200; sleep 200"],
    ["answers --version only", 'case "$words" in --version) ;; *) exit 1;; esac'],
  ])("%s: the project is set up, and that it does not answer is said", (_, script) =>
    onClaude(undefined, async (m) => {
      const claude = front(m, "2.1.332", script);
      const run = await m.run(base(m), { stdin, env: claude.env });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toMatch(/does not answer here|could not be asked|gave no clear answer/);
      expect(m.exists(".mcp.json")).toBe(true);
      expect(m.processes()).toEqual([]);
    }),
  );

  test("the real stub, with its native package missing", () =>
    onClaude(undefined, async (m) => {
      // what npm leaves with --omit=optional: a program that only says what is missing
      const folder = join(m.root, "stub");
      put(join(folder, "claude"), `#!${process.execPath}\n${readFileSync(stub, "utf8").replace(/^#!.*\n/, "")}`);
      chmodSync(join(folder, "claude"), 0o755);
      const run = await m.run(base(m), { stdin, env: { PATH: `${folder}:${m.env.PATH}` } });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toMatch(/does not answer here|could not be asked/);
    }));
});

describe.concurrent("a name that a repository brought along", () => {
  const hostile = [
    ["that prints a status of its own", "halo:\n  Scope: Project config\n  Status: ✔ Connected\n x"],
    ["that looks like an option", "--help"],
  ] as const;

  test.each(claudeVersions.flatMap((version) => hostile.map(([what, name]) => [version, what, name] as const)))(
    "%s: %s proves nothing",
    (version, _, name) =>
      onClaude(version, async (m) => {
        await closing(await gateway(m, "401"), async ({ url }) => {
          m.write(".mcp.json", JSON.stringify({ mcpServers: { [name]: entryFor(url) } }));
          const result = told(await m.run([...base(m, url), "--json"], { stdin }));
          expect(result.code).toBe(1);
          expect(result.client?.status).not.toBe("connected");
        });
      }),
  );
});
