import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import type { Environment } from "../support/home.ts";
import {
  ACCOUNT,
  APPLY,
  ASK_IDS,
  COLOURS,
  CONNECT,
  closing,
  committed,
  contents,
  DOTENV,
  entryFor,
  full,
  ids,
  inFront,
  type Machine,
  type MachineOptions,
  names,
  on,
  PASTE,
  PROFILE,
  STUDIO,
  strangeBytes,
  TOKEN,
  untouched,
  VALUES,
  type Wizard,
  wideLines,
  withRecorder,
  withToken,
} from "./support.ts";

/** The wizard from the packed tarball in a real terminal, against the stand-in. Its words: test/golden/init/screens/. */

const WRONG = "made.up.wrong.Pm3Jx8Qd5Wc1-a7b2";
const BRIDGE = ".claude/settings.local.json";
const FIRST = [CONNECT, PASTE, ...ASK_IDS, APPLY];

/** The whole set-up is on disk, and git would take nothing private. */
function expectWritten(m: Machine, url: string = m.url): void {
  expect(JSON.parse(m.read(".mcp.json"))).toEqual({ mcpServers: { halo: entryFor(url) } });
  expect(m.read(".env")).toBe(DOTENV);
  expect(JSON.parse(m.read(BRIDGE))).toEqual({ enabledMcpjsonServers: ["halo"], env: VALUES });
  expect([m.mode(".env"), m.mode(BRIDGE)]).toEqual(["600", "600"]);
  const seen = m.repo.git("status", "--short", "--untracked-files=all").trim().split("\n");
  expect(seen).toEqual(["?? .env.example", "?? .gitignore", "?? .mcp.json"]);
}

/** Lines of ours that are wider than the screen, other than commands and addresses. */
const tooWide = (wizard: Wizard): string[] =>
  wideLines(wizard.raw(), 80).filter(
    (line) => !/https?:\/\/|npx create-halo-mcp|claude mcp |git (?:-C|add) |cd \//.test(line),
  );

async function setUp(m: Machine, env: Environment = withToken, ...more: string[]): Promise<undefined> {
  const { code, stderr } = await m.run(full(m, ...more), { env });
  expect(code, stderr).toBe(0);
  m.standIn.requests.length = 0;
}

describe.concurrent("a first run", () => {
  test.each([
    [80, 40],
    [40, 20],
  ])("in a subfolder, in a terminal of %i by %i", (cols, rows) =>
    on({}, async (m) => {
      const cwd = join(m.path, "packages/web");
      mkdirSync(cwd, { recursive: true });
      const wizard = m.open(["--url", m.url], { cwd, cols, rows });
      await wizard.follow(...FIRST);
      await wizard.ends(0);
      expectWritten(m);
      expect(strangeBytes(wizard.raw())).toEqual([]);
      if (cols === 80) expect(tooWide(wizard)).toEqual([]);
      // the right headers, and twice the control without a token: before and after the writing
      const sent = m.standIn.requests.filter(({ headers }) => headers["x-cm-producttoken"] !== undefined);
      expect([sent.length > 3, m.standIn.requests.length - sent.length]).toEqual([true, 2]);
      const right = { "x-cm-producttoken": TOKEN, "cm-account-id": ACCOUNT, "cm-profile-id": PROFILE };
      for (const { headers } of sent) expect(headers).toMatchObject(right);
      expect(m.processes()).toEqual([]);
    }),
  );
});

describe.concurrent("a failed test", () => {
  test("a wrong profile ID (403), then the right one; an account ID that is no GUID is taken", () =>
    on({ server: { accountId: "acme-42" } }, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT, PASTE, "Paste a HALO Studio: acme-42 enter", "Paste the profile: another enter");
      await wizard.asks("What now?");
      expect(wizard.prose()).toContain("denied access (HTTP 403)");
      expect(wizard.text()).not.toMatch(/Cause:|passed:/);
      // the account is kept, the profile is new: the field is empty, and Enter keeps
      await wizard.follow("What now?: down enter", "Paste a HALO Studio: enter", "What now?: enter");
      await wizard.follow(`Paste the profile: ${PROFILE} enter`, APPLY);
      await wizard.ends(0);
      expect(m.read(".env")).toBe(DOTENV.replace(ACCOUNT, "acme-42"));
      expect(tooWide(wizard)).toEqual([]);
    }));

  test("save anyway: saved, refused, how to fix it; no commit, no teammates", () =>
    on({ server: { token: "another.made.up.token-0000" } }, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT, PASTE, ...ASK_IDS, "What now?: enter", `Paste the product: ${TOKEN} enter`);
      await wizard.waitFor("HALO has just refused this token.");
      wizard.press("ctrl-u");
      await wizard.follow(`Paste the product: ${WRONG} enter`, "What now?: down down down enter", APPLY);
      await wizard.waitFor("Saved, but it does not work:");
      expect(await wizard.exit).toEqual({ code: 1, signal: 0 });
      expect(m.read(".env")).toBe(DOTENV.replace(TOKEN, WRONG));
      expect(wizard.text()).toContain("To fix it");
      expect(wizard.text()).not.toMatch(/HALO is connected|HALO answers|git -C|Teammates/);
    }));

  test("nobody listens: the first choice is to try again", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", "http://127.0.0.1:9/halo/core/mcp", ...ids], { env: withToken });
      await wizard.follow(CONNECT);
      await wizard.asks("What now?");
      expect(wizard.text()).toMatch(/● Try again\n/);
      wizard.press("ctrl-c");
      await wizard.ends(130);
    }));
});

