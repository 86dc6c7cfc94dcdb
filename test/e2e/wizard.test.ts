import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  ACCOUNT,
  COLOURS,
  committed,
  contents,
  entryFor,
  gate,
  ids,
  type Machine,
  names,
  on,
  PROFILE,
  recorder,
  STUDIO,
  strangeBytes,
  TAIL,
  TOKEN,
  type Wizard,
  wideLines,
  withToken,
  withTokenSent,
} from "./support.ts";

/** The wizard from the packed tarball in a real terminal of 80 by 40, against the stand-in. */

const WRONG = "made.up.wrong.Pm3Jx8Qd5Wc1-a7b2";

const HEADERS = { "x-cm-producttoken": TOKEN, "cm-account-id": ACCOUNT, "cm-profile-id": PROFILE };

/** The answers of the happy path, question by question. */
const QUESTIONS = [
  ["Paste the product token", TOKEN],
  ["Paste a HALO Studio URL", STUDIO],
  ["The account ID (", ""],
  ["The profile ID (", ""],
  ["What do you want to connect?", ""],
  ["Apply these changes?", ""],
] as const;

async function answerUntil(wizard: Wizard, upTo: string | undefined): Promise<void> {
  for (const [message, text] of QUESTIONS) {
    if (message === upTo) return await wizard.asks(message);
    await wizard.answer(message, ...(text === "" ? [] : [{ text }]), "enter");
  }
}

const mcpJson = (url: string): string => `{
  "mcpServers": {
    "halo": {
      "type": "http",
      "url": "${url}",
      "headers": {
        "X-CM-PRODUCTTOKEN": "\${HALO_MCP_TOKEN}",
        "CM-ACCOUNT-ID": "\${HALO_ACCOUNT_ID}",
        "CM-PROFILE-ID": "\${HALO_PROFILE_ID}"
      }
    }
  }
}
`;

/** The whole set-up is on disk, as the README shows it. */
function expectWritten(m: Machine, url: string = m.url): void {
  expect(m.read(".mcp.json")).toBe(mcpJson(url));
  expect(m.read(".env")).toBe(`HALO_MCP_TOKEN=${TOKEN}\nHALO_ACCOUNT_ID=${ACCOUNT}\nHALO_PROFILE_ID=${PROFILE}\n`);
  expect(JSON.parse(m.read(".claude/settings.local.json"))).toEqual({
    enabledMcpjsonServers: ["halo"],
    env: { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: ACCOUNT, HALO_PROFILE_ID: PROFILE },
  });
  expect([m.mode(".env"), m.mode(".claude/settings.local.json")]).toEqual(["600", "600"]);
  expect(m.repo.git("status", "--short", "--untracked-files=all").trim().split("\n").sort()).toEqual([
    "?? .env.example",
    "?? .gitignore",
    "?? .mcp.json",
  ]);
}

