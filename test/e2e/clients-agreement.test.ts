/**
 * The rules about other clients' files against the real clients: would this file load, and what would be sent? Our word,
 * from the findings of `check`, against the log of a stand-in server. The figures are printed; any disagreement is a failure.
 */
import { afterAll, expect, test } from "vitest";
import { CLIENTS } from "../../src/core/clients/index.ts";
import type { JsonObject } from "../../src/core/formats/json.ts";
import { ASK } from "../clients/programs.ts";
import { type StandInRequest, startStandIn } from "../servers/stand-in.mjs";
import { scratchHome } from "../support/home.ts";
import {
  type Case,
  casesOf,
  fixedOf,
  type Outcome,
  projectWith,
  sharedFile,
  URL_MARK,
  VALUES_SET,
  wordOf,
} from "./clients-agreement-support.ts";

const figures: string[] = [];
afterAll(() => {
  process.stdout.write(figures.join(""));
});

const ROOTS = [...new Set([...CLIENTS.map(({ servers }) => servers), "mcpservers", "mcp_server", "mcpServer"])];
const [RIGHT = ""] = Object.values(VALUES_SET);

/** What the server saw of the token's header in the first request of a connection. */
function seen(requests: readonly StandInRequest[], path: string, { token }: Case): Outcome | string {
  const first = requests.find((each) => each.path === path && each.method === "POST");
  if (first === undefined) return "nothing";
  const value = first.headers["x-cm-producttoken"];
  if (value === undefined) return "absent";
  if (value === RIGHT || value === "") return value === "" ? "empty" : "right";
  return value === `$${RIGHT}` ? "dollar" : value === token ? "text" : String(value);
}

const withUrl = (entry: JsonObject, url: string): JsonObject =>
  JSON.parse(JSON.stringify(entry).replaceAll(URL_MARK, url)) as JsonObject;

test.each(Object.entries(ASK))("%s", { timeout: 120_000 }, async (id, ask) => {
  const client = CLIENTS.find((each) => each.id === id);
  if (client === undefined) throw new Error(`${id} is no client`);
  const { label } = client;
  const machine = scratchHome();
  const standIn = await startStandIn({ token: "", accountId: "", profileId: "", auth: "none" });
  try {
    const cases = casesOf(client, ROOTS);
    // what --fix makes of a file must load, or still have an error
    const fixed = cases.flatMap((each) => fixedOf(client, each) ?? []);
    const all = [...cases, ...fixed].map((each, index) => ({ ...each, url: `${standIn.url}/${index}` }));
    // clients that skip single servers are asked once for all of them: each start takes seconds
    const together = client.demands?.lost === "server" ? all.filter(({ entry }) => entry !== undefined) : [];
    const entries = together.map(({ entry = {}, url }, index) => [`halo-${index}`, withUrl(entry, url)] as const);
    const texts = all.filter((each) => !together.includes(each)).map(({ text, url }) => text.replaceAll(URL_MARK, url));
    if (entries.length > 0) texts.push(sharedFile(client, Object.fromEntries(entries)));
    const said = await ask(
      machine,
      texts.map((text) => projectWith(machine, client, text)),
      { env: VALUES_SET, isTrusted: true },
    );
    const compared = all.map((each) => {
      const word = wordOf(client, each, each.url);
      const { pathname } = new URL(each.url);
      const beside = seen(standIn.requests, `${pathname}/beside`, each);
      return { ...each, ...word, got: seen(standIn.requests, pathname, each), beside };
    });
    const wrong = compared.filter(({ outcome, got }) =>
      outcome === "unusable" ? got !== "nothing" && got !== "absent" : outcome !== got,
    );
    // a file that is refused costs the other server, too
    const alone = compared.filter(({ text, rules, beside }) => {
      const isThere = text.includes(`${URL_MARK}/beside`);
      return isThere && (rules.includes("client-file-broken") ? "nothing" : "right") !== beside;
    });
    if (together.length === 0) expect(alone.map(({ what, beside }) => `${what}: beside it ${beside}`)).toEqual([]);
    const lost = compared.filter(({ got }) => got !== "right").length;
    figures.push(
      `agreement with ${label} ${client.measured}: ${compared.length - wrong.length} of ${compared.length} (${lost} not as meant; ${fixed.length} are files after --fix)\n`,
    );
    expect(
      wrong.map(
        ({ what, outcome, rules, got }) => `${what}: check says ${outcome} (${rules.join()}), the server got ${got}`,
      ),
      said.join("\n").slice(0, 4000),
    ).toEqual([]);
    // both answers must occur, or the agreement would prove nothing
    expect(Math.min(lost, compared.length - lost)).toBeGreaterThan(compared.length / 10);
  } finally {
    await standIn.close();
    machine.dispose();
  }
});