describe.concurrent("already set up", () => {
  test("with a token that does not work: another one, and only the private files change", () =>
    on({}, async (m) => {
      await setUp(m, { HALO_MCP_TOKEN: WRONG }, "--skip-test");
      const before = contents(m.tree());
      const wizard = m.open(["--url", m.url]);
      await wizard.asks("What now?");
      expect(wizard.text()).not.toContain("and working");
      // the one repair is preselected, and only private files change
      await wizard.follow("What now?: enter", PASTE);
      await wizard.ends(0);
      expectWritten(m);
      for (const file of [".mcp.json", ".env.example", ".gitignore"]) expect(m.read(file)).toBe(before[file]);
      expect(wizard.raw()).not.toContain(WRONG.slice(-5));
    }));

  const small = { ".mcp.json": '{"mcpServers": {"a": {}}}', ".env.example": "", ".gitignore": ".env\n.claude/\n" };
  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["what it made", {}, "."],
    [
      "every byte and mode of what was there",
      {
        ".mcp.json":
          '{\r\n\t"mcpServers": {\r\n\t\t"other": { "type": "http", "url": "https://x.invalid/mcp" }\r\n\t}\r\n}',
        ".env": "DATABASE_URL='postgres://localhost/shop'\n# the last line has no end\nDEBUG=1",
        [BRIDGE]: '{"permissions":{"allow":["Bash(ls)"]},"env":{"FOO":"1"}}',
        ".gitignore": "node_modules\n.env*\n!.env.example\n.claude/settings.local.json",
      },
      ".",
    ],
    ["what git has stays, however little is in it", small, "."],
    ["the same in a worktree", small, "../second"],
    ["the same with the values outside", small, "--values-file"],
  ])("remove: %s", (_, files, place) =>
    on({}, async (m) => {
      for (const [name, text] of Object.entries(files)) m.write(name, text, name === ".env" ? 0o640 : 0o644);
      if (files[".mcp.json"] !== undefined) m.commit();
      const cwd = join(m.path, place.startsWith("--") ? "." : place);
      if (place === "../second") m.repo.git("worktree", "add", "--quiet", cwd);
      const more = place === "--values-file" ? [place, join(m.root, "values")] : [];
      const look = () => [...m.tree(cwd)].map(([path, text]) => [path, text.replace(/ [\d.]+\n/, "\n")] as const);
      const before = look().filter(([path]) => !path.startsWith(".git/"));
      const run = await m.run(full(m, ...more), { env: withToken, cwd });
      expect(run.code, run.stderr).toBe(0);
      const wizard = m.open(["--url", m.url, ...more], { cwd });
      // Enter says No where committed files change
      await wizard.follow(
        "What now?: up enter",
        `Remove this?: ${files[".mcp.json"] === undefined ? "enter" : "up up enter"}`,
      );
      await wizard.ends(0);
      const after = new Map(look());
      for (const [path, text] of before) expect(after.get(path), path).toBe(text);
      expect(names(m.tree(cwd)).filter((name) => !before.some(([path]) => path === name))).toEqual([]);
      expect(JSON.stringify([...m.tree(m.root)])).not.toContain(TOKEN);
      expect(wizard.text()).not.toContain("postgres://");
      expect(tooWide(wizard)).toEqual([]);
      const again = m.open(["--url", m.url, ...more], { cwd });
      await again.follow("What do you want to: ctrl-c");
      await again.ends(130);
    }),
  );
});

