/** The probe in a process of its own, on any Node. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import type { diagnosisJson } from "../../src/core/diagnosis/diagnose.ts";
import type { ProbeRecord } from "../../src/core/diagnosis/record.ts";

export interface ProbeAnswer {
  readonly diagnosis?: ReturnType<typeof diagnosisJson>;
  readonly record?: ProbeRecord;
  readonly error?: string;
  /** What would keep the process alive after the probe, by Node's names. */
  readonly left: readonly string[];
  /** Most memory the process ever had. */
  readonly peakMiB: number;
  readonly code: number | null;
  /** All that it wrote, to both outputs. */
  readonly text: string;
}

export interface ProbeRun {
  readonly url: string;
  readonly token: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cancelAfter?: number | undefined;
  readonly timeoutMs?: number;
  readonly node?: string;
  readonly reaches?: boolean;
}

export interface ProbeChild {
  readonly run: (asked: ProbeRun) => Promise<ProbeAnswer>;
  readonly remove: () => void;
}

/** Bundles test/servers/probe-child.ts where it finds the packages it needs. */
export async function buildProbeChild(): Promise<ProbeChild> {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folder = mkdtempSync(join(root, "node_modules", ".probe-child-"));
  const bundle = await rolldown({
    input: join(root, "test/servers/probe-child.ts"),
    platform: "node",
    external: [/^@modelcontextprotocol\//],
  });
  await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].mjs" });
  await bundle.close();
  return {
    run: async ({ url, token, env = {}, cancelAfter, timeoutMs = 15_000, node = process.execPath, reaches }) => {
      const child = spawn(node, [join(folder, "probe-child.mjs")], {
        env: { PATH: process.env.PATH ?? "", ...env },
        stdio: "pipe",
      });
      let [out, err] = ["", ""];
      child.stdout.on("data", (chunk: Buffer) => {
        out += chunk.toString();
      });
      child.stderr.on("data", (chunk: Buffer) => {
        err += chunk.toString();
      });
      child.stdin.end(
        `${JSON.stringify({
          url,
          headers: { "X-CM-PRODUCTTOKEN": token, "CM-ACCOUNT-ID": "a", "CM-PROFILE-ID": "p" },
          tokenHeader: "X-CM-PRODUCTTOKEN",
          timeoutMs,
          version: "0.0.0-test",
          cancelAfter,
          reaches,
        })}\n`,
      );
      const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
      // null: a signal, such as that of a crash
      if (out === "" || code === null)
        throw new Error(`the probe's process wrote nothing and ended with ${code}: ${err}`);
      return { ...(JSON.parse(out) as ProbeAnswer), code, text: out + err };
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
