import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cleanPath } from "../support/home.ts";
import {
  ACCOUNT,
  committed,
  contents,
  entryFor,
  HARM,
  ids,
  type Machine,
  names,
  on,
  PROFILE,
  type Recorder,
  type Run,
  recorder,
  start,
  strangeBytes,
  TOKEN,
  withToken,
} from "./support.ts";

/** A repository and a server that mean harm: the token is sent nowhere and written nowhere, nothing is run, the screen stays the tool's. */

const everything = { ...withToken, HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: PROFILE };
const HALO = "https://api.cm.com/halo/core/mcp";

/** Nothing written, nothing sent, no token in what was said. */
async function expectHarmless(
  m: Machine,
  servers: readonly Recorder[],
  go: () => Promise<readonly Run[]>,
): Promise<void> {
  const before = [m.tree(), m.tree(m.home), m.tree(m.tmp)];
  const runs = await go();
  for (const { stdout, stderr } of runs) {
    expect(stdout + stderr).not.toContain(TOKEN.slice(0, 12));
    expect(stdout + stderr).not.toContain(TOKEN.slice(-8));
    expect(strangeBytes(stdout + stderr)).toEqual([]);
  }
  expect([m.tree(), m.tree(m.home), m.tree(m.tmp)]).toEqual(before);
  for (const { received } of servers) expect(received).toEqual([]);
  expect(m.standIn.requests).toEqual([]);
}

async function withRecorder(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  use: (server: Recorder) => Promise<void>,
): Promise<void> {
  const server = await recorder(answer);
  try {
    await use(server);
  } finally {
    await server.close();
  }
}

