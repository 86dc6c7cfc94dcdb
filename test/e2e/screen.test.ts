import { symlinkSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  callsOf,
  committed,
  entryFor,
  expectNoToken,
  fakeClaude,
  full,
  HARM,
  on,
  type Run,
  strangeBytes,
  TOKEN,
  VALUES,
  withRecorder,
  withToken,
} from "./support.ts";

/** Words of a file or a server on the screen: it stays the tool's. */

/** Clears the screen, renames its window, writes into its clipboard, turns text round, hides it. */
const EVIL =
  "\u001b[2J\u001b]0;owned\u0007\u001b]52;c;ZXZpbA==\u0007\u009b31m\u0000\u0008\u202egnp.exe\u2066\u200b\ufeff\r\u007f";
/** The same without what ends a line, or a text of C. */
const ODD = EVIL.replace(/[\r\0]/g, "");

function expectClean(run: Run): void {
  expect(strangeBytes(run.stdout + run.stderr)).toEqual([]);
  expectNoToken(run.stdout + run.stderr);
}

/** An MCP server by hand, each of its words hostile. */
function evilAnswer(request: IncomingMessage, body: string): [number, unknown?] {
  const { id = null, method = "" } = body === "" ? {} : (JSON.parse(body) as { id?: unknown; method?: string });
  const rpc = (result: unknown): [number, unknown] => [200, { jsonrpc: "2.0", id, result }];
  if (request.headers["x-cm-producttoken"] !== TOKEN) return [401, { error: EVIL, message: `no ${EVIL}` }];
  if (request.method === "DELETE" || method.startsWith("notifications/")) return [202];
  const serverInfo = { name: `ha${EVIL}lo`, version: `1${EVIL}` };
  if (method === "initialize") return rpc({ protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo });
  if (method !== "tools/list") return [404, { jsonrpc: "2.0", id, error: { code: -32601, message: EVIL } }];
  const description = `line one${EVIL}\nline two ${TOKEN}\n${"long ".repeat(200)}`;
  const tools = Array.from({ length: 12 }, (_, index) => `tool${EVIL}${index}`);
  return rpc({ tools: tools.map((name) => ({ name, description, inputSchema: { type: "object" } })) });
}

describe.concurrent("nothing of them steers a terminal, and no token is repeated", () => {
  test("of a server: name, version, tools, in a terminal and without", () =>
    on({}, (m) =>
      withRecorder(
        (request, response, body) => {
          const [status, value] = evilAnswer(request, body);
          response.writeHead(status, { "content-type": "application/json" });
          response.end(value === undefined ? "" : JSON.stringify(value));
        },
        async ({ url }) => {
          const run = await m.run(["--yes", "--url", url], { env: VALUES });
          expect(run.code, run.stderr).toBe(0);
          expect(run.stderr).toContain("12 tools");
          expectClean(run);
          const wizard = m.open(["--url", url]);
          await wizard.follow("What now?: enter");
          await wizard.ends(0);
          expect(wizard.raw()).not.toMatch(HARM);
          expect(strangeBytes(wizard.raw())).toEqual([]);
          const json = await m.run(["--json", "--yes", "--url", url]);
          expect(json.code).toBe(0);
          expectClean(json);
          expect(JSON.stringify(JSON.parse(json.stdout))).not.toMatch(/\\u001b|\\u0007|\u202e|\u009b/);
        },
      ),
    ));

  const message = `${EVIL} your token ${TOKEN} is bad`;
  test.each([
    ["application/json", JSON.stringify({ message, error: { message } })],
    ["text/plain", `${message} ${EVIL}`],
    ["text/html", `<html><title>${EVIL}${TOKEN}</title>${EVIL}</html>`],
  ])("of an error body, the token echoed in it: %s", (type, text) =>
    on({}, async (m) => {
      for (const status of [400, 401, 403, 404, 429, 500]) {
        await withRecorder(
          (_, response) => void response.writeHead(status, { "content-type": type, "retry-after": "5" }).end(text),
          async (server) => {
            const run = await m.run(["--yes", "--url", server.url], { env: VALUES });
            expect(run.code).toBe(1);
            expectClean(run);
          },
        );
      }
    }),
  );

  test("of the repository: entries, ignore rules, .env, examples, and the name of its folder", () =>
    on({ repository: "sh\u001b[2J\u001b]0;owned\u0007\u202eop" }, async (m) => {
      m.write(".gitignore", `node_modules\n# ${ODD}\n${ODD}\n`);
      m.write(".env", `OTHER="${ODD}"\n# ${ODD}\n`, 0o600);
      m.write(".env.example", `# ${ODD}\nX=\n`);
      const other = { [`oth${EVIL}er`]: { type: "http", url: `https://x.example/${EVIL}` } };
      m.write(".mcp.json", `${JSON.stringify({ mcpServers: other }, null, 2)}\n`);
      const run = await m.run(full(m), { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expectClean(run);
      const wizard = m.open(["--url", m.url]);
      await wizard.follow("What now?: up enter", "Remove this?: enter");
      await wizard.ends(0);
      expect(wizard.raw()).not.toMatch(HARM);
      expect(strangeBytes(wizard.raw())).toEqual([]);
      symlinkSync("/nowhere/x", join(m.path, ".envrc"));
      const refused = await m.run(full(m, "--bridge", "direnv"), { env: withToken });
      expect(refused.code).toBe(1);
      expectClean(refused);
    }));

  test.each([
    ["escapes", `ha${EVIL}lo`],
    ["an option", "--dangerously-skip-permissions"],
    ["a short option", "-e"],
    ["a line of its own", "halo\nHALO is connected"],
    ["a shell's words", "halo; touch marker; $(touch marker)"],
  ])("of the entry that is followed: %s; to claude its name is one word, and no option", (_, name) =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), name);
      // each word of a call on a line of its own
      const words = `*) printf '%s\\n' "$@" >> "${m.root}/argv"; echo stdin; cat > /dev/null ;;`;
      const env = { ...VALUES, ...fakeClaude(m, [`*--version) echo "2.1.330 (Claude Code)" ;;`, words]) };
      expectClean(await m.run(["--yes", "--url", m.url], { env }));
      const run = await m.run(["--yes", "--url", m.url, "--scope", "user"], { env });
      expect(run.code).toBe(1);
      expectClean(run);
      expect(run.stdout).not.toMatch(/^HALO is connected$/m);
      expect(m.exists("marker")).toBe(false);
      const said = callsOf(m).split("\n");
      for (const [index, word] of said.entries())
        if (name.startsWith("-") && word === name) expect(said[index - 1]).toBe("--");
    }),
  );

  test.each(["--name", "--cwd", "--client", "--token-file", "--url", ""])("of a flag: %s", (flag) =>
    on({}, async (m) => {
      const run = await m.run(["--yes", ...(flag === "" ? [`--${ODD}`] : [flag, ODD])], { env: VALUES });
      expect([2, 3]).toContain(run.code);
      expectClean(run);
    }),
  );
});
