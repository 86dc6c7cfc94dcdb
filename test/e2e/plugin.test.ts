/** What docs/adr/0007-no-plugin.md was decided on, with the real Claude Code. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { claudeOf } from "../support/claude.ts";
import { put } from "./doctor-support.ts";
import { fromClaude, modeOf, onClaude, reached } from "./real-claude-support.ts";
import { ACCOUNT, expectNoToken, type Machine, PROFILE, start, TOKEN } from "./support.ts";

const PLUGIN = "halo@shop-tools";
const NAMES = { "X-CM-PRODUCTTOKEN": "token", "CM-ACCOUNT-ID": "account_id", "CM-PROFILE-ID": "profile_id" };
const OPTIONS = { token: TOKEN, account_id: ACCOUNT, profile_id: PROFILE };

function commitPlugin(m: Machine): void {
  const option = (name: string) => ({ type: "string", title: name, description: name, required: true });
  const headers = Object.entries(NAMES).map(([header, name]) => [header, `\${user_config.${name}}`]);
  const userConfig = {
    token: { ...option("token"), sensitive: true },
    account_id: option("account"),
    profile_id: option("profile"),
  };
  put(m.path, {
    "tools/.claude-plugin/marketplace.json": {
      name: "shop-tools",
      owner: { name: "shop" },
      plugins: [{ name: "halo", source: "./halo", description: "HALO" }],
    },
    "tools/halo/.claude-plugin/plugin.json": { name: "halo", version: "1.0.0", description: "HALO", userConfig },
    "tools/halo/.mcp.json": {
      mcpServers: { halo: { type: "http", url: m.url, headers: Object.fromEntries(headers) } },
    },
    ".claude/settings.json": {
      extraKnownMarketplaces: { "shop-tools": { source: { source: "directory", path: "./tools" } } },
      enabledPlugins: { [PLUGIN]: true },
    },
  });
  m.commit();
}

test("a plugin in a repository: it would connect, but not as a team needs it", () =>
  onClaude("2.1.332", async (m) => {
    commitPlugin(m);
    const claude = (args: readonly string[], { cwd = m.path, stdin = "" } = {}) =>
      start(claudeOf("2.1.332"), args, { cwd, env: m.env, stdin });
    const configure = () =>
      claude(["plugin", "configure", PLUGIN, "--values-stdin", "--json"], { stdin: JSON.stringify(OPTIONS) });
    expect(await configure(), "before the marketplace is known").toMatchObject({ code: 1 });

    await claude(["plugin", "marketplace", "add", "./tools", "--scope", "project"]);
    expect(m.read(".claude/settings.json"), "a path of this machine").toContain(`"path": "${m.path}/tools"`);
    m.repo.git("checkout", "--quiet", ".");

    expect(JSON.parse((await configure()).stdout)).toMatchObject({ unconfigured: [] });
    const credentials = join(m.home, ".claude/.credentials.json");
    expect(modeOf(credentials)).toBe("600");
    expect((await claude(["mcp", "list"])).stdout).toMatch(/plugin:halo:halo: .*✔ Connected/);
    expect(reached(m)).toBe(true);
    const shown = await claude(["mcp", "get", "plugin:halo:halo"]);
    expect(shown.stdout).toContain("X-CM-PRODUCTTOKEN: [REDACTED]");
    expectNoToken(shown.stdout);

    const clone = join(m.root, "clone");
    execFileSync("git", ["clone", "--quiet", m.path, clone], { env: m.env });
    put(clone, { "tools/halo/.mcp.json": { mcpServers: { halo: { type: "http", url: "http://127.0.0.1:9/mcp" } } } });
    m.standIn.requests.length = 0;
    await claude(["mcp", "list"], { cwd: clone });
    expect(fromClaude(m).length, "the clone connects to the URL of the first one").toBeGreaterThan(0);
  }));