const accepts = (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(200).end("{}");

describe.concurrent("an entry that leads elsewhere", () => {
  test.each([
    ["another host", "https://evil.example/halo/core/mcp"],
    ["a look-alike", "https://api.cm.com.evil.example/halo/core/mcp"],
    ["another look-alike", "https://api-cm.com/halo/core/mcp"],
    ["another port", "https://api.cm.com:8443/halo/core/mcp"],
    ["another path", "https://api.cm.com/halo/core/mcp/../../evil"],
    ["a slash more", "https://api.cm.com/halo/core/mcp/"],
    ["a query", "https://api.cm.com/halo/core/mcp?to=evil"],
    ["capitals", "https://API.CM.COM/halo/core/mcp"],
    ["an IDN in Punycode", "https://api.xn--m-2ka.com/halo/core/mcp"],
    ["an IDN", "https://api.ćm.com/halo/core/mcp"],
    ["Cyrillic letters", "https://арі.cm.com/halo/core/mcp"],
    ["user@", "https://api.cm.com@evil.example/halo/core/mcp"],
    ["user:password@", "https://api.cm.com:443@evil.example/halo/core/mcp"],
    ["a backslash", "https://evil.example\\@api.cm.com/halo/core/mcp"],
    ["http:", "http://api.cm.com/halo/core/mcp"],
    ["a tab inside", "https://api.cm.com\t.evil.example/halo/core/mcp"],
    ["the recorder by a default", "${NOT_SET:-RECORDER}"],
    ["a loopback address", "RECORDER"],
    ["the token in its path", "https://evil.example/${HALO_MCP_TOKEN}/mcp"],
    ["the token in its query", "RECORDER?token=${HALO_MCP_TOKEN}"],
    ["the token as its host", "https://${HALO_MCP_TOKEN}.evil.example/mcp"],
    ["the token by two steps", "https://evil.example/${NOT_SET:-${HALO_MCP_TOKEN}}"],
    ["a shell's words", "https://evil.example/'$(touch${IFS}marker)'"],
  ])("%s: nothing is sent or written, exit 1", (_, url) =>
    on({}, (m) =>
      withRecorder(accepts, async (evil) => {
        committed(m, entryFor(url.replace("RECORDER", evil.url)));
        await expectHarmless(m, [evil], async () => {
          const runs = [];
          for (const flags of [["--yes"], ["--yes", "--skip-test"], ["--dry-run"], ["--yes", "--json"]]) {
            const run = await m.run(flags, { env: everything });
            expect(run.code, run.stdout + run.stderr).toBe(1);
            runs.push(run);
          }
          // the command that is offered is one that can be pasted
          const offered = /--url (\S.*)/.exec((runs[0]?.stderr ?? "").replace(/\n {2}(?=')/, " "))?.[1];
          if (offered !== undefined) await start("sh", ["-c", `true ${offered}`], { cwd: m.path, env: m.env });
          expect(m.exists("marker")).toBe(false);
          expect(JSON.parse(runs[3]?.stdout ?? "").error.code).toMatch(/^(?:endpoint-foreign|bad-url)$/);
          return runs;
        });
      }),
    ),
  );

  test("in a terminal the real host is shown, no is the default, nothing is sent", () =>
    on({}, async (m) => {
      committed(m, entryFor("https://api.cm.com.evil.example/halo/core/mcp"), `ha${EVIL}lo`);
      const wizard = m.open([], { env: withToken });
      await wizard.asks("Send your token to api.cm.com.evil.example?");
      expect(wizard.prose()).toContain("which is not HALO's own endpoint");
      await wizard.answer("Send your token to api.cm.com.evil.example?", "enter");
      await wizard.ends(1);
      expect(strangeBytes(wizard.raw())).toEqual([]);
      expect(names(m.tree())).toEqual([".mcp.json"]);
    }));

  test("the explicit yes, or --url with that very URL, and it proceeds", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url));
      const other = await m.run(["--yes", "--url", "https://evil.example/halo/core/mcp", "--dry-run", "--skip-test"], {
        env: everything,
      });
      expect(other.code, "another --url is a replacement, and sends nothing to the entry's").toBe(0);
      expect(m.standIn.requests).toEqual([]);
      const run = await m.run(["--yes", "--url", m.url], { env: everything });
      expect(run.code, run.stderr).toBe(0);
      expect(m.standIn.requests.length).toBeGreaterThan(0);
      await on({}, async (second) => {
        committed(second, entryFor(second.url));
        const host = new URL(second.url).host;
        const wizard = second.open([], { env: everything });
        await wizard.answer(`Send your token to ${host}?`, "left", "enter");
        await wizard.answer("Product token", "enter");
        await wizard.answer("Apply these changes?", "enter");
        await wizard.ends(0);
        expect(second.standIn.requests.length).toBeGreaterThan(0);
      });
    }));

  test("files of the repository choose no endpoint by variables", () =>
    on({}, (m) =>
      withRecorder(accepts, async (evil) => {
        m.write(".env", `HALO_MCP_URL=${evil.url}\nHALO_YES=1\nHALO_NAME=evil\nNODE_OPTIONS=--require ./evil.cjs\n`);
        m.write(".claude/settings.local.json", JSON.stringify({ env: { HALO_MCP_URL: evil.url } }));
        m.write("evil.cjs", "require('node:fs').writeFileSync('marker', '')");
        const run = await m.run(["--dry-run", "--skip-test", "--json", ...ids], { env: withToken });
        expect(run.code, run.stdout).toBe(0);
        expect(JSON.parse(run.stdout).server).toEqual({ name: "halo", url: HALO });
        expect(evil.received).toEqual([]);
        expect(m.exists("marker")).toBe(false);
      }),
    ));

  test("the address is the repository's own at the question and another one when it is read back: nothing more is sent", () =>
    on({}, (m) =>
      withRecorder(accepts, async (evil) => {
        const wizard = m.open(["--url", m.url, ...ids], { env: withToken });
        await wizard.answer("Product token", "enter");
        await wizard.answer("What do you want to connect?", "enter");
        await wizard.asks("Apply these changes?");
        m.write(".mcp.json", JSON.stringify({ mcpServers: { halo: entryFor(evil.url) } }));
        await wizard.answer("Apply these changes?", "enter");
        await wizard.ends(1);
        expect(evil.received).toEqual([]);
        expect(m.exists(".env")).toBe(false);
        expect(m.read(".mcp.json")).toContain(evil.url);
      }),
    ));
});

