import { expect, test } from "vitest";
import { entryFor, referring } from "../../src/core/clients/entry.ts";
import { CLIENTS } from "../../src/core/clients/index.ts";
import type { ClientScope } from "../../src/core/clients/model.ts";
import { lookAtClient } from "../../src/core/doctor/client-chain.ts";
import { parseToml, setTable } from "../../src/core/formats/toml.ts";
import { HALO_URL, HEADERS, variablesFor } from "../../src/core/halo.ts";
import { foundIn } from "../../src/core/plan/clients.ts";
import { sharedFile } from "../e2e/clients-agreement-support.ts";

const NAMES = variablesFor("halo");
type Env = Readonly<Record<string, string>>;
const valuesWith = (token: string): Env => ({ [NAMES.token]: token, [NAMES.account]: "1", [NAMES.profile]: "2" });
const NONE = { cwd: undefined, valuesFile: undefined, url: undefined };
const [NEW, OLD] = [valuesWith("made.up.new"), valuesWith("made.up.old")];

/** Where the values are, what then is sent as the token, and what is said. */
interface Row {
  readonly id: string;
  readonly scope?: ClientScope;
  readonly exported?: Env;
  readonly dotenv?: Env;
  readonly stored?: Env;
  readonly sent: string;
  readonly said?: RegExp;
}
const OWN = /HALO_MCP_TOKEN: another value is in ~\/\.codex\/\.env, and Codex takes that one/;
const EXPORTED = /HALO_MCP_TOKEN: exported with another value than in the file, and .* takes the exported one/;
const ROWS: readonly Row[] = [
  { id: "codex", exported: NEW, sent: "made.up.new" },
  {
    id: "codex",
    dotenv: NEW,
    sent: "made.up.new",
    said: /only in \.env, which Codex does not read \(npx create-halo-mcp run -- codex\)/,
  },
  // its own file wins over an exported value: `run` does not help
  { id: "codex", exported: NEW, stored: OLD, sent: "made.up.old", said: OWN },
  { id: "codex", dotenv: NEW, stored: OLD, sent: "made.up.old", said: OWN },
  { id: "codex", scope: "user", exported: OLD, stored: NEW, sent: "made.up.new" },
  // with these an exported value wins
  { id: "qwen-code", exported: NEW, stored: OLD, sent: "made.up.new" },
  { id: "qwen-code", scope: "user", exported: OLD, stored: NEW, sent: "made.up.old", said: EXPORTED },
  { id: "gemini-cli", exported: OLD, dotenv: NEW, sent: "made.up.old", said: EXPORTED },
  { id: "gemini-cli", dotenv: NEW, sent: "made.up.new", said: /Gemini CLI empties it because of its name/ },
];

test.each(ROWS)("$id, $scope: $exported, $dotenv, $stored", (row) => {
  const { id, scope = "project", exported = {}, dotenv = {}, stored = {}, sent, said } = row;
  const client = CLIENTS.find((each) => each.id === id);
  if (client === undefined) throw new Error(`${id} is no client`);
  const file = {
    client,
    scope,
    path: client.format === "toml" ? "/file.toml" : "/file.json",
    store: scope === "user" ? client.store : undefined,
  };
  const text = sharedFile(client, { halo: entryFor(client, HALO_URL, referring(NAMES)) });
  const [found] = foundIn(file, text, "halo", { parseToml, setTable });
  const { findings, toSend } = lookAtClient({
    file,
    shown: "file",
    dotenvFile: ".env",
    name: "halo",
    found,
    exported,
    dotenv,
    stored,
    given: NONE,
    ofRepository: false,
  });
  expect(toSend).toMatchObject({ ok: true, sent: { headers: { [HEADERS.token]: sent } } });
  const lines = findings.map((each) => `${each.severity}: ${each.seen} (${each.tryThis})`);
  if (said === undefined) expect(lines).toEqual([]);
  else expect(lines.join("\n")).toMatch(said);
});

/** What `doctor` makes of an entry of the user, with values in the project's `.env`. */
function chainFor(id: string, entry: object, dotenv: Env, exported: Env = {}, ofRepository = false) {
  const client = CLIENTS.find((each) => each.id === id);
  if (client === undefined) throw new Error(`${id} is no client`);
  const file = { client, scope: "user", path: "/file.json", store: undefined } as const;
  const [found] = foundIn(file, JSON.stringify({ [client.servers]: { halo: entry } }), "halo");
  const common = { file, shown: "f", dotenvFile: ".env", name: "halo", found, given: NONE };
  return lookAtClient({ ...common, exported, dotenv, stored: {}, ofRepository });
}
const cursorEntry = (url: string) => {
  const cursor = CLIENTS.find(({ id }) => id === "cursor");
  if (cursor === undefined) throw new Error("no cursor");
  return entryFor(cursor, url, referring(NAMES));
};

test("no file of a repository sets a part of the URL, or makes a file of the user its own", () => {
  const entry = cursorEntry("https://${env:HALO_HOST}/mcp");
  const evil = { ...NEW, HALO_HOST: "evil.example" };
  expect(chainFor("cursor", entry, evil).toSend).toMatchObject({ ok: false });
  const good = chainFor("cursor", entry, evil, { HALO_HOST: "mine.example" });
  expect(good.toSend).toMatchObject({ ok: true, sent: { url: "https://mine.example/mcp" } });
  const inside = chainFor("cursor", cursorEntry("https://evil.example/mcp"), NEW, {}, true);
  expect(inside.toSend).toMatchObject({ ok: false, cause: "endpoint-foreign" });
});

test("Codex sends a reference in http_headers as text, and the wizard replaces it", () => {
  const codex = CLIENTS.find(({ id }) => id === "codex");
  if (codex === undefined) throw new Error("no codex");
  const file = { client: codex, scope: "project", path: "/file.toml", store: undefined } as const;
  const headers = Object.entries(NAMES).map(([which, name]) => `"${HEADERS[which as "token"]}" = "\${${name}}"`);
  const text = `[mcp_servers.halo]\nurl = "${HALO_URL}"\nhttp_headers = { ${headers.join(", ")} }\n`;
  const [found] = foundIn(file, text, "halo", { parseToml, setTable });
  expect(found?.entry.values.token).toEqual({ literal: "${HALO_MCP_TOKEN}" });
  const common = {
    file,
    shown: "f",
    dotenvFile: ".env",
    name: "halo",
    found,
    exported: NEW,
    dotenv: {},
    stored: {},
    given: NONE,
  };
  const { findings, toSend } = lookAtClient({ ...common, ofRepository: true });
  expect(findings.map(({ seen }) => seen).join("\n")).toMatch(
    /product token is a reference that Codex does not expand/,
  );
  expect(toSend).toMatchObject({ ok: true, sent: { headers: { [HEADERS.token]: "${HALO_MCP_TOKEN}" } } });
});

test.each(["connected", "unknown", "not-asked"])(
  "a check mark stands only beside an answer of the client: %s",
  (status) => {
    const { stages } = chainFor("cursor", cursorEntry(HALO_URL), {}, NEW).chain(undefined, status);
    const isAnswer = status === "connected";
    expect(stages.find(({ stage }) => stage === "client")).toMatchObject({
      status: isAnswer ? "ok" : "skipped",
      detail: expect.stringContaining({ connected: "connected", unknown: "unknown" }[status] ?? "not asked"),
    });
  },
);