/** Lines of ours that are wider than the screen, other than commands and addresses. */
const tooWide = (wizard: Wizard): string[] =>
  wideLines(wizard.raw(), 80).filter((line) => !/https?:\/\/|npx create-halo-mcp|claude mcp |git -C |cd \//.test(line));

async function setUp(m: Machine, ...more: string[]): Promise<void> {
  const { code, stderr } = await m.run(["--yes", ...ids, "--url", m.url, ...more], { env: withToken });
  expect(code, stderr).toBe(0);
  m.standIn.requests.length = 0;
}

describe.concurrent("the happy path", () => {
  test("an empty repository, started in a subfolder, with a pasted Studio URL", () =>
    on({}, async (m) => {
      const below = join(m.path, "packages/web");
      mkdirSync(below, { recursive: true });
      const wizard = m.open(["--url", m.url], { cwd: below });
      await wizard.answer("Paste the product token", { text: TOKEN }, "enter");
      expect(wizard.text()).toMatch(/Working in \S+\/shop \(the root of the git\s+│?\s*repository you are in\)/);
      expect(wizard.text()).toContain("Claude Code is not installed here");
      expect(wizard.text()).toContain("Settings > Product Tokens");
      await wizard.answer("Paste a HALO Studio URL", { text: STUDIO }, "enter");
      await wizard.waitFor(`account: ${ACCOUNT}`);
      expect(wizard.text()).toContain(`profile: ${PROFILE}`);
      await answerFrom(wizard, 2);
      await wizard.ends(0);
      expectWritten(m);
      expect(names(m.tree()).sort()).toEqual([
        ".claude/settings.local.json",
        ".env",
        ".env.example",
        ".gitignore",
        ".mcp.json",
      ]);
      expect(m.read(".gitignore")).toBe(
        "# HALO (create-halo-mcp): private values, never committed\n.env\n.claude/settings.local.json\n",
      );
      expect(m.read(".env.example")).toMatch(/^(?:# .+\nHALO_(?:MCP_TOKEN|ACCOUNT_ID|PROFILE_ID)=\n){3}$/);
      const text = wizard.text();
      for (const said of [
        "connected to halo-stand-in 1.0.0, 4 tools",
        "list_agents: List the agents of this HALO profile.",
        "refuses the same request without your token",
        "+ HALO_MCP_TOKEN=••••e5f1",
        "Test with the saved settings: connected",
        "asks if you trust this folder",
        "Teammates",
      ])
        expect(text).toContain(said);
      for (const file of [".gitignore", ".env", ".env.example", ".claude/settings.local.json", ".mcp.json"])
        expect(text).toContain(`✔ ${file}: written`);
      expect(wizard.raw()).not.toContain(TOKEN);
      expect(wizard.raw()).not.toContain(TOKEN.slice(-5));
      expect(strangeBytes(wizard.raw())).toEqual([]);
      // what the server saw: the right headers, and the control without a token, before and after the writing
      const initialize = m.standIn.requests.filter(({ headers }) => headers["x-cm-producttoken"] !== undefined);
      expect(initialize.length).toBeGreaterThan(3);
      for (const { headers } of initialize) expect(headers).toMatchObject(HEADERS);
      expect(m.standIn.requests.filter(({ headers }) => headers["x-cm-producttoken"] === undefined).length).toBe(2);
      expect(m.processes()).toEqual([]);
    }));

  test("the two IDs typed one by one; an account ID that is no GUID gets a hint and is taken", () =>
    on({ server: { accountId: "acme-42" } }, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("Paste the product token", { text: TOKEN }, "enter");
      await wizard.answer("Paste a HALO Studio URL", { text: "acme-42" }, "enter");
      await wizard.answer("The profile ID", { text: PROFILE }, "enter");
      expect(wizard.text()).toContain("is not a GUID");
      await wizard.answer("What do you want to connect?", "enter");
      await wizard.answer("Apply these changes?", "enter");
      await wizard.ends(0);
      expect(m.read(".env")).toContain("HALO_ACCOUNT_ID=acme-42\n");
    }));

  test("several choices: the steps for Claude.ai and ChatGPT, with address and header names, never the token", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await answerUntil(wizard, "What do you want to connect?");
      await wizard.answer("What do you want to connect?", "down", "down", "down", "space", "down", "space", "enter");
      await wizard.answer("Apply these changes?", "enter");
      await wizard.ends(0);
      expectWritten(m);
      for (const title of ["Claude.ai: finish in your browser", "ChatGPT: finish in your browser"]) {
        const steps = wizard.text().split(`\n${title}\n`)[1]?.split("\n\n")[0] ?? "";
        for (const said of [
          m.url,
          "X-CM-PRODUCTTOKEN",
          "CM-ACCOUNT-ID",
          "CM-PROFILE-ID",
          ACCOUNT,
          PROFILE,
          "HALO_MCP_TOKEN in .env",
        ])
          expect(steps).toContain(said);
      }
      expect(wizard.text()).toContain("--client claude-code,claude-ai,chatgpt");
      expect(wizard.raw()).not.toContain(TOKEN.slice(-5));
    }));

  test("only web clients: nothing is written", () =>
    on({}, async (m) => {
      const before = m.tree();
      const wizard = m.open(["--url", m.url]);
      await answerUntil(wizard, "What do you want to connect?");
      await wizard.answer("What do you want to connect?", "space", "down", "down", "down", "space", "enter");
      await wizard.ends(0);
      expect(wizard.text()).toContain("1. Open claude.ai/customize/connectors");
      expect(m.tree()).toEqual(before);
    }));

  test("the printed command, with the token put in, makes the same set-up in another clone", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url], { cols: 300 });
      await answerUntil(wizard, undefined);
      await wizard.ends(0);
      const command = /HALO_MCP_TOKEN=… (npx create-halo-mcp .*)/.exec(wizard.text())?.[1] ?? "";
      await on({}, async (other) => {
        const words = command
          .split(" ")
          .slice(2)
          .map((word) => (word === m.url ? other.url : word));
        expect((await other.run(words, { env: withToken })).code).toBe(0);
        expectWritten(other);
      });
    }));
});

async function answerFrom(wizard: Wizard, index: number): Promise<void> {
  for (const [message, text] of QUESTIONS.slice(index))
    await wizard.answer(message, ...(text === "" ? [] : [{ text }]), "enter");
}

