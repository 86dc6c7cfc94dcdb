import { mkdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { put, servers } from "./doctor-support.ts";
import { even, evenReport, golden, LENGTH, reduced, titled } from "./golden.ts";
import {
  ACCOUNT,
  callsOf,
  committed,
  DOTENV,
  entryFor,
  fakeClaude,
  ids,
  type Machine,
  type MachineOptions,
  on,
  PROFILE,
  READS_STDIN,
  type Run,
  STUDIO,
  says,
  TOKEN,
  typePrinted,
  VALUES,
  withToken,
} from "./support.ts";

/**
 * Runs without a terminal whose output and files are goldens, word for word. The end-to-end tests run them with the packed program,
 * the unit tests from the source in their own process.
 */

const WRONG = { HALO_MCP_TOKEN: "made.up.wrong.Pm3Jx8Qd5Wc1-a7b2" };

export const here = (m: Machine, text: string): string =>
  even(text, [
    [m.root, "<folder>"],
    // a run in our own process has our own folder for temporary files
    ...["--settings", "--mcp-config"].map((flag) => [`${flag} ${tmpdir()}/`, `${flag} <folder>/tmp/`] as const),
  ]);
export const printed = (m: Machine, title: string, run: Run): string =>
  titled(`${title}: exit ${run.code}`, here(m, run.stdout)) +
  (run.stderr === "" ? "" : `\n${titled("stderr", here(m, run.stderr))}`);

/** The files that are new or other than before, with their modes. The token is in them. */
export function written(m: Machine, folder: string, before: ReturnType<Machine["tree"]>): string[] {
  return [...m.tree(folder)]
    .filter(([path, text]) => !/^\.git(?:\/|$)/.test(path) && text !== "folder" && before.get(path) !== text)
    .map(([path, text]) => {
      const [head = "", ...lines] = Buffer.from(text, "latin1").toString("utf8").split("\n");
      const mode = head.split(" ")[0];
      return titled(`${path}, mode ${mode}`, here(m, lines.join("\n").replaceAll(TOKEN, "<token>")));
    });
}

/** Puts the entry where the real one does: for everybody's folders, or for this one. */
const adds = (m: Machine, local: boolean): string => {
  const [head, tail] = local
    ? [`{"projects":{"${m.path}":{"mcpServers":{"halo":`, "}}}}"]
    : ['{"mcpServers":{"halo":', "}}"];
  return `*add-json*) { printf '%s' '${head}'; cat; printf '%s' '${tail}'; } > "$HOME/.claude.json" ;;`;
};

export interface Case extends MachineOptions {
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  readonly cwd?: (m: Machine) => string;
  /** Out: more of the environment. */
  readonly prepare?: (m: Machine) => Promise<Record<string, string>> | Record<string, string> | undefined;
}

const file =
  (name: string, text: string) =>
  (m: Machine): undefined =>
    m.write(name, text, 0o600) as undefined;
export const again = async (m: Machine): Promise<Record<string, string>> => {
  expect((await m.run([...full, "--url", m.url], { env: withToken })).code).toBe(0);
  return {};
};
export const team = (m: Machine): undefined => {
  const names = ["CMCOM_TOKEN", "CMCOM_ACCOUNT_ID", "CMCOM_PROFILE_ID"] as const;
  const example = `CMCOM_TOKEN=\nCMCOM_ACCOUNT_ID=${ACCOUNT}\nCMCOM_PROFILE_ID=${PROFILE}\n`;
  // git's own words in it are those of its version
  m.write(".git/info/exclude", "# own\n");
  committed(m, entryFor(m.url, names), "halo-shop", { ".env.example": example });
  return undefined;
};
const full = ["--yes", ...ids];

/** `init` without a terminal. */
const INIT: Readonly<Record<string, Case>> = {
  first: {},
  "first, json": { args: [...full, "--json"] },
  "dry run": { args: ["--dry-run", ...ids] },
  "dry run, json": { args: ["--dry-run", "--json", ...ids] },
  untested: { args: [...full, "--skip-test"] },
  quiet: { args: [...full, "--quiet"] },
  "studio url": { args: ["--yes", "--studio-url", STUDIO] },
  "token on stdin, quoted": { args: [...full, "--token-stdin"], env: {}, stdin: `"${TOKEN}"\n` },
  "values in env": { args: ["--yes"], env: {}, prepare: file(".env", `OTHER=1\n${DOTENV}`) },
  "a wrong value in env": { prepare: file(".env", "HALO_MCP_TOKEN=made.up.old.token-9999\nOTHER=1\n") },
  "already set up": { args: ["--yes"], env: {}, prepare: again },
  "already set up, json": { args: ["--yes", "--json"], env: {}, prepare: again },
  "second profile": { args: [...full, "--name", "halo-de"], prepare: again },
  join: { args: ["--yes"], env: { CMCOM_TOKEN: TOKEN }, prepare: team },
  "join, json": { args: ["--yes", "--json"], env: { CMCOM_TOKEN: TOKEN }, prepare: team },
  "join without the token": { args: ["--yes"], env: {}, prepare: team },
  "values file": { args: [...full, "--values-file", "halo.private"] },
  "bridge direnv": { args: [...full, "--bridge", "direnv"] },
  "bridge none": { args: [...full, "--bridge", "none"] },
  "cwd below": { args: [...full, "--cwd", "apps/bot"], prepare: file("apps/bot/a.ts", "") },
  "no git": { cwd: (m) => m.tmp },
  "scope user": { args: [...full, "--scope", "user"] },
  "scope user, an old claude": {
    args: [...full, "--scope", "user"],
    prepare: (m) => {
      const store = JSON.stringify({ mcpServers: { halo: entryFor(m.url) } });
      return fakeClaude(
        m,
        [`*"mcp add "*) printf '%s' '${store}' > "$HOME/.claude.json" ;;`, says("connected")],
        "2.1.197",
      );
    },
  },
  "scope user, claude": {
    args: [...full, "--scope", "user"],
    prepare: (m) => fakeClaude(m, [READS_STDIN, adds(m, false), says("connected")]),
  },
  "scope local, claude, json": {
    args: [...full, "--scope", "local", "--json"],
    prepare: (m) => fakeClaude(m, [READS_STDIN, adds(m, true), says("connected")]),
  },
  "claude connects": { prepare: (m) => fakeClaude(m, [says("connected")]) },
  "claude waits for approval": {
    args: [...full, "--bridge", "none"],
    env: VALUES,
    prepare: (m) => fakeClaude(m, [says("connected")], "2.1.197"),
  },
  "claude -p would send another token": {
    prepare(m) {
      m.write("../home/.claude/settings.json", JSON.stringify({ env: WRONG }), 0o600);
      return fakeClaude(m, [says("connected")]);
    },
  },
  "claude fails": { prepare: (m) => fakeClaude(m, [says("failed", "ECONNREFUSED: Unable to connect.")]) },
  "all clients": { args: [...full, "--client", "claude-code,claude-ai,chatgpt"] },
  "a web client, dry run": { args: ["--dry-run", "--client", "chatgpt", ...ids] },
  "web clients, json": { args: [...full, "--client", "claude-ai,chatgpt", "--json"] },
  "wrong token": { env: WRONG },
  "wrong token, json": { args: [...full, "--json"], env: WRONG },
  "wrong token, dry run": { args: ["--dry-run", ...ids], env: WRONG },
  "wrong profile": { args: ["--yes", "--account-id", ACCOUNT, "--profile-id", "another"] },
  "an open server": { server: { auth: "none" } },
  "a server of 2026": { server: { era: "2026", answers: "json" } },
  "nothing given": { args: [], env: {} },
  "nothing given, json": { args: ["--json"], env: {} },
  "no token": { env: {} },
  "no account": { args: ["--yes", "--profile-id", PROFILE] },
  "no profile": { args: ["--yes", "--account-id", ACCOUNT] },
  "no profile, more options": {
    args: `--yes --account-id ${ACCOUNT} --name halo-de --client claude-code,chatgpt --bridge direnv`.split(" "),
  },
  "a comma too many": { prepare: file(".mcp.json", '{\n  "mcpServers": {},\n}\n') },
  "a comment": { prepare: file(".mcp.json", '{\n  // ours\n  "mcpServers": {}\n}\n') },
  "a comment, json": { args: [...full, "--json"], prepare: file(".mcp.json", '{ // ours\n  "mcpServers": {}\n}\n') },
  "a merge conflict": { prepare: file(".mcp.json", '{\n<<<<<<< HEAD\n  "a": {}\n=======\n  "b": {}\n>>>>>>> x\n}\n') },
  "a key twice": { prepare: file(".mcp.json", '{"mcpServers": {}, "mcpServers": {}}') },
  "an array": { prepare: file(".mcp.json", "[]") },
  "a broken bridge": { prepare: file(".claude/settings.local.json", '{"env": ') },
  "a folder in place of a file": { prepare: (m) => mkdirSync(join(m.path, ".env")) as undefined },
  "a tracked env": {
    prepare(m) {
      m.write(".env", "A=1\n");
      m.repo.git("add", "--force", ".env");
      return undefined;
    },
  },
  ...Object.fromEntries(
    ["github", "gitlab", "pre-commit", "lefthook", "husky"].map((kind) => [
      `ci ${kind}`,
      { args: [...full, "--ci", kind] },
    ]),
  ),
  "ci github, a file is there": {
    args: [...full, "--ci", "github"],
    prepare: file(".github/workflows/mcp-check.yml", "# ours\n"),
  },
};

export type Files = Readonly<Record<string, unknown>>;
const APPROVED = { enabledMcpjsonServers: ["halo"] };
const bridge = (env: Files, more: Files = APPROVED): Files => ({ ".claude/settings.local.json": { ...more, env } });
const entry = (m: Machine, more: Files = {}): Files => ({ ".mcp.json": servers({ ...entryFor(m.url), ...more }) });

const right = (m: Machine): Files => ({ ...entry(m), ...bridge(VALUES) });

interface SetUp {
  /** Where it is not what is right. */
  readonly files?: (m: Machine) => Files;
  readonly home?: (m: Machine) => Files;
  readonly project?: Files;
  readonly args?: readonly string[];
  readonly env?: (m: Machine) => Record<string, string>;
  readonly folder?: string;
}

/** `doctor` where the server is right, and the set-up is or is not. */
const SET_UPS: Readonly<Record<string, SetUp>> = {
  right: {},
  "nothing there": { files: () => ({}) },
  "values in env alone": { files: (m) => ({ ...entry(m), ".env": DOTENV }) },
  "values exported, not approved": { files: (m) => entry(m), env: () => VALUES },
  "rejected and switched off": {
    files: (m) => ({ ...entry(m), ...bridge(VALUES, { disabledMcpjsonServers: ["halo"] }) }),
    project: { disabledMcpServers: ["halo"] },
  },
  "an old copy in the bridge": {
    files: (m) => ({ ...entry(m), ".env": DOTENV, ...bridge({ ...VALUES, ...WRONG }) }),
  },
  "an old token exported": { env: () => WRONG },
  "a placeholder in the bridge": {
    files: (m) => ({ ...entry(m), ...bridge({ ...VALUES, HALO_MCP_TOKEN: "<token>" }) }),
  },
  "two headers missing": {
    files: (m) => ({ ...entry(m, { headers: { "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}" } }), ...bridge(VALUES) }),
  },
  "a local entry in front": {
    project: { mcpServers: { halo: { type: "http", url: "http://127.0.0.1:9/halo/core/mcp" } } },
  },
  "the user's own entry": {
    files: () => ({}),
    home: (m) => ({ ".claude.json": entry(m)[".mcp.json"], ".claude/settings.json": { env: VALUES } }),
  },
  "another name, below the root": {
    files: (m) => ({
      ".mcp.json": { mcpServers: { "halo-de": entryFor(m.url) } },
      ...bridge(VALUES, { enabledMcpjsonServers: ["halo-de"] }),
      "apps/bot/a.ts": "",
    }),
    folder: "apps/bot",
  },
  "another token on stdin": {
    files: (m) => ({ ...entry(m), ...bridge({ ...VALUES, ...WRONG }) }),
    args: ["--token-stdin"],
  },
  "a foreign url": { files: (m) => ({ ...entry(m, { url: "https://halo.invalid/mcp" }), ...bridge(VALUES) }) },
  "a tool called": { args: ["--call", "ask_agent", "--args", '{"question":"is it open?"}'] },
  "a tool that is not there": { args: ["--call", "nope"] },
  "claude connects": { env: (m) => fakeClaude(m, [says("connected")]) },
  "claude waits": {
    files: (m) => ({ ...entry(m), ...bridge(VALUES, {}) }),
    env: (m) => fakeClaude(m, [says("connected")], "2.1.197"),
  },
};

/** `how`: with what the program is run. */
export function transcripts(how: Pick<MachineOptions, "isHere"> = {}): void {
  // in one process a run that waits would count the time of the others
  const group = how.isHere === true ? describe.sequential : describe.concurrent;
  group("init without a terminal", () => {
    test.each(Object.entries(INIT))(
      "%s",
      (name, { args = full, env = withToken, stdin = "", cwd, prepare, ...options }) =>
        on({ ...options, ...how, length: LENGTH }, async (m) => {
          const more = (await prepare?.(m)) ?? {};
          const folder = cwd?.(m) ?? m.path;
          const [before, home] = [m.tree(folder), m.tree(m.home)];
          const run = await m.run([...args, "--url", m.url], { env: { ...env, ...more }, stdin, cwd: folder });
          const asked = more.PATH === undefined ? "" : `\n${titled("how claude was called", here(m, callsOf(m)))}`;
          golden(
            `init/${name}.txt`,
            printed(m, `create-halo-mcp ${args.join(" ").replace(ids.join(" "), "<ids>")}`, run) + asked,
            ...written(m, folder, before),
            ...written(m, m.home, home).map((text) => text.replace("===== ", "===== ~/")),
          );
          typePrinted(m, run, folder);
        }),
    );
  });

  group("doctor, where the server is right", () => {
    test.each(Object.entries(SET_UPS))("%s", (name, { files = right, home, project, args = [], env, folder = "." }) =>
      on({ ...how, length: LENGTH }, async (m) => {
        put(m.path, files(m));
        const own = home?.(m) ?? {};
        const store = own[".claude.json"] as Files | undefined;
        const projects = { [m.path]: { hasTrustDialogAccepted: true, ...project } };
        put(m.home, { ...own, ".claude.json": { ...store, projects } });
        const [cwd, report] = [join(m.path, folder), join(m.root, "report.md")];
        const options = { cwd, stdin: TOKEN, env: env?.(m) ?? {} };
        const words = ["doctor", "--url", m.url, ...args];
        const json = await m.run([...words, "--json", "--report", report], options);
        const text = await m.run(words, options);
        golden(
          `doctor/right/${name}.txt`,
          titled(`doctor ${args.join(" ")} --json`, here(m, reduced(json.stdout, json.code, false))),
          printed(m, "text", text),
          titled("--report", evenReport(here(m, readFileSync(report, "utf8")))),
        );
      }),
    );
  });
}
