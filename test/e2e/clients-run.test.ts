/** `run` and `doctor --client` with the packed program. */
import { describe, expect, test } from "vitest";
import { DRIVERS } from "../clients/drivers.ts";
import { endAll } from "../clients/programs.ts";
import { nodeBinary } from "../support/claude.ts";
import type { Environment } from "../support/home.ts";
import { openTerminal } from "../support/terminal.ts";
import { init, OTHER, only } from "./clients-support.ts";
import { leaks } from "./doctor-support.ts";
import { ACCOUNT, DOTENV, flat, full, type Machine, on, PROFILE, start, TOKEN, VALUES, withToken } from "./support.ts";

interface RunCase {
  readonly env?: Environment;
  readonly stdin?: string;
  readonly code?: number;
  readonly out?: string;
  readonly err?: string | RegExp;
}

/** Below Node 22.15 the program is a child; from there on our process becomes it. */
const NODES = [
  ["as a child", process.execPath],
  ["in our place", nodeBinary(24)],
] as const;

describe.concurrent.each(NODES)("run --, %s", (_way, node) => {
  /** From a shell, which says 128 and more for a signal. */
  const typed = (m: Machine, args: readonly string[], options: { env: Environment; stdin?: string }) =>
    start("/bin/sh", ["-c", '"$@"; exit $?', "sh", node, m.bin, "run", ...args], { cwd: m.path, ...options });
  const FOREIGN = `${DOTENV}NODE_OPTIONS=--no-such-option\nPATH=/nowhere\nOTHER=1\n`;
  const sh = (script: string) => ["--", "sh", "-c", script];
  test.each<[string, readonly string[], RunCase]>([
    [
      "the values arrive, and no other",
      sh(
        'echo "$HALO_MCP_TOKEN $HALO_ACCOUNT_ID $HALO_PROFILE_ID [$NODE_OPTIONS$OTHER]"; test "$PATH" = /nowhere || echo kept',
      ),
      { out: `${TOKEN} ${ACCOUNT} ${PROFILE} []\nkept\n` },
    ],
    ["an exported value wins", sh("echo $HALO_MCP_TOKEN"), { env: { HALO_MCP_TOKEN: OTHER }, out: `${OTHER}\n` }],
    ["but not an empty one", sh("echo $HALO_MCP_TOKEN"), { env: { HALO_MCP_TOKEN: "" }, out: `${TOKEN}\n` }],
    [
      "--override",
      ["--override", ...sh("echo $HALO_MCP_TOKEN")],
      { env: { HALO_MCP_TOKEN: OTHER }, out: `${TOKEN}\n` },
    ],
    [
      "its input and its exit code",
      sh("cat; echo bad >&2; exit 7"),
      { stdin: "hello", code: 7, out: "hello", err: "bad\n" },
    ],
    ["its signal", sh("kill -TERM $$"), { code: 143, err: /^(?:Terminated\n)?$/ }],
    ["a closed pipe ends it, as elsewhere", sh("kill -PIPE $$; echo alive"), { code: 141 }],
    [
      "no such program",
      ["--", "no-such-program"],
      { code: 3, err: /^create-halo-mcp: no-such-program was not found on the PATH/ },
    ],
    ["no such path", ["--", "./none"], { code: 3, err: /^create-halo-mcp: \.\/none could not be started \(ENOENT\)/ }],
    ["a file that is no program", ["--", "./.env"], { code: 3, err: /\.env could not be started \(EACCES\)/ }],
    [
      "a script of a program that is not there",
      ["--", "./lost"],
      { code: 3, err: /lost could not be started \(ENOENT\)/ },
    ],
    ["no such folder", ["--cwd", "none", ...sh("pwd")], { code: 2, err: /--cwd: there is no folder/ }],
    ["no program", ["--"], { code: 2, err: /run needs a command/ }],
  ])("%s", (_, args, { code = 0, out = "", err = "", ...options }) =>
    on({}, async (m) => {
      m.write(".env", FOREIGN, 0o600);
      m.write("lost", "#!/no/such/program\n", 0o755);
      const run = await typed(m, args, { ...options, env: { ...m.env, ...only(m), ...options.env } });
      expect(run).toMatchObject({ code, stdout: out });
      if (typeof err === "string") expect(run.stderr).toBe(err);
      else expect(run.stderr).toMatch(err);
    }),
  );

  test("a program of the repository is not on the PATH of the program", () =>
    on({}, async (m) => {
      m.write("node_modules/.bin/git", "#!/bin/sh\necho $HALO_MCP_TOKEN\n", 0o755);
      const PATH = `${m.path}/node_modules/.bin:${m.env.PATH}`;
      const run = await typed(m, sh('git --version; echo "$PATH"'), { env: { ...m.env, ...VALUES, PATH } });
      expect([run.code, run.stdout]).toEqual([0, expect.stringMatching(/^git version .*\n\//)]);
      expect(run.stdout).not.toContain(m.path);
    }));

  test("a signal to it is one to the program", () =>
    on({}, async (m) => {
      const started = (pid: number): void => {
        void expect
          .poll(() => m.exists("ready"), { timeout: 20_000 })
          .toBe(true)
          .then(() => process.kill(pid, "SIGTERM"));
      };
      const loop = 'trap "echo term; exit 5" TERM; touch ready; while :; do sleep 0.1; done';
      const how = { cwd: m.path, env: m.env, started };
      expect(await start(node, [m.bin, "run", ...sh(loop)], how)).toMatchObject({ code: 5, stdout: "term\n" });
      expect(m.processes()).toEqual([]);
    }));

  test("in a terminal: its size, Ctrl-Z and fg, Ctrl-C once, its exit code", () =>
    on({}, async (m) => {
      m.write(
        "program",
        `test -t 0 && test -t 1 && echo tty; trap 'stty size' WINCH; trap 'echo interrupted; n=1$n' INT
echo ready; until [ -n "$n" ]; do sleep 0.1; done; sleep 0.5; exit 5$n`,
      );
      const env = { ...m.env, PS1: "> " };
      const terminal = openTerminal({ file: "/bin/bash", args: ["--norc", "-i"], cwd: m.path, env });
      const line = (text: string): void => terminal.type(`${text}\r`);
      try {
        line(`${node} ${m.bin} run -- sh program`);
        await terminal.waitFor(/^tty\nready/m);
        terminal.resize(100, 30);
        await terminal.waitFor("30 100");
        terminal.press("ctrl-z");
        await terminal.waitFor("Stopped");
        line("fg; echo code=$?");
        await terminal.settle();
        terminal.press("ctrl-c");
        await terminal.waitFor("code=51");
        expect(
          terminal
            .history()
            .join("\n")
            .match(/^\^?C?interrupted/gm),
        ).toHaveLength(1);
        line("exit");
        await terminal.exit;
        expect(m.processes()).toEqual([]);
      } finally {
        await terminal.kill();
      }
    }));
});

describe.concurrent.each(NODES)("real clients, started by run, %s", (_way, node) => {
  const started = DRIVERS.filter(({ program }) => /^(?:claude-code-2.1.332|codex|gemini-cli)$/.test(program));
  test.each(started.map((driver) => [driver.program, driver] as const))("%s sends the values of .env", (_, driver) =>
    on({}, async (m) => {
      const set = await m.run(full(m, "--client", driver.client ?? "", "--bridge", "none"), {
        env: { ...only(m), ...withToken },
      });
      expect(set.code, set.stderr).toBe(0);
      m.standIn.requests.length = 0;
      const through = [node, m.bin, "run", "--"];
      await driver.ask({ ...m, through }, [m.path], {
        env: {},
        isTrusted: true,
        isDone: () => m.standIn.requests.some(({ rpc }) => rpc === "tools/list"),
      });
      endAll(m);
      const sent = m.standIn.requests.map(({ headers }) =>
        ["x-cm-producttoken", "cm-account-id", "cm-profile-id"].map((name) => headers[name]).join(),
      );
      expect([...new Set(sent)]).toEqual([[TOKEN, ACCOUNT, PROFILE].join()]);
    }),
  );
});

describe.concurrent("doctor --client codex", () => {
  const [FILE, DOWN] = [".codex/config.toml", "http://127.0.0.1:9/mcp"];
  const down = { cause: "refused", at: "tcp", findings: [] };
  const codex = (m: Machine) => init(m, "--client", "codex");
  const unread =
    /^▲ HALO_MCP_TOKEN, HALO_ACCOUNT_ID, HALO_PROFILE_ID: set only in \.env, which Codex does not read Try npx create-halo-mcp run -- codex ✔/;
  test.each<[string, (m: Machine) => unknown, Environment, number, object, RegExp | string]>([
    [
      "no entry",
      () => undefined,
      {},
      1,
      {
        findings: [{ severity: "error", tryThis: expect.stringMatching(/^npx create-halo-mcp --client codex --url /) }],
      },
      /no server "halo"/,
    ],
    ["values in .env alone", codex, {}, 0, { findings: [{ severity: "warning" }], cause: null }, unread],
    [
      "a stale export",
      codex,
      { ...VALUES, HALO_MCP_TOKEN: OTHER },
      1,
      { cause: "unauthorized", findings: [{ tryThis: "unset HALO_MCP_TOKEN" }] },
      /takes the exported one/,
    ],
    [
      "a stale value in its own file, which wins",
      (m) => codex(m).then(() => m.write("../home/.codex/.env", `HALO_MCP_TOKEN=${OTHER}\n`, 0o600)),
      VALUES,
      1,
      {
        cause: "unauthorized",
        findings: [{ tryThis: expect.stringMatching(/^npx create-halo-mcp --client codex --scope user --url /) }],
      },
      /another value is in ~\/\.codex\/\.env/,
    ],
    [
      "a wrong token",
      (m) => codex(m).then(() => m.write(".env", "")),
      { ...VALUES, HALO_MCP_TOKEN: OTHER },
      1,
      { cause: "unauthorized", findings: [] },
      /Make a new token \(type MCP\).*, then: npx create-halo-mcp --client codex --url/,
    ],
    [
      "the server is down",
      (m) => codex(m).then(() => m.write(FILE, m.read(FILE).replace(m.url, DOWN))),
      VALUES,
      1,
      down,
      /refused the connection/,
    ],
    [
      "all right",
      codex,
      VALUES,
      0,
      {
        cause: null,
        client: { id: "codex", scope: "project", path: ".codex/config.toml", status: "not-asked" },
        findings: [],
      },
      /^✔ Connected to halo-stand-in .* Not tested: Start Codex again/,
    ],
  ])("%s", (_, prepare, values, code, document, said) =>
    on({}, async (m) => {
      await prepare(m);
      const env = { ...only(m), ...values };
      const args = ["doctor", "--client", "codex", "--url", document === down ? DOWN : m.url];
      const [text, json] = [await m.run(args, { env }), await m.run([...args, "--json"], { env })];
      expect([text.code, json.code], text.stdout + text.stderr).toEqual([code, code]);
      expect(flat(text)).toMatch(said);
      expect(JSON.parse(json.stdout)).toMatchObject({ version: 1, ok: code === 0, ...document });
      for (const secret of [TOKEN, OTHER])
        expect(leaks([text, json].map((run) => run.stdout + run.stderr).join(), secret)).toEqual([]);
    }),
  );

  test("another URL than HALO's: nothing is sent, and both forms say why", () =>
    on({}, async (m) => {
      await codex(m);
      m.standIn.requests.length = 0;
      const run = await m.run(["doctor", "--client", "codex", "--json"], { env: { ...only(m), ...VALUES } });
      const finding = {
        severity: "error",
        seen: expect.stringContaining("is not HALO's"),
        tryThis: expect.stringContaining("--url"),
      };
      expect([run.code, JSON.parse(run.stdout).findings]).toEqual([1, [finding]]);
      expect(m.standIn.requests).toEqual([]);
    }));
});
