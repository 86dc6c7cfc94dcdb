/** What `check` prints of a hostile repository: no piece of a secret, no command for a runner, and no more than is read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Checked, CLEAN, check, write } from "../support/check.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

let scratch: ScratchHome;
beforeAll(() => {
  scratch = scratchHome();
});
afterAll(() => scratch.dispose());

const FORMATS = [["text"], ["json"], ["github"], ["sarif"], ["text", "--fix", "--dry-run"]] as const;

/** Everything that is printed about some files: in all formats, with and without a terminal, and with --fix. */
async function everything(
  files: Readonly<Record<string, string>>,
  repo: Repository = mkRepo(scratch),
): Promise<readonly (Checked & { readonly what: string })[]> {
  write(repo.path, { ...CLEAN, ...files });
  const out: (Checked & { readonly what: string })[] = [];
  for (const isWatched of [false, true]) {
    for (const [format, ...args] of FORMATS) {
      const env = { ...scratch.env, CI: "1" };
      // a terminal on which no line is cut
      const stdout = Object.assign(new PassThrough(), { columns: 4000 });
      const given = isWatched ? { isWatched, stdout } : {};
      const ran = await check(repo.path, ["--format", format, ...args], env, given);
      out.push({
        ...ran,
        stdout: ran.stdout + String(stdout.read() ?? ""),
        what: `${[format, ...args].join(" ")}${isWatched ? ", watched" : ""}`,
      });
    }
  }
  return out;
}

const entry = (fields: string): string =>
  `{\n  "mcpServers": {\n    "a": {\n      "type": "http",\n      ${fields}\n    }\n  }\n}\n`;
const URL = '"url": "https://example.com/mcp"';

/** Places, each with something that makes rules speak of it, and a fix where there is one. */
const PLACES: Readonly<Record<string, (secret: string) => Readonly<Record<string, string>>>> = {
  "a server's name": (it) => ({ ".mcp.json": `{"mcpServers":{"${it}":{"url":"https://example.com"},"b":{"url":1}}}` }),
  "a server's name over lines": (it) => ({
    ".mcp.json": `{\n"mcpServers":{\n"${it}":{\n"url":"https://example.com"\n}\n}\n}\n`,
  }),
  "a header's name": (it) => ({ ".mcp.json": entry(`"headers": { "Authorization: Bearer ${it}": "x" }, "uri": "x"`) }),
  "a header's name, twice": (it) => ({
    ".mcp.json": entry(`${URL}, "headers": { "${it}": "x", "${it.toLowerCase()}": 7, " ${it}": "x" }`),
  }),
  "a header's name behind a place": (it) => ({ ".mcp.json": entry(`"headers": { "A": 1, "X=${it}": "x" }, ${URL}`) }),
  "a key": (it) => ({ ".mcp.json": entry(`${URL}, "${it}": 1, "${it}": 2`) }),
  "a parted key": (it) => ({ ".mcp.json": entry(`${URL}, "${it.slice(0, 9)}\u200b${it.slice(9)}": 1, "uRL": 1`) }),
  "a header's value": (it) => ({ ".mcp.json": entry(`${URL}, "headers": { "X-Api-Key": "${it}", "b": 1 }`) }),
  "the query of a URL": (it) => ({ ".mcp.json": entry(`"url": " https://example.com/mcp?api_key=${it} "`) }),
  "the password of a URL": (it) => ({ ".mcp.json": entry(`"url": " https://admin:${it}@example.com/mcp"`) }),
  "the path of a URL": (it) => ({ ".mcp.json": entry(`"url": "https://example.com/${it} "`) }),
  "HALO's URL": (it) => ({ ".mcp.json": CLEAN[".mcp.json"]?.replace("/mcp", `/mcp/?token=${it}`) ?? "" }),
  arguments: (it) => ({ ".mcp.json": `{"mcpServers":{"a":{"command":" x","args":["--token","${it}",1]}}}` }),
  "a command": (it) => ({ ".mcp.json": `{"mcpServers":{"a":{"command":"psql postgres://a:${it}@b.example.com "}}}` }),
  env: (it) => ({ ".mcp.json": `{"mcpServers":{"a":{"command":"x","env":{" API_KEY":"${it}","B":1}}}}` }),
  "a comment": (it) => ({ ".mcp.json": entry(`// ${it}\n      ${URL}`) }),
  "broken JSON": (it) => ({ ".mcp.json": `{"mcpServers":{"a":{"url":"${it},\n"headers":{"${it}": ${it}` }),
  "a deep value": (it) => ({
    ".mcp.json": entry(`${URL}, "x": ${"[".repeat(300)}{"token":"${it}"}${"]".repeat(300)}`),
  }),
  TOML: (it) => ({
    ".codex/config.toml": `[mcp_servers.${it}]\nurl = "https://x/?k=${it}"\nhttp_headers = { "${it}" = "${it}" }\n# ${it}\n`,
  }),
  ".env": (it) => ({ ".env": `HALO_MCP_TOKEN=${it}\n${it}=1\n`, ".gitignore": "" }),
  ".env.example": (it) => ({ ".env.example": `HALO_MCP_TOKEN=${it}\n# ${it}\n` }),
  "a client's file": (it) => ({
    ".cursor/mcp.json": `{"mcpServers":{"${it}":{"url":"x","headers":{"${it}":"${it}"}}}}`,
  }),
};

const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"];
const drawn = fc.array(fc.constantFrom(...letters), { minLength: 36, maxLength: 36 }).map((part) => part.join(""));

