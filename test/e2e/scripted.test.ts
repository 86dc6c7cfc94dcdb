import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  ACCOUNT,
  committed,
  contents,
  entryFor,
  ids,
  type Machine,
  names,
  on,
  PROFILE,
  type Run,
  recorder,
  STUDIO,
  start,
  TOKEN,
  withToken,
  withTokenSent,
} from "./support.ts";

/** The packed program without a terminal: flags, variables, exit codes, JSON, and what becomes of the files. */

const ENV = `HALO_MCP_TOKEN=${TOKEN}\nHALO_ACCOUNT_ID=${ACCOUNT}\nHALO_PROFILE_ID=${PROFILE}\n`;
const FILES = [".claude/settings.local.json", ".env", ".env.example", ".gitignore", ".mcp.json"];
const BAD_GUID = "ffffffff-0000-4000-8000-000000000000";

function expectNoToken(run: Run): void {
  expect(run.stdout + run.stderr).not.toContain(TOKEN.slice(-5));
  expect(run.stdout + run.stderr).not.toContain("\u001b");
}

/** Nothing was asked of the server and nothing was written. */
async function expectNothing(m: Machine, go: () => Promise<void>): Promise<void> {
  const before = m.tree();
  const home = m.tree(m.home);
  await go();
  expect(m.standIn.requests).toEqual([]);
  expect(m.tree()).toEqual(before);
  expect(m.tree(m.home)).toEqual(home);
}

describe.concurrent("missing input", () => {
  test("names each flag and variable and the complete command, which works once it is completed", () =>
    on({}, async (m) => {
      let said = "";
      await expectNothing(m, async () => {
        const run = await m.run(["--url", m.url]);
        expect(run.code).toBe(2);
        expect(run.stdout).toBe("");
        said = run.stderr;
      });
      for (const word of [
        "HALO_MCP_TOKEN",
        "--token-stdin",
        "--token-file",
        "--account-id",
        "--studio-url",
        "HALO_ACCOUNT_ID",
        "--profile-id",
        "HALO_PROFILE_ID",
        "--yes",
        "--dry-run",
      ])
        expect(said).toContain(word);
      const command = /^\s*(HALO_MCP_TOKEN=… npx create-halo-mcp .*)$/m.exec(said)?.[1] ?? "";
      expect(command).toBe(
        `HALO_MCP_TOKEN=… npx create-halo-mcp --yes --account-id ACCOUNT_ID --profile-id PROFILE_ID --url ${m.url}`,
      );
      const completed = command
        .replace("…", TOKEN)
        .replace(" ACCOUNT_ID", ` ${ACCOUNT}`)
        .replace(" PROFILE_ID", ` ${PROFILE}`)
        .replace("npx create-halo-mcp", `${process.execPath} ${m.bin}`);
      const done = await start("sh", ["-c", completed], { cwd: m.path, env: m.env });
      expect(done.code, done.stderr).toBe(0);
      expect(m.read(".env")).toBe(ENV);
    }));

  test.each([
    ["the token", [...ids], {}, ["HALO_MCP_TOKEN"], ["--account-id", "--profile-id"]],
    ["the account", ["--profile-id", PROFILE], withToken, ["--account-id", "HALO_ACCOUNT_ID"], ["--token-stdin"]],
    [
      "the profile",
      ["--account-id", ACCOUNT],
      withToken,
      ["--profile-id", "HALO_PROFILE_ID"],
      ["--token-stdin", "HALO_ACCOUNT_ID"],
    ],
  ] as const)("of %s alone: nothing else is named", (_, args, env, named, notNamed) =>
    on({}, async (m) => {
      await expectNothing(m, async () => {
        const run = await m.run(["--yes", "--url", m.url, ...args], { env: { ...env } });
        expect(run.code).toBe(2);
        const list = run.stderr
          .split("\n")
          .filter((line) => /^ {2}- |^ {4}/.test(line))
          .join("\n");
        for (const word of named) expect(run.stderr).toContain(word);
        for (const word of notNamed) expect(list).not.toContain(word);
      });
    }),
  );

  test("the command keeps what was given: IDs, name, scope, folders", () =>
    on({}, async (m) => {
      const run = await m.run([
        "--yes",
        "--url",
        m.url,
        "--account-id",
        ACCOUNT,
        "--name",
        "halo-de",
        "--scope",
        "local",
        "--values-file",
        "conf/halo.env",
        "--bridge",
        "direnv",
      ]);
      expect(run.code).toBe(2);
      const command = /HALO_MCP_TOKEN=… npx .*/.exec(run.stderr)?.[0] ?? "";
      for (const part of [
        "--name halo-de",
        `--account-id ${ACCOUNT}`,
        "--profile-id PROFILE_ID",
        "--scope local",
        "--values-file ",
        "--bridge direnv",
      ])
        expect(command).toContain(part);
      expect(run.stderr).toContain("HALO_DE_PROFILE_ID");
    }));

  test("as JSON: one document on stdout", () =>
    on({}, async (m) => {
      const run = await m.run(["--json"]);
      expect(run.code).toBe(2);
      expect(JSON.parse(run.stdout)).toEqual({
        version: 1,
        ok: false,
        error: {
          code: "missing-input",
          message: expect.stringContaining("HALO_MCP_TOKEN"),
          hint: expect.stringContaining("npx create-halo-mcp --yes"),
        },
      });
    }));
});

