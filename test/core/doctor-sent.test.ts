import { describe, expect, test } from "vitest";
import { BRIDGE, dotenv, entry, servers, setupOf, TOKEN, type Told, trusted, URL, VALUES } from "./doctor-support.ts";

const good: Told = { mcp: servers(entry()), local: BRIDGE };
const enabled = { enabledMcpjsonServers: ["halo"] };
const FOREIGN = "https://gw.example/mcp";

describe("what the connection test sends", () => {
  test("what a session sends", () => {
    const { sending, session } = setupOf(good).view;
    const local = ".claude/settings.local.json";
    const from = { token: `HALO_MCP_TOKEN from ${local}`, account: local, profile: local };
    expect(sending).toEqual({ toSend: { ok: true, sent: session }, as: "entry", added: [], from });
    expect(session?.headers).toEqual({
      "X-CM-PRODUCTTOKEN": TOKEN,
      "CM-ACCOUNT-ID": "account-1",
      "CM-PROFILE-ID": "profile-1",
    });
  });

  test("with .env where a session has nothing, and says so", () => {
    const { sending } = setupOf({ mcp: servers(entry()), local: enabled, dotenv: dotenv() }).view;
    expect(sending).toMatchObject({
      toSend: { ok: true, sent: { url: URL } },
      as: "entry",
      added: Object.keys(VALUES),
    });
  });

  test("the values at hand where no entry is taken, to HALO alone or the URL that was given", () => {
    expect(setupOf({ dotenv: dotenv() }).view.sending).toMatchObject({
      toSend: { ok: true, sent: { url: URL } },
      as: "values",
    });
    expect(setupOf({ env: VALUES, url: FOREIGN }).toSend).toMatchObject({ ok: true, sent: { url: FOREIGN } });
    expect(setupOf({}).toSend).toMatchObject({ ok: false, cause: "missing-value" });
  });

  test.each<readonly [string, Told, string]>([
    ["HALO's, written otherwise", { ...good, mcp: servers(entry({ url: `${URL}/` })) }, "endpoint-foreign"],
    [
      "one's own entry, whose URL the repository sets",
      {
        store: trusted({}, servers(entry({ url: "${HALO_URL}" }))),
        settings: { env: { ...VALUES, HALO_URL: FOREIGN } },
      },
      "endpoint-foreign",
    ],
    [
      "in clear",
      { ...good, url: "http://gw.example/mcp", mcp: servers(entry({ url: "http://gw.example/mcp" })) },
      "bad-url",
    ],
    ["a value that is nowhere", { ...good, local: enabled }, "missing-value"],
  ])("nothing: %s", (_, told, cause) => expect(setupOf(told).toSend).toMatchObject({ ok: false, cause }));

  test("a URL that was given, or stands in a file of one's own", () => {
    expect(setupOf({ ...good, url: FOREIGN, mcp: servers(entry({ url: FOREIGN })) }).toSend.ok).toBe(true);
    const own = { store: trusted({}, servers(entry({ url: FOREIGN }))), userSettings: { env: VALUES } };
    expect(setupOf(own).toSend.ok).toBe(true);
  });
});

test("every text that may be the token is named, to be masked", () => {
  const { view, all, setup } = setupOf({
    ...good,
    mcp: servers(entry({ url: `https://api.cm.com/halo/core/mcp?t=${TOKEN}` })),
    dotenv: "HALO_MCP_TOKEN=new.new.new.new-1111\n",
    env: { HALO_MCP_TOKEN: '"quoted.quoted.quoted-2222"' },
    store: trusted({
      mcpServers: { mine: { type: "http", url: URL, headers: { "x-cm-producttoken": "kept.kept.kept-3333" } } },
    }),
  });
  const wanted = [
    TOKEN,
    "new.new.new.new-1111",
    "kept.kept.kept-3333",
    '"quoted.quoted.quoted-2222"',
    "quoted.quoted.quoted-2222",
  ];
  expect([...view.secrets].sort()).toEqual([...wanted].sort());
  for (const secret of wanted) expect(JSON.stringify([all, setup])).not.toContain(secret);
});