function leaksOf(secret: string, runs: readonly (Checked & { readonly what: string })[]): readonly string[] {
  const pieces = Array.from({ length: secret.length - 7 }, (_, at) => secret.slice(at, at + 8));
  return runs.flatMap(({ what, stdout, stderr }) =>
    pieces.some((piece) => stdout.includes(piece) || stderr.includes(piece)) ? [`${what}\n${stdout}\n${stderr}`] : [],
  );
}

describe("no eight characters of a secret are printed", () => {
  it.each(Object.keys(PLACES))("in %s", { timeout: 60_000 }, async (place) => {
    const repo = mkRepo(scratch);
    await fc.assert(
      fc.asyncProperty(drawn, async (random) => {
        const secret = `ghp_${random}`;
        expect(leaksOf(secret, await everything(PLACES[place]?.(secret) ?? {}, repo))).toEqual([]);
      }),
      { numRuns: 4 },
    );
  });

  it("that looks like a word, where its place says what it is", { timeout: 60_000 }, async () => {
    const secret = "Tr0ub4dor&3xy";
    const repo = mkRepo(scratch);
    for (const place of ["a header's name", "the password of a URL", "a command", "a header's name behind a place"])
      expect(leaksOf(secret, await everything(PLACES[place]?.(secret) ?? {}, repo)), place).toEqual([]);
    const name = `https://admin:${secret}@example.com`;
    expect(leaksOf(secret, await everything({ ".mcp.json": `{"mcpServers":{"${name}":{"url":"x"}}}` }, repo))).toEqual(
      [],
    );
  });

  it("that is a number without quotes", { timeout: 60_000 }, async () => {
    const secret = "827364519012345";
    const runs = await everything({ ".mcp.json": entry(`${URL}, "headers": { "X-Pin": ${secret} }`) });
    expect(leaksOf(secret, runs)).toEqual([]);
  });
});

describe("commands of a runner", () => {
  it("are nowhere, whatever a server or a folder is called", { timeout: 60_000 }, async () => {
    const repo = mkRepo(scratch);
    const file = '{"mcpServers":{"##[add-mask]e":{"url":"https://x"},"\\u200b##\\u200b[error]":{"command":" x"}}}';
    const runs = await everything(
      { ".mcp.json": file, "##[add-mask]f/.mcp.json": file, " ::error::x/.mcp.json": file },
      repo,
    );
    for (const { what, stdout, stderr } of runs) {
      // a line that begins with :: is an annotation of ours, and read as that alone
      const lines = `${stdout}\n${stderr}`
        .split("\n")
        .filter((line) => !/^::(?:error|warning|notice) file=/.test(line));
      expect(
        lines.filter((line) => line.includes("##[") || /^\s*::/.test(line)),
        what,
      ).toEqual([]);
    }
    const json = JSON.parse(runs.find(({ what }) => what === "json")?.stdout ?? "") as { files: string[] };
    expect(json.files).toContain("##[add-mask]f/.mcp.json");
  });
});

describe("the page of the job", () => {
  it("grows with every run; where it cannot be written, that is no failure", async () => {
    const repo = mkRepo(scratch);
    write(repo.path, CLEAN);
    const env = (page: string) => ({ ...scratch.env, CI: "1", GITHUB_STEP_SUMMARY: page });
    const { stderr } = await check(repo.path, ["--format", "github"], env(repo.path));
    expect(stderr).toBe("the job summary could not be written\n");
    const page = join(repo.path, "page");
    for (const times of [1, 2]) {
      await check(repo.path, ["--format", "github"], env(page));
      expect(readFileSync(page, "utf8").match(/### create-halo-mcp/g)).toHaveLength(times);
    }
  });
});

describe("findings without end", () => {
  it("are a hundred of one rule in one file, and one that says how many more", { timeout: 60_000 }, async () => {
    const numbers = Array.from({ length: 5000 }, (_, index) => index).join(",");
    const runs = await everything({ ".mcp.json": `{"mcpServers":{"a":{"command":"x","args":[${numbers}]}}}` });
    const { counts, findings } = JSON.parse(runs.find(({ what }) => what === "json")?.stdout ?? "") as {
      counts: { error: number };
      findings: { rule: string; more?: number; message: string }[];
    };
    const shape = findings.filter(({ rule }) => rule === "args-shape");
    expect(counts.error).toBeGreaterThanOrEqual(5000);
    expect(shape).toHaveLength(101);
    expect(shape.at(-1)).toMatchObject({ more: 4900, message: "and 4900 more of this rule in this file" });
    for (const { stdout } of runs) expect(stdout.length).toBeLessThan(600_000);
  });
});

describe("a value that is nested without end", () => {
  it.each([300, 100_000])("is an error, and hides no secret: %i levels", async (levels) => {
    const repo = mkRepo(scratch);
    const secret = `ghp_${"aB3dE5gH7jK9mN1pQ3sT".repeat(2).slice(0, 36)}`;
    const deep = `"x": ${"[".repeat(levels)}{"token":"${secret}"}${"]".repeat(levels)}`;
    write(repo.path, {
      ...CLEAN,
      ".mcp.json": `{"mcpServers":{"halo":{"type":"http",${deep},"url":"https://evil.example.com/mcp","headers":{"X-CM-PRODUCTTOKEN":"\${HALO_MCP_TOKEN}"}}}}`,
    });
    const { code, stdout } = await check(repo.path, ["--json"], { ...scratch.env, CI: "1" });
    const rules = (JSON.parse(stdout) as { findings: { rule: string }[] }).findings.map(({ rule }) => rule);
    expect(code).toBe(1);
    expect(rules).toEqual(expect.arrayContaining(["too-deep", "committed-secret"]));
  });
});
