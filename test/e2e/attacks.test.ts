import { spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { cleanPath, type Environment } from "../support/home.ts";
import {
  ACCOUNT,
  committed,
  contents,
  entryFor,
  ids,
  type Machine,
  on,
  PROFILE,
  type Recorder,
  type Run,
  recorder,
  start,
  TOKEN,
  withToken,
} from "./support.ts";

/** What an attack on an older build found, one test a finding. Each fails on that build. */

const everything = { ...withToken, HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: PROFILE };
const HALO = "https://api.cm.com/halo/core/mcp";

const flat = (run: Run): string => (run.stdout + run.stderr).replace(/\s+/g, " ");

/** A program in a folder of this machine that stands on no PATH yet. Out: the folder. */
function program(folder: string, name: string, script: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return folder;
}

/** A claude that does what `cases` say (branches of a `case "$*" in`), and writes down how it was called. */
function fakeClaude(m: Machine, cases: string, version = "2.1.330"): Environment {
  const script = [
    `printf '%s\\n' "$*" >> "${m.root}/argv"`,
    `case "$*" in`,
    cases,
    `*--version) echo "${version} (Claude Code)" ;;`,
    `esac`,
  ].join("\n");
  return { PATH: `${program(join(m.root, "bin"), "claude", script)}:${m.env.PATH}` };
}

const READS_STDIN = `*"add-json --help"*) echo "json: the entry, - for stdin" ;;`;
const CONNECTED = `*"mcp get"*) printf 'halo:\\n  Scope: Project config\\n  Status: ✔ Connected\\n' ;;`;

const calls = (m: Machine): string[] =>
  existsSync(join(m.root, "argv")) ? readFileSync(join(m.root, "argv"), "utf8").trimEnd().split("\n") : [];

/** Programs of a repository that write down that they ran. */
function traps(m: Machine, folder: string): void {
  for (const name of ["git", "claude"])
    program(folder, name, `echo "$0" >> "${m.root}/trapped"\necho "2.1.330 (Claude Code)"`);
}

const trapped = (m: Machine): string =>
  existsSync(join(m.root, "trapped")) ? readFileSync(join(m.root, "trapped"), "utf8") : "";

/** Everything on this machine, files of git included, as one text. */
const all = (m: Machine): string => JSON.stringify([...m.tree(m.root)]);

/** The program, and the seconds of processor time that it took: a machine with much else to do does not count. */
async function timed(
  m: Machine,
  args: readonly string[],
  env: Environment,
): Promise<Run & { readonly seconds: number }> {
  const file = join(m.root, "times");
  const script = `"$@"; code=$?; times > "${file}"; exit $code`;
  const run = await start("bash", ["-c", script, "bash", process.execPath, m.bin, ...args], {
    cwd: m.path,
    env: { ...m.env, ...env },
    timeoutMs: 80_000,
  });
  // the second line is that of the children: user and system, as 0m1.234s
  const spent = existsSync(file) ? (readFileSync(file, "utf8").split("\n")[1] ?? "") : "999m0s";
  const seconds = [...spent.matchAll(/(\d+)m([\d.]+)s/g)].reduce((sum, [, m = 0, s = 0]) => sum + 60 * +m + +s, 0);
  return { ...run, seconds };
}

async function withRecorder(use: (server: Recorder) => Promise<void>): Promise<void> {
  const server = await recorder((_, response) => void response.writeHead(200).end("{}"));
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

/** Counts connections to port 443 of loopback, where this user may listen there: in the namespace of these tests. */
async function withPort443(use: (count: () => number) => Promise<void>): Promise<void> {
  let connections = 0;
  const server: Server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    server.once("error", () => resolve());
    server.listen(443, "127.0.0.1", () => resolve());
  });
  try {
    await use(() => connections);
  } finally {
    server.close();
  }
}

