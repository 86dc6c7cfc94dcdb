import { describe, expect, it } from "vitest";
import { CLIENTS } from "../../src/core/clients/index.ts";
import { projectFileOf, storeOf, userFileOf } from "../../src/core/clients/paths.ts";

const HOMES = { linux: "/home/ann", darwin: "/Users/ann", win32: "C:\\Users\\ann" } as const;
const APP_DATA = "D:\\Roaming\\ann";
const SUPPORT = "/Users/ann/Library/Application Support";
type Platform = keyof typeof HOMES;

/** The same path below the home folder everywhere; else on Linux, macOS and Windows. */
const FILES: Readonly<Record<string, string | readonly [linux: string, darwin: string, win32: string]>> = {
  "claude-code": ".claude.json",
  cursor: ".cursor/mcp.json",
  vscode: [
    "/home/ann/.config/Code/User/mcp.json",
    `${SUPPORT}/Code/User/mcp.json`,
    `${APP_DATA}\\Code\\User\\mcp.json`,
  ],
  codex: ".codex/config.toml",
  "gemini-cli": ".gemini/settings.json",
  "qwen-code": ".qwen/settings.json",
  opencode: ".config/opencode/opencode.json",
  kilo: ".config/kilo/kilo.jsonc",
  "copilot-cli": ".copilot/mcp-config.json",
  "roo-code": [
    "/home/ann/.config/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json",
    `${SUPPORT}/Code/User/globalStorage/rooveterinaryinc.roo-cline/settings/mcp_settings.json`,
    `${APP_DATA}\\Code\\User\\globalStorage\\rooveterinaryinc.roo-cline\\settings\\mcp_settings.json`,
  ],
  cline: ".cline/data/settings/cline_mcp_settings.json",
  amp: ".config/amp/settings.json",
  kiro: ".kiro/settings/mcp.json",
  windsurf: [
    "/home/ann/.config/devin/mcp_config.json",
    "/Users/ann/.config/devin/mcp_config.json",
    `${APP_DATA}\\devin\\mcp_config.json`,
  ],
  zed: [
    "/home/ann/.config/zed/settings.json",
    "/Users/ann/.config/zed/settings.json",
    `${APP_DATA}\\Zed\\settings.json`,
  ],
  "claude-desktop": [
    "/home/ann/.config/Claude/claude_desktop_config.json",
    `${SUPPORT}/Claude/claude_desktop_config.json`,
    `${APP_DATA}\\Claude\\claude_desktop_config.json`,
  ],
  junie: ".junie/mcp/mcp.json",
};
const STORES: Readonly<Record<string, string>> = { codex: ".codex/.env", "qwen-code": ".qwen/.env" };
/** A variable with another folder; the file of the user, and the store, are there. */
const MOVED: Readonly<Record<string, readonly [variable: string, file: string, store?: string]>> = {
  "claude-code": ["CLAUDE_CONFIG_DIR", ".claude.json"],
  codex: ["CODEX_HOME", "config.toml", ".env"],
  "gemini-cli": ["GEMINI_CLI_HOME", ".gemini/settings.json"],
  "qwen-code": ["QWEN_HOME", "settings.json", ".env"],
  opencode: ["XDG_CONFIG_HOME", "opencode/opencode.json"],
  kilo: ["XDG_CONFIG_HOME", "kilo/kilo.jsonc"],
  "copilot-cli": ["COPILOT_HOME", "mcp-config.json"],
};

const native = (platform: Platform, ...parts: readonly string[]): string =>
  platform === "win32" ? parts.join("\\").replaceAll("/", "\\") : parts.join("/");

describe.each(["linux", "darwin", "win32"] as const)("%s", (platform) => {
  const home = HOMES[platform];
  const env = platform === "win32" ? { APPDATA: APP_DATA } : {};
  const elsewhere = platform === "win32" ? "E:\\Other" : "/opt/other";

  it.each(CLIENTS.map((client) => [client.id, client] as const))("%s", (id, client) => {
    const row = FILES[id];
    const place = typeof row === "string" ? native(platform, home, row) : row?.[Object.keys(HOMES).indexOf(platform)];
    const store = STORES[id] && native(platform, home, STORES[id]);
    // a variable of another client, or an empty one, moves nothing
    const all = Object.fromEntries(Object.values(MOVED).map(([variable]) => [variable, elsewhere]));
    const [variable = "", file, moved] = MOVED[id] ?? [];
    for (const set of [{}, { ...all, [variable]: "" }, { ...all, [variable]: undefined }]) {
      expect(userFileOf(client, { platform, home, env: { ...env, ...set } })).toBe(place);
      expect(storeOf(client, { platform, home, env: { ...env, ...set } })).toBe(store);
    }
    for (const end of ["", "/"]) {
      const there = { platform, home, env: { ...env, [variable]: elsewhere + end } };
      if (file !== undefined) expect(userFileOf(client, there)).toBe(native(platform, elsewhere, file));
      if (moved !== undefined) expect(storeOf(client, there)).toBe(native(platform, elsewhere, moved));
    }
  });
});

it("without APPDATA it is the usual folder of Windows", () => {
  const zed = CLIENTS.find(({ id }) => id === "zed") as (typeof CLIENTS)[number];
  const machine = { platform: "win32", home: HOMES.win32, env: {} };
  expect(userFileOf(zed, machine)).toBe("C:\\Users\\ann\\AppData\\Roaming\\Zed\\settings.json");
});

describe("the project file in which the entry of a client belongs", () => {
  const files = { project: ["a.json", "a.jsonc"], also: [".mcp.json"], user: "~/a" };
  it.each<[string, readonly string[], readonly string[], string | undefined]>([
    ["nothing is there: the first", [], [], "a.json"],
    ["another one is there", ["a.jsonc", ".mcp.json"], [], "a.jsonc"],
    ["both are there, one with the entry", ["a.json", "a.jsonc"], ["a.jsonc"], "a.jsonc"],
    ["a file that it reads too has the entry: none", ["a.json", ".mcp.json"], [".mcp.json"], undefined],
  ])("%s", (_, there, entries, expected) => {
    const seen = { exists: (path: string) => there.includes(path), hasEntry: (path: string) => entries.includes(path) };
    const [client] = CLIENTS;
    expect(client && projectFileOf({ ...client, files }, seen)).toBe(expected);
  });

  it("GitHub Copilot CLI takes the entry of .mcp.json; a client that has no project file gets none", () => {
    const inMcp = { exists: () => false, hasEntry: (path: string) => path === ".mcp.json" };
    const found = CLIENTS.filter((client) => projectFileOf(client, inMcp) === undefined).map(({ id }) => id);
    expect(found).toEqual(["kilo", "copilot-cli", "cline", "zed", "claude-desktop"]);
  });
});
