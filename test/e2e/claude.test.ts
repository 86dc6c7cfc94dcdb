import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { claudeVersions, runClaude } from "../support/claude.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

/** What the product builds on: how the real Claude Code treats a file of the documented shape. */

const values = {
  HALO_MCP_TOKEN: "made-up-token-7f3a",
  HALO_ACCOUNT_ID: "made-up-account",
  HALO_PROFILE_ID: "made-up-profile",
};
const seen: IncomingMessage["headers"][] = [];

/** The smallest MCP server that demands the three headers. */
const server = createServer(async (request, response) => {
  seen.push(request.headers);
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { headers } = request;
  const known =
    headers["x-cm-producttoken"] === values.HALO_MCP_TOKEN &&
    headers["cm-account-id"] === values.HALO_ACCOUNT_ID &&
    headers["cm-profile-id"] === values.HALO_PROFILE_ID;
  if (!known) return void response.writeHead(401).end();
  if (request.method !== "POST") return void response.writeHead(405).end();
  const message = JSON.parse(Buffer.concat(chunks).toString()) as { id?: number; method: string };
  const result: unknown =
    message.method === "initialize"
      ? { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "tiny", version: "1" } }
      : message.method === "tools/list"
        ? { tools: [] }
        : undefined;
  if (message.id === undefined) return void response.writeHead(202).end();
  const answer = result === undefined ? { error: { code: -32601, message: "no such method" } } : { result };
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id: message.id, ...answer }));
});
let url: string;
let scratch: ScratchHome;
let repository: Repository;

beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/halo/core/mcp`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  seen.length = 0;
  scratch = scratchHome();
  repository = mkRepo(scratch);
  const headers = {
    "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
    "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
    "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
  };
  const config = { mcpServers: { halo: { type: "http", url, headers } } };
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
    expect(seen.at(-1)).toMatchObject({
      "x-cm-producttoken": values.HALO_MCP_TOKEN,
      "cm-account-id": values.HALO_ACCOUNT_ID,
    });
  });

  test("does not connect when the token is unset, and sends the reference as it stands", async () => {
    const { HALO_ACCOUNT_ID, HALO_PROFILE_ID } = values;
    const { stdout } = await claude("--settings", settings({ HALO_ACCOUNT_ID, HALO_PROFILE_ID }), "mcp", "get", "halo");
    expect(stdout).not.toContain("Connected");
    expect(seen[0]?.["x-cm-producttoken"]).toBe("${HALO_MCP_TOKEN}");
  });

  test("asks nothing of a server that nobody approved", async () => {
    expect((await claude("mcp", "list")).stdout).toContain("Pending approval");
    expect(seen).toEqual([]);
  });
});