describe("an address made of variables", () => {
  const url = "https://${HALO_PROFILE_ID:-api.cm.com}/halo/core/mcp";
  const example = { ".env.example": `HALO_ACCOUNT_ID=${ACCOUNT}\nHALO_PROFILE_ID=127.0.0.1\n` };

  test.each([
    ["the example file", ["--yes"], withToken],
    ["the example file, untested", ["--yes", "--skip-test"], withToken],
    ["a flag", ["--yes", "--profile-id", "127.0.0.1"], withToken],
    ["a flag, untested", ["--yes", "--profile-id", "127.0.0.1", "--skip-test"], withToken],
    ["a dry run", ["--dry-run"], withToken],
    ["JSON", ["--yes", "--json"], withToken],
    ["the environment", ["--yes"], { ...withToken, HALO_PROFILE_ID: "127.0.0.1", HALO_ACCOUNT_ID: ACCOUNT }],
  ] as const)("C1: a value of HALO's own leads it elsewhere: %s", (_, flags, env) =>
    on({}, (m) =>
      withPort443(async (count) => {
        committed(m, entryFor(url), "halo", example);
        const before = m.tree();
        const run = await m.run(flags, { env });
        expect(run.code, run.stdout + run.stderr).toBe(1);
        expect(count()).toBe(0);
        expect(m.tree()).toEqual(before);
        expect(run.stdout + run.stderr).not.toContain(TOKEN.slice(-8));
      }),
    ),
  );

  test("C1: at the prompt", () =>
    on({}, (m) =>
      withPort443(async (count) => {
        committed(m, entryFor(url), "halo", { ".env.example": "HALO_PROFILE_ID=\n" });
        const before = m.tree();
        const wizard = m.open([], { env: withToken });
        await wizard.ends(1);
        expect(wizard.prose()).toContain("nothing was sent");
        expect(count()).toBe(0);
        expect(m.tree()).toEqual(before);
      }),
    ));

  test.each([
    ["by two steps", "https://${X:-${HALO_MCP_TOKEN}}/halo/core/mcp", {}],
    ["by two steps, on a host of theirs", "RECORDER/${X:-${HALO_MCP_TOKEN}}", {}],
    ["a secret of somebody else", "https://${GH_PAT}/${DATABASE_URL}", {}],
    ["a secret of somebody else, on a host of theirs", "RECORDER/${GH_PAT}/${DATABASE_URL}?k=${DEPLOY_THING}", {}],
    [
      "a part of HALO's own address from a variable",
      "https://${GATEWAY:-api.cm.com}/halo/core/mcp",
      { GATEWAY: "evil.example" },
    ],
  ])("H6: %s: refused, and what the variables hold is shown nowhere", (_, template, more) =>
    on({}, (m) =>
      withRecorder(async (evil) => {
        committed(m, entryFor(template.replace("RECORDER", evil.url)));
        const env = {
          ...everything,
          GH_PAT: "ghp-madeup-0123456789",
          DATABASE_URL: "postgres-user-hunter2",
          DEPLOY_THING: "plain-looking-value",
          ...more,
        };
        const before = m.tree();
        for (const flags of [
          ["--yes"],
          ["--yes", "--skip-test"],
          ["--dry-run"],
          ["--yes", "--json"],
          ["--yes", "--debug"],
        ]) {
          const run = await m.run(flags, { env });
          expect(run.code, run.stdout + run.stderr).toBe(1);
          for (const value of [TOKEN.slice(-8), "madeup-0123", "hunter2", "plain-looking", "evil.example"])
            expect(run.stdout + run.stderr).not.toContain(value);
        }
        const wizard = m.open([], { env });
        await wizard.ends(1);
        expect(wizard.prose()).not.toMatch(/Send your token|madeup-0123|hunter2|plain-looking|evil\.example/);
        expect(m.tree()).toEqual(before);
        expect(evil.received).toEqual([]);
      }),
    ),
  );

  test.each([
    ["as it is", "${AWS_SECRET_ACCESS_KEY}", {}],
    ["as a default", "${TEAM_ID:-${AWS_SECRET_ACCESS_KEY}}", {}],
    ["put together from pieces", "${TEAM_ID:-$}{AWS_SECRET_ACCESS_KEY}", {}],
    [
      "put together with a value of the example file",
      "${TEAM_ID:-$}{${HALO_PROFILE_ID}}",
      { ".env.example": `HALO_ACCOUNT_ID=${ACCOUNT}\nHALO_PROFILE_ID=AWS_SECRET_ACCESS_KEY\n` },
    ],
  ])("M10: a header with a secret that is not HALO's is refused: %s", (_, text, files) =>
    on({}, async (m) => {
      const entry = entryFor(m.url);
      committed(m, { ...entry, headers: { ...(entry.headers as object), "X-More": text } }, "halo", files);
      const before = m.tree();
      const env = { ...withToken, AWS_SECRET_ACCESS_KEY: "madeup/aws/secret/0123456789" };
      for (const flags of [[], ["--skip-test"], ["--json"]]) {
        const own = Object.keys(files).length > 0 ? [] : ids;
        const run = await m.run(["--yes", "--url", m.url, ...own, ...flags], { env });
        expect(run.code, run.stdout + run.stderr).toBe(1);
        expect(flat(run)).toContain("AWS_SECRET_ACCESS_KEY");
        expect(run.stdout + run.stderr).not.toContain("madeup/aws");
      }
      expect(m.standIn.requests).toEqual([]);
      expect(m.tree()).toEqual(before);
    }),
  );

  test("M10: a header with another value of the team is sent, and said", () =>
    on({}, async (m) => {
      const entry = entryFor(m.url);
      committed(m, { ...entry, headers: { ...(entry.headers as object), "X-Team": "${TEAM_ID}" } });
      const run = await m.run(["--yes", "--url", m.url], { env: { ...everything, TEAM_ID: "blue" } });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toContain("This entry sends more than the three HALO headers: X-Team, from TEAM_ID");
      expect(m.standIn.requests[0]?.headers["x-team"]).toBe("blue");
    }));
});