describe.concurrent("a redirect is not followed", () => {
  test.each([301, 302, 303, 307, 308])("%i to a second origin: it receives nothing", (status) =>
    on({}, (m) =>
      withRecorder(accepts, (second) =>
        withRecorder(
          (_, response) => void response.writeHead(status, { location: second.url }).end(),
          async (first) => {
            const run = await m.run(["--yes", "--url", first.url], { env: everything });
            expect(run.code).toBe(1);
            expect(first.received.length).toBeGreaterThan(0);
            expect(second.received).toEqual([]);
            expect(run.stderr.replace(/\s+/g, " ")).toContain("redirect");
            expect(names(m.tree())).toEqual([]);
          },
        ),
      ),
    ),
  );

  test("a 401 with resource_metadata of a second origin starts no OAuth there", () =>
    on({}, (m) =>
      withRecorder(accepts, (second) =>
        withRecorder(
          (_, response) =>
            void response.writeHead(401, { "www-authenticate": `Bearer resource_metadata="${second.url}"` }).end(),
          async (first) => {
            const run = await m.run(["--yes", "--url", first.url], { env: everything });
            expect(run.code).toBe(1);
            expect(second.received).toEqual([]);
          },
        ),
      ),
    ));
});

describe.concurrent("what a repository would have run or set", () => {
  test.each([
    ["a headersHelper", { headersHelper: "touch marker" }],
    ["a command", { command: "touch", args: ["marker"] }],
  ])("%s is not run", (_, more) =>
    on({}, (m) =>
      withRecorder(accepts, async (evil) => {
        committed(m, { ...entryFor(HALO), ...more });
        await expectHarmless(m, [evil], async () => {
          const run = await m.run(["--yes", "--skip-test"], { env: everything });
          expect(run.code).toBe(1);
          expect(run.stderr.replace(/\s+/g, " ")).toContain("starts a program (headersHelper or command)");
          const url = await m.run(["--yes", "--url", HALO, "--skip-test"], { env: everything });
          expect(url.code).toBe(1);
          return [run, url];
        });
        const wizard = m.open([], { env: everything });
        await wizard.ends(1);
        expect(m.exists("marker")).toBe(false);
      }),
    ),
  );

  test.each([
    "NODE_OPTIONS",
    "PATH",
    "LD_PRELOAD",
    "ANTHROPIC_BASE_URL",
    "GIT_SSH_COMMAND",
    "HTTPS_PROXY",
    "BASH_ENV",
    "CLAUDE_CODE_TOKEN",
    "NPM_TOKEN",
    "AWS_SECRET",
    "GITHUB_TOKEN",
    "HOME",
  ])("the variable %s is not set", (variable) =>
    on({}, async (m) => {
      committed(m, entryFor(m.url, [variable, "HALO_ACCOUNT_ID", "HALO_PROFILE_ID"]));
      await expectHarmless(m, [], async () => {
        const run = await m.run(["--yes", "--url", m.url, "--skip-test", "--token-stdin"], {
          env: { HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: PROFILE },
          stdin: TOKEN,
        });
        expect(run.code).toBe(1);
        return [run];
      });
    }),
  );

  test.each([
    ["at the front of PATH", (m: Machine) => [join(m.path, "node_modules/.bin"), cleanPath()].join(":")],
    ["by a relative entry", () => `node_modules/.bin:.:${cleanPath()}`],
    ["by an empty entry", () => `:${cleanPath()}:`],
    ["by a symlink from outside", (m: Machine) => [join(m.root, "linked"), cleanPath()].join(":")],
  ])("git and claude of the repository are not run: %s", (_, path) =>
    on({}, async (m) => {
      const bin = join(m.path, "node_modules/.bin");
      mkdirSync(bin, { recursive: true });
      for (const name of ["git", "claude", "node", "env", "which"]) {
        for (const folder of [bin, m.path]) {
          writeFileSync(
            join(folder, name),
            `#!/bin/sh\necho "$0" >> "${m.path}/marker"\necho "2.1.330 (Claude Code)"\n`,
          );
          chmodSync(join(folder, name), 0o755);
        }
      }
      symlinkSync(bin, join(m.root, "linked"));
      const env = { ...withToken, PATH: path(m) };
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env });
      expect(run.code, run.stderr).toBe(0);
      expect(run.stderr).toContain("Claude Code is not installed here");
      expect(m.exists("marker") ? m.read("marker") : "").toBe("");
      mkdirSync(join(m.path, "packages/web"), { recursive: true });
      const below = await m.run(["--yes", "--url", m.url], { env, cwd: join(m.path, "packages/web") });
      expect(below.code, below.stderr).toBe(0);
      expect(m.exists("marker") ? m.read("marker") : "").toBe("");
    }),
  );

  test("git's own configuration in the repository runs nothing", () =>
    on({}, async (m) => {
      const script = join(m.path, "evil.sh");
      writeFileSync(script, `#!/bin/sh\necho ran >> "${m.path}/marker"\n`);
      chmodSync(script, 0o755);
      for (const [key, value] of [
        ["core.fsmonitor", script],
        ["core.hooksPath", m.path],
        ["core.pager", script],
        ["core.sshCommand", script],
        ["alias.check-ignore", `!${script}`],
        ["diff.external", script],
        ["include.path", "../evil.config"],
      ])
        m.repo.git("config", key ?? "", value ?? "");
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.exists("marker")).toBe(false);
    }));

  test("a file of the repository that is named for the values runs nothing: NODE_OPTIONS in it", () =>
    on({}, async (m) => {
      m.write(".env", "NODE_OPTIONS=--require ./evil.cjs\n");
      m.write("evil.cjs", "require('node:fs').writeFileSync('marker', '')");
      const run = await m.run(["--yes", ...ids, "--url", m.url, "--values-file", ".env"], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.exists("marker")).toBe(false);
    }));
});