describe.concurrent("a failed test is corrected", () => {
  test("a wrong token (401), then the right one", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("Paste the product token", { text: WRONG }, "enter");
      await wizard.answer("Paste a HALO Studio URL", { text: STUDIO }, "enter");
      await wizard.answer("The account ID (", "enter");
      await wizard.answer("The profile ID (", "enter");
      await wizard.asks("What now?");
      expect(wizard.prose()).toContain("did not accept the token (HTTP 401)");
      expect(wizard.text()).toContain("Cause: unauthorized, at stage auth");
      expect(m.exists(".env")).toBe(false);
      await wizard.answer("What now?", "enter");
      await wizard.answer("Paste the product token", { text: TOKEN }, "enter");
      await answerFrom(wizard, 4);
      await wizard.ends(0);
      expectWritten(m);
      for (const secret of [TOKEN, WRONG]) expect(wizard.raw()).not.toContain(secret.slice(-5));
      expect(Object.values(contents(m.tree())).join("\n")).not.toContain(WRONG);
    }));

  test("a wrong profile ID (403), then the right one", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("Paste the product token", { text: TOKEN }, "enter");
      await wizard.answer("Paste a HALO Studio URL", { text: ACCOUNT }, "enter");
      await wizard.answer("The profile ID", { text: "another-profile" }, "enter");
      await wizard.asks("What now?");
      expect(wizard.text()).toContain("Cause: forbidden");
      expect(wizard.text()).toContain("Access to this profile is denied");
      await wizard.answer("What now?", "down", "enter");
      await wizard.answer("The account ID (as entered):", "enter");
      await wizard.answer("The profile ID (as entered):", "ctrl-u", { text: PROFILE }, "enter");
      await answerFrom(wizard, 4);
      await wizard.ends(0);
      expectWritten(m);
    }));

  test("try again: the server came up meanwhile", () =>
    on({}, async (m) => {
      let isUp = false;
      const server = await recorder((_, response) => {
        response.writeHead(isUp ? 307 : 503, { location: m.url }).end();
      });
      try {
        const wizard = m.open(["--url", server.url]);
        await answerFailing(wizard);
        expect(wizard.text()).toContain("Cause: server-error");
        isUp = true;
        await wizard.answer("What now?", "down", "down", "enter");
        await wizard.waitFor("Cause: redirect");
        expect(m.standIn.requests, "the redirect was not followed").toEqual([]);
        await wizard.answer("What now?", "up", "enter");
        await wizard.ends(130);
      } finally {
        await server.close();
      }
    }));

  test("save anyway: written, and said to be untested", () =>
    on({ server: { token: "another.made.up.token-0000" } }, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await answerFailing(wizard);
      await wizard.answer("What now?", "down", "down", "down", "enter");
      await answerFrom(wizard, 4);
      await wizard.waitFor("Saved, although the test failed: unauthorized.");
      await wizard.exit;
      expectWritten(m);
      expect(wizard.text()).not.toMatch(/HALO is connected|HALO answers/);
    }));

  test("stop: nothing is written", () =>
    on({ server: { token: "another.made.up.token-0000" } }, async (m) => {
      const before = m.tree();
      const wizard = m.open(["--url", m.url]);
      await answerFailing(wizard);
      await wizard.answer("What now?", "up", "enter");
      await wizard.ends(130);
      expect(wizard.text()).toContain("Stopped. Nothing was changed.");
      expect(m.tree()).toEqual(before);
    }));

  test("no to the plan: nothing is written", () =>
    on({}, async (m) => {
      const before = m.tree();
      const wizard = m.open(["--url", m.url]);
      await answerUntil(wizard, "Apply these changes?");
      await wizard.answer("Apply these changes?", "right", "enter");
      await wizard.ends(130);
      expect(wizard.text()).toContain("Stopped. Nothing was changed.");
      expect(m.tree()).toEqual(before);
    }));
});

/** Up to the question what to do about a failed test. */
async function answerFailing(wizard: Wizard): Promise<void> {
  for (const [message, text] of QUESTIONS.slice(0, 4))
    await wizard.answer(message, ...(text === "" ? [] : [{ text }]), "enter");
  await wizard.asks("What now?");
}

