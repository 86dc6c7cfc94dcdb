/** `--bridge keychain`, with a stand-in for the store's program and the real Claude Code. */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { claudeVersions, runClaude } from "../support/claude.ts";
import { doctor, told } from "./doctor-support.ts";
import { filesWithToken, fromClaude, json, onClaude, reached } from "./real-claude-support.ts";
import { ACCOUNT, expectNoToken, flat, full, type Machine, PROFILE, program, TOKEN, withToken } from "./support.ts";

const OTHER = "another.made.up.Kd8Rb4Nv6Ty8Zq7-a1b2";

/** As `secret-tool` and `op` behave: the secret comes on standard input; a look-up that finds nothing fails. */
function standIns(m: Machine) {
  const log = `printf '%s\\n' "$0 $*" >> '${m.root}/store.log'`;
  const folder = program(
    join(m.root, "stores"),
    "secret-tool",
    `${log}
case "$1" in
  store) cat > '${m.root}/secret' ;;
  lookup) [ ! -e '${m.root}/locked' ] && exec cat '${m.root}/secret' ;;
  clear) rm '${m.root}/secret' ;;
esac`,
  );
  program(folder, "op", `${log}\n[ "$*" = "read op://Private/HALO/token" ] && echo '${TOKEN}'`);
  const env = { PATH: `${folder}:${m.env.PATH}` };
  const secret = join(m.root, "secret");
  return {
    env,
    secret: () => (existsSync(secret) ? readFileSync(secret, "utf8") : undefined),
    calls: () => readFileSync(join(m.root, "store.log"), "utf8"),
  };
}

/** What Claude Code itself does: it runs the command. */
async function list(m: Machine, version: (typeof claudeVersions)[number], env: Record<string, string>) {
  m.standIn.requests.length = 0;
  const { stdout } = await runClaude(version, ["mcp", "list"], { env: { ...m.env, ...env }, cwd: m.path });
  return stdout;
}

describe.concurrent.each(claudeVersions)("Claude Code %s", (version) => {
  test("the token is in the store alone, from set-up to removal", () =>
    onClaude(version, async (m) => {
      const store = standIns(m);
      const { env } = store;
      const set = await m.run(full(m, "--bridge", "keychain"), { env: { ...env, ...withToken } });
      expect(set.code, set.stdout + set.stderr).toBe(0);
      expect(store.secret()).toBe(TOKEN);
      const entry = json(join(m.home, ".claude.json")).mcpServers.halo;
      expect(entry).toMatchObject({ url: m.url, headers: { "CM-ACCOUNT-ID": ACCOUNT, "CM-PROFILE-ID": PROFILE } });
      expect(entry.headersHelper).toContain("secret-tool lookup");
      expect(filesWithToken(m)).toEqual([]);
      for (const text of [set.stdout, set.stderr, store.calls()]) expectNoToken(text);
      expect(await list(m, version, env)).toMatch(/halo: .*✔ Connected/);
      expect(reached(m)).toBe(true);

      // again: the token comes from the store, and nothing changes
      const again = await m.run(full(m, "--bridge", "keychain"), { env });
      expect(flat(again)).toContain("Already set up");
      const run = await m.run(["run", "--", "sh", "-c", "echo $HALO_MCP_TOKEN $HALO_ACCOUNT_ID"], { env });
      expect(run.stdout).toBe(`${TOKEN} ${ACCOUNT}\n`);
      const healthy = told(await doctor(m, ["--json", "--url", m.url], { env, cwd: m.path }));
      expect(healthy).toMatchObject({ ok: true, setup: { bridge: { kind: "keychain" } } });

      // a locked store: Claude Code goes on without the token and says nothing; doctor says it
      m.write("../locked", "");
      await list(m, version, env);
      expect(fromClaude(m).map(({ headers }) => headers["x-cm-producttoken"])).not.toContain(TOKEN);
      const locked = told(await doctor(m, ["--json", "--url", m.url], { env, cwd: m.path }));
      expect(locked).toMatchObject({ ok: false, cause: "missing-value" });
      rmSync(join(m.root, "locked"));

      // a new token goes where the old one was, also without the option
      const changed = await m.run(full(m, "--scope", "user", "--skip-test"), {
        env: { ...env, HALO_MCP_TOKEN: OTHER },
      });
      expect([changed.code, store.secret()], changed.stderr).toEqual([0, OTHER]);
      const gone = await m.run(["remove", "--scope", "user", "--yes"], { env });
      expect([gone.code, store.secret()], gone.stderr).toEqual([0, undefined]);
      expect(json(join(m.home, ".claude.json")).mcpServers ?? {}).toEqual({});
    }));

  test("1Password keeps the token: the reference of .env becomes the command", () =>
    onClaude(version, async (m) => {
      const { env, calls } = standIns(m);
      m.write(".env", "HALO_MCP_TOKEN=op://Private/HALO/token\n", 0o600);
      const set = await m.run(full(m, "--bridge", "keychain"), { env });
      expect(set.code, set.stdout + set.stderr).toBe(0);
      expectNoToken(set.stdout + set.stderr + calls());
      expect(filesWithToken(m)).toEqual([]);
      expect(await list(m, version, env)).toMatch(/halo: .*✔ Connected/);
      const healthy = told(await doctor(m, ["--json", "--url", m.url], { env, cwd: m.path }));
      expect(healthy).toMatchObject({ ok: true, setup: { bridge: { kind: "keychain", file: "1Password" } } });
    }));
});

test.each([
  ["--scope", "project"],
  ["--client", "codex"],
])("only for Claude Code and one person: %s %s", (...more) =>
  onClaude(undefined, async (m) => {
    const run = await m.run(full(m, "--bridge", "keychain", ...more), { env: withToken });
    expect([run.code, flat(run)]).toEqual([2, expect.stringContaining("--bridge keychain goes with")]);
  }),
);

test("without the store's program nothing is asked or written", () =>
  onClaude("2.1.332", async (m) => {
    const run = await m.run(full(m, "--bridge", "keychain"), { env: withToken });
    expect([run.code, flat(run)]).toEqual([3, expect.stringContaining("secret-tool was not found, the program that")]);
    expect(m.standIn.requests).toEqual([]);
  }));

test("an exported value that claude -p would send instead is named", () =>
  onClaude(undefined, async (m) => {
    m.write("../token.txt", `${TOKEN}\n`, 0o600);
    const run = await m.run(full(m, "--token-file", join(m.root, "token.txt")), { env: { HALO_MCP_TOKEN: OTHER } });
    expect([run.code, flat(run)]).toEqual([0, expect.stringContaining("unset HALO_MCP_TOKEN")]);
  }));
