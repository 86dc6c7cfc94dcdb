/** A table: client x scope x file as it was. What is written, what the client would send, and the way back, byte for byte. */
import { describe, expect, it } from "vitest";
import { claudeCode } from "../../src/core/clients/claude-code.ts";
import { referring } from "../../src/core/clients/entry.ts";
import { CLIENTS } from "../../src/core/clients/index.ts";
import type { Client } from "../../src/core/clients/model.ts";
import { answersFor, sentBy } from "../../src/core/clients/sent.ts";
import { parseToml, setTable } from "../../src/core/formats/toml.ts";
import { HEADERS, VALUES, variablesFor } from "../../src/core/halo.ts";
import { type ClientFile, foundIn, hasLiterals, removeEdits, setEdits } from "../../src/core/plan/clients.ts";
import type { Edit } from "../../src/core/plan/install.ts";

const toml = { parseToml, setTable };
const values = { token: 'tok-0123456789"\\abcdef', account: "acc-77", profile: "pro-88" };
const variables = variablesFor("halo");
const secrets = Object.fromEntries(VALUES.map((value) => [variables[value], values[value]]));
const URL = "https://gateway.example/halo/mcp";

/** What somebody already has in the file of a client. */
function realistic(client: Client): readonly string[] {
  const { format, servers, asks } = client;
  if (format === "toml")
    return [
      '# my settings\nmodel = "gpt-5"\n\n[mcp_servers.docs] # of the team\nurl = "https://docs.example/mcp"\n\n[tui]\ntheme = "dark"\n',
      '\uFEFFmodel = "gpt-5"\r\n\r\n[mcp_servers]\r\n# none yet\r\n',
      '[projects."/home/a"]\ntrust_level = "trusted"',
    ];
  const other = '{ "url": "https://docs.example/mcp", "type": "http" }';
  const inputs = asks === undefined ? "" : `\n  "${asks.list}": [{ "id": "other", "type": "promptString" }],`;
  const strict = [
    `{${inputs}\n  "theme": "dark",\n  "${servers}": {\n    "docs": ${other}\n  },\n  "telemetry": false\n}\n`,
    `{"${servers}":{"docs":${other}},"theme":"dark"}`,
    // a removal cannot know who made an empty object of servers (docs/limits.md): Claude Code's file keeps it
    ...(client === claudeCode ? [`{\n  "${servers}": {}\n}`] : ["{}\n", `\uFEFF{\r\n\t"theme": "dark"\r\n}\r\n`]),
  ];
  const commented = [
    `// mine\n{\n  // the look\n  "theme": "dark", // not light\n  "${servers}": {\n    /* docs */ "docs": ${other}, // of the team\n  },\n}\n`,
  ];
  return format === "json" ? strict : [...strict, ...commented];
}

const rows = CLIENTS.flatMap((client) =>
  client.scopes.flatMap((scope) =>
    scope === "user" && client === claudeCode ? [] : [[client.id, scope, client] as const],
  ),
);

const apply = (text: string, edits: readonly Edit[]): string =>
  edits.reduce((now, edit) => {
    const edited = edit(now);
    if (!edited.ok) throw new Error(edited.refused.reason);
    return edited.text;
  }, text);

describe.each(rows)("%s, %s", (_, scope, client) => {
  const store = scope === "user" ? client.store : undefined;
  const file: ClientFile = { client, scope, path: `/x/file.${client.format === "toml" ? "toml" : "json"}`, store };
  const target = { name: "halo", url: URL, slots: referring(variables), values, isAsked: true };

  it.each(["", ...realistic(client)])("%j", (before) => {
    const written = apply(before, setEdits(file, target, toml));
    expect(apply(written, setEdits(file, target, toml)), "twice").toBe(written);
    if (!hasLiterals(file)) for (const value of VALUES) expect(written).not.toContain(values[value]);

    const [found, ...more] = foundIn(file, written, "halo", toml);
    expect(more).toEqual([]);
    expect(found?.lost).toBeUndefined();
    if (found?.server === undefined) throw new Error("not found");
    const env = hasLiterals(file) ? {} : secrets;
    const sent = sentBy(found.server, client.asks ? {} : env, answersFor(client, secrets));
    expect(sent.url).toBe(URL);
    expect(sent.headers).toEqual(Object.fromEntries(VALUES.map((value) => [HEADERS[value], values[value]])));
    expect(sent.missing).toEqual([]);

    const after = apply(written, removeEdits(file, target, toml));
    if (before === "")
      expect(JSON.stringify(after)).toMatch(/^"(?:|\{\}\\n|\{\\n {2}\\"mcpServers\\": \{\}\\n\}\\n)"$/);
    else expect(after).toBe(before);
  });

  it("says what is sent if a variable is not set", () => {
    if (hasLiterals(file) || client.asks) return;
    const [found] = foundIn(file, apply("", setEdits(file, target, toml)), "halo", toml);
    if (found?.server === undefined) throw new Error("not found");
    const { [variables.token]: _token, ...rest } = secrets;
    const sent = sentBy(found.server, rest);
    expect(sent.missing).toEqual([variables.token]);
    const header = sent.headers[HEADERS.token];
    const expected = {
      empty: "",
      absent: undefined,
      literal: client.references.spell?.(variables.token),
      unknown: client.references.spell?.(variables.token),
    };
    expect(header).toBe(expected[client.unset]);
  });
});

it("a replaced entry keeps what a person added, but nothing that decides how it connects, and in a project no header", () => {
  const client = CLIENTS.find(({ id }) => id === "gemini-cli");
  if (client === undefined) throw new Error("no client");
  const was = {
    httpUrl: "https://old.example",
    type: "sse",
    command: "x",
    disabled: true,
    excludeTools: ["a"],
    trust: false,
    headers: { "X-Mine": "1", "x-cm-producttoken": "old" },
  };
  const target = { name: "halo", url: URL, slots: referring(variables), values, isAsked: false, was };
  for (const scope of ["project", "user"] as const) {
    const file: ClientFile = { client, scope, path: "/x/f.json", store: undefined };
    const text = apply(JSON.stringify({ mcpServers: { halo: was } }), setEdits(file, target, toml));
    const { halo } = JSON.parse(text).mcpServers;
    expect(halo).toMatchObject({ httpUrl: URL, excludeTools: ["a"], trust: false });
    expect(Object.keys(halo).sort()).toEqual(["excludeTools", "headers", "httpUrl", "trust"]);
    expect(halo.headers["X-Mine"]).toBe(scope === "user" ? "1" : undefined);
    expect(Object.keys(halo.headers)).toHaveLength(scope === "user" ? 4 : 3);
  }
});
