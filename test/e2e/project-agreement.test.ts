import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { look } from "../../src/commands/doctor/gather.ts";
import { findingsOf } from "../../src/core/doctor/report.ts";
import { dialogsOf } from "../core/doctor-support.ts";
import { type ClaudeVersion, claudeVersions } from "../support/claude.ts";
import { madeUp } from "../support/context.ts";
import { fromClaude, onboard, onClaude, put, session } from "./real-claude-support.ts";
import { entryFor, type Machine, VALUES } from "./support.ts";

/**
 * Which files make up a project: our word beside a session of the real Claude Code, one layout a machine. Every folder has a
 * settings.local.json with a token of its own, so the token that arrives says which one was read.
 */
interface Layout {
  readonly cwd: string;
  /** The folders with settings of their own. */
  readonly folders: readonly string[];
  /** Trusted, in the store. */
  readonly trusted: string;
}

const git = (m: Machine, cwd: string, ...args: readonly string[]): void => {
  mkdirSync(cwd, { recursive: true });
  execFileSync("git", ["-c", "protocol.file.allow=always", ...args], { cwd, env: m.env, stdio: "ignore" });
};

function init(m: Machine, path: string): void {
  git(m, path, "init", "--quiet");
  git(m, path, "commit", "--quiet", "--allow-empty", "--message=first");
}

function worktree(m: Machine, repository: string, name = "lin"): string {
  const path = join(m.root, name);
  git(m, repository, "worktree", "add", "--quiet", path);
  return path;
}

function bare(m: Machine): string {
  const path = join(m.root, "bare.git");
  git(m, m.root, "clone", "--quiet", "--bare", m.path, path);
  return path;
}

const below = (folder: string, way = "a/b"): string => {
  mkdirSync(join(folder, way), { recursive: true });
  return join(folder, way);
};

const layouts: Record<string, (m: Machine) => Layout> = {
  "no repository": (m) => {
    const cwd = below(m.root, "plain/sub");
    return { cwd, folders: [cwd, dirname(cwd)], trusted: dirname(cwd) };
  },
  "the git root": (m) => ({ cwd: m.path, folders: [m.path, m.root], trusted: m.root }),
  "below the git root": (m) => {
    const cwd = below(m.path);
    return { cwd, folders: [cwd, dirname(cwd), m.path, m.root], trusted: dirname(cwd) };
  },
  "below the git root, which alone has values": (m) => ({ cwd: below(m.path), folders: [m.path], trusted: m.path }),
  "a worktree": (m) => {
    const cwd = worktree(m, m.path);
    return { cwd, folders: [cwd, m.path, m.root], trusted: m.path };
  },
  "a worktree, main has none": (m) => {
    const cwd = worktree(m, m.path);
    return { cwd, folders: [cwd], trusted: cwd };
  },
  "a worktree, main alone has values": (m) => ({ cwd: worktree(m, m.path), folders: [m.path], trusted: m.path }),
  "a worktree inside the main checkout": (m) => {
    const cwd = worktree(m, m.path, "shop/.wt/lin");
    return { cwd, folders: [cwd, m.path], trusted: m.path };
  },
  "below a worktree": (m) => {
    const root = worktree(m, m.path);
    return { cwd: below(root), folders: [root, m.path], trusted: root };
  },
  "below a worktree, main has none": (m) => {
    const root = worktree(m, m.path);
    return { cwd: below(root), folders: [root], trusted: m.path };
  },
  "a worktree of a bare repository": (m) => {
    const repository = bare(m);
    const cwd = worktree(m, repository);
    return { cwd, folders: [cwd, repository], trusted: repository };
  },
  "below a worktree of a bare repository": (m) => {
    const root = worktree(m, bare(m));
    return { cwd: below(root), folders: [root], trusted: root };
  },
  "a repository in a repository": (m) => {
    const cwd = join(m.path, "libs/in");
    init(m, cwd);
    return { cwd, folders: [m.path], trusted: m.path };
  },
  "a submodule": (m) => {
    init(m, join(m.root, "lib"));
    git(m, m.path, "submodule", "add", "--quiet", join(m.root, "lib"), "in");
    const cwd = join(m.path, "in");
    return { cwd, folders: [cwd, m.path], trusted: cwd };
  },
  "a worktree of a submodule": (m) => {
    init(m, join(m.root, "lib"));
    git(m, m.path, "submodule", "add", "--quiet", join(m.root, "lib"), "in");
    const cwd = worktree(m, join(m.path, "in"));
    return { cwd, folders: [cwd, join(m.path, "in")], trusted: join(m.path, ".git/modules/in") };
  },
  "a folder of a home that is a repository": (m) => {
    init(m, m.home);
    const cwd = below(m.home, "notes");
    return { cwd, folders: [cwd, m.home], trusted: m.home };
  },
  "the same, the home folder alone has values": (m) => {
    init(m, m.home);
    return { cwd: below(m.home, "notes"), folders: [m.home], trusted: m.home };
  },
  "the home folder": (m) => ({ cwd: m.home, folders: [m.home], trusted: m.home }),
  "a link to a folder below the git root": (m) => {
    const real = below(m.path);
    symlinkSync(real, join(m.root, "link"));
    return { cwd: join(m.root, "link"), folders: [m.path], trusted: m.path };
  },
  "a worktree that was moved by hand": (m) => {
    const from = worktree(m, m.path);
    const cwd = join(m.root, "moved");
    execFileSync("mv", [from, cwd]);
    return { cwd, folders: [cwd, m.path], trusted: m.path };
  },
};

