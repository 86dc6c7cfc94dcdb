import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { INIT_FLAGS } from "../../src/flags.ts";
import { CLEAN, HALO_FILE } from "../support/check.ts";
import { claudeBinFolder, quietClaude } from "../support/claude.ts";
import { full, handOver, type Machine, on, start, TOKEN, unprivileged, withToken } from "./support.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));

const commit = (m: Machine, files: Readonly<Record<string, string>>): void => {
  for (const [path, text] of Object.entries(files)) m.write(path, text);
  m.commit();
};
const CI = { CI: "1" };
const NO_TYPE = HALO_FILE.replace('      "type": "http",\n', "");

describe("check, from the tarball", () => {
  test("is silent about what is right, and names what is wrong", () =>
    on({}, async (m) => {
      commit(m, CLEAN);
      const before = m.tree();
      const clean = await m.run(["check"], { env: CI });
      expect(clean).toEqual({ code: 0, stdout: "✔ 2 files checked, no problems\n", stderr: "" });
      expect(m.tree()).toEqual(before);
      m.write(".mcp.json", NO_TYPE);
      const { code, stdout } = await m.run(["check"], { env: CI });
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^\.mcp\.json:3:5 error .*\[http-url-without-type\]\n✖ 1 error in 2 files · 1 can be fixed: npx create-halo-mcp check --fix\n$/,
      );
      expect((await m.run(["check", "--fix"], { env: CI })).code).toBe(0);
      expect(JSON.parse(m.read(".mcp.json"))).toEqual(JSON.parse(HALO_FILE));
      expect(m.standIn.requests).toHaveLength(0);
    }));

  test("loads no heavy module, and starts one program", () =>
    on({}, async (m) => {
      commit(m, CLEAN);
      const [log, preload] = [join(m.tmp, "loaded.json"), join(m.tmp, "preload.cjs")];
      writeFileSync(
        preload,
        `const { writeFileSync } = require("node:fs"); const { Module } = require("node:module"); const asked = [];
         const load = Module._load; Module._load = function (id, ...rest) { asked.push(id); return load.call(this, id, ...rest); };
         process.on("exit", () => writeFileSync(${JSON.stringify(log)}, JSON.stringify({ files: Object.keys(require.cache), asked })));`,
      );
      for (const format of ["text", "json", "github", "sarif"]) {
        const NODE_OPTIONS = `--require=${preload}`;
        expect((await m.run(["check", "--format", format], { env: { ...CI, NODE_OPTIONS } })).code).toBe(0);
        const { files, asked } = JSON.parse(readFileSync(log, "utf8")) as { files: string[]; asked: string[] };
        const loaded = files.map((file) => basename(file));
        const own = ["bin.js", "check.js", "cli.js", "judge.js", "preload.cjs", "rolldown-runtime.js"];
        expect(loaded.sort()).toEqual(own);
        for (const module of ["node:http", "node:https", "node:tls", "node:dns", "node:net", "node:readline", "undici"])
          expect(asked).not.toContain(module);
      }
    }));

  test("in a terminal: colours, the place, and no value", () =>
    on({}, async (m) => {
      commit(m, { ...CLEAN, ".mcp.json": NO_TYPE.replace("${HALO_MCP_TOKEN}", TOKEN) });
      const terminal = m.open(["check"], { env: CI, cols: 100 });
      await terminal.ends(1);
      expect(terminal.text()).toMatch(/\.mcp\.json:3:5 error /);
      expect(terminal.text()).toContain("••••");
      expect(terminal.text()).not.toContain(TOKEN);
    }));

  test("ends quietly when its reader goes away", () =>
    on({}, async (m) => {
      // more than a pipe takes at once; of one rule a file has at most 100 lines
      const servers = Array.from({ length: 100 }, (_, index) => `"s${index}":{"url":"https://a"}`).join(",");
      const files = Array.from({ length: 31 }, (_, index) => [`p${index}/.mcp.json`, `{"mcpServers":{${servers}}}`]);
      commit(m, { ...CLEAN, ...Object.fromEntries(files) });
      const command = `"${process.execPath}" "${m.bin}" check --allow-missing 2>&1 | head -n 1`;
      const out = execFileSync("sh", ["-c", command], { cwd: m.path, env: { ...m.env, ...CI }, encoding: "utf8" });
      expect(out).toMatch(/^p0\/\.mcp\.json:1:\d+ error .*\n$/);
      const { stdout } = await m.run(["check", "--allow-missing"], { env: CI });
      expect(stdout.split("\n").length).toBeGreaterThan(3000);
    }));

  test("3 for a file that may not be read, by name", () =>
    on({}, async (m) => {
      commit(m, CLEAN);
      // a folder that git passes over with a warning
      m.write("closed/.mcp.json", "{");
      handOver(m);
      chmodSync(join(m.path, ".mcp.json"), 0o000);
      const { code, stderr, stdout } = await m.run(["check"], { env: CI, ...unprivileged });
      expect([code, stdout]).toEqual([3, ""]);
      expect(stderr).toContain(".mcp.json: permission denied");
      chmodSync(join(m.path, ".mcp.json"), 0o644);
      chmodSync(join(m.path, "closed"), 0o000);
      const folder = await m.run(["check"], { env: CI, ...unprivileged });
      expect([folder.code, folder.stdout]).toEqual([3, ""]);
      expect(folder.stderr).toContain("- closed: no permission to read it");
      chmodSync(join(m.path, "closed"), 0o755);
    }));

  test("in a folder of the repository: what is above is read, and paths are from the root", () =>
    on({}, async (m) => {
      commit(m, { ...CLEAN, "packages/shop/.mcp.json": NO_TYPE });
      const { code, stdout } = await m.run(["check", "--cwd", "packages/shop"], { env: CI });
      expect(code).toBe(1);
      expect(stdout).toMatch(
        /^packages\/shop\/\.mcp\.json:3:5 error .*\n✖ 1 error in 1 file · 1 can be fixed: npx create-halo-mcp check --fix\n$/,
      );
      mkdirSync(join(m.path, "empty/.mcp.json"), { recursive: true });
      const folder = await m.run(["check", "empty"], { env: CI });
      expect([folder.code, folder.stdout]).toEqual([1, expect.stringContaining("[not-a-file]")]);
      const none = await m.run(["check", ".github"], { env: CI });
      expect(none.code).toBe(2);
    }));

  test("runs nothing that the repository brings along", () =>
    on({}, async (m) => {
      commit(m, CLEAN);
      mkdirSync(join(m.path, "bin"));
      const own = "#!/bin/sh\ntouch ../owned\n";
      for (const name of ["git", "bin/git", "node_modules/.bin/git"]) m.write(name, own, 0o755);
      m.repo.git("config", "core.fsmonitor", join(m.path, "git"));
      m.repo.git("config", "core.hooksPath", join(m.path, "bin"));
      symlinkSync("/", join(m.path, "loop"));
      const PATH = `.:${join(m.path, "bin")}:${join(m.path, "node_modules/.bin")}:${m.env.PATH}`;
      expect((await m.run(["check"], { env: { ...CI, PATH } })).code).toBe(0);
      expect(m.exists("../owned")).toBe(false);
    }));
});

