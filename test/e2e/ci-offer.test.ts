import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import manifest from "../../package.json" with { type: "json" };
import { fakeNpx } from "../support/npx.ts";
import {
  committed,
  entryFor,
  flat,
  ids,
  type Machine,
  names,
  on,
  type Run,
  start,
  untouched,
  withToken,
} from "./support.ts";

/** `--ci`: the file that runs `check`, and the wizard's word about it. */

const FILES = [".claude/settings.local.json", ".env", ".env.example", ".gitignore", ".mcp.json"];
/** Kind, file, and what has to be done once. */
const KINDS = [
  ["github", ".github/workflows/mcp-check.yml", ""],
  ["gitlab", ".gitlab-ci.yml", ""],
  ["pre-commit", ".pre-commit-config.yaml", "pre-commit install"],
  ["lefthook", "lefthook.yml", "lefthook install"],
  ["husky", ".husky/pre-commit", '"prepare": "husky"'],
] as const;
const FOREIGN = "https://gateway.example/halo?a=1&b=2";

const template = (kind: string, options = ""): string =>
  readFileSync(new URL(`../../templates/ci/${kind}.${kind === "husky" ? "sh" : "yml"}`, import.meta.url), "utf8")
    .replaceAll("{{version}}", manifest.version)
    .replace("{{options}}", options);

/** HALO's own endpoint, which nothing is sent to: there is no network, and no test is wanted. */
const own = (m: Machine, ...more: string[]): Promise<Run> =>
  m.run(["--yes", "--skip-test", ...ids, ...more], { env: withToken });

/** The command of the file that was written. */
function commandOf(kind: string, text: string): string {
  if (kind === "husky") return text.trimEnd();
  const file = parse(text);
  if (kind === "lefthook") return file["pre-commit"].commands["mcp-check"].run;
  if (kind === "github") return file.jobs.check.steps[1].run;
  return kind === "gitlab" ? file["mcp-check"].script : file.repos[0].hooks[0].entry;
}

describe.concurrent("--ci", () => {
  test.each(KINDS)(
    "%s: the file is written once, passes on what the wizard wrote, and fails once that breaks",
    (kind, file, once) =>
      on({}, async (m) => {
        const first = await own(m, "--ci", kind);
        expect(first.code, first.stderr).toBe(0);
        expect(names(m.tree()).sort()).toEqual([...FILES, file].sort());
        expect(m.read(file)).toBe(template(kind));
        expect(m.mode(file)).toBe("644");
        expect(first.stderr).toContain(`${file} (new)`);
        expect(flat(first)).toMatch(new RegExp(once));
        expect(first.stdout).toMatch(new RegExp(`git add .*${file.replaceAll(".", "\\.")}`));

        const before = m.tree();
        const second = await own(m, "--ci", kind, "--json");
        expect(second.code, second.stderr).toBe(0);
        expect(m.tree()).toEqual(before);
        const steps = JSON.parse(second.stdout).steps as { path?: string; status: string }[];
        expect(steps.find(({ path }) => path === file)).toEqual({ kind: "write", path: file, status: "unchanged" });
        expect(steps.map(({ status }) => status)).not.toContain("written");

        m.commit();
        const npx = fakeNpx(m.root, m.bin);
        const program = `npx --yes create-halo-mcp@${manifest.version} `;
        const command = commandOf(kind, m.read(file)).replace(/^create-halo-mcp /, program);
        const env = { ...m.env, PATH: `${npx.folder}${delimiter}${m.env.PATH}`, CI: "true" };
        const go = (): Promise<Run> => start("bash", ["-ec", command], { cwd: m.path, env });
        const good = await go();
        expect([good.code, good.stderr], good.stdout).toEqual([0, ""]);
        expect(npx.runs()).toEqual([["--yes", `create-halo-mcp@${manifest.version}`, "check"]]);
        m.write(".mcp.json", m.read(".mcp.json").replace('"type": "http",', ""));
        const bad = await go();
        expect(bad.code).toBe(1);
        expect(bad.stdout).toContain("http-url-without-type");
      }),
  );

  test.each<string[]>([...KINDS.map(([kind, file]) => [kind, file]), ["lefthook", ".config/lefthook.toml"]])(
    "%s: an existing file is not touched, its lines are shown, and no other is written: %s",
    (kind = "", file = "") =>
      on({}, async (m) => {
        m.write(file, "# ours\nx: {y: 1}\n", 0o640);
        const before = m.tree().get(file);
        const run = await own(m, "--ci", kind);
        expect(run.code, run.stderr).toBe(0);
        expect(m.tree().get(file)).toBe(before);
        expect(names(m.tree()).sort()).toEqual([...FILES, file].sort());
        expect(run.stdout).toContain(`${file} exists and was not changed`);
        const [, guide = ""] = /npx create-halo-mcp (guide ci \S+)/.exec(run.stdout) ?? [];
        expect((await m.run(guide.split(" "))).stdout).toBe(template(kind));
      }),
  );

  test("a gateway of one's own is named in the command", () =>
    on({}, async (m) => {
      for (const [kind, file] of KINDS) {
        const run = await m.run(["--yes", "--skip-test", ...ids, "--url", FOREIGN, "--ci", kind], { env: withToken });
        expect(run.code, run.stderr).toBe(0);
        expect(m.read(file)).toBe(template(kind, ` --url '${FOREIGN}'`));
        expect(commandOf(kind, m.read(file)).endsWith(` check --url '${FOREIGN}'`), kind).toBe(true);
        expect((await m.run(["guide", "ci"])).stdout).toContain(`npx create-halo-mcp check --url '${FOREIGN}'`);
      }
    }));

  test("a URL that GitHub would read as an expression is refused", () =>
    on({}, async (m) => {
      const url = "https://gateway.example/$" + "{{github.token}}";
      const run = await m.run(["--yes", "--skip-test", ...ids, "--url", url, "--ci", "github"], { env: withToken });
      expect(run.code, run.stdout).toBe(2);
      expect(m.exists(".github")).toBe(false);
    }));

  test("joining: the committed files stay, the new file is added", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), "halo", { ".gitignore": ".env\n.claude/\n" });
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--ci", "gitlab"], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.repo.git("status", "--short")).toBe("?? .gitlab-ci.yml\n");
      expect(m.read(".gitlab-ci.yml")).toBe(template("gitlab", ` --url ${m.url}`));
    }));

  test("goes with a repository: other scopes and clients are refused, in a folder below the root it is only told", () =>
    on({}, async (m) => {
      for (const args of ["--scope user", "--scope local,user", "--client chatgpt"]) {
        const run = await untouched(m, () => own(m, "--ci", "github", ...args.split(" ")));
        expect([run.code, run.stdout]).toEqual([2, ""]);
        expect(run.stderr).toContain("--ci goes with");
      }
      mkdirSync(join(m.path, "apps/bot"), { recursive: true });
      const below = await own(m, "--ci", "github", "--cwd", "apps/bot");
      expect(below.code, below.stderr).toBe(0);
      expect(names(m.tree()).some((name) => name.endsWith("mcp-check.yml"))).toBe(false);
      expect(below.stdout).toContain("it belongs at the root of the repository");
    }));

  test("a folder that is a link out of the repository is refused before anything is written", () =>
    on({}, async (m) => {
      const outside = join(m.root, "outside");
      mkdirSync(outside);
      symlinkSync(outside, join(m.path, ".github"));
      const run = await untouched(m, () => own(m, "--ci", "github"));
      expect(run.code).toBe(1);
      expect(run.stderr).toContain("leads out of this repository");
      expect([...m.tree(outside)]).toEqual([]);
    }));
});