describe.concurrent("links and ignore rules that would lead the token out", () => {
  const cases: [string, (m: Machine) => void][] = [
    [".env to a tracked file", (m) => symlinkSync("config.txt", join(m.path, ".env"))],
    [".env out of the repository", (m) => symlinkSync(join(m.home, "out"), join(m.path, ".env"))],
    [".env out by a relative way", (m) => symlinkSync("../home/out", join(m.path, ".env"))],
    [".env dangling, out of the repository", (m) => symlinkSync("../home/new", join(m.path, ".env"))],
    [
      ".env to a tracked file by two links",
      (m) => {
        symlinkSync("config.txt", join(m.path, "link"));
        symlinkSync("link", join(m.path, ".env"));
      },
    ],
    [".env into .git", (m) => symlinkSync(".git/description", join(m.path, ".env"))],
    [
      "the bridge to a tracked file",
      (m) => {
        mkdirSync(join(m.path, ".claude"));
        symlinkSync("../config.txt", join(m.path, ".claude/settings.local.json"));
      },
    ],
    [
      "the bridge out of the repository",
      (m) => {
        mkdirSync(join(m.path, ".claude"));
        symlinkSync(join(m.home, "out"), join(m.path, ".claude/settings.local.json"));
      },
    ],
    [
      ".claude out of the repository",
      (m) => {
        mkdirSync(join(m.home, "folder"));
        symlinkSync(join(m.home, "folder"), join(m.path, ".claude"));
      },
    ],
    [
      ".claude to a tracked folder",
      (m) => {
        m.write("docs/settings.local.json", "{}\n");
        m.repo.git("add", "docs");
        m.repo.git("commit", "--quiet", "--message=docs");
        symlinkSync("docs", join(m.path, ".claude"));
      },
    ],
    ["a rule that takes the bridge back in", (m) => m.write(".claude/.gitignore", "!settings.local.json\n")],
    [
      "the bridge is tracked",
      (m) => {
        m.write(".claude/settings.local.json", "{}\n");
        m.repo.git("add", "--force", ".claude/settings.local.json");
        m.repo.git("commit", "--quiet", "--message=bridge");
      },
    ],
  ];
  test.each(cases)("%s: exit 1, nothing of the token anywhere", (_, make) =>
    on({}, async (m) => {
      m.write("config.txt", "{}\n");
      m.repo.git("add", "config.txt");
      m.repo.git("commit", "--quiet", "--message=config");
      writeFileSync(join(m.home, "out"), "");
      make(m);
      const before = [contents(m.tree()), contents(m.tree(m.home))];
      for (const flags of [[], ["--skip-test"]]) {
        const run = await m.run(["--yes", ...flags, ...ids, "--url", m.url], { env: withToken });
        expect(run.code, run.stdout + run.stderr).toBe(1);
        expect(run.stdout + run.stderr).not.toContain(TOKEN.slice(-5));
      }
      expect([contents(m.tree()), contents(m.tree(m.home))]).toEqual(before);
      expect(JSON.stringify([...m.tree(m.root)])).not.toContain(TOKEN);
      m.repo.git("add", "--all");
      expect(m.repo.git("diff", "--cached")).not.toContain(TOKEN);
    }),
  );

  test.each([".mcp.json", ".env.example", ".gitignore"])("%s out of the repository is not written through", (name) =>
    on({}, async (m) => {
      const outside = join(m.home, "deep/er/file");
      symlinkSync(outside, join(m.path, name));
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stdout).toBe(1);
      expect(existsSync(join(m.home, "deep"))).toBe(false);
      expect(names(m.tree())).toEqual([name]);
      expect(m.standIn.requests).toEqual([]);
    }),
  );

  test("rules in every form that are negated again: refused, everything put back", () =>
    on({}, async (m) => {
      m.write(".gitignore", ".env\n/.env\n!.env\n");
      const before = contents(m.tree());
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(1);
      expect(run.stderr.replace(/\s+/g, " ")).toContain("a later rule takes it back in");
      expect(contents(m.tree())).toEqual(before);
    }));

  test.each([
    "!.env\n!.claude/settings.local.json\n",
    ".env\n.claude/settings.local.json\n!.env\n!.claude/settings.local.json\n",
  ])("a negation is overruled by the rules that are added: %j", (ignore) =>
    on({}, async (m) => {
      m.write(".gitignore", ignore);
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      m.repo.git("add", "--all");
      expect(m.repo.git("diff", "--cached")).not.toContain(TOKEN);
      expect(m.repo.git("diff", "--cached", "--name-only")).not.toMatch(/^\.env$|settings\.local/m);
    }),
  );

  test("links inside the repository to an ignored file are followed", () =>
    on({}, async (m) => {
      m.write(".gitignore", "private/\n");
      m.write("private/env", "A=1\n", 0o600);
      symlinkSync("private/env", join(m.path, ".env"));
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read("private/env")).toContain(TOKEN);
      m.repo.git("add", "--all");
      expect(m.repo.git("diff", "--cached")).not.toContain(TOKEN);
    }));
});

