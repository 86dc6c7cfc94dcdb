/** What the end-to-end tests of `doctor` share: a folder as the wizard leaves one, one run of the packed program in it, and what must hold of every run. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { DoctorReport } from "../../src/core/doctor/report.ts";
import { entryFor, type Machine, type Run, type RunOptions, start, TOKEN, VALUES } from "./support.ts";

export const BRIDGE = { env: VALUES, enabledMcpjsonServers: ["halo"] };

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

export interface DoctorRun extends Run {
  /** Most memory that it had, MiB; 0 where nobody says (Linux does). */
  readonly peak: number;
}

/** The packed program as `doctor`, without a terminal. */
export async function doctor(
  m: Machine,
  args: readonly string[],
  options: RunOptions & { readonly cwd: string },
): Promise<DoctorRun> {
  let peak = 0;
  let watch: NodeJS.Timeout | undefined;
  const started = (pid: number): void => {
    options.started?.(pid);
    watch = setInterval(() => {
      try {
        const high = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
        peak = Math.max(peak, Number(high ?? 0) / 1024);
      } catch {
        // it ended, or this is no Linux
      }
    }, 20);
  };
  const env = { ...m.env, ...options.env };
  const run = await start(process.execPath, [m.bin, "doctor", ...args], { ...options, env, started });
  clearInterval(watch);
  return { ...run, peak };
}

export const told = (run: DoctorRun): DoctorReport => JSON.parse(run.stdout);

/** Every cause that a run names, at whatever link. */
export const causesOf = ({ cause, stages }: DoctorReport): readonly string[] => [
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