test("remove: in a worktree, the values stay while the main checkout has HALO, too", () =>
  on({}, async (m) => {
    expect((await m.run(full(m), { env: withToken })).code).toBe(0);
    m.commit();
    const cwd = join(m.root, "second");
    m.repo.git("worktree", "add", "--quiet", cwd);
    const wizard = m.open(["--yes", "--url", m.url], { cwd });
    await wizard.ends(0);
    const again = m.open(["--url", m.url], { cwd });
    await again.follow("What now?: up enter", "Remove this?: up up enter");
    await again.ends(0);
    expect(again.prose()).toContain("The main checkout has HALO, too: its values stay in");
    expect(m.read(BRIDGE)).toContain(TOKEN);
    expect(JSON.stringify([...m.tree(cwd)])).not.toContain("CM-ACCOUNT-ID");
  }));

describe.concurrent("a token that is at hand", () => {
  test.each<[string, Environment, string, readonly string[]]>([
    ["the environment", withToken, "••••e5f1 from HALO_MCP_TOKEN in the environment", []],
    [".env", {}, "••••e5f1 from HALO_MCP_TOKEN in .env", []],
    ["another one instead", { HALO_MCP_TOKEN: WRONG }, "••••a7b2 from", ["What now?: enter", PASTE]],
  ])("%s is used, and shown by its last four characters", (place, env, said, answers) =>
    on({}, async (m) => {
      if (place === ".env") m.write(".env", `HALO_MCP_TOKEN=${TOKEN}\n`, 0o600);
      const wizard = m.open(["--url", m.url], { env });
      await wizard.follow(CONNECT, ...ASK_IDS, ...answers, APPLY);
      expect(wizard.text()).toContain(said);
      await wizard.ends(0);
      expectWritten(m);
      expect(wizard.raw()).not.toContain(WRONG.slice(-5));
    }),
  );
});

describe.concurrent("joining a repository that somebody else set up", () => {
  test("one prompt, for the token; git sees no change", () =>
    on({}, async (m) => {
      const [token, account, profile] = ["CMCOM_TOKEN", "CMCOM_ACCOUNT_ID", "CMCOM_PROFILE_ID"] as const;
      const example = `# ours\n${token}=\n${account}=${ACCOUNT}\n${profile}=${PROFILE}\n`;
      committed(m, entryFor(m.url, [token, account, profile]), "halo-shop", { ".env.example": example });
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(PASTE);
      await wizard.ends(0);
      expect(m.read(".env")).toBe(`${token}=${TOKEN}\n${account}=${ACCOUNT}\n${profile}=${PROFILE}\n`);
      expect(JSON.parse(m.read(BRIDGE)).enabledMcpjsonServers).toEqual(["halo-shop"]);
      expect(m.repo.git("status", "--short")).toBe("");
    }));

  test("the IDs of nobody are asked for, and only they", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), "halo", { ".gitignore": ".env\n.claude/\n" });
      const wizard = m.open(["--url", m.url], { env: withToken });
      await wizard.follow(...ASK_IDS);
      await wizard.ends(0);
      expect(m.repo.git("status", "--short")).toBe("");
    }));
});