/** What must not reach a terminal: clears it, renames its window, writes into its clipboard, turns text round, hides it. */
const EVIL =
  "\u001b[2J\u001b]0;owned\u0007\u001b]52;c;ZXZpbA==\u0007\u009b31m\u0000\u0008\u202egnp.exe\u2066\u200b\ufeff\r\u007f";

/** An MCP server by hand, each of its words hostile. */
function speaksEvil(request: IncomingMessage, response: ServerResponse, body: { id?: unknown; method?: string }): void {
  const [status, value] = evilAnswer(request, body);
  response.writeHead(status, { "content-type": "application/json" });
  response.end(value === undefined ? "" : JSON.stringify(value));
}

function evilAnswer(
  request: IncomingMessage,
  { id, method = "" }: { id?: unknown; method?: string },
): [number, unknown] {
  const rpc = (result: unknown): [number, unknown] => [200, { jsonrpc: "2.0", id, result }];
  if (request.headers["x-cm-producttoken"] !== TOKEN) return [401, { error: EVIL, message: `no ${EVIL}` }];
  if (request.method === "DELETE" || method.startsWith("notifications/")) return [202, undefined];
  if (method === "initialize") {
    const serverInfo = { name: `ha${EVIL}lo`, version: `1${EVIL}` };
    return rpc({ protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo });
  }
  if (method === "tools/list") {
    const description = `line one${EVIL}\nline two ${TOKEN}\n${"long ".repeat(200)}`;
    const names = Array.from({ length: 12 }, (_, index) => `tool${EVIL}${index}`);
    return rpc({ tools: names.map((name) => ({ name, description, inputSchema: { type: "object" } })) });
  }
  return [404, { jsonrpc: "2.0", id: id ?? null, error: { code: -32601, message: EVIL } }];
}

