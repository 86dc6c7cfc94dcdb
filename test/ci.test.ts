import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import manifest from "../package.json" with { type: "json" };
import { kindOf, PLACES } from "../src/core/check/documents.ts";
import { CHECK_FLAGS } from "../src/flags.ts";

/** The files that others run `check` with, and this repository's own workflow. */

const text = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
// biome-ignore lint/suspicious/noExplicitAny: what YAML holds is what these tests are about
const yaml = (path: string): any => parse(text(path), { strict: true, uniqueKeys: true });

const [github, gitlab, preCommit, lefthook, action, hooks, own] = [
  "templates/ci/github.yml",
  "templates/ci/gitlab.yml",
  "templates/ci/pre-commit.yml",
  "templates/ci/lefthook.yml",
  "action.yml",
  ".pre-commit-hooks.yaml",
  ".github/workflows/ci.yml",
] as const;

/** A path pattern of GitHub, or of GitLab, which has braces besides. */
function matcher(pattern: string): (path: string) => boolean {
  const source = pattern.replace(/\*\*\/|\*|\{|\}|,|[.+?^$()|[\]\\]/g, (sign) => {
    if (sign === "**/") return "(?:.*/)?";
    return { "*": "[^/]*", "{": "(?:", "}": ")", ",": "|" }[sign] ?? `\\${sign}`;
  });
  const regex = new RegExp(`^${source}$`);
  return (path) => regex.test(path);
}

const names = [
  ...".mcp.json .env .env.example .env.sample .env.template .env.dist .env.local .env.production.local .envrc env.example .env.local.example .env.defaults example.env .env-example .claude-plugin/plugin.json .vscode/settings.json .devcontainer/devcontainer.json .devcontainer.json".split(
    " ",
  ),
  ...[".claude/settings.json", ".claude/settings.local.json", ...PLACES.atRoot],
];
/** What decides with them, and is no document itself. */
const besides = [".gitignore"];
/** Other files of the same folders may start it too: a client that comes to the list has its file there. */
const other =
  ".mcp.json5 .envrcx x.env env claude/settings.json config.toml .codex/config.json opencode.json5 xopencode.json gitignore README.md src/index.ts".split(
    " ",
  );
const anywhere = (list: readonly string[]): string[] => list.flatMap((path) => [path, `apps/web/${path}`]);

describe("every file that check reads starts a check, and ordinary files do not", () => {
  const ofGithub = (event: string): string[] => yaml(github).on[event].paths;
  const own = ".github/workflows/mcp-check.yml";
  const regex = (source: string) => (path: string) => new RegExp(source).test(path);
  const some = (patterns: readonly string[]) => (path: string) => patterns.some((each) => matcher(each)(path));
  it.each<[string, (path: string) => boolean]>([
    ["github, pull_request", some(ofGithub("pull_request").filter((path) => path !== own))],
    ["github, push", some(ofGithub("push").filter((path) => path !== own))],
    ["gitlab", some(yaml(gitlab)["mcp-check"].rules[0].changes)],
    ["pre-commit", regex(yaml(preCommit).repos[0].hooks[0].files)],
    [".pre-commit-hooks.yaml", regex(yaml(hooks)[0].files)],
  ])("%s", (_, matches) => {
    for (const path of anywhere(names))
      expect([path, kindOf(path) !== undefined, matches(path)]).toEqual([path, true, true]);
    // a common name, except at the root
    for (const [path, isRead] of [
      ["mcp.json", true],
      ["apps/web/mcp.json", false],
    ] as const)
      expect([path, kindOf(path) !== undefined, matches(path)]).toEqual([path, isRead, isRead]);
    for (const path of anywhere(besides)) expect([path, matches(path)]).toEqual([path, true]);
    for (const path of anywhere(other))
      expect([path, kindOf(path) !== undefined, matches(path)]).toEqual([path, false, false]);
  });
});

