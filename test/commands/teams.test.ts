/** Teams over time: what `remove` and `rotate` say, stale values, a second connection. From the source in this process. */
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  ACCOUNT,
  committed,
  contents,
  entryFor,
  flat,
  full,
  type Machine,
  on,
  PROFILE,
  program,
  type Run,
  TOKEN,
  withToken,
} from "../e2e/support.ts";

const NEW = "made.up.new.Hs4Kd9Wq2Zx7-c0d3";
const env = { PATH: "/usr/bin:/bin" };
const server = { more: [NEW] };

/** A repository that a team has committed, set up for these clients. */
const onTeam = (clients: string, use: (m: Machine) => Promise<void>): Promise<void> =>
  on({ isHere: true, server }, async (m) => {
    m.write(".gitignore", "node_modules\n");
    expect((await m.run(full(m, "--client", clients), { env: { ...env, ...withToken } })).code).toBe(0);
    m.commit();
    await use(m);
  });
const leave = async (m: Machine, ...args: readonly string[]): Promise<Run> => {
  const run = await m.run(["remove", ...args], { env });
  expect(run.code, run.stdout + run.stderr).toBe(0);
  return run;
};
const tooWide = (text: string): readonly string[] => text.split("\n").filter((line) => line.length > 80);
/** The rows of the plan: file → what is said of it. */
const planned = ({ stderr }: Run): Record<string, string> =>
  Object.fromEntries(
    [...stderr.matchAll(/^ {3}(?:changed|removed) +(\S+) +(\S.*)$/gm)].map(([, file, what]) => [file, what]),
  );

describe("remove", () => {
  test("--values: what is private to a person goes, and is what the end speaks of", () =>
    onTeam("claude-code,cursor", async (m) => {
      const run = await leave(m, "--yes", "--values");
      expect(flat(run)).toContain('To be removed: your values for "halo".');
      expect(flat(run)).toContain(
        "Your values were removed. The files of the team stay. The token still works: delete the one that ends in e5f1 in HALO Studio",
      );
      expect(run.stdout).not.toContain("Commit");
      expect(m.repo.git("status", "--short")).toBe("");
    }));

  test("what stays is named, and a command on its own line removes it in the same way", () =>
    onTeam("claude-code", async (m) => {
      const more = full(m, "--name", "halo-de");
      expect((await m.run(more, { env: { ...env, ...withToken } })).code).toBe(0);
      const still = "Still here: halo-de. To remove one:\n";
      const values = await leave(m, "--yes", "--values");
      expect(values.stdout).toContain(`${still}  npx create-halo-mcp remove --values --name halo-de\n`);
      const run = await leave(m, "--yes");
      expect(run.stdout).toContain(`${still}  npx create-halo-mcp remove --name halo-de\n`);
    }));

  test.each<[string, readonly string[], string]>([
    ["the team took the entry out", [], ".env"],
    ["for everywhere, without Claude Code", ["--scope", "user"], "~/.claude/settings.json"],
  ])("values without an entry go, too: %s", (_, args, file) =>
    on({ isHere: true, server }, async (m) => {
      const look = () => contents(m.tree(m.root));
      m.write(".gitignore", ".env\n.claude\n");
      m.commit();
      const before = look();
      expect((await m.run(full(m, ...args), { env: { ...env, ...withToken } })).code).toBe(0);
      m.repo.git("clean", "--quiet", "--force");
      const run = await leave(m, "--yes");
      expect(planned(run)[file]).toMatch(/^your values/);
      expect(flat(run)).toContain('To be removed: your values for "halo".');
      expect(flat(run)).toMatch(/^Your values were removed\. The token still works/);
      expect(look()).toEqual(before);
      expect(flat(await leave(m))).toContain('There is no server "halo" of HALO to remove here.');
    }),
  );

  test("the plan says what goes, the end how to commit it", () =>
    onTeam("claude-code,cursor", async (m) => {
      const run = await leave(m, "--yes");
      expect(planned(run)).toMatchObject({
        ".env.example": "what your team has to set",
        ".gitignore": "the rules for private files",
        ".mcp.json": "the entry for Claude Code",
        ".cursor/mcp.json": "the entry for Cursor",
        ".env": "your values, private",
      });
      expect(run.stderr).toContain("- HALO_MCP_TOKEN=••••e5f1");
      const commands = [
        "  git add .mcp.json .cursor/mcp.json .env.example .gitignore",
        '  git commit -m "Remove HALO"',
      ];
      expect(run.stdout).toContain(["", "Commit for your team:", ...commands, ""].join("\n"));
      expect(run.stdout).toContain(" the one that ends in e5f1 ");
      expect(tooWide(run.stdout + run.stderr)).toEqual([]);
      for (const command of commands)
        m.repo.git(
          ...command
            .trim()
            .split(/ (?!HALO)/)
            .slice(1)
            .map((word) => word.replaceAll('"', "")),
        );
      expect(m.repo.git("status", "--short")).toBe("");
    }));

  test("a line has room for both commands; what is as it was committed needs none", () =>
    on({ isHere: true, server }, async (m) => {
      m.write(".mcp.json", "{}\n");
      m.write(".gitignore", ".env\n.claude\n.env.example\n");
      m.commit();
      expect((await m.run(full(m), { env: { ...env, ...withToken } })).code).toBe(0);
      const run = await leave(m, "--yes", "--cwd", m.path);
      expect(run.stdout).toContain('Commit for your team:\n  git add .mcp.json && git commit -m "Remove HALO"\n');
    }));
});