/** One way to run the wizard, and what `check` may still say on a person's own machine. */
interface SetUp {
  readonly args: readonly string[];
  readonly path?: readonly string[];
  readonly notes?: readonly string[];
}

const BRIDGES = ["claude-settings", "direnv", "none"];
const CI_KINDS = INIT_FLAGS.find(({ name }) => name === "ci")?.values ?? [];

const SET_UPS: readonly SetUp[] = [
  // the file of `--ci` has no name in it: each kind once, and every bridge under two names
  ...CI_KINDS.map((ci) => ({ args: ["--scope", "project", "--ci", ci] })),
  ...["project", "local", "user"].flatMap((scope) =>
    BRIDGES.flatMap((bridge) =>
      ["halo", "halo-de"].map((name) => ({
        args: ["--scope", scope, "--bridge", bridge, "--name", name],
        // nothing gives Claude Code the values of `.env` then: docs/rules/bridge-missing.md
        notes: bridge === "none" && scope === "project" ? ["bridge-missing"] : [],
      })),
    ),
  ),
  ...["local", "user"].map((scope) => ({ args: ["--scope", scope], path: [claudeBinFolder("2.1.332")] })),
  { args: ["--scope", "project,local,user", "--client", "claude-code,claude-ai,chatgpt", "--ci", "github"] },
  { args: ["--client", "claude-ai,chatgpt"] },
];

