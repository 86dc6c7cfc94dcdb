import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type StandIn, startStandIn } from "../servers/stand-in.mjs";
import { claudeVersions, runClaude } from "../support/claude.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

/** What the product builds on: how the real Claude Code treats a file of the documented shape. */

const values = {
  HALO_MCP_TOKEN: "made-up-token-7f3a",
  HALO_ACCOUNT_ID: "made-up-account",
  HALO_PROFILE_ID: "made-up-profile",
};
let standIn: StandIn;
let scratch: ScratchHome;
let repository: Repository;

beforeAll(async () => {
  const { HALO_MCP_TOKEN: token, HALO_ACCOUNT_ID: accountId, HALO_PROFILE_ID: profileId } = values;
  standIn = await startStandIn({ token, accountId, profileId });
});
afterAll(() => standIn.close());

beforeEach(() => {
  standIn.requests.length = 0;
  scratch = scratchHome();
  repository = mkRepo(scratch);
  const headers = {
    "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
    "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
    "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
  };
  const config = { mcpServers: { halo: { type: "http", url: standIn.url, headers } } };
  writeFileSync(join(repository.path, ".mcp.json"), JSON.stringify(config, undefined, 2));
});
afterEach(() => scratch.dispose());

function settings(env: Record<string, string>): string {
  const path = join(scratch.tmp, "settings.json");
  writeFileSync(path, JSON.stringify({ env, enabledMcpjsonServers: ["halo"] }), { mode: 0o600 });
  return path;
}

describe.each(claudeVersions)("Claude Code %s", (version) => {
  const claude = (...args: string[]) => runClaude(version, args, { env: scratch.env, cwd: repository.path });

  test("is the version it should be", async () => {
    expect(await claude("--version")).toMatchObject({ code: 0, stdout: `${version} (Claude Code)\n` });
  });

  test("connects with values and approval from --settings", async () => {
    const { code, stdout } = await claude("--settings", settings(values), "mcp", "get", "halo");
    expect(stdout).toContain("✔ Connected");
    expect(code).toBe(0);
    expect(standIn.requests.at(-1)?.headers).toMatchObject({
      "x-cm-producttoken": values.HALO_MCP_TOKEN,
      "cm-account-id": values.HALO_ACCOUNT_ID,
    });
  });

  test("does not connect when the token is unset, and sends the reference as it stands", async () => {
    const { HALO_ACCOUNT_ID, HALO_PROFILE_ID } = values;
    const { stdout } = await claude("--settings", settings({ HALO_ACCOUNT_ID, HALO_PROFILE_ID }), "mcp", "get", "halo");
    expect(stdout).not.toContain("Connected");
    expect(standIn.requests[0]?.headers["x-cm-producttoken"]).toBe("${HALO_MCP_TOKEN}");
  });

  test("asks nothing of a server that nobody approved", async () => {
    expect((await claude("mcp", "list")).stdout).toContain("Pending approval");
    expect(standIn.requests).toEqual([]);
  });
});
