import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Environment } from "./home.ts";

/** The versions that test/e2e/install.mjs installs: the newest for Node 20, and the newest. */
export const claudeVersions = ["2.1.197", "2.1.332"] as const;
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

/** A program that test/e2e/install.mjs installs. */
export function installed(id: string, program: string): string {
  const path = fileURLToPath(new URL(`../../.cache/${id}/node_modules/.bin/${program}`, import.meta.url));
  if (!existsSync(path)) throw new Error(`${id} is not installed: run \`node test/e2e/install.mjs\` first`);
  return path;
}

export const claudeOf = (version: ClaudeVersion): string => installed(`claude-code-${version}`, "claude");

/** The folder to put first on a PATH, so that our program finds this Claude Code. */
export const claudeBinFolder = (version: ClaudeVersion): string => dirname(claudeOf(version));

/** The program of another Node. */
export const nodeBinary = (major: 22 | 24 | 26): string => installed(`node-${major}`, "node");

/** What the control protocol answers about one server (2.1.332, without its configuration). */
export const statusLine = (id: number, name: string, status: string, error?: string): string =>
  JSON.stringify({
    type: "control_response",
    response: {
      subtype: "success",
      request_id: `${id}`,
      response: { mcpServers: [{ name: "NAME", status, error, scope: "dynamic" }] },
    },
  }).replace("NAME", name);

/** Runs the real Claude Code, piped (on a terminal it prints cursor codes). `env` is the whole environment. */
export async function runClaude(
  version: ClaudeVersion,
  args: readonly string[],
  { env, cwd, timeoutMs = 60_000 }: { env: Environment; cwd: string; timeoutMs?: number },
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const run = execa(claudeOf(version), args, {
    cwd,
    env: { ...quietClaude, ...env },
    extendEnv: false,
    input: "",
    reject: false,
    stripFinalNewline: false,
    detached: true,
  });
  const timer = setTimeout(() => {
    // The whole group: Claude Code may have children of its own.
    if (run.pid !== undefined) process.kill(-run.pid, "SIGKILL");
  }, timeoutMs);
  const { exitCode, stdout, stderr } = await run;
  clearTimeout(timer);
  return { code: exitCode ?? null, stdout, stderr };
}
