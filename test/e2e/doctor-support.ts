/** What the end-to-end tests of `doctor` share: a folder as the wizard leaves one, one run of the packed program in it, and what must hold of every run. */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DoctorReport } from "../../src/core/doctor/report.ts";

import type { Environment } from "../support/home.ts";
import { ACCOUNT, entryFor, type Machine, PROFILE, TOKEN } from "./support.ts";

export const VALUES = { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: PROFILE };
export const BRIDGE = { env: VALUES, enabledMcpjsonServers: ["halo"] };

/** What `--json` prints. */
export type Told = DoctorReport;

/** Content of files by their path: JSON unless it is a text. For their owner alone. */
export function put(folder: string, files: Readonly<Record<string, unknown>>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o600 });
  }
}

export const servers = (halo: unknown): unknown => ({ mcpServers: { halo } });

let folders = 0;
/** A repository of its own on the machine, with the files that `init` writes for this URL, and others in their place. */
export function repositoryFor(m: Machine, url: string, files: Readonly<Record<string, unknown>> = {}): string {
  const folder = join(m.root, `r${folders++}`);
  mkdirSync(join(folder, ".git"), { recursive: true });
  put(folder, { ".mcp.json": servers(entryFor(url)), ".claude/settings.local.json": BRIDGE, ...files });
  return folder;
}

export interface DoctorRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Most memory that it had, MiB; 0 where nobody says (Linux does). */
  readonly peak: number;
}

export interface DoctorOptions {
  readonly cwd: string;
  readonly env?: Environment;
  readonly stdin?: string;
  /** Called with the process's id once it has started. */
  readonly started?: (pid: number) => void;
}

/** The packed program as `doctor`, without a terminal. */
export function doctor(m: Machine, args: readonly string[], options: DoctorOptions): Promise<DoctorRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [m.bin, "doctor", ...args], {
      cwd: options.cwd,
      env: { ...m.env, ...options.env },
      stdio: "pipe",
    });
    let [stdout, stderr, peak] = ["", "", 0];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const look = (): void => {
      try {
        const high = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
        peak = Math.max(peak, Number(high ?? 0) / 1024);
      } catch {
        // it ended, or this is no Linux
      }
    };
    const watch = setInterval(look, 20);
    const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
    child.on("error", reject);
    child.on("close", (code) => {
      clearInterval(watch);
      clearTimeout(late);
      resolve({ code, stdout, stderr, peak });
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.stdin ?? "");
    if (child.pid !== undefined) options.started?.(child.pid);
  });
}

export const told = (run: DoctorRun): Told => JSON.parse(run.stdout) as Told;

/** Every cause that a run names, at whatever link. */
export const causesOf = ({ cause, stages }: Told): readonly string[] => [
  ...new Set([cause, ...stages.map((stage) => stage.cause)].filter((id) => id !== null && id !== undefined)),
];

/** The token of these tests, or either half of it, in any writing that a program could choose. */
export function leaks(text: string, token = TOKEN): readonly string[] {
  const low = text.toLowerCase();
  const half = Math.floor(token.length / 2);
  const bytes = Buffer.from(token);
  return [
    token,
    token.slice(0, half),
    token.slice(half),
    encodeURIComponent(token),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
    bytes.toString("hex"),
    [...token].reverse().join(""),
  ].filter((form) => low.includes(form.toLowerCase()));
}