describe.concurrent("programs of a repository", () => {
  test("H1: --cwd below the root of the repository", () =>
    on({}, async (m) => {
      const bin = join(m.path, "node_modules/.bin");
      traps(m, bin);
      mkdirSync(join(m.path, "sub"));
      const env = { ...withToken, PATH: `${bin}:${cleanPath()}` };
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--cwd", "sub"], { env });
      expect(run.code, run.stderr).toBe(0);
      expect(trapped(m)).toBe("");
      expect(m.exists("sub/.mcp.json")).toBe(true);
    }));

  test("H2: standing in a hostile repository, --cwd in a good one", () =>
    on({}, async (m) => {
      const hostile = join(m.root, "hostile");
      const bin = join(hostile, "node_modules/.bin");
      mkdirSync(join(hostile, "deep"), { recursive: true });
      m.repo.git("init", "--quiet", hostile);
      traps(m, bin);
      const env = { ...withToken, PATH: `${bin}:${cleanPath()}` };
      for (const cwd of [hostile, join(hostile, "deep")]) {
        const run = await m.run(["--yes", ...ids, "--url", m.url, "--cwd", m.path], { env, cwd });
        expect(run.code, run.stderr).toBe(0);
        expect(trapped(m)).toBe("");
      }
    }));

  test("H2: a folder without git, node_modules above it", () =>
    on({}, async (m) => {
      const project = join(m.root, "project");
      const folder = join(project, "packages/a");
      mkdirSync(folder, { recursive: true });
      traps(m, join(project, "node_modules/.bin"));
      const env = { ...withToken, PATH: `${join(project, "node_modules/.bin")}:${cleanPath()}` };
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env, cwd: folder });
      expect(run.code, run.stderr).toBe(0);
      expect(trapped(m)).toBe("");
      expect(existsSync(join(folder, ".mcp.json"))).toBe(true);
    }));

  test("M2: git fetches nothing: a sparse index with a missing tree, and a configuration that names a program", () =>
    on({}, async (m) => {
      m.write("a/b/file", "1\n");
      m.write("top", "1\n");
      m.repo.git("add", "--all");
      m.repo.git("commit", "--quiet", "--message=files");
      m.repo.git("sparse-checkout", "init", "--cone", "--sparse-index");
      m.repo.git("sparse-checkout", "set");
      const id = m.repo.git("rev-parse", "HEAD:a").trim();
      rmSync(join(m.path, ".git/objects", id.slice(0, 2), id.slice(2)));
      const evil = program(join(m.path, "tools"), "pack", `echo ran >> "${m.root}/trapped"\nexit 1`);
      for (const [key, value] of [
        ["core.repositoryFormatVersion", "1"],
        ["extensions.partialClone", "origin"],
        ["remote.origin.promisor", "true"],
        ["remote.origin.url", m.path],
        ["remote.origin.uploadpack", join(evil, "pack")],
      ])
        m.repo.git("config", key ?? "", value ?? "");
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect([0, 3], run.stderr).toContain(run.code);
      expect(trapped(m)).toBe("");
      // it is such a repository: git on its own runs the program
      await start("git", ["ls-files", "--error-unmatch", "--", ".env"], { cwd: m.path, env: m.env });
      expect(trapped(m)).toContain("ran");
    }));
});

