import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { ALL, drawn, guid, HEX, PLACES } from "../support/secrets.ts";
import { findingsOf, HALO_RULES, type TestFile } from "../support/subject.ts";

interface Shape {
  readonly title: string;
  readonly path: string;
  readonly content: unknown;
  readonly encoding?: Exclude<TestFile, string>["encoding"];
}

/** Files as they are found in public repositories and in the documentation of servers and clients: none of them leaks. */
const shapes = JSON.parse(
  readFileSync(new URL("../fixtures/check/halo/shapes.json", import.meta.url), "utf8"),
) as readonly Shape[];

const textOf = ({ content }: Pick<Shape, "content">): string =>
  typeof content === "string" ? content : `${JSON.stringify(content, null, 2)}\n`;
const judge = (shape: Pick<Shape, "path" | "content" | "encoding">) =>
  findingsOf(
    HALO_RULES,
    { [shape.path]: { text: textOf(shape), encoding: shape.encoding ?? "utf-8" } },
    { allowMissing: true, local: true },
  );

it("is silent on ordinary files", () => {
  const cries = shapes.flatMap((shape) =>
    judge(shape).map(({ rule, args }) => `${shape.title}: ${rule} ${JSON.stringify(args)}`),
  );
  console.info(`false positives: ${cries.length} in ${shapes.length} ordinary files`);
  expect(cries).toEqual([]);
  expect(shapes.length).toBeGreaterThanOrEqual(60);
});

const UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** Formats by their prefixes: found wherever they stand. */
const formats: readonly ((seed: number) => string)[] = [
  (n) => `ghp_${drawn(36, ALL, n)}`,
  (n) => `github_pat_${drawn(22, ALL, n)}_${drawn(59, ALL, n)}`,
  (n) => `glpat-${drawn(20, ALL, n)}`,
  (n) => `npm_${drawn(36, ALL, n)}`,
  (n) => `pypi-AgEIcHlwaS5vcmc${drawn(60, ALL, n)}`,
  (n) => `xoxb-${drawn(12, "123456789", n)}-${drawn(12, "123456789", n + 1)}-${drawn(24, ALL, n)}`,
  (n) => `AKIA${drawn(16, UPPER, n)}`,
  (n) => `AIza${drawn(35, ALL, n)}`,
  (n) => `sk_live_${drawn(24, ALL, n)}`,
  (n) => `SG.${drawn(22, ALL, n)}.${drawn(43, ALL, n)}`,
  (n) => `eyJ${drawn(33, ALL, n)}.eyJ${drawn(60, ALL, n)}.${drawn(43, ALL, n)}`,
  (n) => `sk-proj-${drawn(64, ALL, n)}`,
  (n) => `sk-ant-api03-${drawn(80, ALL, n)}`,
  (n) => `sk-${drawn(48, ALL, n)}`,
  (n) => `gsk_${drawn(52, ALL, n)}`,
  (n) => `hf_${drawn(34, ALL, n)}`,
  (n) => `tvly-dev-${drawn(32, ALL, n)}`,
  (n) => `ntn_${drawn(46, ALL, n)}`,
  (n) => `lin_api_${drawn(40, ALL, n)}`,
  (n) => `figd_${drawn(40, ALL, n)}`,
  (n) => `pat${drawn(14, ALL, n)}.${drawn(64, HEX, n)}`,
  (n) => `sbp_${drawn(40, HEX, n)}`,
  (n) => `hvs.${drawn(24, ALL, n)}`,
];
/** Without a format: found where a name says what it is. */
const opaque: readonly ((seed: number) => string)[] = [
  guid,
  (n) => drawn(32, HEX, n),
  (n) => drawn(40, HEX, n),
  (n) => drawn(24, ALL, n),
  (n) => drawn(43, `${ALL}-_`, n),
  (n) => `${drawn(8, HEX, n)}.${drawn(16, ALL, n)}`,
];
type Put = (secret: string) => Pick<Shape, "path" | "content" | "encoding">;
const mcp = (it: unknown): Pick<Shape, "path" | "content"> => ({ path: ".mcp.json", content: { mcpServers: { it } } });
const named: Readonly<Record<string, Put>> = {
  vscode: (it) => ({ path: ".vscode/mcp.json", content: { servers: { it: { command: "x", env: { IT_TOKEN: it } } } } }),
  opencode: (it) => ({ path: "opencode.json", content: { mcp: { it: { command: ["x", "--token", it] } } } }),
  codex: (it) => ({ path: ".codex/config.toml", content: `[mcp_servers.it]\nenv = { "IT_TOKEN" = "${it}" }\n` }),
  settings: (it) => ({ path: ".claude/settings.json", content: { env: { SERVICE_TOKEN: it } } }),
  envrc: (it) => ({ path: ".envrc", content: `export SERVICE_TOKEN=${it}\n` }),
};
/** The same places as the test of what is printed has. */
const places: Readonly<Record<string, Put>> = Object.fromEntries(
  Object.entries(PLACES).map(([title, put]): [string, Put] => [
    `place: ${title}`,
    (secret) => {
      const { path, text, encoding } = put(secret);
      const read = encoding === undefined ? "utf-8" : encoding === "too-big" ? encoding : "utf-16";
      return { path, content: text, encoding: read };
    },
  ]),
);
const unnamed: Readonly<Record<string, Put>> = {
  "a positional argument": (it) => mcp({ command: "x", args: ["serve", it] }),
  "a header of no meaning": (it) => mcp({ type: "http", url: "https://x.example.net", headers: { "X-Thing": it } }),
  "a variable of no meaning": (it) => mcp({ command: "x", env: { THING: it } }),
  "a header's name": (it) => mcp({ type: "http", url: "https://x.example.net", headers: { [it]: "" } }),
  "a comment of TOML": (it) => ({ path: ".codex/config.toml", content: `# it was ${it}\n[mcp_servers]\n` }),
  "prose in a comment": (it) => ({ path: ".vscode/mcp.json", content: `{ /* it was ${it} */ "servers": {} }` }),
};

