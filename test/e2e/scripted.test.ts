import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Environment } from "../support/home.ts";
import {
  ACCOUNT,
  committed,
  contents,
  DOTENV,
  entryFor,
  expectNoToken,
  fakeClaude,
  flat,
  full,
  handOver,
  ids,
  isRoot,
  type Machine,
  names,
  on,
  PROFILE,
  type Run,
  STUDIO,
  says,
  start,
  TOKEN,
  unprivileged,
  untouched,
  VALUES,
  withRecorder,
  withToken,
} from "./support.ts";

/** The packed program without a terminal: where values come from, what it refuses, and what becomes of the files. Its words: test/golden/init/. */

const BRIDGE = ".claude/settings.local.json";
const SETTINGS = "../home/.claude/settings.json";
const FILES = [BRIDGE, ".env", ".env.example", ".gitignore", ".mcp.json"];

describe.concurrent("--yes takes the values from", () => {
  const odd = `export HALO_MCP_TOKEN="${TOKEN}"\r\nHALO_ACCOUNT_ID = '${ACCOUNT}'\r\nOTHER=1\r\nHALO_PROFILE_ID=${PROFILE} # ours\r\n`;
  const old = "HALO_MCP_TOKEN=made.up.old.token-9999\nHALO_ACCOUNT_ID=old\nHALO_PROFILE_ID=old\n";
  test.each<[string, readonly string[], Environment, Readonly<Record<string, string>>, string?]>([
    ["the environment alone", [], VALUES, {}],
    ["HALO_STUDIO_URL", [], { ...withToken, HALO_STUDIO_URL: STUDIO }, {}],
    ["--token-file", [...ids, "--token-file", "../tmp/token.txt"], {}, { "../tmp/token.txt": `\ufeff${TOKEN}\r\n` }],
    [".env in another style", [], {}, { ".env": odd }, odd],
    [
      "a flag before the environment, that before .env",
      ["--profile-id", PROFILE],
      { ...VALUES, HALO_PROFILE_ID: "another" },
      { ".env": old },
    ],
  ])("%s", (_, args, env, files, dotenv = DOTENV) =>
    on({}, async (m) => {
      for (const [name, text] of Object.entries(files)) m.write(name, text, 0o600);
      const run = await m.run(["--yes", "--url", m.url, ...args], { env });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read(".env")).toBe(dotenv);
      expect(JSON.parse(m.read(BRIDGE)).env).toEqual(VALUES);
      expect(names(m.tree())).toEqual(FILES);
      expectNoToken(run.stdout + run.stderr);
      expect(run.stdout + run.stderr).not.toContain("-9999");
      expect(run.stdout + run.stderr).not.toContain("\u001b");
    }),
  );

  test("HALO_YES, HALO_NAME, HALO_MCP_URL, HALO_BRIDGE, HALO_CLIENT, HALO_SCOPE", () =>
    on({}, async (m) => {
      const choices = { HALO_YES: "1", HALO_NAME: "halo-de", HALO_MCP_URL: m.url, HALO_BRIDGE: "none" };
      const env = { ...withToken, ...choices, HALO_CLIENT: "claude-code", HALO_SCOPE: "project" };
      const run = await m.run(ids, { env });
      expect(run.code, run.stderr).toBe(0);
      expect(JSON.parse(m.read(".mcp.json")).mcpServers["halo-de"].url).toBe(m.url);
      expect(m.exists(".claude")).toBe(false);
    }));

  test("the command that is printed where values are missing, once they are filled in", () =>
    on({}, async (m) => {
      const run = await untouched(m, () => m.run(["--url", m.url]));
      expect([run.code, run.stdout]).toEqual([2, ""]);
      const command = (/^\s*(HALO_MCP_TOKEN=… npx create-halo-mcp .*)$/m.exec(run.stderr)?.[1] ?? "")
        .replace("…", TOKEN)
        .replace(" ACCOUNT_ID", ` ${ACCOUNT}`)
        .replace(" PROFILE_ID", ` ${PROFILE}`)
        .replace("npx create-halo-mcp", `${process.execPath} ${m.bin}`);
      const done = await start("sh", ["-c", command], { cwd: m.path, env: m.env });
      expect(done.code, done.stderr).toBe(0);
      expect(m.read(".env")).toBe(DOTENV);
    }));
});