describe.concurrent("other repositories that would take the token", () => {
  test("H3: a repository around this one tracks its .env", () =>
    on({}, async (m) => {
      m.write("inner/.env", "A=1\n");
      m.repo.git("add", "inner/.env");
      m.repo.git("commit", "--quiet", "--message=inner");
      m.repo.git("init", "--quiet", join(m.path, "inner"));
      const before = contents(m.tree());
      for (const flags of [[], ["--skip-test"]]) {
        const run = await m.run(["--yes", ...flags, ...ids, "--url", m.url], {
          env: withToken,
          cwd: join(m.path, "inner"),
        });
        expect(run.code, run.stdout).toBe(1);
        expect(flat(run)).toContain("is tracked by git");
      }
      expect(contents(m.tree())).toEqual(before);
    }));

  test("H3: the same for the bridge, two repositories up", () =>
    on({}, async (m) => {
      m.write("mid/inner/.claude/settings.local.json", "{}\n");
      m.repo.git("add", "--force", "mid");
      m.repo.git("commit", "--quiet", "--message=bridge");
      for (const folder of ["mid", "mid/inner"]) m.repo.git("init", "--quiet", join(m.path, folder));
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken, cwd: join(m.path, "mid/inner") });
      expect(run.code, run.stdout).toBe(1);
      expect(all(m)).not.toContain(TOKEN);
    }));

  test("H4: the home folder is a repository that tracks .claude.json", () =>
    on({}, async (m) => {
      const store = join(m.home, ".claude.json");
      writeFileSync(store, "{}\n", { mode: 0o600 });
      m.repo.git("init", "--quiet", m.home);
      m.repo.git("-C", m.home, "add", ".claude.json");
      m.repo.git("-C", m.home, "commit", "--quiet", "--message=home");
      const env = { ...withToken, ...fakeClaude(m, `${READS_STDIN}\n*add-json*) cat > "$HOME/.claude.json" ;;`) };
      for (const scope of ["user", "local", "project,user"]) {
        const run = await m.run(["--yes", ...ids, "--url", m.url, "--scope", scope], { env });
        expect(run.code, run.stdout).toBe(1);
        expect(flat(run)).toContain("is tracked by git");
      }
      expect(calls(m).filter((call) => call.includes("add-json") && !call.includes("--help"))).toEqual([]);
      expect(readFileSync(store, "utf8")).toBe("{}\n");
      expect(all(m)).not.toContain(TOKEN);
    }));
});

describe("M1: files that are made to take for ever", () => {
  const blanks = " ".repeat(100_000);
  const lines = (count: number, line: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => line(index)).join("\n");
  const servers = (server: unknown): string => JSON.stringify({ mcpServers: { halo: server } });
  /** Seconds of processor time: what grows with the square of a file takes minutes here, and a busy machine counts double. */
  const LIMIT_S = 5;

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
        expect(run.stdout + run.stderr).not.toContain(TOKEN.slice(-8));
      }
    }),
  );

  test.each([
    ["words", '"x",', 0],
    ["words and comments", '"x"/**/,', 1],
  ] as const)("%s in settings.json of a Claude Code that takes only references", (_, word, code) =>
    on({}, async (m) => {
      mkdirSync(join(m.home, ".claude"));
      writeFileSync(join(m.home, ".claude/settings.json"), `{"a": [${word.repeat(60_000)}1]}`);
      const env = { ...withToken, ...fakeClaude(m, "", "2.1.197") };
      const run = await timed(m, ["--yes", "--skip-test", ...ids, "--url", m.url, "--scope", "user"], env);
      expect(run.seconds).toBeLessThan(LIMIT_S);
      expect(run.code, run.stderr).toBe(code);
    }),
  );

  test("a token in a file of thousands of secrets is masked all the same", () =>
    on({ server: { auth: "none" } }, async (m) => {
      m.write(
        ".env",
        `${lines(5000, (index) => `N${index}_KEY=value-of-${index}-0123456789`)}\nHALO_MCP_TOKEN=${TOKEN}\n`,
      );
      const evil = await recorder((_, response) => void response.writeHead(401).end(`your token ${TOKEN} is bad`));
      try {
        for (const flags of [["--yes"], ["--yes", "--json"]]) {
          const run = await m.run([...flags, ...ids, "--url", evil.url]);
          expect(run.code, run.stderr).toBe(1);
          expect(evil.received.join()).toContain(TOKEN);
          expect(run.stdout + run.stderr).not.toContain(TOKEN.slice(-8));
        }
      } finally {
        await evil.close();
      }
    }));
});