it("finds secrets where they stand, and never prints them", { timeout: 60_000 }, () => {
  const missed: string[] = [];
  let tried = 0;
  const attempt = (title: string, put: Put, secret: string): void => {
    tried += 1;
    const found = judge(put(secret)).filter(({ rule }) => rule === "committed-secret" || rule === "env-example-secret");
    if (found.length === 0) missed.push(`${title}: ${secret}`);
    const rule = (id: string) => HALO_RULES.find((each) => each.id === id);
    for (const each of found)
      expect(`${JSON.stringify(each.args)}${rule(each.rule)?.message(each.args)}`).not.toContain(secret);
  };
  for (let round = 0; round < 3; round += 1) {
    for (const [title, put] of Object.entries({ ...named, ...places, ...unnamed }))
      for (const [at, make] of formats.entries()) attempt(title, put, make(round * 100 + at));
    for (const [title, put] of Object.entries({ ...named, ...places }))
      for (const [at, make] of opaque.entries()) attempt(title, put, make(round * 100 + 50 + at));
  }
  console.info(`false negatives: ${missed.length} of ${tried} planted secrets`);
  // a drawn text can look like words, or like a row of digits: rarely
  expect(missed.length / tried, missed.slice(0, 20).join("\n")).toBe(0);
});

it.each(["OVLItIoNnjaUTjsvWJRjjYm6", "SQwgQLhQuoVKhq", "LpHYwHEDCALR"])(
  "finds a password of letters alone: %s",
  (secret) => {
    const found = judge(mcp({ command: "x", env: { DB_PASSWORD: secret } }));
    expect(found.map(({ rule }) => rule)).toEqual(["committed-secret"]);
  },
);

it("takes the same texts for what they are under names that mean no secret", () => {
  const cries: string[] = [];
  let tried = 0;
  for (let round = 0; round < 20; round += 1) {
    const hex = [32, 40, 64].map((length) => drawn(length, HEX, round));
    const ids = [guid(round), ...hex, `sha256:${hex[2]}`];
    for (const id of ids) {
      const env = { PROJECT_ID: id, BUILD_SHA: id, SHEET: id };
      const server = { command: "x", args: ["--project", id, `--commit=${id}`], env };
      const url = `https://x.example.net/${id}/mcp?project=${id}`;
      const remote = { type: "http", url, headers: { "X-Tenant": id } };
      tried += 9;
      cries.push(...[mcp(server), mcp(remote)].flatMap(judge).map(({ args }) => `${id}: ${JSON.stringify(args)}`));
    }
  }
  console.info(`false positives: ${cries.length} in ${tried} places of IDs and hashes`);
  expect(cries).toEqual([]);
});
