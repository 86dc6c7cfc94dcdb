import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  ACCOUNT,
  APPLY,
  ASK_IDS,
  CONNECT,
  DOTENV,
  fakeClaude,
  full,
  HARM,
  type Machine,
  on,
  PASTE,
  PROFILE,
  program,
  says,
  start,
  TOKEN,
  typePrinted,
  wideLines,
  withToken,
} from "./support.ts";

/** What the wizard offers after the verdict, in a real terminal: a first call, the start of the client, the steps in a browser. */

const FIRST = [CONNECT, PASTE, ...ASK_IDS, APPLY];
const READS = { annotations: { readOnlyHint: true } };
const NEEDS = { inputSchema: { type: "object", properties: { question: { type: "string" } }, required: ["question"] } };
const calls = (m: Machine): number => m.standIn.requests.filter(({ rpc }) => rpc === "tools/call").length;
/** What a stand-in wrote down; nothing if it was not started. */
const noted = (m: Machine, name: string): string =>
  existsSync(join(m.root, name)) ? readFileSync(join(m.root, name), "utf8") : "";

describe.concurrent("try it now", () => {
  test("one tool that only reads is called after a yes; its answer is cut and cleaned", () => {
    const answer = `agent 1 \u001b]52;c;aGFybQ==\u0007\u001b[2J${"x".repeat(300)}\n${"more\n".repeat(30)}last`;
    return on({ server: { answer, tools: { search_knowledge: READS } } }, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(...FIRST, "Try it now? This calls search_knowledge: enter");
      await wizard.ends(0);
      expect(calls(m)).toBe(1);
      expect(wizard.text()).toMatch(/HALO answers[\s\S]*Try it now\?[\s\S]*search_knowledge answered:\n.*agent 1 x+…/);
      expect(wizard.text().match(/ more$/gm)).toHaveLength(7);
      expect(wizard.text()).not.toContain("last");
      expect(wizard.raw()).not.toMatch(HARM);
    });
  });

  test("a no calls nothing", () =>
    on({ server: { tools: { list_agents: READS } } }, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(...FIRST, "Try it now?: right enter");
      await wizard.ends(0);
      expect(calls(m)).toBe(0);
    }));

  test("no other tool is ever offered", () => {
    const tools = {
      list_agents: { annotations: { readOnlyHint: true, destructiveHint: true } },
      ask_agent: { ...READS, ...NEEDS },
      search_knowledge: { annotations: { readOnlyHint: false, idempotentHint: true } },
    };
    return on({ server: { tools } }, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(...FIRST);
      await wizard.ends(0);
      expect(wizard.text()).not.toContain("Try it now?");
      expect(calls(m)).toBe(0);
    });
  });

  test("with --yes nothing is offered", () =>
    on({ server: { tools: { list_agents: READS } } }, async (m) => {
      const wizard = m.open(["--url", m.url, "--yes"]);
      await wizard.follow(PASTE, ...ASK_IDS);
      await wizard.ends(0);
      expect(calls(m)).toBe(0);
    }));
});

test("Claude Code is started here after a yes, with the terminal", () =>
  on({}, async (m) => {
    const started = `"") if test -t 0 && test -t 1; then echo "at work in $PWD"; read -r line; echo "heard $line"; fi ;;`;
    const wizard = m.open(["--url", m.url], { env: fakeClaude(m, [started, says("connected")]) });
    await wizard.follow(...FIRST, "Start Claude Code here now?: enter");
    await wizard.waitFor(`at work in ${m.path}`);
    wizard.type("hello\r");
    await wizard.waitFor("heard hello");
    await wizard.ends(0);
  }));

describe.concurrent("a web client", () => {
  const desktop = (m: Machine, copy = `{ cat; echo; } >> "${m.root}/copied"`) => {
    program(join(m.root, "bin"), "xclip", copy);
    const folder = program(join(m.root, "bin"), "xdg-open", `printf '%s\\n' "$@" >> "${m.root}/opened"`);
    return { DISPLAY: ":9", PATH: `${folder}:${m.env.PATH}` };
  };
  const FIELDS = [
    ...["the URL", "the header's name X-CM-PRODUCTTOKEN", "its value, your token", "the header's name CM-ACCOUNT-ID"],
    ...["its value, the account ID", "the header's name CM-PROFILE-ID", "its value, the profile ID"],
  ].map((field) => `Copy ${field}?: enter`);

  test("its settings are opened, and each Enter copies a field: the token too, which is not shown", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url, "--client", "claude-ai"], { env: desktop(m) });
      await wizard.follow(PASTE, ...ASK_IDS, "HALO shows your token only once: enter", "Claude.ai: enter");
      await wizard.follow(...FIELDS);
      await wizard.ends(0);
      const values = ["X-CM-PRODUCTTOKEN", TOKEN, "CM-ACCOUNT-ID", ACCOUNT, "CM-PROFILE-ID", PROFILE];
      expect(noted(m, "copied")).toBe(`${[m.url, ...values].join("\n")}\n`);
      expect(noted(m, "opened")).toBe("https://claude.ai/customize/connectors\n");
      expect(m.exists(".env")).toBe(false);
    }));

  test("its values are kept in .env after a yes, which git ignores", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url, "--client", "chatgpt"], { env: desktop(m) });
      await wizard.follow(PASTE, ...ASK_IDS, "HALO shows your token only once: down enter", "ChatGPT: right enter");
      await wizard.ends(0);
      expect([m.read(".env"), m.mode(".env"), m.repo.git("status", "--short")]).toEqual([DOTENV, "600", ""]);
      expect([noted(m, "copied"), noted(m, "opened")]).toEqual(["", ""]);
      expect(wizard.text()).toContain("In a chat: + > More > Developer Mode > HALO.");
    }));

  test("over SSH the terminal's clipboard is filled, and the page is named", () =>
    on({}, async (m) => {
      const env = { ...desktop(m), SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" };
      const wizard = m.open(["--url", m.url, "--client", "claude-ai"], { env });
      await wizard.follow(PASTE, ...ASK_IDS, "HALO shows your token only once: enter", "Claude.ai: enter");
      await wizard.follow(...FIELDS.slice(0, 3), "Copy the header's name CM-ACCOUNT-ID?: right enter");
      await wizard.ends(0);
      expect(wizard.raw()).toContain(`\u001b]52;c;${Buffer.from(TOKEN).toString("base64")}\u0007`);
      expect(wizard.text()).toContain("Open https://claude.ai/customize/connectors");
      expect([noted(m, "copied"), noted(m, "opened")]).toEqual(["", ""]);
    }));

  test("without a clipboard the steps are printed", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url, "--client", "claude-ai"]);
      await wizard.follow(PASTE, ...ASK_IDS, "HALO shows your token only once: enter");
      await wizard.ends(0);
      expect(wizard.text()).toContain("3. Authentication type: Headers. Add three headers:");
      expect(wizard.text()).not.toContain("go through its fields");
    }));
});