describe.concurrent("Claude Code while it is asked", () => {
  /** Writes down what it was given, then sleeps. */
  const asked = (m: Machine): string =>
    `*"mcp get"*) cp "$2" "${m.root}/settings"; env > "${m.root}/environment"; echo $$ > "${m.root}/pid"; sleep 60 ;;`;

  test("M3: killed meanwhile, it leaves no token behind, and nothing that git would take", () =>
    on({}, async (m) => {
      const env = { ...m.env, ...withToken, ...fakeClaude(m, asked(m)) };
      const child = spawn(process.execPath, [m.bin, "--yes", ...ids, "--url", m.url], {
        cwd: m.path,
        env,
        stdio: "ignore",
      });
      const ended = new Promise((resolve) => child.once("close", resolve));
      for (let turn = 0; turn < 400 && !existsSync(join(m.root, "pid")); turn += 1) await sleep(50);
      child.kill("SIGKILL");
      await ended;
      process.kill(-Number(readFileSync(join(m.root, "pid"), "utf8")), "SIGKILL");
      const [folder] = readdirSync(m.tmp).filter((name) => name.startsWith("create-halo-mcp-"));
      expect(folder).toBeDefined();
      expect(JSON.stringify([...m.tree(m.tmp)])).not.toContain(TOKEN);
      expect(readFileSync(join(m.tmp, folder ?? "", ".gitignore"), "utf8")).toBe("*\n");
      expect(statSync(join(m.tmp, folder ?? "")).mode & 0o777).toBe(0o700);
    }));

  test.each([
    ["nothing", undefined, false],
    ["the same value", TOKEN, false],
    ["another value", "made.up.other.token-0123", true],
  ])("M3: the user's own settings set %s", (_, own, inFile) =>
    on({}, async (m) => {
      mkdirSync(join(m.home, ".claude"));
      if (own !== undefined)
        writeFileSync(join(m.home, ".claude/settings.json"), JSON.stringify({ env: { HALO_MCP_TOKEN: own } }));
      const cases = `${asked(m).replace("sleep 60", "printf 'halo:\\n  Status: ✔ Connected\\n'")}`;
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: { ...withToken, ...fakeClaude(m, cases) } });
      expect(run.code, run.stderr).toBe(0);
      const settings = JSON.parse(readFileSync(join(m.root, "settings"), "utf8"));
      expect(settings.enabledMcpjsonServers).toEqual(["halo"]);
      expect(settings.env?.HALO_MCP_TOKEN).toBe(inFile ? TOKEN : undefined);
      expect(readFileSync(join(m.root, "environment"), "utf8")).toContain(`HALO_MCP_TOKEN=${TOKEN}`);
      expect(calls(m).join("\n")).not.toContain(TOKEN);
      expect(readdirSync(m.tmp)).toEqual([]);
    }),
  );

  test("no folder for temporary files: everything is written and proven, Claude Code could not be asked", () =>
    on({}, async (m) => {
      const env = { ...withToken, ...fakeClaude(m, CONNECTED), TMPDIR: join(m.root, "nowhere") };
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toContain("HALO answers with the saved settings. Claude Code could not be asked.");
      expect(flat(run)).not.toContain("does not answer");
      expect(m.read(".env")).toContain(TOKEN);
    }));

  test("one that hangs on --version is there, but silent", () =>
    on({}, async (m) => {
      const env = { ...withToken, ...fakeClaude(m, `*--version) sleep 60 ;;`) };
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toContain("Claude Code is installed, but does not answer: claude --version");
      expect(flat(run)).not.toContain("not installed");
      expect(m.processes()).toEqual([]);
    }));

  test.each([
    ["the folder", "."],
    ["a folder below", "packages/web"],
  ])("a relative CLAUDE_CONFIG_DIR means the same to both, started in %s", (_, below) =>
    on({}, async (m) => {
      const store = `printf '{"mcpServers":{"halo":%s}}' "$(cat)" > "$CLAUDE_CONFIG_DIR/.claude.json"; chmod 600 "$CLAUDE_CONFIG_DIR/.claude.json"`;
      const cases = `${READS_STDIN}\n*add-json*) ${store} ;;\n${CONNECTED.replace("Project", "User")}`;
      const cwd = join(m.path, below);
      mkdirSync(join(cwd, "conf"), { recursive: true });
      m.write(".gitignore", "conf\n");
      const env = { ...withToken, ...fakeClaude(m, cases), CLAUDE_CONFIG_DIR: "conf" };
      const args = ["--yes", ...ids, "--url", m.url, "--scope", "user"];
      const run = await m.run(args, { env, cwd });
      expect(run.code, run.stderr).toBe(0);
      expect(JSON.parse(readFileSync(join(cwd, "conf/.claude.json"), "utf8")).mcpServers.halo.url).toBe(m.url);
      expect(flat(run)).toContain("HALO is connected, and Claude Code confirms it");
      const again = await m.run(args, { env, cwd });
      expect(again.code, again.stderr).toBe(0);
      expect(flat(again)).toContain("Already set up and working");
    }),
  );
});