async function withEvilServer(
  speak: (request: IncomingMessage, response: ServerResponse, body: { id?: unknown; method?: string }) => void,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const received: Recorder[] = [];
  const server = await recorder((request, response) => {
    const text = received[0]?.received.at(-1)?.split("\n").at(-1) ?? "";
    speak(request, response, text === "" ? {} : JSON.parse(text));
  });
  received.push(server);
  try {
    await use(server.url);
  } finally {
    await server.close();
  }
}

describe.concurrent("words of a file or a server on the screen", () => {
  test("of the server: name, version, tools, in a terminal and without", () =>
    on({}, (m) =>
      withEvilServer(speaksEvil, async (url) => {
        const run = await m.run(["--yes", "--url", url], { env: everything });
        expect(run.code, run.stderr).toBe(0);
        expect(strangeBytes(run.stdout + run.stderr)).toEqual([]);
        expect(run.stderr).toContain("12 tools");
        expect(run.stdout + run.stderr).not.toContain(TOKEN.slice(-5));
        const wizard = m.open(["--url", url]);
        await wizard.answer("What now?", "enter");
        await wizard.ends(0);
        expect(wizard.raw()).not.toMatch(HARM);
        expect(strangeBytes(wizard.raw())).toEqual([]);
        const json = await m.run(["--json", "--yes", "--url", url]);
        expect(json.code).toBe(0);
        expect(strangeBytes(json.stdout)).toEqual([]);
        expect(JSON.stringify(JSON.parse(json.stdout))).not.toMatch(/\\u001b|\\u0007|\u202e|\u009b/);
        expect(json.stdout).not.toContain(TOKEN.slice(-5));
      }),
    ));

  test.each([400, 401, 403, 404, 429, 500])(
    "of an error body (HTTP %i), as JSON and as text, the token echoed in it",
    (status) =>
      on({}, async (m) => {
        for (const [type, text] of [
          [
            "application/json",
            JSON.stringify({ message: `${EVIL} your token ${TOKEN} is bad`, error: { message: `${EVIL} ${TOKEN}` } }),
          ],
          ["text/plain", `${EVIL} your token ${TOKEN} is bad ${EVIL}`],
          ["text/html", `<html><title>${EVIL}${TOKEN}</title>${EVIL}</html>`],
        ] as const) {
          await withRecorder(
            (_, response) => void response.writeHead(status, { "content-type": type, "retry-after": "5" }).end(text),
            async (server) => {
              const run = await m.run(["--yes", "--url", server.url], { env: everything });
              expect(run.code).toBe(1);
              expect(strangeBytes(run.stdout + run.stderr)).toEqual([]);
              expect(run.stderr).not.toContain(TOKEN.slice(-5));
            },
          );
        }
      }),
  );

  test("of the repository: names of entries, other entries, ignore rules, .env, examples", () =>
    on({}, async (m) => {
      m.write(".gitignore", `node_modules\n# ${EVIL.replace(/[\r\0]/g, "")}\n${EVIL.replace(/[\r\0]/g, "")}\n`);
      m.write(".env", `OTHER="${EVIL.replace(/[\r\0]/g, "")}"\n# ${EVIL.replace(/[\r\0]/g, "")}\n`, 0o600);
      m.write(".env.example", `# ${EVIL.replace(/[\r\0]/g, "")}\nX=\n`);
      m.write(
        ".mcp.json",
        `${JSON.stringify({ mcpServers: { [`oth${EVIL}er`]: { type: "http", url: `https://x.example/${EVIL}` } } }, null, 2)}\n`,
      );
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(strangeBytes(run.stdout + run.stderr)).toEqual([]);
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("What now?", "up", "enter");
      await wizard.answer("Remove this?", "enter");
      await wizard.ends(0);
      expect(wizard.raw()).not.toMatch(HARM);
      expect(strangeBytes(wizard.raw())).toEqual([]);
    }));

  test.each([
    ["escapes", `ha${EVIL}lo`],
    ["an option", "--dangerously-skip-permissions"],
    ["a line of its own", "halo\nHALO is connected"],
    ["a shell's words", "halo; touch marker; $(touch marker)"],
  ])("the name of the entry that is followed: %s", (_, name) =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), name);
      const claude = join(m.root, "bin");
      mkdirSync(claude);
      writeFileSync(
        join(claude, "claude"),
        `#!/bin/sh\nfor word in "$@"; do printf '%s\\n' "$word" >> "${m.root}/argv"; done\necho "2.1.330 (Claude Code)"\n`,
      );
      chmodSync(join(claude, "claude"), 0o755);
      const run = await m.run(["--yes", "--url", m.url], { env: { ...everything, PATH: `${claude}:${m.env.PATH}` } });
      expect(strangeBytes(run.stdout + run.stderr)).toEqual([]);
      expect(run.stdout).not.toMatch(/^HALO is connected$/m);
      expect(m.exists("marker")).toBe(false);
      // a name is one word, and no option of claude's
      const argv = existsSync(join(m.root, "argv")) ? readFileSync(join(m.root, "argv"), "utf8").split("\n") : [];
      if (argv.includes(name)) expect(argv[argv.indexOf(name) - 1]).toBe("--");
      else expect(argv.join()).not.toContain("--dangerously");
    }),
  );

  test.each(["-e", `ha${EVIL}lo`])("such a name and --scope user: %j", (name) =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), name);
      const bin = join(m.root, "bin");
      mkdirSync(bin);
      writeFileSync(
        join(bin, "claude"),
        `#!/bin/sh\nfor word in "$@"; do printf '%s\\n' "$word" >> "${m.root}/argv"; done\ncase "$*" in *--version) echo "2.1.330 (Claude Code)";; *) echo "stdin"; cat >/dev/null;; esac\n`,
      );
      chmodSync(join(bin, "claude"), 0o755);
      const run = await m.run(["--yes", "--url", m.url, "--scope", "user"], {
        env: { ...everything, PATH: `${bin}:${m.env.PATH}` },
      });
      expect(run.code).toBe(1);
      expect(strangeBytes(run.stdout + run.stderr)).toEqual([]);
      const argv = readFileSync(join(m.root, "argv"), "utf8").split("\n");
      const at = argv.lastIndexOf(name);
      if (at >= 0 && name.startsWith("-")) expect(argv.slice(0, at + 1)).toContain("--");
    }),
  );

  test("the name of the folder", () =>
    on({ repository: "sh\u001b[2J\u001b]0;owned\u0007\u202eop" }, async (m) => {
      const run = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(strangeBytes(run.stdout + run.stderr)).toEqual([]);
      await start("sh", ["-c", "rm -f .env"], { cwd: m.path, env: m.env });
      symlinkSync("/nowhere/x", join(m.path, ".env"));
      const refused = await m.run(["--yes", ...ids, "--url", m.url], { env: withToken });
      expect(refused.code).toBe(1);
      expect(strangeBytes(refused.stdout + refused.stderr)).toEqual([]);
    }));

  test("variables and flags", () =>
    on({}, async (m) => {
      for (const args of [
        ["--name", EVIL.replaceAll("\0", "")],
        ["--cwd", `x${EVIL.replaceAll("\0", "")}`],
        ["--client", EVIL.replaceAll("\0", "")],
        [`--${EVIL.replaceAll("\0", "")}`],
        ["--token-file", EVIL.replaceAll("\0", "")],
        ["--url", EVIL.replaceAll("\0", "")],
      ]) {
        const run = await m.run(["--yes", ...args], { env: everything });
        expect([2, 3]).toContain(run.code);
        expect(strangeBytes(run.stdout + run.stderr)).toEqual([]);
      }
    }));
});
