import { describe, expect, test } from "vitest";
import {
  ACCOUNT,
  APPLY,
  ASK_IDS,
  CONNECT,
  committed,
  contents,
  DOTENV,
  entryFor,
  flat,
  full,
  type Machine,
  on,
  PASTE,
  PROFILE,
  STUDIO,
  TOKEN,
  typePrinted,
  untouched,
  VALUES,
  withToken,
} from "./support.ts";

/** How often a person is asked, on the way that works: every answer here is one prompt, and there is no other. */

const WRONG = "made.up.wrong.Pm3Jx8Qd5Wc1-a7b2";
const BRIDGE = ".claude/settings.local.json";
const example = { ".env.example": `HALO_MCP_TOKEN=\nHALO_ACCOUNT_ID=${ACCOUNT}\nHALO_PROFILE_ID=${PROFILE}\n` };

/** Follows these answers to the end. Out: what was on the screen. */
async function follow(m: Machine, answers: readonly string[], ...args: string[]): Promise<string> {
  const wizard = m.open(["--url", m.url, ...args]);
  await wizard.follow(...answers);
  await wizard.ends(0);
  return wizard.prose();
}
const setUp = async (m: Machine): Promise<void> => {
  const run = await m.run(full(m), { env: withToken });
  expect(run.code, run.stderr).toBe(0);
};
const bridgeOf = (m: Machine): unknown => JSON.parse(m.read(BRIDGE)).env;

