import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { documentOf, kindOf } from "../../src/core/check/documents.ts";
import { claudeCode, haloEntry } from "../../src/core/clients/claude-code.ts";
import { serversIn } from "../../src/core/clients/entry.ts";
import { CLIENTS, clientOf } from "../../src/core/clients/index.ts";
import type { Client } from "../../src/core/clients/model.ts";
import { variablesIn } from "../../src/core/clients/references.ts";
import { toJson } from "../../src/core/formats/json.ts";
import { indexLines } from "../../src/core/formats/lines.ts";
import { parseToml } from "../../src/core/formats/toml.ts";
import { HALO_URL, HEADERS, VALUES, variablesFor } from "../../src/core/halo.ts";
import { RULES } from "../../src/core/rules/index.ts";
import { findingsOf } from "../support/subject.ts";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(at(path), "utf8");
const ids = CLIENTS.map(({ id }) => id);
const example = VALUES.map((value) => `${variablesFor("halo")[value]}=\n`).join("");

const extension = ({ files }: Client): string => (files[0].endsWith(".toml") ? "toml" : "json");

/** Everything but notes that `check` says of a client's project file. */
function said(client: Client, text: string): string {
  const files = { [client.files[0]]: text, ".env.example": example };
  return findingsOf(RULES, files, { allowMissing: true })
    .flatMap(({ rule: id, path, span, args }) => {
      const rule = RULES.find((each) => each.id === id);
      const { line, column } = indexLines(path === ".env.example" ? example : text)(span.offset);
      return rule === undefined || rule.severity === "note"
        ? []
        : [`${path}:${line}:${column} ${id}: ${rule.message(args)}\n`];
    })
    .join("");
}

it("a client is a descriptor, a page and a folder of fixtures", () => {
  const shared = /^(?:model|index|references|entry|claude-(?:keys|loader|state))\.ts$/;
  const descriptors = readdirSync(at("src/core/clients")).filter((name) => !shared.test(name));
  expect(descriptors.sort()).toEqual(ids.map((id) => `${id}.ts`).sort());
  expect(readdirSync(at("docs/clients")).sort()).toEqual(["README.md", ...ids.map((id) => `${id}.md`)].sort());
  expect(readdirSync(at("test/fixtures/clients")).sort()).toEqual(ids.toSorted());
});

describe.each(CLIENTS.map((client) => [client.id, client] as const))("%s", (id, client) => {
  const folder = `test/fixtures/clients/${id}`;
  const right = read(`${folder}/right.${extension(client)}`);
  const raw = {
    path: client.files[0],
    encoding: "utf-8",
    tracked: true,
    ignored: false,
    mode: undefined,
  } as const;
  const kind = kindOf(client.files[0]);

  it("has an example of an entry with a reference in each header", () => {
    const { tree } = documentOf({ ...raw, kind: kind ?? "mcp", text: right }, parseToml);
    const [server, ...more] = serversIn(tree, client);
    expect(more).toEqual([]);
    if (client === claudeCode && server !== undefined)
      expect(JSON.parse(JSON.stringify(toJson(server.node)))).toEqual(haloEntry("halo", HALO_URL));
    expect(server?.url?.text).toBe(HALO_URL);
    expect(server?.headers.map(({ name }) => name)).toEqual(VALUES.map((value) => HEADERS[value]));
    for (const { text = "", kind: how } of server?.headers ?? [])
      expect(how === "names" ? text : variablesIn(text, client.references)[0]?.name).toMatch(/^HALO_/);
  });

  it("is silent on its example, and says of the wrong one what findings.txt holds", async () => {
    expect(said(client, right)).toBe("");
    const wrong = said(client, read(`${folder}/wrong.${extension(client)}`));
    expect(wrong).not.toBe("");
    await expect(wrong).toMatchFileSnapshot(`../../${folder}/findings.txt`);
  });

  it("has a page with its example and its files, and a line in the list", () => {
    const page = read(`docs/clients/${id}.md`);
    expect(page).toContain(`\`\`\`${extension(client)}\n${right}\`\`\`\n`);
    expect(page).toMatch(/\| measured \| .*20\d\d-\d\d/);
    const files = client.files.map((path) => `\`${path}\``).join(", ");
    expect(page).toContain(`| project file | ${files} |`);
    expect(read("docs/clients/README.md")).toContain(`| [${client.label}](${id}.md) | ${files} |`);
  });
});

it("a client is known by each of its project files, Claude Code by any `.mcp.json`", () => {
  for (const client of CLIENTS) for (const path of client.files) expect(clientOf(kindOf(path) ?? "")).toBe(client);
  expect(clientOf(kindOf("a/b/.mcp.json") ?? "")).toBe(claudeCode);
});