describe.concurrent("already set up", () => {
  test("is proven, nothing is written; test again sends again", () =>
    on({}, async (m) => {
      await setUp(m);
      const before = m.tree();
      const wizard = m.open(["--url", m.url]);
      await wizard.asks("What now?");
      expect(wizard.text()).toContain("Already set up and working. Nothing was written.");
      expect(m.tree(), "content, mode and time of every file").toEqual(before);
      const sent = withTokenSent(m.standIn).length;
      expect(sent).toBeGreaterThan(0);
      await wizard.answer("What now?", "down", "enter");
      await wizard.waitFor(/(?:Already set up and working[\s\S]*){2}/);
      expect(withTokenSent(m.standIn).length).toBe(2 * sent);
      await wizard.answer("What now?", "enter");
      await wizard.ends(0);
      expect(m.tree()).toEqual(before);
      expect(wizard.raw()).not.toContain(TOKEN.slice(-5));
    }));

  test("change values: only the private files change", () =>
    on({}, async (m) => {
      await setUp(m);
      const before = contents(m.tree());
      const other = "a0a0a0a0-1111-4222-8333-b4b4b4b4b4b4";
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("What now?", "down", "down", "enter");
      await wizard.answer("Product token", "enter");
      await wizard.answer("The account ID (", "enter");
      await wizard.answer("The profile ID (", "ctrl-u", { text: other }, "enter");
      await wizard.answer("What now?", "down", "down", "down", "enter");
      await wizard.answer("Apply these changes?", "enter");
      await wizard.exit;
      const after = contents(m.tree());
      expect(m.read(".env")).toContain(`HALO_PROFILE_ID=${other}\n`);
      expect(m.read(".claude/settings.local.json")).toContain(other);
      for (const file of [".mcp.json", ".env.example", ".gitignore"]) expect(after[file]).toBe(before[file]);
    }));

  test("change values: another token, by paste", () =>
    on({}, async (m) => {
      const { code } = await m.run(["--yes", ...ids, "--url", m.url, "--skip-test"], {
        env: { HALO_MCP_TOKEN: WRONG },
      });
      expect(code).toBe(0);
      const wizard = m.open(["--url", m.url]);
      await wizard.asks("What now?");
      expect(wizard.prose()).toContain("did not accept the token");
      expect(wizard.text()).not.toContain("and working");
      await wizard.answer("What now?", "down", "down", "enter");
      await wizard.answer("Product token", "up", "enter");
      await wizard.answer("Paste the product token", { text: TOKEN }, "enter");
      await wizard.answer("The account ID (", "enter");
      await wizard.answer("The profile ID (", "enter");
      await wizard.answer("Apply these changes?", "enter");
      await wizard.ends(0);
      expectWritten(m);
      expect(wizard.raw()).not.toContain(WRONG.slice(-5));
    }));

  test("remove brings back every byte of the files that were there", () =>
    on({}, async (m) => {
      m.write(
        ".mcp.json",
        '{\r\n\t"mcpServers": {\r\n\t\t"other": { "type": "http", "url": "https://example.invalid/mcp" }\r\n\t}\r\n}',
      );
      m.write(".env", "DATABASE_URL='postgres://localhost/shop'\n# the last line has no end\nDEBUG=1", 0o640);
      m.write(".claude/settings.local.json", '{"permissions":{"allow":["Bash(ls)"]},"env":{"FOO":"1"}}', 0o644);
      m.write(".gitignore", "node_modules\n.env*\n!.env.example\n.claude/settings.local.json");
      m.write(".env.example", "DATABASE_URL=\n");
      m.repo.git("add", "--all");
      m.repo.git("commit", "--quiet", "--message=before");
      const files = [".mcp.json", ".env", ".claude/settings.local.json", ".gitignore"];
      const before = files.map((file) => [m.read(file), m.mode(file)]);
      await setUp(m);
      expect(m.read(".mcp.json")).toContain('"halo"');
      expect(m.read(".claude/settings.local.json")).toContain(TOKEN);
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("What now?", "up", "enter");
      await wizard.answer("Remove this?", "enter");
      await wizard.ends(0);
      expect(files.map((file) => [m.read(file), m.mode(file)])).toEqual(before);
      expect(wizard.text()).toContain("The token still works");
      expect(tooWide(wizard)).toEqual([]);
      expect(m.repo.git("status", "--short").trim()).toMatch(/^(?:M .env.example)?$/);
      expect(wizard.text()).not.toContain("postgres://");
    }));

  test("remove takes out whole what it made, and the next run starts anew", () =>
    on({}, async (m) => {
      await setUp(m);
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("What now?", "up", "enter");
      await wizard.answer("Remove this?", "enter");
      await wizard.ends(0);
      const left = names(m.tree());
      expect(left).toContain(".gitignore");
      expect(left.filter((file) => ![".gitignore", ".env.example"].includes(file))).toEqual([]);
      expect(Object.values(contents(m.tree())).join("\n")).not.toContain(TOKEN);
      const again = m.open(["--url", m.url]);
      await again.asks("Paste the product token");
      again.press("ctrl-c");
      await again.ends(130);
    }));
});