describe.concurrent("prompts", () => {
  test("4: a first set-up with a Studio URL", () =>
    on({}, async (m) => {
      await follow(m, [CONNECT, PASTE, ...ASK_IDS, APPLY]);
      expect(m.read(".env")).toBe(DOTENV);
    }));

  test("3: a first set-up with all of it in one paste, which the terminal marks", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT);
      await wizard.asks("Paste the product");
      expect(wizard.raw()).toContain("\u001b[?2004h");
      wizard.type(`\u001b[200~${TOKEN}\r${STUDIO}\r\u001b[201~`);
      await wizard.settle();
      wizard.press("enter");
      await wizard.follow(APPLY);
      await wizard.ends(0);
      expect(m.read(".env")).toBe(DOTENV);
      expect(
        wizard
          .raw()
          .match(/\[\?2004[hl]/g)
          ?.at(-1),
      ).toBe("[?2004l");
    }));

  test("1: to join, with the IDs in .env.example", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), "halo", example);
      await follow(m, [PASTE]);
      expect([m.read(".env"), bridgeOf(m)]).toEqual([DOTENV, VALUES]);
      expect(m.repo.git("status", "--short")).toBe("");
    }));

  test("2: to join without the IDs", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url));
      await follow(m, [PASTE, ...ASK_IDS]);
      expect(m.repo.git("status", "--short")).toBe("");
    }));

  test("1: a repair, all values known; the copy that works is said, and used everywhere", () =>
    on({}, async (m) => {
      await setUp(m);
      m.write(".env", DOTENV.replace(TOKEN, WRONG), 0o600);
      m.standIn.requests.length = 0;
      // without a terminal and without --yes nobody agrees
      expect((await untouched(m, () => m.run(["--url", m.url]))).code).toBe(2);
      const said = await follow(m, ["Use it everywhere?: enter"]);
      expect(said).toContain(`The product token in .env is old; the one in ${BRIDGE} works.`);
      expect(m.read(".env")).toBe(DOTENV);
      // each copy once: the old one is not sent again
      const old = m.standIn.requests.filter(({ headers }) => headers["x-cm-producttoken"] === WRONG);
      expect(old).toHaveLength(1);
    }));

  test("1: a repair of an entry that was lost", () =>
    on({}, async (m) => {
      await setUp(m);
      m.write(".mcp.json", '{"mcpServers": {"halo": {"type": "http", "url": "https://api.cm.com/halo/core/mcp"}}}\n');
      await follow(m, [APPLY]);
      expect(JSON.parse(m.read(".mcp.json")).mcpServers.halo).toEqual(entryFor(m.url));
    }));

  test("2: another token in place of one that is refused", () =>
    on({}, async (m) => {
      const run = await m.run(full(m, "--skip-test"), { env: { HALO_MCP_TOKEN: WRONG } });
      expect(run.code, run.stderr).toBe(0);
      const before = contents(m.tree());
      await follow(m, ["What now?: enter", PASTE]);
      expect([m.read(".env"), bridgeOf(m)]).toEqual([DOTENV, VALUES]);
      expect(m.read(".mcp.json")).toBe(before[".mcp.json"]);
    }));

  test("0 values: --ci where HALO is set up, in a clone without any value; nothing is sent", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url), "halo", example);
      const run = await m.run(["--yes", "--url", m.url, "--ci", "github"]);
      const said = flat(run);
      expect(said).toContain("Saved. Next: git add .github/workflows/mcp-check.yml git commit -m");
      expect(said).not.toMatch(/no shared file changes|To repeat|claude-code/);
      m.repo.git("clean", "--quiet", "--force", "-d");
      await follow(m, [APPLY], "--ci", "github");
      typePrinted(m, run);
      expect(m.repo.git("show", "--name-only", "--format=%s")).toBe(
        "Check the MCP configuration\n\n.github/workflows/mcp-check.yml\n",
      );
      expect([m.exists(".env"), m.standIn.requests]).toEqual([false, []]);
    }));

  test("doctor --fix does the same repair, though an old token is exported", () =>
    on({}, async (m) => {
      const first = await m.run(["doctor", "--fix", "--url", m.url]);
      expect([first.code, m.exists(".env")]).toEqual([1, false]);
      expect(first.stderr).toContain("HALO is not set up here, so there is nothing to repair");
      await setUp(m);
      const bridge = m.read(BRIDGE);
      m.write(BRIDGE, bridge.replace(TOKEN, WRONG), 0o600);
      const run = await m.run(["doctor", "--fix", "--url", m.url], { env: { HALO_MCP_TOKEN: WRONG } });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read(BRIDGE)).toBe(bridge);
      expect(flat(run)).toContain(
        "the environment is old; the one in .env works. To stop using it in this shell: unset HALO_MCP_TOKEN",
      );
      m.write(BRIDGE, bridge.replace(TOKEN, WRONG), 0o600);
      for (const token of [WRONG, `${WRONG}-2`]) {
        m.write(".env", DOTENV.replace(TOKEN, token), 0o600);
        const before = m.tree();
        const none = await m.run(["doctor", "--fix", "--url", m.url]);
        expect(m.tree()).toEqual(before);
        expect([none.code, flat(none)]).toEqual([1, expect.stringMatching(/no copy of the token works.*rotate/i)]);
        expect(flat(none)).not.toMatch(/HTTP 401|see above/);
      }
      const json = await m.run(["doctor", "--fix", "--json"]);
      expect(json.code).toBe(2);
    }));

  test("a broken .mcp.json is mended in place, after a yes", () =>
    on({}, async (m) => {
      m.write(".mcp.json", '{\n  // ours\n  "mcpServers": {},\n}\n');
      const no = m.open(["--url", m.url]);
      await no.follow("Mend this file first?: right enter");
      await no.ends(130);
      expect(m.read(".mcp.json")).toContain("// ours");
      await follow(m, ["Mend this file first?: enter", CONNECT, PASTE, ...ASK_IDS, APPLY]);
      expect(JSON.parse(m.read(".mcp.json"))).toEqual({ mcpServers: { halo: entryFor(m.url) } });
    }));

  test("2: a settings file of Claude Code that nothing can mend is replaced, after a yes", () =>
    on({}, async (m) => {
      await setUp(m);
      const before = m.read(BRIDGE);
      m.write(BRIDGE, '{"env": ', 0o600);
      await follow(m, ["Replace .claude: up up enter", APPLY]);
      expect(m.read(BRIDGE)).toBe(before);
    }));

  test("an ID in place of the token: said, and the token is asked for again", () =>
    on({}, async (m) => {
      const said = await follow(m, [CONNECT, `Paste the product: ${ACCOUNT} enter`, ...ASK_IDS, PASTE, APPLY]);
      expect(said).toContain("What was taken for the product token is an ID");
      expect(m.read(".env")).toBe(DOTENV);
    }));

  test("add another profile: its ID and a name, the rest is shared", () =>
    on({}, async (m) => {
      await setUp(m);
      // the stand-in knows one profile
      const other = PROFILE;
      await follow(m, [
        "What now?: down enter",
        `Paste the profile: ${other} enter`,
        "A name for: halo-de enter",
        APPLY,
      ]);
      expect(m.read(".env")).toBe(`${DOTENV}HALO_DE_PROFILE_ID=${other}\n`);
      const entries = JSON.parse(m.read(".mcp.json")).mcpServers;
      expect(entries["halo-de"]).toEqual(entryFor(m.url, ["HALO_MCP_TOKEN", "HALO_ACCOUNT_ID", "HALO_DE_PROFILE_ID"]));
      expect(entries.halo).toEqual(entryFor(m.url));
      expect(m.read(".env.example")).toContain(`HALO_DE_PROFILE_ID=${other}`);
    }));

  test("in the home folder: everywhere is preselected", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url], { cwd: m.home });
      await wizard.waitFor("Claude Code, for this folder");
      await wizard.follow(CONNECT);
      await wizard.asks("Paste the product");
      expect(wizard.text()).toMatch(/What do you want to connect\?\n│ {2}Claude Code, only me, everywhere\n/);
      wizard.press("ctrl-c");
      await wizard.ends(130);
    }));

  test("a web client alone never hears of .env", () =>
    on({}, async (m) => {
      const said = await follow(m, [
        "What do you want to: space up space enter",
        PASTE,
        ...ASK_IDS,
        "HALO shows your token only once: enter",
      ]);
      expect(said).toContain("ChatGPT");
      expect(said).not.toMatch(/\.env\b/);
    }));
});
