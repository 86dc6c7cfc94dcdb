/** The probe in processes of its own, on any Node: one for each environment that Node itself reads. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";
import type { diagnosisJson } from "../../src/core/diagnosis/json.ts";
import type { ProbeRecord } from "../../src/core/diagnosis/record.ts";

export interface ProbeAnswer {
  readonly diagnosis?: ReturnType<typeof diagnosisJson>;
  readonly record?: ProbeRecord;
  readonly error?: string;
  /** What would keep the process alive after the probe, by Node's names. */
  readonly left: readonly string[];
  /** Most memory the process ever had. */
  readonly peakMiB: number;
  /** All that it wrote about this probe, to both outputs. */
  readonly text: string;
}

export interface ProbeRun {
  readonly url: string;
  readonly token: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cancelAfter?: number;
  readonly timeoutMs?: number;
  readonly node?: string;
}

/** What Node reads when it starts; the rest of an environment is the probe's own. */
const OF_NODE = /^(?:NODE_(?:OPTIONS|EXTRA|USE)|SSL_)/;

/** Bundles test/servers/probe-child.ts where it finds the packages it needs. */
export async function buildProbeChild() {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const folder = mkdtempSync(join(root, "node_modules", ".probe-child-"));
  const bundle = await rolldown({
    input: join(root, "test/servers/probe-child.ts"),
    platform: "node",
    external: [/^@modelcontextprotocol\//],
  });
  await bundle.write({ dir: folder, format: "esm", entryFileNames: "[name].mjs" });
  await bundle.close();

  const start = (node: string, env: Readonly<Record<string, string>>) => {
    const child = spawn(node, [join(folder, "probe-child.mjs")], { env: { PATH: process.env.PATH ?? "", ...env } });
    const said = { err: "" };
    child.stderr.on("data", (chunk: Buffer) => {
      said.err += chunk.toString();
    });
    return { child, said, lines: createInterface({ input: child.stdout })[Symbol.asyncIterator]() };
  };
  const children = new Map<string, ReturnType<typeof start>>();
  return {
    run: async (asked: ProbeRun): Promise<ProbeAnswer> => {
      const { token, env = {}, node = process.execPath, timeoutMs = 15_000, ...rest } = asked;
      const isOfNode = ([name]: [string, string]): boolean => OF_NODE.test(name) || "NODE_USE_ENV_PROXY" in env;
      const own = Object.fromEntries(Object.entries(env).filter(isOfNode));
      const key = JSON.stringify([node, own]);
      const { child, said, lines } = children.get(key) ?? start(node, own);
      children.set(key, { child, said, lines });
      const headers = { "X-CM-PRODUCTTOKEN": token, "CM-ACCOUNT-ID": "a", "CM-PROFILE-ID": "p" };
      const request = { headers, tokenHeader: "X-CM-PRODUCTTOKEN", timeoutMs, version: "0.0.0-test", env, ...rest };
      child.stdin.write(`${JSON.stringify(request)}\n`);
      const { value } = await lines.next();
      if (value === undefined) throw new Error(`the probe's process ended: ${said.err}`);
      const text = value + said.err;
      said.err = "";
      return { ...(JSON.parse(value) as ProbeAnswer), text };
    },
    /** Ends standard input. Out: how each process ended by itself, a signal included. */
    end: async (): Promise<readonly unknown[]> => {
      const ends = [...children.values()].map(async ({ child }) => {
        const ended = once(child, "close");
        child.stdin.end();
        return (await ended)[0] ?? "a signal";
      });
      const codes = await Promise.all(ends);
      rmSync(folder, { recursive: true, force: true });
      return codes;
    },
  };
}

export type ProbeChild = Awaited<ReturnType<typeof buildProbeChild>>;