describe("rotate", () => {
  test("what is left is said in lines that fit, with the token to delete", () =>
    onTeam("claude-code,cursor,qwen-code,vscode", async (m) => {
      const run = await m.run(["rotate", "--yes", "--token-stdin", "--url", m.url], { env, stdin: NEW });
      expect(run.code, run.stderr).toBe(0);
      const next = [
        "",
        "VS Code needs this after a new token",
        "  It keeps the token that you entered: clear that input in mcp.json there, and",
        "  start halo again",
        "",
        "Qwen Code needs this after a new token",
        "  npx create-halo-mcp run -- qwen mcp approve halo",
        "",
        "Where else HALO needs the new token",
        "  your other computers, CI, Claude.ai, ChatGPT",
        "",
        "Then delete the old token, the one that ends in e5f1",
        "  HALO Studio > Settings > Product Tokens",
        "",
      ];
      expect(run.stdout).toContain(next.join("\n"));
      expect(tooWide(run.stdout + run.stderr)).toEqual([]);
    }));
});

test("a stale value in Claude Code's user settings, which claude -p sends: the wizard and doctor name it, and the file", () =>
  on({ isHere: true, server }, async (m) => {
    m.write("../home/.claude/settings.json", JSON.stringify({ env: { HALO_MCP_TOKEN: NEW } }), 0o600);
    const set = await m.run(full(m), { env: { ...env, ...withToken } });
    const file = join(m.home, ".claude/settings.json");
    expect([set.code, flat(set)]).toEqual([
      0,
      expect.stringContaining(`HALO_MCP_TOKEN: another value is in ${file}. claude -p sends that one.`),
    ]);
    const found = await m.run(["doctor", "--url", m.url], { env });
    expect([found.code, flat(found)]).toEqual([
      0,
      expect.stringContaining(
        "Claude Code sends the one in .claude/settings.local.json; claude -p sends the one in ~/.claude/settings.json",
      ),
    ]);
    m.write("../home/.claude/settings.json", "{}", 0o600);
    for (const args of [full(m), ["doctor", "--url", m.url]])
      expect(flat(await m.run(args, { env }))).not.toContain("claude -p");
  }));

/** Programs that keep what they are given: a keyring, and Claude Code's store. */
function keyring(m: Machine): Record<string, string> {
  const folder = program(
    join(m.root, "bin"),
    "secret-tool",
    `for name; do :; done
case $1 in store) cat > "${m.root}/stored-$name" ;; *) cat "${m.root}/stored-$name" ;; esac`,
  );
  program(
    folder,
    "claude",
    `case "$*" in
*--version*) echo "2.1.332 (Claude Code)" ;;
*add-json*) printf '{"mcpServers":{"%s":%s}}' "$5" "$6" > "$HOME/.claude.json" ;;
esac`,
  );
  return { PATH: `${folder}:${env.PATH}` };
}