describe.concurrent("options", () => {
  test("--skip-test makes no request", () =>
    on({}, async (m) => {
      const run = await m.run(full(m, "--skip-test"), { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.standIn.requests).toEqual([]);
      expect(m.read(".env")).toBe(DOTENV);
    }));

  test("--timeout ends the wait for a server that never answers", () =>
    on({}, (m) =>
      withRecorder(
        () => undefined,
        async (silent) => {
          const run = await m.run(["--yes", ...ids, "--url", silent.url, "--timeout", "3"], { env: withToken });
          expect(run.code).toBe(1);
          // the end of a connection is known here a turn later than the end of the program
          await expect.poll(silent.open).toBe(0);
          expect(flat(run)).toContain("Run it again with a longer --timeout");
          expect(names(m.tree())).toEqual([]);
        },
      ),
    ));
});

describe.concurrent("refused, with nothing written and nothing sent", () => {
  const utf16 = Buffer.from("A=1\r\nB=2\r\n", "utf16le");
  const pipe = (name: string) => (m: Machine) => {
    mkdirSync(dirname(join(m.path, name)), { recursive: true });
    return start("mkfifo", [name], { cwd: m.path, env: m.env });
  };
  const file = (name: string, text: string | Buffer) => (m: Machine) => {
    m.write(name, "");
    writeFileSync(join(m.path, name), text);
  };
  const quote = 'A=1\nHALO_MCP_TOKEN="old\nDB_PASSWORD="hunter2 secret"\nB=2\n';
  const comment = '{\n  // mine\n  "model": "opus"\n}\n';
  const link = (m: Machine) => symlinkSync(".env", join(m.path, ".env"));
  const nothing = () => undefined;
  test.each<[string, (m: Machine) => unknown, readonly string[], Environment, number, RegExp]>([
    ["a pipe for .env", pipe(".env"), [], withToken, 1, /\/\.env: it is a pipe/],
    ["a pipe for .mcp.json", pipe(".mcp.json"), [], withToken, 1, /\/\.mcp\.json: it is a pipe/],
    ["a pipe for .env.example", pipe(".env.example"), [], withToken, 1, /\.env\.example: it is a pipe/],
    ["a pipe for the bridge", pipe(BRIDGE), [], withToken, 1, /settings\.local\.json: it is a pipe/],
    ["a circle of links", link, [], withToken, 1, /\.env/],
    ["no text", file(".env", Buffer.from([0x41, 0x3d, 0xff, 0xfe])), [], withToken, 1, /\.env.* not UTF-8 text/],
    ["UTF-16 without a mark", file(".env", utf16), [], withToken, 1, /\.env.* not UTF-8 text/],
    ["UTF-16, big end first", file(".env", Buffer.from(utf16).swap16()), [], withToken, 1, /\.env.* not UTF-8 text/],
    ["a cut-off .mcp.json", file(".mcp.json", '{"mcpServers": {"x": {"ty'), [], withToken, 1, /\.mcp\.json:1:\d+/],
    ["a comment in the bridge", file(BRIDGE, comment), [], withToken, 1, /settings\.local\.json:2:3/],
    ["a comment of the user", file(SETTINGS, comment), ["--scope", "user"], withToken, 1, /settings\.json/],
    ["a quote that would take another variable", file(".env", quote), [], withToken, 1, /\.env:2:\d+: a quote of HALO/],
    ["an empty standard input", nothing, ["--token-stdin"], {}, 2, /token/],
    ["no such token file", nothing, ["--token-file", TOKEN], {}, 3, /no such file/],
    ["GIT_DIR of another repository", nothing, [], { ...withToken, GIT_DIR: "../home/.git" }, 3, /GIT_DIR/],
    ["GIT_WORK_TREE of another one", nothing, [], { ...withToken, GIT_WORK_TREE: "../home" }, 3, /GIT_DIR/],
  ])("%s", (_, make, args, env, code, said) =>
    on({}, async (m) => {
      await make(m);
      const run = await untouched(m, () => m.run(full(m, ...args), { env, timeoutMs: 20_000 }));
      expect(run.code, run.stdout + run.stderr).toBe(code);
      expect(flat(run)).toMatch(said);
      expect(flat(run)).not.toContain("hunter2");
      expectNoToken(run.stdout + run.stderr);
    }),
  );

  test("values that only an example file or the user's own settings hold", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), "halo", { ".env.example": DOTENV, [SETTINGS]: JSON.stringify({ env: VALUES }) });
      const run = await untouched(m, () => m.run(["--yes", "--url", m.url]));
      expect(run.code).toBe(2);
      expect(run.stderr).toContain("HALO_MCP_TOKEN");
    }));

  test("a tracked .env: the way out that is printed works", () =>
    on({}, async (m) => {
      m.write(".env", "A=1\n");
      m.commit("--force", ".env");
      const refused = await untouched(m, () => m.run(full(m), { env: withToken }));
      expect(refused.code).toBe(1);
      const way = /^\s*(git -C .*)$/m.exec(refused.stderr)?.[1] ?? "";
      expect((await start("sh", ["-c", way], { cwd: m.path, env: m.env })).code).toBe(0);
      const run = await m.run(full(m), { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read(".env")).toBe(`A=1\n${DOTENV}`);
      expect(m.repo.git("status", "--short", "--untracked-files=all")).not.toContain(" .env\n");
    }));
});