describe.concurrent("--yes takes the values from", () => {
  const cases: [string, (m: Machine) => { args: string[]; env?: Record<string, string>; stdin?: string }][] = [
    ["flags and the environment", () => ({ args: [...ids], env: withToken })],
    [
      "the environment alone",
      () => ({ args: [], env: { ...withToken, HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: PROFILE } }),
    ],
    ["--studio-url", () => ({ args: ["--studio-url", STUDIO], env: withToken })],
    ["HALO_STUDIO_URL", () => ({ args: [], env: { ...withToken, HALO_STUDIO_URL: STUDIO } })],
    ["--token-stdin", () => ({ args: [...ids, "--token-stdin"], stdin: `${TOKEN}\n` })],
    ["--token-stdin, quoted, without a line's end", () => ({ args: [...ids, "--token-stdin"], stdin: `"${TOKEN}"` })],
    [
      "--token-file",
      (m) => {
        writeFileSync(join(m.tmp, "token.txt"), `\ufeff${TOKEN}\r\n`);
        return { args: [...ids, "--token-file", join(m.tmp, "token.txt")] };
      },
    ],
    [
      ".env",
      (m) => {
        m.write(".env", ENV, 0o600);
        return { args: [] };
      },
    ],
    [
      ".env in another style",
      (m) => {
        m.write(
          ".env",
          `export HALO_MCP_TOKEN="${TOKEN}"\r\nHALO_ACCOUNT_ID = '${ACCOUNT}'\r\nOTHER=1\r\nHALO_PROFILE_ID=${PROFILE} # ours\r\n`,
          0o640,
        );
        return { args: [] };
      },
    ],
  ];
  test.each(cases)("%s", (_, prepare) =>
    on({}, async (m) => {
      const { args, env = {}, stdin = "" } = prepare(m);
      const before = m.exists(".env") ? m.read(".env") : undefined;
      const run = await m.run(["--yes", "--url", m.url, ...args], { env, stdin });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read(".env")).toBe(before ?? ENV);
      expect(JSON.parse(m.read(".claude/settings.local.json")).env).toEqual({
        HALO_MCP_TOKEN: TOKEN,
        HALO_ACCOUNT_ID: ACCOUNT,
        HALO_PROFILE_ID: PROFILE,
      });
      expect(names(m.tree()).sort()).toEqual(FILES);
      expectNoToken(run);
      // a result on stdout, all the rest on stderr
      expect(run.stdout).toMatch(/^HALO answers with the saved settings\./);
      expect(run.stderr).toContain("refuses the same request without your token");
    }),
  );

  test("a flag wins over the environment, the environment over .env", () =>
    on({}, async (m) => {
      m.write(
        ".env",
        `HALO_MCP_TOKEN=made.up.old.token-9999\nHALO_ACCOUNT_ID=${BAD_GUID}\nHALO_PROFILE_ID=${BAD_GUID}\n`,
      );
      const run = await m.run(["--yes", "--url", m.url, "--profile-id", PROFILE], {
        env: { ...withToken, HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: BAD_GUID },
      });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read(".env")).toBe(ENV);
      expect(run.stdout + run.stderr).not.toContain("-9999");
    }));

  test("HALO_YES, HALO_NAME, HALO_MCP_URL, HALO_BRIDGE, HALO_CLIENT, HALO_SCOPE", () =>
    on({}, async (m) => {
      const run = await m.run([...ids], {
        env: {
          ...withToken,
          HALO_YES: "1",
          HALO_NAME: "halo-de",
          HALO_MCP_URL: m.url,
          HALO_BRIDGE: "none",
          HALO_CLIENT: "claude-code",
          HALO_SCOPE: "project",
        },
      });
      expect(run.code, run.stderr).toBe(0);
      expect(JSON.parse(m.read(".mcp.json")).mcpServers["halo-de"].url).toBe(m.url);
      expect(m.exists(".claude")).toBe(false);
    }));
});