describe.concurrent("what is put back", () => {
  const STORE = '{"numStartups": 3}\n';

  test.each([
    ["and its remove fails too: what to type", `*"mcp remove"*) exit 1 ;;`, false],
    [
      "and its remove works: it is gone",
      `*"mcp remove"*) printf '%s' '${STORE.trim()}' > "$HOME/.claude.json" ;;`,
      true,
    ],
  ])("M4: claude stores the entry and then fails, %s", (_, remove, isGone) =>
    on({}, async (m) => {
      const store = join(m.home, ".claude.json");
      writeFileSync(store, STORE, { mode: 0o644 });
      const add = `*add-json*) printf '{"numStartups": 3, "mcpServers":{"halo":%s}}' "$(cat)" > "$HOME/.claude.json"; exit 1 ;;`;
      const env = { ...withToken, ...fakeClaude(m, `${READS_STDIN}\n${add}\n${remove}`) };
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--scope", "user"], { env });
      expect(run.code, run.stdout).toBe(1);
      expect(flat(run)).toContain(
        isGone
          ? "Everything was put back."
          : 'Could not be put back: add "halo" (user scope), values through standard input: claude mcp remove --scope user halo',
      );
      const { mcpServers = {}, ...others } = JSON.parse(readFileSync(store, "utf8"));
      expect(Object.keys(mcpServers)).toEqual(isGone ? [] : ["halo"]);
      expect(others).toEqual({ numStartups: 3 });
      expect((statSync(store).mode & 0o777).toString(8)).toBe(isGone ? "644" : "600");
      if (isGone) expect(all(m)).not.toContain(TOKEN);
    }),
  );

  test("M5: a mode that cannot be changed takes the files back", () =>
    on({}, async (m) => {
      const store = join(m.home, ".claude.json");
      writeFileSync(store, STORE, { mode: 0o644 });
      // gone between the look and the plan: its mode cannot be changed
      const help = READS_STDIN.replace("echo", 'rm -f "$HOME/.claude.json"; echo');
      const before = Object.entries(contents(m.tree())).filter(([, text]) => text !== "folder");
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--scope", "project,user"], {
        env: { ...withToken, ...fakeClaude(m, help) },
      });
      expect(run.code, run.stdout).toBe(3);
      expect(flat(run)).toContain("Everything was put back.");
      // an empty folder may stay: git knows of none
      expect(Object.entries(contents(m.tree())).filter(([, text]) => text !== "folder")).toEqual(before);
      expect(all(m)).not.toContain(TOKEN);
    }));

  test.each([
    ["", "shop"],
    [", in a worktree", "worktree"],
    [", the values in a file outside", "outside"],
  ])("M6: removal leaves files of the user that git tracks, however little is in them%s", (_, kind) =>
    on({}, async (m) => {
      const before = '{"mcpServers": {"a": {}}}';
      m.write(".mcp.json", before);
      m.write(".env.example", "");
      m.write(".gitignore", ".env\n.claude/\n");
      m.repo.git("add", "--all");
      m.repo.git("commit", "--quiet", "--message=own");
      let cwd = m.path;
      if (kind === "worktree") {
        cwd = join(m.root, "second");
        m.repo.git("worktree", "add", "--quiet", cwd);
      }
      const more = kind === "outside" ? ["--values-file", join(m.root, "values")] : [];
      const run = await m.run(["--yes", ...ids, "--url", m.url, ...more], { env: withToken, cwd });
      expect(run.code, run.stderr).toBe(0);
      const wizard = m.open(["--url", m.url, ...more], { cwd });
      await wizard.answer("What now?", "up", "enter");
      await wizard.answer("Remove this?", "enter");
      await wizard.ends(0);
      expect(JSON.parse(readFileSync(join(cwd, ".mcp.json"), "utf8"))).toEqual(JSON.parse(before));
      expect(readFileSync(join(cwd, ".env.example"), "utf8")).toBe("");
      expect(existsSync(join(cwd, ".env"))).toBe(false);
      expect(all(m)).not.toContain(TOKEN);
    }),
  );

  test("M7: a forgotten quote takes no other variable with it", () =>
    on({}, async (m) => {
      const text = 'A=1\nHALO_MCP_TOKEN="old\nDB_PASSWORD="hunter2 secret"\nB=2\n';
      m.write(".env", text, 0o600);
      for (const flags of [["--yes"], ["--yes", "--skip-test"], ["--dry-run"]]) {
        const run = await m.run([...flags, ...ids, "--url", m.url], { env: withToken });
        expect(run.code, run.stdout).toBe(1);
        expect(flat(run)).toMatch(/\.env:2:\d+: a quote of HALO_MCP_TOKEN/);
        expect(run.stdout + run.stderr).not.toContain("hunter2");
      }
      expect(m.read(".env")).toBe(text);
      expect(m.exists(".mcp.json")).toBe(false);
    }));

  test("M9: a server that asks for no token proves nothing about it", () =>
    on({ server: { auth: "none" } }, async (m) => {
      const args = ["--yes", ...ids, "--url", m.url];
      const run = await m.run(args, { env: { ...withToken, ...fakeClaude(m, CONNECTED) } });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toContain("this server accepts requests without a token, so your token was not tested");
      expect(flat(run)).not.toMatch(/HALO is connected|HALO answers/);
      const again = await m.run(args, { env: { ...withToken, ...fakeClaude(m, CONNECTED) } });
      expect(again.code, again.stderr).toBe(0);
      expect(flat(again)).toContain("your token was not tested");
      expect(flat(again)).not.toContain("set up and working");
    }));

  test("M11: the address is swapped while the question is open: nothing is written", () =>
    on({}, (m) =>
      withRecorder(async (evil) => {
        committed(m, entryFor(m.url));
        const wizard = m.open(["--url", m.url, ...ids], { env: withToken });
        await wizard.answer("Product token", "enter");
        await wizard.asks("Apply these changes?");
        m.write(".mcp.json", JSON.stringify({ mcpServers: { halo: entryFor(evil.url) } }));
        const before = contents(m.tree());
        await wizard.answer("Apply these changes?", "enter");
        await wizard.ends(1);
        expect(wizard.prose()).toContain(".mcp.json changed meanwhile; nothing was written");
        expect(contents(m.tree())).toEqual(before);
        expect(evil.received).toEqual([]);
      }),
    ));

  test("locks that a repository brings along are not touched before the yes", () =>
    on({}, async (m) => {
      const owner = ".env.lock/owner-01234567-89ab-4cde-8f01-23456789abcd";
      m.write(owner, '{"pid": 1, "host": "elsewhere"}\n');
      m.write(".mcp.json.lock/owner-01234567-89ab-4cde-8f01-23456789abcd", "");
      m.repo.git("add", "--all");
      m.repo.git("commit", "--quiet", "--message=locks");
      const before = contents(m.tree());
      const run = await m.run(["--dry-run", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(contents(m.tree())).toEqual(before);
      const wizard = m.open([...ids, "--url", m.url], { env: withToken });
      await wizard.answer("Product token", "enter");
      await wizard.answer("What do you want to connect?", "enter");
      await wizard.asks("Apply these changes?");
      expect(contents(m.tree())).toEqual(before);
      await wizard.answer("Apply these changes?", "right", "enter");
      await wizard.ends(130);
      expect(contents(m.tree())).toEqual(before);
    }));
});

