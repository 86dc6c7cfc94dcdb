/** Several profiles in one repository: `doctor` has one table for all of them, and `check` looks at each. */
import { expect, test } from "vitest";
import { init, only, succeeded } from "./clients-support.ts";
import { ACCOUNT, flat, type Machine, on, TOKEN, VALUES, withToken } from "./support.ts";

const NAMES = ["halo", ..."at be ch de es fr it nl uk".split(" ").map((country) => `halo-${country}`)];
const variables = (name: string) => ({
  token: "HALO_MCP_TOKEN",
  account: "HALO_ACCOUNT_ID",
  profile: `${name.toUpperCase().replace("-", "_")}_PROFILE_ID`,
});
const servers = (m: Machine, names: readonly string[], spell: (variable: string) => string) => ({
  mcpServers: Object.fromEntries(
    names.map((name) => {
      const { token, account, profile } = variables(name);
      const headers = {
        "X-CM-PRODUCTTOKEN": spell(token),
        "CM-ACCOUNT-ID": spell(account),
        "CM-PROFILE-ID": spell(profile),
      };
      return [name, { type: "http", url: m.url, headers }];
    }),
  ),
});
const braces = (variable: string): string => `\${${variable}}`;
const valuesFor = (names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [variables(name).profile, VALUES.HALO_PROFILE_ID]));
const put = (m: Machine, names: readonly string[]): void => {
  m.write(".mcp.json", JSON.stringify(servers(m, names, braces)));
  m.write(
    ".claude/settings.local.json",
    JSON.stringify({ enabledMcpjsonServers: names, env: { ...VALUES, ...valuesFor(names) } }),
    0o600,
  );
  m.write("../home/.claude.json", JSON.stringify({ projects: { [m.path]: { hasTrustDialogAccepted: true } } }));
};
const args = (m: Machine): string[] => ["doctor", "--url", m.url];

test("ten profiles that send alike are tested once; one that is refused is named, with its steps", () =>
  on({}, async (m) => {
    put(m, NAMES);
    const before = m.standIn.requests.length;
    const all = await m.run([...args(m), "--json"], { env: only(m) });
    const { connections, ok } = JSON.parse(all.stdout);
    expect([all.code, ok, connections.map((each: { name: string }) => each.name)]).toEqual([0, true, NAMES]);
    const once = m.standIn.requests.length - before;
    expect((await m.run([...args(m), "--name", "halo"], { env: only(m) })).code).toBe(0);
    expect(once).toBe(m.standIn.requests.length - before - once);

    const settings = JSON.parse(m.read(".claude/settings.local.json"));
    settings.env.HALO_FR_PROFILE_ID = ACCOUNT;
    m.write(".claude/settings.local.json", JSON.stringify(settings), 0o600);
    const text = await m.run(args(m), { env: only(m) });
    expect([text.code, text.stdout]).toEqual([1, expect.stringContaining("1 of 10 connections does not work")]);
    expect(text.stdout).toMatch(/^✔ halo-es {2}claude-code {2}\d+ tools$/m);
    expect(text.stdout).toMatch(/^✖ halo-fr {2}claude-code {2}\S/m);
    expect(text.stdout).toMatch(/^halo-fr, claude-code:$/m);
    expect(text.stdout.split("\n").filter((line) => line.length > 80 && !/^ +npx /.test(line))).toEqual([]);
    expect(text.stdout + all.stdout).not.toContain(TOKEN);
  }));

test("the connections of other clients are in it; where they are alone, they are all of it", () =>
  on({}, async (m) => {
    succeeded(await init(m, "--client", "cursor"));
    // one connection of one client: its own chain
    expect(flat(await m.run(args(m), { env: { ...only(m), ...VALUES } }))).toContain("✔ Connected to halo-stand-in");
    succeeded(await init(m, "--client", "codex"));
    const two = await m.run([...args(m), "--json"], { env: { ...only(m), ...withToken } });
    expect(JSON.parse(two.stdout)).toMatchObject({
      ok: true,
      connections: [
        { name: "halo", client: "cursor", file: ".cursor/mcp.json", ok: true },
        { name: "halo", client: "codex", file: ".codex/config.toml", ok: true },
      ],
    });
    put(m, ["halo", "halo-de"]);
    const all = await m.run(args(m), { env: only(m) });
    // the values are where neither of the two reads them
    expect(all.stdout).toContain("▲ 2 of 4 connections need their values");
    expect(flat(all)).toMatch(
      /▲ halo cursor 4 tools: HALO_MCP_TOKEN, .*: set only in \.env, which Cursor does not read ▲/,
    );
    expect(flat(all)).toMatch(/halo, cursor: ▲ HALO_MCP_TOKEN, .* Try npx create-halo-mcp run -- cursor \. ✔ set-up/);
    // a reason is never cut, however narrow the window
    const narrow = m.open(args(m), { env: only(m), cols: 40 });
    await narrow.exit;
    expect(narrow.prose()).not.toContain("…");
    m.write(".mcp.json", "<<<<<<< HEAD\n{}\n=======\n{}\n>>>>>>> feature\n");
    const broken = await m.run(args(m), { env: only(m) });
    expect([broken.code, broken.stdout]).toEqual([1, expect.stringMatching(/^✖ halo {2}claude-code {2}\.mcp\.json/m)]);
  }));

test("check looks at each of ten", () =>
  on({}, async (m) => {
    put(m, NAMES);
    m.write(".gitignore", ".env\n.claude/settings.local.json\n");
    const names = NAMES.flatMap((name) => Object.values(variables(name)));
    m.write(".env.example", [...new Set(names)].map((name) => `${name}=\n`).join(""));
    const wrong = servers(m, NAMES, (variable) =>
      variable === "HALO_NL_PROFILE_ID" ? "$HALO_NL_PROFILE_ID" : braces(variable),
    );
    const check = () => m.run(["check", "--json", "--url", m.url], { env: only(m) });
    expect(JSON.parse((await check()).stdout)).toMatchObject({ ok: true, findings: [] });
    m.write(".mcp.json", JSON.stringify(wrong));
    const { ok, findings } = JSON.parse((await check()).stdout);
    expect([ok, findings.map(({ message }: { message: string }) => message).join()]).toEqual([
      false,
      expect.stringContaining("HALO_NL_PROFILE_ID"),
    ]);
  }));