describe.concurrent("what the wizard writes is clean", () => {
  test.each(SET_UPS.map((setUp) => ({ title: setUp.args.join(" "), ...setUp })))(
    "$title",
    async ({ args, path = [], notes = [] }) => {
      await on({ env: quietClaude, path }, async (m) => {
        const wizard = await m.run(full(m, ...args), { env: withToken });
        expect(wizard.code, wizard.stderr).toBe(0);
        const found = async (env: Record<string, string>): Promise<readonly string[]> => {
          const run = await m.run(["check", "--json", "--allow-missing", "--url", m.url], { env });
          const { findings, files } = JSON.parse(run.stdout) as { findings: { rule: string }[]; files: string[] };
          expect(run.code, run.stdout).toBe(0);
          expect(files.includes(".mcp.json")).toBe(m.exists(".mcp.json"));
          return findings.map(({ rule }) => rule);
        };
        expect(m.exists(".mcp.json")).toBe(args.some((word) => word.includes("project")));
        // on the machine of whoever ran it, then as CI has it
        expect(await found(withToken)).toEqual(notes);
        m.repo.git("add", "--all");
        expect(await found({ ...CI, ...withToken })).toEqual([]);
      });
    },
  );

  test("docs/example is what it writes", () =>
    on({}, async (m) => {
      // the team's two IDs are in it
      const example = readFileSync(join(repository, "docs/example/.env.example"), "utf8");
      const [account = "", profile = ""] = example.match(/(?<=_ID=).+/g) ?? [];
      const ids = ["--account-id", account, "--profile-id", profile];
      const run = await m.run(["--yes", "--skip-test", ...ids], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      for (const name of readdirSync(join(repository, "docs/example")))
        expect(m.read(name), name).toBe(readFileSync(join(repository, "docs/example", name), "utf8"));
    }));
});

describe(".ci/own-check", () => {
  const run = (m: Machine, program: string) =>
    start(join(repository, ".ci/own-check"), [program], { cwd: repository, env: { ...m.env, ...CI } });

  test("passes with the program", () =>
    on({}, async (m) => {
      m.repo.git("config", "--global", "--add", "safe.directory", "*");
      expect(await run(m, m.bin)).toMatchObject({ code: 0, stderr: "" });
    }));

  test.each([
    ["reads nothing", "{ ok: true, files: [] }", "check did not read docs/example/.mcp.json"],
    [
      "finds nothing wrong with anything",
      "{ ok: true, files: [MCP, EXAMPLE] }",
      "a broken configuration ends check with 0",
    ],
    ["finds something wrong", "{ ok: false, files: [MCP, EXAMPLE] }", ""],
  ])("fails with one that %s", (_, report, words) =>
    on({}, async (m) => {
      const program = join(m.tmp, "program.js");
      const files = 'const [MCP, EXAMPLE] = ["docs/example/.mcp.json", "docs/example/.env.example"];';
      writeFileSync(program, `${files} console.log(JSON.stringify(${report}));`);
      const { code, stderr } = await run(m, program);
      expect(code).toBe(1);
      expect(stderr).toContain(words);
    }),
  );
});