describe.concurrent("no permission", () => {
  const unreadable = (m: Machine): void =>
    isRoot ? chownSync(join(m.path, ".env"), 0, 0) : chmodSync(join(m.path, ".env"), 0o000);

  test.each<[string, (m: Machine) => void, number, RegExp]>([
    ["a read-only folder", (m) => chmodSync(m.path, 0o555), 3, /(?:\.gitignore|\.env).*(?:permi|read-only)/i],
    [
      "a read-only .claude, reached when others are written",
      (m) => chmodSync(join(m.path, ".claude"), 0o555),
      3,
      /\.claude/,
    ],
    ["a .env that cannot be read is not taken for an empty one", unreadable, 3, /could not read .*\.env/],
    ["none of these", () => undefined, 0, /HALO answers/],
  ])("%s", (_, hinder, code, said) =>
    on({}, async (m) => {
      m.write(".env", "A=1\n", 0o600);
      m.write(".gitignore", "node_modules\n");
      mkdirSync(join(m.path, ".claude"));
      handOver(m);
      hinder(m);
      const before = contents(m.tree());
      const run = await m.run(full(m), { env: withToken, ...unprivileged });
      expect(run.code, run.stdout + run.stderr).toBe(code);
      expect(flat(run)).toMatch(said);
      expectNoToken(run.stdout + run.stderr);
      if (!isRoot) chmodSync(join(m.path, ".env"), 0o600);
      if (code !== 0) expect(contents(m.tree())).toEqual(before);
    }),
  );

  test.each(["doctor", "check"])("a .env that cannot be read: %s", (command) =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), "halo");
      m.write(".env", DOTENV, 0o600);
      handOver(m);
      unreadable(m);
      const run = await m.run([command, "--url", m.url], unprivileged);
      expect(run.code, run.stdout + run.stderr).toBe(3);
      expect(flat(run)).toMatch(/\.env/);
      if (!isRoot) chmodSync(join(m.path, ".env"), 0o600);
    }),
  );
});

describe.concurrent("again and at once", () => {
  test("four runs are one: no byte, mode or time changes after the first; what a killed run left behind goes", () =>
    on({}, async (m) => {
      expect((await m.run(full(m), { env: withToken })).code).toBe(0);
      const before = m.tree();
      m.write(".env.lock/.gitignore", "*\n", 0o600);
      m.write(`.env.lock/old-${ACCOUNT}`, "HALO_MCP_TOKEN=made.up.old.token-9999\n", 0o600);
      await start("touch", ["-d", "@1", ".env.lock"], { cwd: m.path, env: m.env });
      // the last one without any value: all that it needs is on disk
      for (const args of [full(m), full(m, "--skip-test"), ["--yes", "--url", m.url]]) {
        const run = await m.run(args, { env: args.length > 3 ? withToken : {} });
        expect(run.code, run.stderr).toBe(0);
        expect(run.stdout).toContain("Already set up");
        expect(m.tree()).toEqual(before);
      }
    }));

  test.each([
    [
      ["halo-a", "halo-b"],
      ["HALO_ACCOUNT_ID", "HALO_A_PROFILE_ID", "HALO_B_PROFILE_ID", "HALO_MCP_TOKEN"],
    ],
    [
      ["halo", "halo", "halo"],
      ["HALO_ACCOUNT_ID", "HALO_MCP_TOKEN", "HALO_PROFILE_ID"],
    ],
  ])("%j at once: all succeed and lose nothing, in four rounds", (servers, variables) =>
    on({}, async (m) => {
      for (let round = 0; round < 4; round += 1) {
        for (const name of FILES) rmSync(join(m.path, name), { force: true });
        const all = servers.map((name) => m.run(full(m, "--skip-test", "--name", name), { env: withToken }));
        for (const run of await Promise.all(all)) expect(run.code, `round ${round}: ${run.stderr}`).toBe(0);
        expect(names(m.tree())).toEqual(FILES);
        const sorted = [...new Set(servers)];
        expect(Object.keys(JSON.parse(m.read(".mcp.json")).mcpServers).sort()).toEqual(sorted);
        expect([...m.read(".env").matchAll(/^\w+(?==)/gm)].map(([name]) => name).sort()).toEqual(variables);
        const { env, enabledMcpjsonServers } = JSON.parse(m.read(BRIDGE));
        expect([Object.keys(env).sort(), enabledMcpjsonServers.sort()]).toEqual([variables, sorted]);
        expect(m.read(".gitignore").match(/^\.env$/gm)).toHaveLength(1);
      }
    }),
  );
});