describe.concurrent("surroundings that are not as they should be", () => {
  const noStack = (run: Run): void => expect(run.stderr).not.toMatch(/^\s+at |node:internal|\.js:\d+/m);

  test("the folder is gone: exit 3 and one line", () =>
    on({}, async (m) => {
      const folder = join(m.root, "gone");
      mkdirSync(folder);
      const script = `rmdir "${folder}" && exec "$0" "$@"`;
      for (const args of [["--yes"], ["--help"]]) {
        const run = await start("sh", ["-c", script, process.execPath, m.bin, ...args], { cwd: folder, env: m.env });
        mkdirSync(folder);
        expect(run.code, run.stderr).toBe(3);
        expect(run.stderr.trimEnd().split("\n")).toHaveLength(1);
        noStack(run);
      }
      for (const args of [
        ["doctor", "--json"],
        ["check", "--format", "json"],
      ]) {
        const run = await start("sh", ["-c", script, process.execPath, m.bin, ...args], { cwd: folder, env: m.env });
        mkdirSync(folder);
        expect([run.code, run.stderr]).toEqual([3, ""]);
        expect(JSON.parse(run.stdout)).toMatchObject({ version: 1, ok: false, error: { code: "environment" } });
      }
    }));

  test.runIf(existsSync("/dev/full"))("a full disk behind --help and --version: exit 3, no stack", () =>
    on({}, async (m) => {
      for (const args of ["--help", "--version", "--dry-run --json --skip-test"]) {
        const script = `exec "$0" "$1" ${args} > /dev/full`;
        const run = await start("sh", ["-c", script, process.execPath, m.bin], {
          cwd: m.path,
          env: { ...m.env, ...everything },
        });
        expect(run.code, args + run.stderr).toBe(3);
        noStack(run);
      }
    }),
  );

  test.each(["GIT_DIR", "GIT_WORK_TREE"])("%s is exported: exit 3", (name) =>
    on({}, async (m) => {
      const other = join(m.root, "other");
      m.repo.git("init", "--quiet", other);
      const env = { ...withToken, [name]: name === "GIT_DIR" ? join(other, ".git") : other };
      const before = contents(m.tree());
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env });
      expect(run.code, run.stdout).toBe(3);
      expect(flat(run)).toContain("GIT_DIR");
      expect(contents(m.tree())).toEqual(before);
      expect(m.standIn.requests).toEqual([]);
    }),
  );

  test("direnv and a values file whose name a shell would run", () =>
    on({}, async (m) => {
      const name = "c/my env$(touch pwn)";
      mkdirSync(join(m.path, "c"));
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--bridge", "direnv", "--values-file", name], {
        env: withToken,
      });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read(name)).toContain(TOKEN);
      const shell = `dotenv_if_exists() { for word in "$@"; do echo "[$word]"; done; }\n. ./.envrc`;
      const read = await start("sh", ["-c", shell], { cwd: m.path, env: m.env });
      expect(read.stdout).toBe(`[${name}]\n`);
      expect(m.exists("pwn")).toBe(false);
    }));

  test.each(["le", "be"])("a .env in UTF-16%s without a mark is left alone", (order) =>
    on({}, async (m) => {
      const bytes = Buffer.from("A=1\r\nB=2\r\n", "utf16le");
      if (order === "be") bytes.swap16();
      writeFileSync(join(m.path, ".env"), bytes);
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stdout).toBe(1);
      expect(flat(run)).toContain("not UTF-8 text");
      expect(readFileSync(join(m.path, ".env"))).toEqual(bytes);
      expect(m.exists(".mcp.json")).toBe(false);
    }),
  );

  test.each([".env", ".mcp.json", ".env.example", ".claude/settings.local.json"])(
    "%s is a pipe: it is not waited for",
    (name) =>
      on({}, async (m) => {
        rmSync(join(m.path, name), { force: true });
        mkdirSync(dirname(join(m.path, name)), { recursive: true });
        await start("mkfifo", [join(m.path, name)], { cwd: m.path, env: m.env });
        const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
        expect(run.code, run.stdout + run.stderr).toBe(1);
        expect(flat(run)).toContain(`${name}: it is a pipe`);
        expect(m.standIn.requests).toEqual([]);
      }),
  );

  test("a home folder that does not exist", () =>
    on({}, async (m) => {
      const env = { ...withToken, ...fakeClaude(m, CONNECTED), HOME: join(m.root, "no/home") };
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toContain("Claude Code 2.1.330");
      expect(existsSync(join(m.root, "no"))).toBe(false);
    }));
});