describe.concurrent("options", () => {
  test("--dry-run tests, shows the plan, writes nothing", () =>
    on({}, async (m) => {
      const before = m.tree();
      const run = await m.run(["--dry-run", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.tree()).toEqual(before);
      expect(withTokenSent(m.standIn).length).toBeGreaterThan(0);
      expect(run.stderr).toContain("Dry run: nothing was written.");
      for (const file of FILES) expect(run.stdout).toContain(`--- /dev/null\n+++ ${file}\n`);
      expect(run.stdout).toContain("\n+ HALO_MCP_TOKEN=••••e5f1\n");
      expect(run.stdout).not.toContain("\u001b");
      expectNoToken(run);
    }));

  test("--dry-run with a wrong token is exit 1", () =>
    on({}, async (m) => {
      const run = await m.run(["--dry-run", ...ids, "--url", m.url], {
        env: { HALO_MCP_TOKEN: "made.up.wrong.Pm3Jx8Qd5Wc1" },
      });
      expect(run.code).toBe(1);
      expect(run.stderr).toContain("--skip-test");
      expect(names(m.tree())).toEqual([]);
    }));

  test("--skip-test makes no request, and says that nothing is known", () =>
    on({}, async (m) => {
      const run = await m.run(["--yes", "--skip-test", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.standIn.requests).toEqual([]);
      expect(m.read(".env")).toBe(ENV);
      expect(run.stdout).toMatch(/not\s+tested/);
      expect(run.stdout).not.toMatch(/is connected|HALO answers/);
    }));

  test("--quiet: results and errors only", () =>
    on({}, async (m) => {
      const good = await m.run(["--yes", "--quiet", ...ids, "--url", m.url], { env: withToken });
      expect(good.code).toBe(0);
      expect(good.stderr).toBe("");
      expect(good.stdout).toMatch(/^HALO answers with the saved settings/);
      const bad = await m.run(["--yes", "--quiet", "--name", "halo-de", ...ids, "--url", m.url], {
        env: { HALO_MCP_TOKEN: "made.up.wrong.Pm3Jx8Qd5Wc1" },
      });
      expect(bad.code).toBe(1);
      expect(bad.stderr).toMatch(/^create-halo-mcp: /);
      expect(bad.stdout).toBe("");
    }));

  test("--cwd works in that folder and not at the root of git", () =>
    on({}, async (m) => {
      mkdirSync(join(m.path, "apps/bot"), { recursive: true });
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--cwd", "apps/bot"], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(names(m.tree()).sort()).toEqual(FILES.map((file) => `apps/bot/${file}`));
      expect(m.repo.git("status", "--short", "--untracked-files=all")).not.toMatch(/\.env$|settings\.local/m);
    }));

  test("a folder that is no git repository", () =>
    on({}, async (m) => {
      const folder = join(m.root, "plain");
      mkdirSync(folder);
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken, cwd: folder });
      expect(run.code, run.stderr).toBe(0);
      expect(run.stderr).toContain("no git repository");
      expect(readFileSync(join(folder, ".env"), "utf8")).toBe(ENV);
      expect((lstatSync(join(folder, ".env")).mode & 0o777).toString(8)).toBe("600");
    }));

  test("--name halo-de beside halo: one account, two profiles", () =>
    on({}, async (m) => {
      expect((await m.run(["--yes", ...ids, "--url", m.url], { env: withToken })).code).toBe(0);
      const first = JSON.parse(m.read(".mcp.json")).mcpServers.halo;
      const run = await m.run(
        ["--yes", "--name", "halo-de", "--account-id", ACCOUNT, "--profile-id", PROFILE, "--url", m.url],
        { env: withToken },
      );
      expect(run.code, run.stderr).toBe(0);
      const { mcpServers } = JSON.parse(m.read(".mcp.json"));
      expect(mcpServers.halo).toEqual(first);
      expect(mcpServers["halo-de"].headers).toEqual({
        "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
        "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
        "CM-PROFILE-ID": "${HALO_DE_PROFILE_ID}",
      });
      expect(m.read(".env")).toBe(`${ENV}HALO_DE_PROFILE_ID=${PROFILE}\n`);
      expect(JSON.parse(m.read(".claude/settings.local.json")).enabledMcpjsonServers.sort()).toEqual([
        "halo",
        "halo-de",
      ]);
    }));

  test("--values-file: that file, ignored; .env is not made", () =>
    on({}, async (m) => {
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--values-file", "halo.private"], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read("halo.private")).toBe(ENV);
      expect(m.mode("halo.private")).toBe("600");
      expect(m.exists(".env")).toBe(false);
      expect(m.repo.git("check-ignore", "halo.private").trim()).toBe("halo.private");
      expect(run.stdout).toContain("--values-file halo.private");
    }));

  test("--bridge direnv writes .envrc without a value, and no bridge of Claude Code's", () =>
    on({}, async (m) => {
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--bridge", "direnv"], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read(".envrc")).toBe("dotenv_if_exists .env\n");
      expect(m.exists(".claude")).toBe(false);
      expect(run.stdout).toContain("direnv allow");
    }));

  test("--bridge none says that nothing gives Claude Code the values", () =>
    on({}, async (m) => {
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--bridge", "none"], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.exists(".claude")).toBe(false);
      expect(run.stderr).toContain("No bridge");
      expect(run.stdout).toContain("Claude Code does not read .env");
    }));

  test("--timeout bounds a server that never answers", () =>
    on({}, async (m) => {
      const silent = await recorder(() => undefined);
      try {
        const run = await m.run(["--yes", ...ids, "--url", silent.url, "--timeout", "1"], { env: withToken });
        expect(run.code).toBe(1);
        expect(run.stderr.replace(/\s+/g, " ")).toMatch(/did not answer .*\(limit: 1 s\)/);
        expect(names(m.tree())).toEqual([]);
      } finally {
        await silent.close();
      }
    }));

  test.each(["2025-stateless", "2026", "both"] as const)("a server of the era %s", (era) =>
    on({ server: { era, answers: era === "2026" ? "json" : "sse" } }, async (m) => {
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
    }),
  );

  test("a server that asks for no token: connected, and said to prove nothing", () =>
    on({ server: { auth: "none" } }, async (m) => {
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(run.stderr.replace(/\s+/g, " ")).toContain("cannot tell whether the token is right");
    }));
});