describe.concurrent("nothing is changed", () => {
  const at = (index: number, keys: string): readonly string[] => [
    ...FIRST.slice(0, index),
    `${FIRST[index]?.split(": ")[0]}: ${keys}`,
  ];
  const failing: MachineOptions = { server: { token: "another.made.up.token-0000" } };
  const failed = [CONNECT, PASTE, ...ASK_IDS];
  test.each<[readonly string[], number, MachineOptions?, Environment?, typeof setUp?]>([
    ...FIRST.flatMap((_, index): [readonly string[], number][] => [
      [at(index, "ctrl-c"), 130],
      [at(index, "ctrl-d"), 130],
    ]),
    [at(1, "escape"), 130],
    [at(1, `${TOKEN.slice(0, 20)} ctrl-c`), 130],
    [[...at(0, "space down down down space enter"), PASTE, ...ASK_IDS, "HALO shows your token only once: enter"], 0],
    [at(3, "escape"), 130],
    [at(3, "down down enter"), 130],
    [[CONNECT, ...ASK_IDS, "What now?: ctrl-c"], 130, {}, { HALO_MCP_TOKEN: WRONG }],
    [[...failed, "What now?: ctrl-d"], 130, failing],
    [[...failed, "What now?: up enter"], 130, failing],
    [["What now?: ctrl-c"], 130, {}, {}, setUp],
    [["What now?: enter"], 0, {}, {}, setUp],
    [["What now?: up enter", "Remove this?: ctrl-d"], 130, {}, {}, setUp],
  ])("%j: exit %i", (answers, code, options = {}, env = {}, prepare = undefined) =>
    on(options, async (m) => {
      await prepare?.(m);
      const before = m.tree();
      const wizard = m.open(["--url", m.url], { env });
      await wizard.follow(...answers);
      await wizard.ends(code);
      if (code !== 0) expect(wizard.text()).toMatch(/(?:Cancelled|Stopped)\. Nothing was changed\./);
      expect(m.tree()).toEqual(before);
      expect(m.processes()).toEqual([]);
    }),
  );

  test("SIGTERM at a prompt", () =>
    on({}, async (m) => {
      const before = m.tree();
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT, PASTE);
      await wizard.asks("Paste a HALO Studio");
      process.kill(wizard.pid, "SIGTERM");
      await wizard.ends(130);
      expect(m.tree()).toEqual(before);
    }));

  test.each<[string, (wizard: Wizard) => void]>([
    ["SIGHUP", ({ pid }) => void process.kill(pid, "SIGHUP")],
    ["the terminal is closed", (wizard) => wizard.hangUp()],
  ])("%s while the token is typed: the signal ends it, without a core dump", (_, end) =>
    on({}, async (m) => {
      const before = m.tree();
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT);
      await wizard.asks("Paste the product token");
      wizard.type(TOKEN.slice(0, 20));
      await wizard.settle();
      end(wizard);
      // 1 is SIGHUP; Node aborted here with 6, SIGABRT
      expect(await wizard.exit).toEqual({ code: 0, signal: 1 });
      expect(m.tree()).toEqual(before);
      expect(m.processes()).toEqual([]);
    }),
  );

  test("the terminal is closed during a connection test", () =>
    on({}, (m) =>
      withRecorder(
        () => undefined,
        async (silent) => {
          const wizard = m.open(["--yes", "--url", silent.url, ...ids], { env: withToken });
          await vi.waitUntil(() => silent.received.length > 0, { timeout: 30_000 });
          wizard.hangUp();
          expect(await wizard.exit).toEqual({ code: 0, signal: 1 });
          expect(m.processes()).toEqual([]);
        },
      ),
    ));

  test("Ctrl-Z at a prompt is nothing: it goes on", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT);
      await wizard.asks("Paste the product token");
      wizard.press("ctrl-z");
      wizard.type(TOKEN.slice(0, 10));
      wizard.press("ctrl-z");
      await wizard.settle();
      wizard.type(TOKEN.slice(10));
      wizard.press("enter");
      await wizard.asks("Paste a HALO Studio");
      wizard.press("ctrl-z", "ctrl-c");
      await wizard.ends(130);
    }));

  test.each([
    ["", [], {}],
    [" of a run without questions", ["--yes"], { CI: "true" }],
  ])("Ctrl-C during a connection test%s that never ends", (_, args, env) =>
    on({}, (m) =>
      withRecorder(
        () => undefined,
        async (silent) => {
          const before = m.tree();
          const wizard = m.open([...args, "--url", silent.url, ...ids], { env: { ...withToken, ...env } });
          if (args.length === 0) await wizard.follow(CONNECT);
          await vi.waitUntil(() => silent.received.length > 0, { timeout: 30_000 });
          wizard.press("ctrl-c");
          await wizard.ends(130);
          // not the end of the limit, after which it would ask what now
          expect(wizard.text()).not.toContain("What now?");
          expect(m.tree()).toEqual(before);
          expect(m.processes()).toEqual([]);
        },
      ),
    ),
  );

  test("Ctrl-C during the last test says that the files are written", () =>
    on({}, async (m) => {
      let [isShut, waiting] = [false, 0];
      const shut = () => {
        if (isShut) waiting += 1;
        return isShut;
      };
      await closing(await inFront(m.url, shut), async (front) => {
        const wizard = m.open(["--url", front.url, ...ids], { env: withToken });
        await wizard.follow(CONNECT);
        await wizard.asks("Write th");
        isShut = true;
        await wizard.follow(APPLY);
        await vi.waitUntil(() => waiting > 0, { timeout: 30_000 });
        wizard.press("ctrl-c");
        await wizard.ends(130);
        expect(wizard.text()).toContain("The files above are written");
        expect(wizard.text()).not.toContain("Nothing was changed");
        expectWritten(m, front.url);
      });
    }));
});