const counts = { all: 0, tokens: 0, dialogs: 0 };

afterAll(() => {
  process.stdout.write(
    `\nproject: the token that arrived was that of the file we named in ${counts.tokens} of ${counts.all} layouts, the dialogs were ours in ${counts.dialogs}\n`,
  );
});

async function agree(m: Machine, version: ClaudeVersion, make: (m: Machine) => Layout): Promise<void> {
  const { cwd, folders, trusted } = make(m);
  // found from every folder, as it is above them all
  put(join(m.root, ".mcp.json"), { mcpServers: { halo: entryFor(m.url) } });
  for (const [index, folder] of folders.entries())
    put(join(folder, ".claude/settings.local.json"), {
      enabledMcpjsonServers: ["halo"],
      env: { ...VALUES, HALO_MCP_TOKEN: `made.up.token-of-folder-${index}-q7Xw` },
    });
  onboard(m, { projects: { [trusted]: { hasTrustDialogAccepted: true } } });
  const { context } = madeUp({ cwd, env: m.env, home: m.home, platform: process.platform, now: () => 0 });
  const options = { cwd: undefined, name: undefined, url: m.url, valuesFile: undefined, timeoutMs: 10_000 };
  const { view } = await look(context, options);
  const { verdict } = findingsOf(view);
  const dialogs = new Set<string>();
  const { HALO_MCP_TOKEN: _, ...env } = m.env;
  await session(m, version, verdict.wouldConnect ? 10_000 : 1500, {
    cwd,
    env: { ...env, MCP_TIMEOUT: "10000" },
    server: "Continue without using this MCP server",
    dialogs,
    done: () => fromClaude(m).length > 0,
  });
  const arrived = fromClaude(m).at(-1)?.headers["x-cm-producttoken"];
  const sent = verdict.wouldConnect ? view.session?.headers["X-CM-PRODUCTTOKEN"] : undefined;
  const seen = { token: arrived, dialogs: [...dialogs].sort() };
  const ours = { token: sent, dialogs: [...dialogsOf(view)].sort() };
  counts.all += 1;
  if (ours.token === seen.token) counts.tokens += 1;
  if (`${seen.dialogs}` === `${ours.dialogs}`) counts.dialogs += 1;
  expect(ours, verdict.reason).toEqual(seen);
}

describe.concurrent.each(claudeVersions)("Claude Code %s", (version) => {
  // the older version gets every third: over all of them it was found to differ in nothing that we do not say
  const some = Object.entries(layouts).filter((_, index) => version === "2.1.332" || index < 3 || index % 3 === 2);
  test.each(some)("%s", (_, make) => onClaude(version, (m) => agree(m, version, make)));
});