describe.concurrent("the last screen", () => {
  test("the printed commands work as they are: the commit here, the others in a fresh clone", () =>
    on({}, async (m) => {
      const run = await m.run(full(m), { env: withToken });
      typePrinted(m, run);
      expect(m.repo.git("status", "--short")).toBe("");
      const clone = join(m.root, "clone");
      execFileSync("git", ["clone", "--quiet", m.path, clone], { env: m.env });
      const folder = program(join(m.root, "npx-bin"), "npx", `shift; exec "${process.execPath}" "${m.bin}" "$@"`);
      const env = { ...m.env, ...withToken, PATH: `${folder}:${m.env.PATH}` };
      const commands = run.stdout.match(/npx create-halo-mcp .*$/gm) ?? [];
      expect(commands).toHaveLength(2);
      // what repeats it is in the JSON
      const { stdout } = await m.run(full(m, "--json"), { env: withToken });
      for (const command of [...commands, JSON.parse(stdout).recreate.replace("HALO_MCP_TOKEN=… ", "")]) {
        const typed = await start("sh", ["-c", command], { cwd: clone, env });
        expect(typed.code, typed.stderr).toBe(0);
      }
      expect(readFileSync(join(clone, ".env"), "utf8")).toBe(DOTENV);
      expect(execFileSync("git", ["-C", clone, "status", "--short"], { env: m.env, encoding: "utf8" })).toBe("");
    }));

  // HALO's own endpoint, which nothing is sent to, and the stand-in, whose URL is in more commands
  const OWN = ["--skip-test"];
  const NO = "Start Claude Code here now?: right enter";
  test.each<[string, readonly string[], readonly string[], string]>([
    ["Claude Code alone, HALO's own URL", OWN, [PASTE, ...ASK_IDS, APPLY], "Saved, but not tested."],
    ["Claude Code alone", [], [PASTE, ...ASK_IDS, APPLY], "HALO answers with the saved settings."],
    ["Claude Code that is installed", ["claude"], [PASTE, ...ASK_IDS, APPLY, NO], "HALO is connected: Claude Code"],
    ["Claude Code and Cursor", ["cursor"], [PASTE, ...ASK_IDS, APPLY], "HALO answers."],
    ["Claude Code that is installed, and Cursor", ["claude", "cursor"], [PASTE, ...ASK_IDS, APPLY, NO], "HALO is"],
    ["Cursor alone", ["alone"], [PASTE, ...ASK_IDS, APPLY], "HALO answers with the saved settings. Not yet"],
  ])("at most 12 lines of 80 columns, the verdict and one next step last: %s", (_, how, answers, verdict) =>
    on({}, async (m) => {
      const more = how.includes("claude") ? fakeClaude(m, [says("connected")]) : {};
      const clients = how.includes("alone") ? "cursor" : `claude-code${how.includes("cursor") ? ",cursor" : ""}`;
      const args = how === OWN ? OWN : ["--url", m.url];
      const wizard = m.open([...args, "--client", clients], { env: more });
      await wizard.follow(...answers);
      await wizard.ends(0);
      const [, after = ""] =
        /◇ {2}Write these \d files\?\n│ {2}Yes\n([\s\S]*?)(?:\n│?\n◇ {2}Start [\s\S]*)?$/.exec(wizard.text()) ?? [];
      const lines = after.split("\n");
      expect(lines.length, after).toBeLessThanOrEqual(12);
      expect(wideLines(after, 80)).toEqual([]);
      expect(after).toContain(`\n\n${verdict}`);
      expect(after).toMatch(/\nNext: .*(?:\n {2}.*){0,3}$/);
      expect(after).not.toContain("guide cursor");
    }),
  );
});