describe.concurrent("a Claude Code that takes only references", () => {
  /** As 2.1.197 does it: `mcp add` stores references, no entry is read from standard input. */
  const REFERENCES = (m: Machine): Environment =>
    fakeClaude(
      m,
      [
        `*"add-json --help"*) echo "json: the entry" ;;`,
        `*"mcp add "*) cp "${m.root}/entry" "$HOME/.claude.json" ;;`,
        `*"mcp remove"*) echo '{}' > "$HOME/.claude.json" ;;`,
        CONNECTED.replace("Project", "User"),
      ].join("\n"),
      "2.1.197",
    );

  test("the second run needs nothing, and after a removal it is said where the values stay", () =>
    on({}, async (m) => {
      writeFileSync(join(m.root, "entry"), JSON.stringify({ mcpServers: { halo: entryFor(m.url) } }), { mode: 0o600 });
      const args = ["--url", m.url, "--scope", "user"];
      const first = await m.run(["--yes", ...ids, ...args], { env: { ...withToken, ...REFERENCES(m) } });
      expect(first.code, first.stderr).toBe(0);
      const settings = join(m.home, ".claude/settings.json");
      expect(JSON.parse(readFileSync(settings, "utf8")).env.HALO_MCP_TOKEN).toBe(TOKEN);
      const second = await m.run(["--yes", ...args], { env: REFERENCES(m) });
      expect(second.code, second.stderr).toBe(0);
      expect(flat(second)).toContain("Already set up and working");
      expect(second.stdout + second.stderr).not.toContain(TOKEN.slice(-8));
      const wizard = m.open(args, { env: REFERENCES(m) });
      await wizard.answer("What now?", "up", "enter");
      await wizard.answer("Remove this?", "enter");
      await wizard.ends(0);
      expect(wizard.prose()).toContain("HALO was removed.");
      expect(wizard.prose()).toMatch(/values stay in \S*\/\.claude\/settings\.json/);
      expect(readFileSync(settings, "utf8")).toContain(TOKEN);
      expect(wizard.raw()).not.toContain(TOKEN.slice(-8));
    }));

  test("for the repository they are no candidates", () =>
    on({}, async (m) => {
      mkdirSync(join(m.home, ".claude"));
      writeFileSync(
        join(m.home, ".claude/settings.json"),
        JSON.stringify({ env: { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: PROFILE } }),
      );
      const run = await m.run(["--yes", "--url", m.url]);
      expect(run.code, run.stdout).toBe(2);
      expect(all(m).split(TOKEN)).toHaveLength(2);
    }));
});