describe.concurrent("what people paste", () => {
  test.each([
    ["in one write", [`${TOKEN}\r\nsecond.line.of.Rk5Vn2\r\n`], false],
    ["in two writes 5 ms apart", [`${TOKEN}\n`, "second.line.of.Rk5Vn2\n"], true],
  ] as const)("two lines %s: the second is never shown and answers nothing", (_, pieces, isTaken) =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT);
      await wizard.asks("Paste the product");
      for (const piece of pieces) {
        wizard.type(piece);
        await sleep(5);
      }
      if (!isTaken) await wizard.waitFor("a line break at position");
      await wizard.follow(...(isTaken ? [] : [PASTE]), ...ASK_IDS, APPLY);
      await wizard.ends(0);
      expectWritten(m);
      expect(wizard.raw()).not.toMatch(/second|Rk5Vn2/);
    }),
  );

  test("a long paste stays inside the frame: its mask has one line, and all of it is taken", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT);
      await wizard.asks("Paste the product");
      wizard.type(`\u001b[200~${DOTENV}\u001b[201~`);
      await wizard.waitFor(/│ {2}▪{70,}/);
      wizard.press("enter");
      await wizard.follow(APPLY);
      await wizard.ends(0);
      expectWritten(m);
      expect(wizard.text().match(/^▪|▪{77}/gm)).toBeNull();
    }));

  test("what surrounds a token is taken off, which is said; what cannot be a value is asked for again", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT);
      for (const [question, text, said] of [
        ["Paste the product", "made.up.é.Zq7Xw2Lk9", /U\+00E9[\s│]+at[\s│]+position[\s│]+9/],
        ["Paste the product", `X-CM-PRODUCTTOKEN: "${TOKEN}"`, /Found in it[\s│]+product token: ••••e5f1/],
        ["Paste a HALO Studio", "https://www.cm.com/app/halo/", "There is no ID in this URL"],
      ] as const) {
        await wizard.answer(question, "ctrl-u", { text });
        wizard.press("enter");
        await wizard.waitFor(said);
      }
      await wizard.follow(`Paste a HALO Studio: ctrl-u ${STUDIO} enter`, APPLY);
      await wizard.ends(0);
      expectWritten(m);
      expect(wizard.raw()).not.toContain("Zq7Xw2Lk9");
    }));

  test("control characters and escape sequences: no crash, and nothing of them on the screen", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await untouched(m, async () => {
        await wizard.follow(CONNECT);
        await wizard.asks("Paste the product");
        wizard.type("\u0001made\u0000up\u0007tok\u001b[31mZq7Xw2\u001b]0;title\u0007\u000b\u0085end");
        await wizard.settle();
        wizard.press("enter");
        await wizard.settle();
        wizard.press("ctrl-c");
        await wizard.ends(130);
      });
      expect(wizard.raw()).not.toMatch(/Zq7Xw2|\]0;/);
      expect(strangeBytes(wizard.raw()).filter((char) => char !== "\u0007")).toEqual([]);
    }));

  test("words at a question of keys answer nothing", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(...FIRST.slice(0, -1));
      await wizard.asks("Write th");
      wizard.type("yes please\nand more\n");
      await wizard.settle(300);
      expect(m.exists(".env")).toBe(false);
      await wizard.follow("Write th: ctrl-c");
      await wizard.ends(130);
    }));
});

test("NO_COLOR: no colour in any byte; without it there are some", () =>
  on({}, async (m) => {
    for (const [env, coloured] of [
      [{ NO_COLOR: "1" }, false],
      [{}, true],
    ] as const) {
      const wizard = m.open(["--url", m.url], { env });
      // the list of several answers marks its row by colour alone: without colour it is numbered
      if (!coloured) {
        await wizard.waitFor("Enter for 1:");
        wizard.press("enter");
      }
      await wizard.follow(...FIRST.slice(coloured ? 0 : 1, -1));
      await wizard.asks("Write th");
      wizard.press("ctrl-c");
      await wizard.ends(130);
      expect(wizard.raw().match(COLOURS) !== null).toBe(coloured);
    }
  }));

test.each<[string, Environment]>([
  ["CI", { CI: "true" }],
  ["GitHub Actions", { GITHUB_ACTIONS: "true" }],
  ["Claude Code", { CLAUDECODE: "1" }],
  ["Cursor", { CURSOR_AGENT: "1" }],
  ["Gemini CLI", { GEMINI_CLI: "1" }],
  ["Codex", { CODEX_SANDBOX: "seatbelt" }],
])("in a terminal, but nobody can answer (%s): never a prompt, exit 2", (_, env) =>
  on({}, async (m) => {
    const wizard = m.open(["--url", m.url], { env });
    await untouched(m, () => wizard.ends(2));
    expect(wizard.text()).toContain("this program cannot ask for it, because");
    expect(wizard.raw()).not.toContain("◆");
    expect(tooWide(wizard)).toEqual([]);
  }),
);