describe("workflows of GitHub", () => {
  it.each([github, own])("%s reads only, ends in time, has no secret, and pins what it uses", (path) => {
    const workflow = yaml(path);
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(Object.keys(workflow.on)).not.toContain("pull_request_target");
    for (const job of Object.values<Record<string, unknown>>(workflow.jobs)) {
      expect(job).not.toHaveProperty("permissions");
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
    }
    expect(text(path)).not.toMatch(/secrets\.|GITHUB_TOKEN/);
    const used = [...text(path).matchAll(/uses: (.*)$/gm)].map((match) => match[1]);
    expect(used.length).toBeGreaterThan(0);
    for (const use of used) expect(use).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
    for (const job of Object.values<{ steps: Record<string, unknown>[] }>(workflow.jobs)) {
      for (const { uses, with: given, run } of job.steps) {
        if (String(uses).startsWith("actions/checkout@")) expect(given).toEqual({ "persist-credentials": false });
        expect(String(run)).not.toContain("${{");
      }
    }
  });

  it("the template runs the pinned version, and this repository runs .ci/run and its own check", () => {
    const runs = (path: string): unknown[] =>
      yaml(path)
        .jobs[path === own ? "all" : "check"].steps.map(({ run }: { run?: string }) => run)
        .filter(Boolean);
    expect(runs(github)).toEqual(["npx --yes create-halo-mcp@{{version}} check{{options}}"]);
    expect(runs(own)).toEqual([".ci/run"]);
    expect(text(".ci/run")).toMatch(/^step check \.ci\/own-check$/m);
  });
});

describe("action.yml", () => {
  const { inputs, runs } = yaml(action);
  const [step, ...others] = runs.steps;
  it("is one script, which gets every input as a variable and none as its text", () => {
    expect(runs.using).toBe("composite");
    expect(others).toEqual([]);
    expect(step.shell).toBe("bash");
    expect(step.run).not.toContain("${{");
    const given = Object.values<string>({ ...step.env, dir: step["working-directory"] });
    expect(given.sort()).toEqual(
      Object.keys(inputs)
        .map((name) => `\${{ inputs.${name} }}`)
        .sort(),
    );
    for (const name of Object.keys(step.env))
      expect(step.run).toContain(`$${name === "INPUT_VERSION" ? "{INPUT_VERSION" : name}`);
  });
});

describe("the others", () => {
  const templates = readdirSync(new URL("../templates/ci/", import.meta.url));
  it("every template pins the version that writes it", () => {
    for (const name of templates) expect(text(`templates/ci/${name}`), name).toMatch(/create-halo-mcp@\{\{version\}\}/);
    expect(yaml(gitlab)["mcp-check"].script).toBe("npx --yes create-halo-mcp@{{version}} check{{options}}");
    expect(yaml(lefthook)["pre-commit"].commands["mcp-check"].run).toBe(text("templates/ci/husky.sh").trimEnd());
  });
  it("the hook of this repository runs the version that it is", () => {
    const [hook] = yaml(hooks);
    expect(hook.entry).toBe(`npx --yes create-halo-mcp@${manifest.version} check`);
    const [local] = yaml(preCommit).repos[0].hooks;
    for (const key of ["id", "name", "files", "pass_filenames"]) expect(hook[key]).toEqual(local[key]);
  });
  it.each(templates)("docs/check.md shows templates/ci/%s as it is", (name) => {
    const lines = text(`templates/ci/${name}`).replaceAll("{{version}}", manifest.version).replace("{{options}}", "");
    expect(text("docs/check.md")).toContain(`\n${lines}\`\`\``);
  });
});

it("the table of docs/check.md and the parser know the same options", () => {
  const rows = text("docs/check.md")
    .split("\n")
    .filter((line) => line.startsWith("| `-"));
  const named = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/--([a-z-]+)/g)].map(([, name]) => name));
  expect(named.sort()).toEqual(CHECK_FLAGS.map(({ name }) => name).sort());
  for (const { name, values } of CHECK_FLAGS)
    for (const word of values ?? []) expect(rows.find((row) => row.includes(`--${name}`))).toContain(`\`${word}\``);
});