describe.concurrent("a token that is at hand", () => {
  test.each([
    ["the environment", "HALO_MCP_TOKEN in the environment"],
    [".env", "HALO_MCP_TOKEN in .env"],
  ])("in %s is offered, by its last four characters at most", (place, said) =>
    on({}, async (m) => {
      if (place === ".env") {
        m.write(".gitignore", ".env\n");
        m.write(".env", `HALO_MCP_TOKEN=${TOKEN}\n`, 0o600);
      }
      const wizard = m.open(["--url", m.url], place === ".env" ? {} : { env: withToken });
      await wizard.asks("Product token");
      expect(wizard.text()).toContain(`••••${TAIL} from ${said}`);
      await wizard.answer("Product token", "enter");
      await answerFrom(wizard, 1);
      await wizard.ends(0);
      expect(m.read(".env")).toContain(`HALO_MCP_TOKEN=${TOKEN}\n`);
      expect(wizard.raw()).not.toContain(TOKEN.slice(-5));
    }),
  );

  test("another one instead of it", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url], { env: { HALO_MCP_TOKEN: WRONG } });
      await wizard.answer("Product token", "down", "enter");
      await answerUntil(wizard, undefined);
      await wizard.ends(0);
      expectWritten(m);
      expect(wizard.raw()).not.toContain(WRONG.slice(-5));
    }));
});

describe.concurrent("joining a repository that somebody else set up", () => {
  const variables = ["CMCOM_TOKEN", "CMCOM_ACCOUNT_ID", "CMCOM_PROFILE_ID"] as const;
  const example = `# ours\nCMCOM_TOKEN=\nCMCOM_ACCOUNT_ID=${ACCOUNT}\nCMCOM_PROFILE_ID=${PROFILE}\n`;

  test("one prompt for the token and one confirmation; no committed file changes", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url, variables), "halo-shop", { ".env.example": example });
      const head = m.repo.git("rev-parse", "HEAD");
      const before = contents(m.tree());
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("Paste the product token", { text: TOKEN }, "enter");
      await wizard.answer("Apply these changes?", "enter");
      await wizard.ends(0);
      const questions = [
        ...new Set(
          [
            ...wizard
              .raw()
              .replace(COLOURS, "")
              .matchAll(/◆ {2}([^\r\n]+)/g),
          ].map(([, text]) => text),
        ),
      ];
      expect(questions).toHaveLength(2);
      expect(wizard.prose()).toContain('as "halo-shop". You only need your own token; no shared file changes.');
      expect(m.read(".env")).toBe(`CMCOM_TOKEN=${TOKEN}\nCMCOM_ACCOUNT_ID=${ACCOUNT}\nCMCOM_PROFILE_ID=${PROFILE}\n`);
      expect(JSON.parse(m.read(".claude/settings.local.json"))).toEqual({
        enabledMcpjsonServers: ["halo-shop"],
        env: { CMCOM_TOKEN: TOKEN, CMCOM_ACCOUNT_ID: ACCOUNT, CMCOM_PROFILE_ID: PROFILE },
      });
      for (const file of [".mcp.json", ".env.example"]) expect(contents(m.tree())[file]).toBe(before[file]);
      expect(m.repo.git("status", "--short")).toBe("");
      expect(m.repo.git("rev-parse", "HEAD")).toBe(head);
      expect(wizard.text()).not.toContain("Teammates");
      for (const { headers } of withTokenSent(m.standIn)) expect(headers).toMatchObject(HEADERS);
    }));

  test("without --url: an address of the repository that is not HALO's asks first, and no is the default", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url, variables), "halo-shop", { ".env.example": example });
      const before = m.tree();
      const host = new URL(m.url).host;
      const no = m.open([]);
      await no.asks(`Send your token to ${host}?`);
      expect(no.text()).toContain("It would receive: CMCOM_TOKEN, CMCOM_ACCOUNT_ID, CMCOM_PROFILE_ID");
      await no.answer(`Send your token to ${host}?`, "enter");
      await no.ends(1);
      expect(m.standIn.requests).toEqual([]);
      expect(m.tree()).toEqual(before);
      const yes = m.open([]);
      await yes.answer(`Send your token to ${host}?`, "left", "enter");
      await yes.answer("Paste the product token", { text: TOKEN }, "enter");
      await yes.answer("Apply these changes?", "enter");
      await yes.ends(0);
      expect(m.repo.git("status", "--short")).toBe("");
    }));

  test("the IDs of nobody are asked for, and only they", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), "halo", { ".gitignore": ".env\n.claude/\n" });
      const wizard = m.open(["--url", m.url], { env: withToken });
      await wizard.answer("Product token", "enter");
      await wizard.answer("Paste a HALO Studio URL", { text: STUDIO }, "enter");
      await wizard.answer("The account ID (", "enter");
      await wizard.answer("The profile ID (", "enter");
      await wizard.answer("Apply these changes?", "enter");
      await wizard.ends(0);
      expect(m.repo.git("status", "--short")).toBe("");
    }));
});

