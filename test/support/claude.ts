import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Environment } from "./home.ts";

/** The versions that test/e2e/install.mjs installs: the newest for Node 20, and the newest. */
export const claudeVersions = ["2.1.197", "2.1.330"] as const;
export type ClaudeVersion = (typeof claudeVersions)[number];

/** No updates, no telemetry, no waiting for a server that never answers. */
export const quietClaude: Environment = {
  DISABLE_AUTOUPDATER: "1",
  DISABLE_TELEMETRY: "1",
  DISABLE_ERROR_REPORTING: "1",
  DISABLE_BUG_COMMAND: "1",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
  MCP_TIMEOUT: "10000",
};

const binFolder = (id: string) => fileURLToPath(new URL(`../../.cache/${id}/node_modules/.bin`, import.meta.url));

function installed(id: string, program: string): string {
  const path = join(binFolder(id), program);
  if (!existsSync(path)) throw new Error(`${id} is not installed: run \`node test/e2e/install.mjs\` first`);
  return path;
}

/** The folder of an installed program, for a PATH. */
export function programFolder(id: string, program: string): string {
  installed(id, program);
  return binFolder(id);
}

/** The folder to put first on a PATH, so that our program finds this Claude Code. */
export const claudeBinFolder = (version: ClaudeVersion): string => programFolder(`claude-code-${version}`, "claude");

/** The program of another Node. */
export const nodeBinary = (major: 22 | 24 | 26): string => installed(`node-${major}`, "node");

export interface ClaudeRun {
  /** null when it was ended by a signal or ran out of time. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ClaudeOptions {
  /** The whole environment, as scratchHome() makes it; HOME is in it. */
  readonly env: Environment;
  readonly cwd: string;
  readonly home?: string;
  readonly stdin?: string;
  readonly timeoutMs?: number;
}

/** Runs the real Claude Code, piped (on a terminal it prints cursor codes). */
export function runClaude(version: ClaudeVersion, args: readonly string[], options: ClaudeOptions): Promise<ClaudeRun> {
  const { cwd, home, stdin = "", timeoutMs = 60_000 } = options;
  const env = { ...quietClaude, ...options.env, ...(home === undefined ? {} : { HOME: home }) };
  return new Promise((resolve, reject) => {
    const child = spawn(installed(`claude-code-${version}`, "claude"), [...args], { cwd, env, detached: true });
    let stdout = "";
    let stderr = "";
    const timer = setTimeout(() => {
      // The whole group: Claude Code may have children of its own.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, timeoutMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout, stderr });
    });
    child.stdin.on("error", () => {});
    child.stdin.end(stdin);
  });
}