test("a set-up that does not answer any more ends with doctor, not with how to start a client", () =>
  onTeam("claude-code,cursor", async (m) => {
    await m.standIn.close();
    const run = await m.run(["--yes", "--url", m.url], { env });
    const next = `To see every step of the connection:\n  npx create-halo-mcp doctor --url ${m.url}\n`;
    expect([run.code, run.stdout]).toEqual([1, expect.stringMatching(/^Already set up, but it does not work/)]);
    expect(run.stdout).toContain(next);
    expect(run.stdout).not.toContain("To start it");
  }));

test("the proof of a person's own file names it as the plan does", () =>
  on({ isHere: true, server }, async (m) => {
    const args = full(m, "--client", "cursor,gemini-cli", "--scope", "user");
    const run = await m.run(args, { env: { ...env, ...withToken } });
    expect([run.code, flat(run)]).toEqual([
      0,
      expect.stringContaining("Gemini CLI sends the same: ~/.gemini/settings.json"),
    ]);
  }));

test("a second connection in a keychain takes token and account of the first: only the profile is given", () =>
  on({ isHere: true, server }, async (m) => {
    const bridge = ["--bridge", "keychain", "--skip-test", "--yes", "--url", m.url];
    const path = keyring(m);
    const ids = ["--account-id", ACCOUNT, "--profile-id", PROFILE];
    const first = await m.run([...bridge, ...ids], { env: { ...path, ...withToken } });
    expect([m.read("../stored-halo"), first.stderr]).toEqual([TOKEN, expect.not.stringContaining(TOKEN)]);
    const second = [...bridge, "--name", "halo-de", "--profile-id", "another"];
    // of another URL, or with credentials of its own, it takes nothing
    const own = await m.run([...second, "--own-credentials"], { env: path });
    expect([own.code, flat(own)]).toEqual([2, expect.stringMatching(/the product token: .* the account ID: /)]);
    const run = await m.run(second, { env: path });
    expect(m.read("../stored-halo-de"), flat(run)).toBe(TOKEN);
    const { headers } = JSON.parse(m.read("../home/.claude.json")).mcpServers["halo-de"];
    expect(headers).toEqual({ "CM-ACCOUNT-ID": ACCOUNT, "CM-PROFILE-ID": "another" });
  }));

describe("the plan says in one line", () => {
  const lists = "VS Code lists .mcp.json too, but cannot use it. ";
  const apply = async (m: Machine, ...args: readonly string[]): Promise<string> => {
    const run = await m.run(full(m, ...args), { env: { ...env, ...withToken } });
    expect([run.code, tooWide(run.stderr)], run.stderr).toEqual([0, []]);
    return flat(run);
  };

  test("that VS Code lists the file of Claude Code, if VS Code is used here and the file is written", () =>
    on({ isHere: true, server }, async (m) => {
      m.write(".vscode/settings.json", "{}\n");
      expect(await apply(m, "--dry-run")).toContain(`${lists}Add --client vscode`);
      expect(await apply(m, "--dry-run", "--scope", "user")).not.toContain(lists);
      expect(await apply(m, "--client", "claude-code,vscode")).toContain(`${lists}In MCP: List Servers do not start`);
      // nothing is written to it
      expect(await apply(m, "--client", "claude-code,vscode")).not.toContain(lists);
      expect(flat(await leave(m, "--yes"))).not.toContain(lists);
    }));

  test("nothing of VS Code where it is not used", () =>
    on({ isHere: true, server }, async (m) => expect(await apply(m)).not.toContain("VS Code")));

  test("that the IDs of the team are others", () =>
    on({ isHere: true, server }, async (m) => {
      const example = `HALO_MCP_TOKEN=\nHALO_ACCOUNT_ID=${ACCOUNT}\nHALO_PROFILE_ID=another\n`;
      committed(m, entryFor(m.url), "halo", { ".env.example": example });
      expect(await apply(m, "--dry-run")).toContain("Your team's .env.example has another profile ID.");
      expect(await apply(m, "--dry-run", "--skip-test", "--profile-id", "another")).not.toContain("Your team's");
      m.write(".env.example", example.replace("another", "<your profile ID>"));
      expect(await apply(m)).not.toContain("Your team's");
    }));
});