describe.concurrent("stopping", () => {
  const stops = QUESTIONS.flatMap(([message]) => [
    { message, key: "ctrl-c" as const },
    { message, key: "ctrl-d" as const },
  ]);
  test.each([
    ...stops,
    { message: "Paste the product token", key: "escape" as const },
    { message: "Apply these changes?", key: "escape" as const },
  ])("$key at “$message”", ({ message, key }) =>
    on({}, async (m) => {
      const before = m.tree();
      const wizard = m.open(["--url", m.url]);
      await answerUntil(wizard, message);
      wizard.press(key);
      await wizard.ends(130);
      expect(wizard.text()).toContain("Cancelled. Nothing was changed.");
      expect(m.tree()).toEqual(before);
      expect(m.processes()).toEqual([]);
      expect(wizard.raw()).not.toContain(TOKEN.slice(-5));
    }),
  );

  test("Ctrl-C half way through the token: nothing of it is on the screen", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.asks("Paste the product token");
      wizard.type(TOKEN.slice(0, 20));
      await wizard.settle();
      wizard.press("ctrl-c");
      await wizard.ends(130);
      expect(wizard.raw()).not.toContain(TOKEN.slice(0, 5));
    }));

  test.each(["ctrl-c", "ctrl-d"] as const)(
    "%s at what to do about a failed test, at the offered token and at the removal",
    (key) =>
      on({}, async (m) => {
        const offered = m.open(["--url", m.url], { env: { HALO_MCP_TOKEN: WRONG } });
        await offered.asks("Product token");
        offered.press(key);
        await offered.ends(130);
        const failing = m.open(["--url", m.url, ...ids], { env: { HALO_MCP_TOKEN: WRONG } });
        await failing.answer("Product token", "enter");
        await failing.asks("What now?");
        failing.press(key);
        await failing.ends(130);
        expect(names(m.tree())).toEqual([]);
        await setUp(m);
        const before = m.tree();
        for (const question of ["What now?", "Remove this?"]) {
          const wizard = m.open(["--url", m.url]);
          if (question === "Remove this?") await wizard.answer("What now?", "up", "enter");
          await wizard.asks(question);
          wizard.press(key);
          await wizard.ends(130);
        }
        expect(m.tree()).toEqual(before);
      }),
  );

  test("Ctrl-C during a connection test that never ends", () =>
    on({}, async (m) => {
      const silent = await recorder(() => undefined);
      try {
        const before = m.tree();
        const wizard = m.open(["--url", silent.url, ...ids], { env: withToken });
        await wizard.answer("Product token", "enter");
        await expect.poll(() => silent.received.length, { timeout: 10_000 }).toBeGreaterThan(0);
        await wizard.waitFor("Connection test: 127.0.0.1");
        wizard.press("ctrl-c");
        await wizard.ends(130);
        // not the end of the limit, after which it would ask what now
        expect(wizard.text()).not.toContain("What now?");
        expect(wizard.text()).toContain("Cancelled. Nothing was changed.");
        expect(m.tree()).toEqual(before);
        expect(m.processes()).toEqual([]);
      } finally {
        await silent.close();
      }
    }));

  test("Ctrl-C during a run without questions (--yes in CI)", () =>
    on({}, async (m) => {
      const silent = await recorder(() => undefined);
      try {
        const before = m.tree();
        const run = m.open(["--yes", "--url", silent.url, ...ids], { env: { ...withToken, CI: "true" } });
        await expect.poll(() => silent.received.length, { timeout: 10_000 }).toBeGreaterThan(0);
        run.press("ctrl-c");
        await run.ends(130);
        expect(m.tree()).toEqual(before);
        expect(m.processes()).toEqual([]);
      } finally {
        await silent.close();
      }
    }));

  test("Ctrl-C during the last test says that the files are written", () =>
    on({}, async (m) => {
      const front = await gate(() => m.url);
      try {
        const wizard = m.open(["--url", front.url, ...ids], { env: withToken });
        await wizard.answer("Product token", "enter");
        await wizard.answer("What do you want to connect?", "enter");
        await wizard.asks("Apply these changes?");
        front.shut();
        await wizard.answer("Apply these changes?", "enter");
        await expect.poll(() => front.waiting(), { timeout: 10_000 }).toBeGreaterThan(0);
        wizard.press("ctrl-c");
        await wizard.ends(130);
        expect(wizard.text()).toContain("The files above are written");
        expect(wizard.text()).not.toContain("Nothing was changed");
        expectWritten(m, front.url);
      } finally {
        await front.close();
      }
    }));

  test.each(["SIGTERM", "SIGHUP"] as const)("%s at a prompt", (signal) =>
    on({}, async (m) => {
      const before = m.tree();
      const wizard = m.open(["--url", m.url]);
      await answerUntil(wizard, "Paste a HALO Studio URL");
      process.kill(wizard.pid, signal);
      await wizard.ends(130);
      expect(m.tree()).toEqual(before);
    }),
  );
});