describe.concurrent("surroundings that are not as they should be", () => {
  const inShell = (m: Machine, script: string, cwd: string, args: readonly string[] = []): Promise<Run> =>
    start("sh", ["-c", script, process.execPath, m.bin, ...args], { cwd, env: { ...m.env, ...VALUES } });

  test.each([["--yes"], ["--help"], ["doctor", "--json"], ["check", "--format", "json"]])(
    "the folder is gone: exit 3 and one line, or one document: %s %s",
    (...args) =>
      on({}, async (m) => {
        const folder = join(m.root, "gone");
        mkdirSync(folder);
        const run = await inShell(m, `rmdir "${folder}" && exec "$0" "$@"`, folder, args);
        expect(run.code, run.stderr).toBe(3);
        if (!run.stdout.startsWith("{")) expect(run.stderr.trimEnd().split("\n")).toHaveLength(1);
        else expect(JSON.parse(run.stdout)).toMatchObject({ version: 1, ok: false, error: { code: "environment" } });
        expect(run.stderr).not.toMatch(/^\s+at |node:internal|\.js:\d+/m);
      }),
  );

  test.each(["--help", "--version", "--dry-run --json --skip-test"])(
    "a full disk behind %s: exit 3, no stack",
    (args) =>
      on({}, async (m) => {
        const run = await inShell(m, `exec "$0" "$1" ${args} > /dev/full`, m.path);
        expect(run.code, run.stderr).toBe(3);
        expect(run.stderr).not.toMatch(/^\s+at |node:internal|\.js:\d+/m);
      }),
  );

  test.each([
    ["a home folder that does not exist", "HOME", "Claude Code 2.1.330"],
    ["no folder for temporary files: it cannot be asked", "TMPDIR", "Claude Code could not be asked."],
  ])("Claude Code and %s", (_, name, said) =>
    on({}, async (m) => {
      const env = { ...withToken, ...fakeClaude(m, [says("connected")]), [name]: join(m.root, "no/where") };
      const run = await m.run(full(m), { env });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toContain(said);
      expect(m.read(".env")).toBe(DOTENV);
      expect(lstatSync(join(m.root, "no"), { throwIfNoEntry: false })).toBeUndefined();
    }),
  );

  test.each([".", "packages/web"])("a relative CLAUDE_CONFIG_DIR means the same to both, started in %s", (below) =>
    on({}, async (m) => {
      const store = `*add-json*) printf '{"mcpServers":{"halo":%s}}' "$(cat)" > "$CLAUDE_CONFIG_DIR/.claude.json"; chmod 600 "$CLAUDE_CONFIG_DIR/.claude.json" ;;`;
      const cases = [`*"add-json --help"*) echo "json: the entry, - for stdin" ;;`, store, says("connected")];
      m.write(`${below}/conf/a`, "");
      m.write(".gitignore", "conf\n");
      const env = { ...withToken, ...fakeClaude(m, cases), CLAUDE_CONFIG_DIR: "conf" };
      for (const said of ["HALO is connected: Claude Code reaches it", "Already set up and working"]) {
        const run = await m.run(full(m, "--scope", "user"), { env, cwd: join(m.path, below) });
        expect(run.code, run.stderr).toBe(0);
        expect(flat(run)).toContain(said);
      }
      const text = readFileSync(join(m.path, below, "conf/.claude.json"), "utf8");
      expect(JSON.parse(text).mcpServers.halo.url).toBe(m.url);
    }),
  );
});