describe.concurrent("--scope user without Claude Code", () => {
  test("values go to ~/.claude/settings.json (0600) alone; the commands hold references in single quotes", () =>
    on({}, async (m) => {
      const before = m.tree();
      const run = await m.run(["--yes", "--scope", "user", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.tree()).toEqual(before);
      expect(readdirSync(m.home)).toEqual([".claude"]);
      expect(readdirSync(join(m.home, ".claude"))).toEqual(["settings.json"]);
      const settings = join(m.home, ".claude/settings.json");
      expect(JSON.parse(readFileSync(settings, "utf8"))).toEqual({
        env: { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: PROFILE },
      });
      expect((lstatSync(settings).mode & 0o777).toString(8)).toBe("600");
      expect(run.stdout).toMatch(/sh, bash, zsh:[\s\S]*PowerShell:/);
      const [sh = "", shell = ""] = [...run.stdout.matchAll(/^\s*(claude mcp add .*)$/gm)].map(([, text]) => text);
      for (const command of [sh, shell])
        for (const part of [
          "--transport http",
          "--scope user",
          `halo ${m.url}`,
          "'X-CM-PRODUCTTOKEN: ${HALO_MCP_TOKEN}'",
          "'CM-ACCOUNT-ID: ${HALO_ACCOUNT_ID}'",
          "'CM-PROFILE-ID: ${HALO_PROFILE_ID}'",
        ])
          expect(command).toContain(part);
      // what a shell makes of it: the references arrive as they are
      const echo = await start("sh", ["-c", `claude() { printf '%s\\n' "$@"; }; ${sh}`], {
        cwd: m.path,
        env: { ...m.env, ...withToken },
      });
      expect(echo.stdout.split("\n").slice(0, 14)).toEqual([
        "mcp",
        "add",
        "--transport",
        "http",
        "--scope",
        "user",
        "halo",
        m.url,
        "--header",
        "X-CM-PRODUCTTOKEN: ${HALO_MCP_TOKEN}",
        "--header",
        "CM-ACCOUNT-ID: ${HALO_ACCOUNT_ID}",
        "--header",
        "CM-PROFILE-ID: ${HALO_PROFILE_ID}",
      ]);
      expect(run.stdout).not.toMatch(/is connected|HALO answers/);
      expectNoToken(run);
    }));

  test("what is in ~/.claude/settings.json stays; an open mode is closed", () =>
    on({}, async (m) => {
      mkdirSync(join(m.home, ".claude"));
      const settings = join(m.home, ".claude/settings.json");
      writeFileSync(settings, '{\n\t"model":   "opus"\n}\n', { mode: 0o644 });
      const run = await m.run(["--yes", "--scope", "local", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      const after = readFileSync(settings, "utf8");
      expect(after).toContain('\t"model":   "opus"\n');
      expect(after).toContain(TOKEN);
      expect((lstatSync(settings).mode & 0o777).toString(8)).toBe("600");
    }));

  test("a comment in ~/.claude/settings.json: refused, since Claude Code skips the file for it", () =>
    on({}, async (m) => {
      mkdirSync(join(m.home, ".claude"));
      const settings = join(m.home, ".claude/settings.json");
      const text = '{\n  // mine\n  "model": "opus"\n}\n';
      writeFileSync(settings, text, { mode: 0o644 });
      const run = await m.run(["--yes", "--scope", "local", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stdout + run.stderr).toBe(1);
      expect(run.stderr).toContain("settings.json");
      expect(readFileSync(settings, "utf8")).toBe(text);
      expectNoToken(run);
    }));
});

type Json = Record<string, unknown>;

/** The shape of a successful document, key by key. */
function expectDocument(
  text: string,
  expected: { ok: boolean; dryRun: boolean; statuses: readonly string[]; url: string; probe: boolean },
): Json {
  expect(text.endsWith("}\n")).toBe(true);
  const body = JSON.parse(text) as Json;
  expect(Object.keys(body).sort()).toEqual([
    "client",
    "dryRun",
    "ok",
    "probe",
    "recreate",
    "server",
    "steps",
    "version",
  ]);
  expect(body).toMatchObject({
    version: 1,
    ok: expected.ok,
    dryRun: expected.dryRun,
    server: { name: "halo", url: expected.url },
  });
  expect(Object.keys(body.server as Json).sort()).toEqual(["name", "url"]);
  const steps = body.steps as Json[];
  expect(steps.map(({ status }) => status)).toEqual(expected.statuses);
  for (const step of steps) {
    expect(["write", "run", "tell"]).toContain(step.kind);
    if (step.kind === "write") expect(Object.keys(step).sort()).toEqual(["kind", "path", "status"]);
  }
  expect(body.recreate).toMatch(/^HALO_MCP_TOKEN=… npx create-halo-mcp --yes /);
  if (expected.probe) {
    const probe = body.probe as Json;
    expect(Object.keys(probe)).toEqual(
      expect.arrayContaining(["version", "ok", "cause", "at", "control", "stages", "server", "tools"]),
    );
    expect(probe).toMatchObject({
      version: 1,
      ok: true,
      cause: null,
      at: null,
      control: "refused",
      server: { name: "halo-stand-in", version: "1.0.0", protocol: expect.stringMatching(/^\d{4}-/) },
    });
    expect(probe.tools).toContainEqual({ name: "list_agents", description: "List the agents of this HALO profile." });
    for (const stage of probe.stages as Json[]) {
      expect(["url", "dns", "tcp", "tls", "http", "auth", "mcp", "tools"]).toContain(stage.stage);
      // the contract says `ok`
      expect(typeof stage.ok, JSON.stringify(stage)).toBe("boolean");
      expect(typeof stage.ms).toBe("number");
    }
  } else expect(body.probe).toBeNull();
  return body;
}

describe.concurrent("--json: one document on stdout, nothing else", () => {
  const all = (status: string) => FILES.map(() => status);

  test("success, already set up, dry run, untested", () =>
    on({}, async (m) => {
      const flags = ["--json", ...ids, "--url", m.url];
      const dry = await m.run([...flags, "--dry-run"], { env: withToken });
      expect([dry.code, dry.stderr]).toEqual([0, ""]);
      expectDocument(dry.stdout, { ok: true, dryRun: true, statuses: all("planned"), url: m.url, probe: true });
      expect(names(m.tree())).toEqual([]);
      const done = await m.run([...flags, "--yes"], { env: withToken });
      expect([done.code, done.stderr]).toEqual([0, ""]);
      const body = expectDocument(done.stdout, {
        ok: true,
        dryRun: false,
        statuses: all("written"),
        url: m.url,
        probe: true,
      });
      expect((body.steps as Json[]).map(({ path }) => path)).toEqual([
        ".gitignore",
        ".env",
        ".env.example",
        ".claude/settings.local.json",
        ".mcp.json",
      ]);
      const before = m.tree();
      const again = await m.run([...flags, "--yes"], { env: withToken });
      expect([again.code, again.stderr]).toEqual([0, ""]);
      const second = JSON.parse(again.stdout) as Json;
      for (const { status } of second.steps as Json[]) expect(status).toBe("unchanged");
      expectDocument(again.stdout, {
        ok: true,
        dryRun: false,
        statuses: (second.steps as Json[]).map(() => "unchanged"),
        url: m.url,
        probe: true,
      });
      expect(m.tree()).toEqual(before);
      const untested = await m.run([...flags, "--yes", "--skip-test"], { env: withToken });
      expectDocument(untested.stdout, {
        ok: true,
        dryRun: false,
        statuses: (second.steps as Json[]).map(() => "unchanged"),
        url: m.url,
        probe: false,
      });
      for (const run of [dry, done, again, untested]) expectNoToken(run);
    }));

  test("steps of a person, and a command that holds references", () =>
    on({}, async (m) => {
      const run = await m.run(
        ["--json", "--yes", "--scope", "user", "--client", "claude-code,claude-ai,chatgpt", ...ids, "--url", m.url],
        { env: withToken },
      );
      expect(run.code, run.stdout).toBe(0);
      const { steps } = JSON.parse(run.stdout) as { steps: Json[] };
      expect(steps.map(({ kind }) => kind)).toEqual(["write", "tell", "tell", "tell"]);
      for (const step of steps.slice(1)) expect(step).toMatchObject({ title: expect.any(String), status: "planned" });
      expectNoToken(run);
    }));

  const failures: [string, string[], Record<string, string>, number, string][] = [
    ["a wrong token", ["--yes", ...ids], { HALO_MCP_TOKEN: "made.up.wrong.Pm3Jx8Qd5Wc1" }, 1, "unauthorized"],
    ["a usage error", ["--scop", "user"], {}, 2, "usage"],
    ["a bad token", ["--yes", ...ids], { HALO_MCP_TOKEN: "made up" }, 2, "bad-token"],
    ["a folder that is not there", ["--cwd", "nowhere"], {}, 2, "usage"],
  ];
  test.each(failures)("%s", (_, args, env, code, error) =>
    on({}, async (m) => {
      const run = await m.run(["--json", "--url", m.url, ...args], { env });
      expect(run.code).toBe(code);
      expect(run.stderr).toBe("");
      const body = JSON.parse(run.stdout) as Json;
      expect(Object.keys(body)).toEqual(["version", "ok", "error"]);
      expect(body).toMatchObject({ version: 1, ok: false, error: { code: error, message: expect.any(String) } });
      expect(Object.keys(body.error as Json)).toEqual(["code", "message", "hint"]);
    }),
  );
});

describe.concurrent("bad input", () => {
  const token = withToken;
  const usage: [string, string[], Record<string, string>, RegExp][] = [
    ["an unknown command", ["initt"], {}, /did you mean init\?/],
    ["an unknown option", ["--accountid", "x"], {}, /did you mean --account-id\?/],
    ["--token", ["--token", TOKEN], {}, /there is no --token/],
    ["--token=…", [`--token=${TOKEN}`], {}, /there is no --token/],
    ["a token in another option's clothes", [`--${TOKEN}`], {}, /unknown option/],
    ["a token as a command", [TOKEN], {}, /unknown command/],
    ["an unknown client", ["--client", "claude-cod"], {}, /did you mean claude-code\?/],
    ["an unknown scope", ["--scope", "projekt"], {}, /did you mean project\?/],
    ["an unknown bridge", ["--bridge", "dotenv"], {}, /claude-settings, direnv, none/],
    ["a name with a space", ["--name", "halo de"], {}, /letters, digits, - and _/],
    ["a reserved name", ["--name", "workspace"], {}, /reserved/],
    ["__proto__", ["--name", "__proto__"], {}, /reserved/],
    ["a name from the environment", [], { HALO_NAME: "halo/de" }, /letters, digits/],
    ["http:", ["--url", "http://api.cm.com/halo/core/mcp"], {}, /http: would send the token unencrypted/],
    ["a URL with credentials", ["--url", "https://user:pass@api.cm.com/halo/core/mcp"], {}, /credentials/],
    ["a URL with a space", ["--url", "https://api.cm.com/halo core/mcp"], {}, /space/],
    ["no URL", ["--url", "halo"], {}, /not a URL/],
    ["ftp:", ["--url", "ftp://api.cm.com/"], {}, /must start with https:/],
    ["a timeout of words", ["--timeout", "soon"], {}, /seconds, from 1 to 600/],
    ["a timeout of 0", ["--timeout", "0"], {}, /seconds, from 1 to 600/],
    ["an option without its value", ["--name"], {}, /needs a value/],
    ["an option in place of a value", ["--name", "--yes"], {}, /needs a value/],
    ["both ways for a token", ["--token-stdin", "--token-file", "x"], {}, /choose one/],
    ["a Studio URL without an ID", ["--yes", "--studio-url", "https://www.cm.com/app/halo/"], token, /no ID in it/],
    [
      "a token with a line break",
      ["--yes", ...ids],
      { HALO_MCP_TOKEN: `${TOKEN.slice(0, 10)}\n${TOKEN.slice(10)}` },
      /a line break at position 11/,
    ],
    ["a token with é", ["--yes", ...ids], { HALO_MCP_TOKEN: `${TOKEN.slice(0, 10)}é` }, /U\+00E9 at position 11/],
    [
      "a token with a soft hyphen elsewhere",
      ["--yes", ...ids],
      { HALO_MCP_TOKEN: `${TOKEN.slice(0, 10)}\u2011x` },
      /U\+2011 at position 11/,
    ],
    ["the token undefined", ["--yes", ...ids], { HALO_MCP_TOKEN: "undefined" }, /was not set/],
    ["a placeholder as the token", ["--yes", ...ids], { HALO_MCP_TOKEN: "${HALO_MCP_TOKEN}" }, /placeholder/],
    ["<token>", ["--yes", ...ids], { HALO_MCP_TOKEN: "<your token>" }, /placeholder/],
    ["an empty account", ["--yes", "--account-id", "", "--profile-id", PROFILE], token, /needs a value/],
    [
      "a placeholder as the account",
      ["--yes", "--account-id", "ACCOUNT_ID", "--profile-id", PROFILE],
      token,
      /placeholder/,
    ],
    [
      "a profile with a space",
      ["--yes", "--account-id", ACCOUNT, "--profile-id", "a b"],
      token,
      /a space at position 2 of 3/,
    ],
    ["an argument too many", ["init", "halo"], {}, /takes options only/],
    ["a switch with a value", ["--yes=no"], {}, /takes no value/],
  ];
  test.each(usage)("%s: exit 2, nothing sent, nothing written, no value repeated", (_, args, env, said) =>
    on({}, (m) =>
      expectNothing(m, async () => {
        const url =
          args.includes("--url") || args[0] === "initt" || args[0] === TOKEN || args[0] === "init"
            ? []
            : ["--url", m.url];
        const run = await m.run([...args, ...url], { env });
        expect(run.code, run.stdout + run.stderr).toBe(2);
        expect(run.stdout).toBe("");
        expect(run.stderr.replace(/\s+/g, " ")).toMatch(said);
        expect(run.stderr).not.toContain(TOKEN.slice(0, 10));
        expect(run.stderr).not.toContain("user:pass");
        expect(run.stderr.split("\n").length).toBeLessThan(8);
      }),
    ),
  );

  test("NUL in a token on standard input", () =>
    on({}, (m) =>
      expectNothing(m, async () => {
        const run = await m.run(["--yes", "--token-stdin", ...ids, "--url", m.url], {
          stdin: `${TOKEN.slice(0, 10)}\0${TOKEN.slice(10)}`,
        });
        expect(run.code).toBe(2);
        expect(run.stderr).toContain("U+0000 at position 11");
        expect(run.stderr).not.toContain(TOKEN.slice(0, 10));
      }),
    ));

  test.each([
    ["nothing", ""],
    ["a whole file", "x".repeat(70_000)],
  ])("%s on standard input", (_, stdin) =>
    on({}, (m) =>
      expectNothing(m, async () => {
        const run = await m.run(["--yes", "--token-stdin", ...ids, "--url", m.url], { stdin });
        expect(run.code).toBe(2);
      }),
    ),
  );

  test("a token given as the name of the token file is not repeated", () =>
    on({}, (m) =>
      expectNothing(m, async () => {
        const run = await m.run(["--yes", "--token-file", TOKEN, ...ids, "--url", m.url]);
        expect(run.code).toBe(3);
        expect(run.stderr).toContain("no such file");
        expect(run.stdout + run.stderr).not.toContain(TOKEN);
      }),
    ));

  const broken: [string, string, string, RegExp][] = [
    ["a comma too many", ".mcp.json", '{\n  "mcpServers": {},\n}\n', /\.mcp\.json:\d+:\d+/],
    ["a comment", ".mcp.json", '{\n  // ours\n  "mcpServers": {}\n}\n', /\.mcp\.json:2:3/],
    [
      "a merge conflict",
      ".mcp.json",
      '{\n<<<<<<< HEAD\n  "mcpServers": {}\n=======\n  "mcpServers": {"a":{}}\n>>>>>>> x\n}\n',
      /\.mcp\.json:2:1.*conflict/s,
    ],
    ["the same key twice", ".mcp.json", '{"mcpServers": {}, "mcpServers": {}}', /\.mcp\.json:1:20/],
    ["an array", ".mcp.json", "[]", /\.mcp\.json:1:1/],
    ["a truncated file", ".mcp.json", '{"mcpServers": {"x": {"ty', /\.mcp\.json:1:\d+/],
    ["a comment", ".claude/settings.local.json", '{\n  // mine\n  "env": {}\n}\n', /settings\.local\.json:2:3/],
    ["a broken bridge", ".claude/settings.local.json", '{"env": ', /settings\.local\.json:1:\d+/],
  ];
  test.each(broken)("%s in %s: exit 1 with the place, no file written, nothing sent", (_, file, text, said) =>
    on({}, async (m) => {
      m.write(file, text);
      await expectNothing(m, async () => {
        const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
        expect(run.code, run.stdout + run.stderr).toBe(1);
        expect(run.stderr).toMatch(said);
        const json = await m.run(["--json", "--yes", ...ids, "--url", m.url], { env: withToken });
        expect([json.code, JSON.parse(json.stdout).error.code]).toEqual([1, "refused-file"]);
      });
    }),
  );

  test("a tracked .env: exit 1 with the way out, which works", () =>
    on({}, async (m) => {
      m.write(".env", "A=1\n");
      m.repo.git("add", "--force", ".env");
      m.repo.git("commit", "--quiet", "--message=oops");
      let way = "";
      await expectNothing(m, async () => {
        const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
        expect(run.code).toBe(1);
        expect(run.stderr.replace(/\s+/g, " ")).toContain("is tracked by git");
        way = /^\s*(git -C .*)$/m.exec(run.stderr)?.[1] ?? "";
      });
      expect((await start("sh", ["-c", way], { cwd: m.path, env: m.env })).code).toBe(0);
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read(".env")).toBe(`A=1\n${ENV}`);
      expect(m.repo.git("status", "--short", "--untracked-files=all")).not.toContain(" .env\n");
    }));

  test.each([
    ["a folder", (m: Machine) => mkdirSync(join(m.path, ".env"))],
    ["a pipe", (m: Machine) => void start("mkfifo", [join(m.path, ".env")], { cwd: m.path, env: m.env })],
    ["no text", (m: Machine) => writeFileSync(join(m.path, ".env"), Buffer.from([0x41, 0x3d, 0xff, 0xfe]))],
    ["a circle of links", (m: Machine) => symlinkSync(".env", join(m.path, ".env"))],
  ])(".env is %s", (_, make) =>
    on({}, async (m) => {
      make(m);
      await expect.poll(() => m.exists(".env")).toBe(true);
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken, timeoutMs: 20_000 });
      expect([1, 3]).toContain(run.code);
      expect(run.stderr).toContain(".env");
      expect(m.standIn.requests).toEqual([]);
      expect(m.exists(".mcp.json")).toBe(false);
    }),
  );

  test("the endpoint answers nothing: refused, in plain words", () =>
    on({}, async (m) => {
      const { url, close } = await recorder(() => undefined);
      await close();
      const run = await m.run(["--yes", ...ids, "--url", url], { env: withToken });
      expect(run.code).toBe(1);
      expect(run.stderr.replace(/\s+/g, " ")).toContain("refused the connection");
      expect(names(m.tree())).toEqual([]);
    }));
});

describe.concurrent("no permission", () => {
  // Permissions do not bind root: as root the program is started as another user, to whom the machine is handed over.
  const isRoot = process.getuid?.() === 0;
  const NOBODY = 65_534;
  const user = isRoot ? { uid: NOBODY } : {};
  function handOver(m: Machine): void {
    if (!isRoot) return;
    for (let folder = dirname(dirname(m.bin)); folder !== "/" && folder !== "/tmp"; folder = dirname(folder))
      chmodSync(folder, 0o755);
    for (const folder of [m.root]) chmodSync(folder, 0o755);
    const own = (path: string): void => {
      chownSync(path, NOBODY, NOBODY);
      if (lstatSync(path).isDirectory()) for (const name of readdirSync(path)) own(join(path, name));
    };
    own(m.root);
  }

  test("a read-only folder: exit 3 with the file; nothing written", () =>
    on({}, async (m) => {
      handOver(m);
      chmodSync(m.path, 0o555);
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken, ...user });
      expect(run.code, run.stdout + run.stderr).toBe(3);
      expect(run.stderr).toMatch(/\.gitignore|\.env/);
      expect(run.stderr.replace(/\s+/g, " ")).toMatch(/permi|read-only/i);
      expect(names(m.tree())).toEqual([]);
      const json = await m.run(["--json", "--yes", ...ids, "--url", m.url], { env: withToken, ...user });
      expect([json.code, JSON.parse(json.stdout).ok]).toEqual([3, false]);
    }));

  test("a read-only .claude folder: exit 3, and what was written before it is rolled back", () =>
    on({}, async (m) => {
      mkdirSync(join(m.path, ".claude"));
      m.write(".gitignore", "node_modules\n");
      handOver(m);
      chmodSync(join(m.path, ".claude"), 0o555);
      const before = contents(m.tree());
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken, ...user });
      expect(run.code, run.stdout + run.stderr).toBe(3);
      expect(run.stderr).toContain(".claude");
      expect(contents(m.tree())).toEqual(before);
      expectNoToken(run);
    }));

  test("a file that cannot be read is not taken for an empty one", () =>
    on({}, async (m) => {
      m.write(".env", "A=1\n", 0o600);
      m.write(".gitignore", ".env\n.claude/\n");
      handOver(m);
      if (isRoot) chownSync(join(m.path, ".env"), 0, 0);
      else chmodSync(join(m.path, ".env"), 0o000);
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken, ...user });
      expect([1, 3]).toContain(run.code);
      expect(run.stderr).toContain(".env");
      if (!isRoot) chmodSync(join(m.path, ".env"), 0o600);
      expect(m.read(".env")).toBe("A=1\n");
      expect(m.exists(".mcp.json")).toBe(false);
    }));

  test("the same without those hindrances succeeds", () =>
    on({}, async (m) => {
      handOver(m);
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken, ...user });
      expect(run.code, run.stderr).toBe(0);
    }));
});