describe.concurrent("what people paste", () => {
  test.each([
    ["in one write", [`${TOKEN}\nsecond.line.of.Rk5Vn2\n`], false],
    ["in one write with CRLF", [`${TOKEN}\r\nsecond.line.of.Rk5Vn2\r\n`], false],
    ["in two writes 5 ms apart", [`${TOKEN}\n`, "second.line.of.Rk5Vn2\n"], true],
    ["in two writes, the break first", [TOKEN, "\nsecond.line.of.Rk5Vn2\n"], false],
  ] as const)("a paste of two lines %s: the second is never shown and answers nothing", (_, pieces, isTaken) =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.asks("Paste the product token");
      for (const piece of pieces) {
        wizard.type(piece);
        await sleep(5);
      }
      if (!isTaken) {
        await wizard.waitFor("a line break at position");
        wizard.type(TOKEN);
        await wizard.settle(60);
        wizard.press("enter");
      }
      await wizard.asks("Paste a HALO Studio URL");
      await wizard.settle();
      await answerFrom(wizard, 1);
      await wizard.ends(0);
      expectWritten(m);
      for (const part of ["second", "Rk5Vn2", TOKEN.slice(-5)]) expect(wizard.raw()).not.toContain(part);
    }),
  );

  test.each([
    ["quotes", `"${TOKEN}"`, "quotes"],
    ["Bearer", `Bearer ${TOKEN}`, "“Bearer”"],
    ["the header's line", `X-CM-PRODUCTTOKEN: ${TOKEN}`, "the header name"],
    ["a line of .env", `HALO_MCP_TOKEN='${TOKEN}'`, "the variable name"],
    ["zero-width characters", `\u200b${TOKEN.slice(0, 9)}\u200d${TOKEN.slice(9)}\ufeff`, "invisible characters"],
    ["blanks", `  \u00a0${TOKEN}  `, "spaces around it"],
  ])("a token with %s is cleaned, and that is said", (_, pasted, said) =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("Paste the product token", { text: pasted }, "enter");
      await wizard.waitFor("Removed from the product token:");
      expect(wizard.text()).toContain(said);
      await answerFrom(wizard, 1);
      await wizard.ends(0);
      expectWritten(m);
      expect(wizard.raw()).not.toContain(TOKEN.slice(-5));
    }),
  );

  test.each([
    ["nothing", "", "is empty"],
    ["a placeholder", "${HALO_MCP_TOKEN}", "still a placeholder"],
    ["the word undefined", "undefined", "the variable it came from was not set"],
    ["a space inside", "made.up Zq7Xw2Lk9", "a space at position 8"],
    ["é", "made.up.é.Zq7Xw2Lk9", "U+00E9 at position 9"],
    ["an address", "https://www.cm.com/app", "this is a URL"],
  ])("%s is asked for again, with position and code point, never the value", (_, pasted, said) =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.asks("Paste the product token");
      wizard.type(pasted);
      await wizard.settle(60);
      wizard.press("enter");
      await wizard.waitFor(new RegExp(said.replace(/[+]/g, "\\+").split(" ").join("[\\s│]+"), "i"));
      expect(wizard.text()).not.toContain("Zq7Xw2Lk9");
      wizard.type(TOKEN);
      await wizard.settle(60);
      wizard.press("enter");
      await wizard.asks("Paste a HALO Studio URL");
      wizard.press("ctrl-c");
      await wizard.ends(130);
      expect(wizard.raw()).not.toContain("Zq7Xw2Lk9");
    }),
  );

  test("control characters and escape sequences: no crash, nothing of it on the screen, nothing written", () =>
    on({}, async (m) => {
      const before = m.tree();
      const wizard = m.open(["--url", m.url]);
      await wizard.asks("Paste the product token");
      wizard.type("\u0001made\u0000up\u0007tok\u001b[31mZq7Xw2\u001b]0;title\u0007\u000b\u0085end");
      await wizard.settle();
      wizard.press("enter");
      await wizard.settle();
      wizard.press("ctrl-c");
      await wizard.ends(130);
      expect(wizard.raw()).not.toContain("Zq7Xw2");
      expect(wizard.raw()).not.toContain("\u001b]0;");
      expect(strangeBytes(wizard.raw()).filter((char) => char !== "\u0007")).toEqual([]);
      expect(m.tree()).toEqual(before);
    }));

  test("a paste into a question of keys answers nothing", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await answerUntil(wizard, "Apply these changes?");
      wizard.type("yes please\nand more\n");
      await wizard.settle(300);
      expect(m.exists(".env")).toBe(false);
      expect(wizard.text()).not.toContain("yes please");
      wizard.press("ctrl-c");
      await wizard.ends(130);
    }));

  test("an address without an ID, then the account ID", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await answerUntil(wizard, "Paste a HALO Studio URL");
      wizard.type("https://www.cm.com/app/halo/");
      await wizard.settle(60);
      wizard.press("enter");
      await wizard.waitFor("There is no ID in this URL");
      wizard.press("ctrl-u");
      wizard.type(ACCOUNT);
      await wizard.settle(60);
      wizard.press("enter");
      await wizard.answer("The profile ID", { text: PROFILE }, "enter");
      await answerFrom(wizard, 4);
      await wizard.ends(0);
      expectWritten(m);
    }));
});

