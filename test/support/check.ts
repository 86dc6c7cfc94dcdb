/** Runs `check` in this process, on real files. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { main } from "../../src/cli.ts";
import type { Context } from "../../src/context.ts";
import { madeUp } from "./context.ts";
import type { Environment } from "./home.ts";

export interface Checked {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export async function check(
  cwd: string,
  args: readonly string[],
  env: Environment,
  given: Partial<Context> = {},
): Promise<Checked> {
  const templates = pathToFileURL(`${join(import.meta.dirname, "../../templates")}/`);
  const { platform, version: nodeVersion } = process;
  const home = env.HOME ?? "/nowhere";
  const { context, said } = madeUp({ cwd, env, home, platform, nodeVersion, templates, ...given });
  return { code: await main(context, ["check", ...args]), ...said };
}

export function write(root: string, files: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

/** The entry as CM.com documents it. */
export const HALO_FILE = `{
  "mcpServers": {
    "halo": {
      "type": "http",
      "url": "https://api.cm.com/halo/core/mcp",
      "headers": {
        "X-CM-PRODUCTTOKEN": "\${HALO_MCP_TOKEN}",
        "CM-ACCOUNT-ID": "\${HALO_ACCOUNT_ID}",
        "CM-PROFILE-ID": "\${HALO_PROFILE_ID}"
      }
    }
  }
}
`;

/** A repository in which nothing is wrong. */
export const CLEAN: Readonly<Record<string, string>> = {
  ".mcp.json": HALO_FILE,
  ".env.example": "HALO_MCP_TOKEN=\nHALO_ACCOUNT_ID=\nHALO_PROFILE_ID=\n",
  ".gitignore": ".env\n.env.*\n!.env.example\n.claude/settings.local.json\n",
};
