import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { type FakeNpx, fakeNpx } from "../support/npx.ts";
import { type Machine, machine, type Run, start } from "./support.ts";

/** The script of action.yml, run as a runner runs it, with the packed program behind `npx`. */

interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly runs: {
    readonly steps: readonly [{ readonly run: string; readonly env: Readonly<Record<string, string>> }];
  };
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const action = parse(readFileSync(join(root, "action.yml"), "utf8")) as Action;
const [step] = action.runs.steps;

const GOOD = `{
  "mcpServers": {
    "files": { "command": "npx", "args": ["-y", "files-server"] }
  }
}
`;
const BAD = GOOD.replace('"command": "npx", "args": ["-y", "files-server"]', '"url": "https://tools.example/mcp"');

let m: Machine;
let npx: FakeNpx;
let summary: string;

beforeEach(async () => {
  m = await machine();
  npx = fakeNpx(m.tmp, m.bin);
  summary = join(m.tmp, "summary.md");
});
afterEach(() => m.close());

function commit(files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) m.write(path, text);
  m.commit();
}

/** One step of a job: the runner puts the inputs into `env`, and the script into a file. */
function use(inputs: Record<string, string> = {}): Promise<Run> {
  const given = (_: string, input: string): string => inputs[input] ?? action.inputs[input]?.default ?? "";
  const env = Object.entries(step.env).map(([name, text]) => [
    name,
    text.replace(/\$\{\{ inputs\.([a-z-]+) \}\}/g, given),
  ]);
  const script = join(m.tmp, "step.sh");
  writeFileSync(script, step.run);
  return start("bash", ["--noprofile", "--norc", "-eo", "pipefail", script], {
    cwd: m.path,
    env: {
      ...m.env,
      ...Object.fromEntries(env),
      PATH: `${npx.folder}${delimiter}${m.env.PATH}`,
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_ACTION_PATH: root,
      GITHUB_STEP_SUMMARY: summary,
    },
  });
}

describe("the action", () => {
  test("passes a clean repository, with the version that it is", async () => {
    commit({ ".mcp.json": GOOD });
    const run = await use({ "allow-missing": "true" });
    expect([run.code, run.stderr], run.stdout).toEqual([0, ""]);
    expect(run.stdout).not.toContain("::error");
    expect(npx.runs()).toEqual([
      ["--yes", `create-halo-mcp@${manifest.version}`, "check", "--format=github", "--allow-missing", "--"],
    ]);
  });

  test("fails with annotations and a summary", async () => {
    commit({ "apps/a b/.mcp.json": BAD });
    const run = await use({ "allow-missing": "true" });
    expect(run.code).toBe(1);
    expect(run.stdout).toMatch(/^::error file=apps\/a b\/\.mcp\.json,line=\d+,.*http-url-without-type/m);
    expect(readFileSync(summary, "utf8")).toContain("http-url-without-type");
  });

  test("a repository without HALO fails unless that is allowed", async () => {
    commit({ ".mcp.json": GOOD });
    for (const given of ["", "false", "True; exit 0"]) expect((await use({ "allow-missing": given })).code).toBe(1);
  });

  test("looks at the paths that are named, one a line", async () => {
    commit({ "one/.mcp.json": GOOD, "two x/.mcp.json": BAD });
    const given = { "allow-missing": "true" };
    expect((await use({ ...given, paths: "one\n" })).code).toBe(0);
    expect((await use({ ...given, paths: "one\r\ntwo x\r\n\r\n" })).code).toBe(1);
    expect(npx.runs().map((words) => words.slice(words.indexOf("--") + 1))).toEqual([["one"], ["one", "two x"]]);
  });

  test("usage errors keep their code", async () => {
    commit({ ".mcp.json": GOOD });
    for (const given of [{ paths: "not-there" }, { "max-warnings": "many" }, { url: "ftp://x" }])
      expect((await use(given)).code).toBe(2);
  });

  test("another version can be named, and nothing else in its place", async () => {
    commit({ ".mcp.json": GOOD });
    expect((await use({ "allow-missing": "true", version: "9.9.9-rc.1" })).code).toBe(0);
    expect(npx.runs().map((words) => words[1])).toEqual(["create-halo-mcp@9.9.9-rc.1"]);
    for (const version of ["1.0.0 --call id", "../evil", "--call=id", "1;id", "$(id)", "file:/tmp/x", "1\n2"]) {
      const run = await use({ version });
      expect([version, run.code]).toEqual([version, 2]);
      expect(run.stdout).toMatch(/^::error::/);
    }
    expect(npx.runs()).toHaveLength(1);
  });

  test("no input becomes a part of the script or an option", async () => {
    commit({ ".mcp.json": GOOD });
    const mark = join(m.tmp, "mark");
    const touch = `touch ${mark}`;
    const run = [`$(${touch})`, `\`${touch}\``, `"; ${touch}; "`, `'; ${touch}; '`, `| ${touch}`];
    for (const word of [...run, "--fix", "-h", "*"]) {
      for (const input of Object.keys(action.inputs)) {
        if (input === "working-directory" || input === "version") continue;
        expect([0, 1, 2], `${input}: ${word}`).toContain((await use({ [input]: word })).code);
        expect(existsSync(mark)).toBe(false);
      }
    }
    for (const given of npx.runs()) {
      const options = given.slice(3, given.indexOf("--"));
      for (const option of options) expect(option).toMatch(/^--(?:format|url|max-warnings)=|^--allow-missing$/);
    }
  });
});