describe.concurrent("the screen", () => {
  test("no line of ours is wider than 80 columns, in success and in failure", () =>
    on({}, async (m) => {
      const good = m.open(["--url", m.url], { cols: 80 });
      await answerUntil(good, undefined);
      await good.ends(0);
      expect(tooWide(good)).toEqual([]);
      const already = m.open(["--url", m.url]);
      await already.answer("What now?", "down", "enter");
      await already.answer("What now?", "enter");
      await already.ends(0);
      expect(tooWide(already)).toEqual([]);
      await on({ server: { token: "another" } }, async (other) => {
        const bad = other.open(["--url", other.url]);
        await answerFailing(bad);
        await bad.answer("What now?", "up", "enter");
        await bad.ends(130);
        expect(tooWide(bad)).toEqual([]);
      });
    }));

  test("NO_COLOR: no colour in any byte; without it there are some", () =>
    on({}, async (m) => {
      const bare = m.open(["--url", m.url], { env: { NO_COLOR: "1" } });
      await answerUntil(bare, "Apply these changes?");
      bare.press("ctrl-c");
      await bare.ends(130);
      expect(bare.raw().match(COLOURS)).toBeNull();
      const coloured = m.open(["--url", m.url]);
      await coloured.asks("Paste the product token");
      coloured.press("ctrl-c");
      await coloured.ends(130);
      expect(coloured.raw().match(COLOURS)?.length).toBeGreaterThan(5);
    }));

  test("40 columns: it can be answered all the same", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url], { cols: 40, rows: 20 });
      for (const [start, text] of [
        ["Paste the product", TOKEN],
        ["Paste a HALO Studio", STUDIO],
        ["The account ID (", ""],
        ["The profile ID (", ""],
        ["What do you want to", ""],
        ["Apply these changes?", ""],
      ] as const) {
        await wizard.answer(start, ...(text === "" ? [] : [{ text }]), "enter");
      }
      await wizard.ends(0);
      expectWritten(m);
      expect(wizard.raw()).not.toContain(TOKEN.slice(-5));
    }));

  test.each([
    ["TERM=dumb", { TERM: "dumb" }],
    ["CI=true", { CI: "true" }],
    ["GitHub Actions", { GITHUB_ACTIONS: "true" }],
    ["an AI agent (CLAUDECODE=1)", { CLAUDECODE: "1" }],
    ["an AI agent (CURSOR_AGENT=1)", { CURSOR_AGENT: "1" }],
    ["an AI agent (GEMINI_CLI=1)", { GEMINI_CLI: "1" }],
    ["an AI agent (CODEX_SANDBOX)", { CODEX_SANDBOX: "seatbelt" }],
  ])("%s in a terminal: never a prompt, exit 2 with what is missing", (_, env) =>
    on({}, async (m) => {
      const before = m.tree();
      const wizard = m.open(["--url", m.url], { env });
      await wizard.ends(2);
      expect(wizard.text()).toContain("values are missing, and there is no terminal to ask in");
      for (const word of [
        "HALO_MCP_TOKEN",
        "--token-stdin",
        "--token-file",
        "--account-id",
        "HALO_ACCOUNT_ID",
        "--profile-id",
        "HALO_PROFILE_ID",
        "--yes",
      ])
        expect(wizard.raw()).toContain(word);
      expect(tooWide(wizard)).toEqual([]);
      expect(wizard.raw()).not.toContain("◆");
      expect(m.standIn.requests).toEqual([]);
      expect(m.tree()).toEqual(before);
    }),
  );
});
