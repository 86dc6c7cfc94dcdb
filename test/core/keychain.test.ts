import { describe, expect, test } from "vitest";
import { type Keychain, keychainFor, keychainsIn, opened, saveSteps } from "../../src/core/plan/keychain.ts";
import type { FileState } from "../../src/core/plan/model.ts";

const TOKEN = "made.up.Zq7Xw2Lk9Rb4Nv6Ty8-e5f1";
const REFERENCE = "op://Private/HALO (shop)/token";
const STORES: readonly (readonly [platform: string, reference: string | undefined])[] = [
  ["darwin", undefined],
  ["linux", undefined],
  ["win32", undefined],
  ["linux", "op://Private/HALO/token"],
  ["linux", "op://My Vault/HALO/token"],
  ["win32", "op://My Vault/HALO/token"],
];
const of = (platform: string, reference: string | undefined): Keychain => {
  const keychain = keychainFor(platform, "halo-de", reference);
  if (keychain === undefined) throw new Error(`no store for ${platform}`);
  return keychain;
};
const store = (headersHelper: string): FileState => {
  const halo = { type: "http", url: "https://api.cm.com/halo/core/mcp", headers: { A: "1" }, headersHelper };
  return {
    kind: "file",
    realPath: "/h/.claude.json",
    mode: 0o600,
    text: JSON.stringify({ a: 1, mcpServers: { "halo-de": halo } }),
  };
};

describe.each(STORES)("the store of %s %s", (platform, reference) => {
  const keychain = of(platform, reference);

  test("its command is known again, and no other", () => {
    expect(keychainsIn(store(keychain.helper), platform).get("halo-de")?.read).toEqual(keychain.read);
    const others = [
      `${keychain.helper}; id`,
      ` ${keychain.helper}`,
      keychain.helper.replace(/halo-de|HALO.token/, "x;id"),
    ];
    for (const other of others) expect(keychainsIn(store(other), platform).size, other).toBe(0);
  });

  test("the token is on standard input only", () => {
    const { save, clear = [], read, helper } = keychain;
    expect(save?.stdin(TOKEN) ?? TOKEN).toContain(TOKEN);
    expect([...(save?.argv ?? []), ...clear, ...read, helper].join()).not.toContain(TOKEN);
  });
});

test("on Windows the command has no $, which bash would take, and starts the program of the system", () => {
  for (const reference of [undefined, "op://Private/HALO/token"])
    expect(of("win32", reference).helper).toMatch(
      /^"C:\/Windows\/System32\/[^"$]+\/powershell\.exe" -NoProfile [^$]+$/,
    );
});

test("a reference that a shell would not take as one word is none", () => {
  expect(keychainsIn(store(`t=$(op read '${REFERENCE}') && x`), "linux").size).toBe(0);
});

test("a store that is open: the header instead of the command; all else as it was", () => {
  const closed = store(of("linux", undefined).helper);
  expect(opened(closed, new Map())).toBe(closed);
  const open = opened(closed, new Map([["halo-de", TOKEN]]));
  expect(open.kind === "file" && JSON.parse(open.text)).toEqual({
    a: 1,
    mcpServers: {
      "halo-de": {
        type: "http",
        url: "https://api.cm.com/halo/core/mcp",
        headers: { A: "1", "X-CM-PRODUCTTOKEN": TOKEN },
      },
    },
  });
});

test.each([
  ["a new token is taken back", undefined, false, "clear"],
  ["not one of an entry that is removed for it", undefined, true, undefined],
  ["the older one is put back", "older", false, "store"],
])("if a later step fails: %s", (_, stored, isMoved, undone) => {
  const [step] = saveSteps(of("linux", undefined), "/bin/secret-tool", "halo-de", TOKEN, stored, isMoved);
  expect([step?.undo?.[1], step?.undoStdin]).toEqual([undone, stored]);
});