describe.concurrent("again and at once", () => {
  test("three runs are one: no byte, mode or time changes after the first", () =>
    on({}, async (m) => {
      const flags = ["--yes", ...ids, "--url", m.url];
      expect((await m.run(flags, { env: withToken })).code).toBe(0);
      const before = m.tree();
      for (const more of [[], ["--skip-test"]]) {
        const run = await m.run([...flags, ...more], { env: withToken });
        expect(run.code, run.stderr).toBe(0);
        expect(run.stdout).toContain("Already set up");
      }
      expect(m.tree()).toEqual(before);
      // and without any flag: everything it needs is on disk
      const bare = await m.run(["--yes", "--url", m.url]);
      expect(bare.code, bare.stderr).toBe(0);
      expect(m.tree()).toEqual(before);
    }));

  test("a teammate with the variable exported and --yes: no question, no committed file changed", () =>
    on({}, async (m) => {
      const example = `CMCOM_TOKEN=\nCMCOM_ACCOUNT_ID=${ACCOUNT}\nCMCOM_PROFILE_ID=${PROFILE}\n`;
      committed(m, entryFor(m.url, ["CMCOM_TOKEN", "CMCOM_ACCOUNT_ID", "CMCOM_PROFILE_ID"]), "halo-shop", {
        ".env.example": example,
      });
      const run = await m.run(["--yes", "--url", m.url], { env: { CMCOM_TOKEN: TOKEN } });
      expect(run.code, run.stderr).toBe(0);
      expect(m.repo.git("status", "--short")).toBe("");
      expect(m.read(".env")).toBe(`CMCOM_TOKEN=${TOKEN}\nCMCOM_ACCOUNT_ID=${ACCOUNT}\nCMCOM_PROFILE_ID=${PROFILE}\n`);
    }));

  test("the token of an example file is never taken", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), "halo", { ".env.example": ENV });
      const run = await m.run(["--yes", "--url", m.url]);
      expect(run.code).toBe(2);
      expect(run.stderr).toContain("HALO_MCP_TOKEN");
      expect(m.standIn.requests).toEqual([]);
    }));

  test("pairs of two runs at once in one repository: both succeed and lose nothing", () =>
    on({}, async (m) => {
      for (let pair = 0; pair < 6; pair += 1) {
        for (const name of [".mcp.json", ".env", ".env.example", ".gitignore", ".claude"])
          rmSync(join(m.path, name), { recursive: true, force: true });
        const flags = (name: string) => ["--yes", "--skip-test", "--name", name, ...ids, "--url", m.url];
        const both = await Promise.all(["halo-a", "halo-b"].map((name) => m.run(flags(name), { env: withToken })));
        for (const run of both) expect(run.code, `pair ${pair}: ${run.stderr}`).toBe(0);
        expect(Object.keys(JSON.parse(m.read(".mcp.json")).mcpServers).sort(), `pair ${pair}`).toEqual([
          "halo-a",
          "halo-b",
        ]);
        expect(
          m
            .read(".env")
            .trim()
            .split("\n")
            .map((line) => line.split("=")[0])
            .sort(),
        ).toEqual(["HALO_ACCOUNT_ID", "HALO_A_PROFILE_ID", "HALO_B_PROFILE_ID", "HALO_MCP_TOKEN"]);
        const { env, enabledMcpjsonServers } = JSON.parse(m.read(".claude/settings.local.json"));
        expect([Object.keys(env).length, enabledMcpjsonServers.sort()]).toEqual([4, ["halo-a", "halo-b"]]);
        expect(m.read(".gitignore").match(/^\.env$/gm)).toHaveLength(1);
        expect(names(m.tree()).sort()).toEqual(FILES);
      }
    }));

  test("two runs at once that want the same: the second finds it there", () =>
    on({}, async (m) => {
      const run = () => m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      for (const { code, stdout, stderr } of await Promise.all([run(), run(), run()])) {
        expect(code, stderr).toBe(0);
        expect(stdout).toMatch(/^(?:HALO answers|Already set up and working)/);
      }
      expect(m.read(".env")).toBe(ENV);
      expect(Object.keys(JSON.parse(m.read(".mcp.json")).mcpServers)).toEqual(["halo"]);
    }));
});
