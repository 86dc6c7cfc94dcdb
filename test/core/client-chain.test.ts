import { expect, test } from "vitest";
import { adviceLine } from "../../src/core/advice.ts";
import { entryFor, referring } from "../../src/core/clients/entry.ts";
import { CLIENTS } from "../../src/core/clients/index.ts";
import type { ClientScope } from "../../src/core/clients/model.ts";
import { chainOf } from "../../src/core/doctor/client-chain.ts";
import { parseToml } from "../../src/core/formats/toml.ts";
import { removeTable, setTable } from "../../src/core/formats/toml-edit.ts";
import { HALO_URL, HEADERS, variablesFor } from "../../src/core/halo.ts";
import { foundIn } from "../../src/core/plan/clients.ts";
import { sharedFile } from "../e2e/clients-agreement-support.ts";

const NAMES = variablesFor("halo");
type Env = Readonly<Record<string, string>>;
const valuesWith = (token: string): Env => ({ [NAMES.token]: token, [NAMES.account]: "1", [NAMES.profile]: "2" });
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
const OWN = /HALO_MCP_TOKEN has another value in ~\/\.codex\/\.env: Codex takes that one/;
const EXPORTED = /HALO_MCP_TOKEN is exported with another value than in the file: .* takes the exported one/;
const ROWS: readonly Row[] = [
  { id: "codex", exported: NEW, sent: "made.up.new" },
  { id: "codex", dotenv: NEW, sent: "made.up.new", said: /Codex does not read \.env/ },
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
  const [found] = foundIn(file, text, "halo", { parseToml, setTable, removeTable });
  const { findings, toSend } = chainOf({
    file,
    shown: "file",
    name: "halo",
    found,
    exported,
    dotenv,
    stored,
    given: {},
    ofRepository: false,
  });
  expect(toSend).toMatchObject({ ok: true, sent: { headers: { [HEADERS.token]: sent } } });
  const lines = findings.map((each) => `${each.severity}: ${each.seen} (${adviceLine(each.tryThis)})`);
  if (said === undefined) expect(lines).toEqual([]);
  else expect(lines.join("\n")).toMatch(said);
});
