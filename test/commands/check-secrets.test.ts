/** What `check` prints of a hostile repository: every secret is found, no piece of one is shown, nothing is a command for a runner. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HALO_URL, HEADERS } from "../../src/core/halo.ts";
import { CLEAN, check, write } from "../support/check.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";
import { ALL, drawn, encode, FORMS, PLACES } from "../support/secrets.ts";

let scratch: ScratchHome;
let repo: Repository;
beforeEach(() => {
  scratch = scratchHome();
  repo = mkRepo(scratch);
});
afterEach(() => scratch.dispose());

interface Output {
  readonly how: string;
  readonly out: string;
  readonly code: number;
}

const HOWS = [["text"], ["json"], ["github"], ["sarif"], ["text", "--fix", "--dry-run"]] as const;

/** Everything that is printed about the repository, in all formats and with --fix. */
async function outputs(): Promise<readonly Output[]> {
  const all: Output[] = [];
  for (const [format, ...args] of HOWS) {
    const ran = await check(repo.path, ["--allow-missing", "--format", format, ...args], { ...scratch.env, CI: "1" });
    all.push({ how: [format, ...args].join(" "), out: ran.stdout + ran.stderr, code: ran.code });
  }
  return all;
}

/** The lines that hold eight characters in a row of the secret, or of its base64. */
function leaks(secret: string, runs: readonly Output[]): readonly string[] {
  const forms = [secret, Buffer.from(secret).toString("base64").replace(/=+$/, "")];
  const pieces = forms.flatMap((form) => Array.from({ length: form.length - 7 }, (_, at) => form.slice(at, at + 8)));
  return runs.flatMap(({ how, out }) =>
    out.split("\n").flatMap((line) => (pieces.some((piece) => line.includes(piece)) ? [`${how}: ${line}`] : [])),
  );
}

const findingsOf = (
  runs: readonly Output[],
): readonly { rule: string; path: string; more?: number; message: string }[] =>
  JSON.parse(runs.find(({ how }) => how.startsWith("json"))?.out ?? "").findings;

it.each(Object.entries(FORMS))(
  "%s is found in every place, and no piece of it is printed",
  { timeout: 120_000 },
  async (_, make) => {
    const secrets = Object.entries(PLACES).map(([title, put], at) => {
      const secret = make(title.length + at);
      const { path, text, encoding } = put(secret);
      write(repo.path, { [`${at}/${path}`]: encode(text, encoding), ".gitignore": ".env\n" });
      return { title, secret, folder: `${at}/` };
    });
    const runs = await outputs();
    expect(runs.map(({ code }) => code)).toEqual(runs.map(() => 1));
    const found = findingsOf(runs).filter(({ rule }) => /^(?:committed|env-example)-secret$/.test(rule));
    for (const { title, secret, folder } of secrets) {
      const isFound = found.some(({ path }) => path.startsWith(folder));
      expect(isFound, title).toBe(true);
      expect(leaks(secret, runs), title).toEqual([]);
    }
  },
);

const entry = (fields: string): string =>
  `{\n  "mcpServers": {\n    "a": {\n      "type": "http",\n      ${fields}\n    }\n  }\n}\n`;
const URL = '"url": "https://example.com/mcp"';
const mcp = (text: string) => ({ ".mcp.json": text });

/** How the token is written in HALO's entry: `@` stands for it. */
const WRITTEN =
  '@;Bearer @; @ ;"@";${HALO_MCP_TOKEN:-@};${HALO_MCP_TOKEN-@};${@};${env:@};${ @ };$@;%@%;{{@}};{env:@};${env:HALO_MCP_TOKEN}@;@${HALO_MCP_TOKEN};<@>;$(echo @);${input:@}'.split(
    ";",
  );

/** Places that other rules quote, and fixes that touch them. */
const QUOTED: Readonly<Record<string, (secret: string) => Readonly<Record<string, string>>>> = {
  "a server's name": (it) => mcp(`{"mcpServers":{"${it}":{"url":"https://example.com"},"b":{"url":1}}}`),
  "a server's name over lines": (it) => mcp(`{\n"mcpServers":{\n"${it}":{\n"url":"https://example.com"\n}\n}\n}\n`),
  "a header's name": (it) => mcp(entry(`"headers": { "Authorization: Bearer ${it}": "x" }, "uri": "x"`)),
  "a header's name, twice": (it) =>
    mcp(entry(`${URL}, "headers": { "${it}": "x", "${it.toLowerCase()}": 7, " ${it}": "x" }`)),
  "a header's name behind a place": (it) => mcp(entry(`"headers": { "A": 1, "X=${it}": "x" }, ${URL}`)),
  "a key": (it) => mcp(entry(`${URL}, "${it}": 1, "${it}": 2`)),
  "a parted key": (it) => mcp(entry(`${URL}, "${it.slice(0, 9)}\u200b${it.slice(9)}": 1, "uRL": 1`)),
  "a padded query": (it) => mcp(entry(`"url": " https://example.com/mcp?api_key=${it} "`)),
  "the path of a URL": (it) => mcp(entry(`"url": "https://example.com/${it} "`)),
  "HALO's URL": (it) => mcp(CLEAN[".mcp.json"]?.replace("/mcp", `/mcp/?token=${it}`) ?? ""),
  "a command": (it) => mcp(`{"mcpServers":{"a":{"command":"psql postgres://a:${it}@b.example.com "}}}`),
  "values of another shape": (it) =>
    mcp(
      entry(
        `"url": {"${it}":"${it}"}, "headers": ["${it}"], "timeout": "${it}", "oauth": "${it}", "env": {"A":["${it}"]}`,
      ),
    ),
  "servers of another shape": (it) =>
    mcp(`{"mcpServers":{"a":"${it}","b":{"command":["${it}"],"args":"--token=${it}"}}}`),
  "broken JSON": (it) => mcp(`{"mcpServers":{"a":{"url":"${it},\n"headers":{"${it}": ${it}`),
  "a deep value": (it) => mcp(entry(`${URL}, "x": ${"[".repeat(300)}{"token":"${it}"}${"]".repeat(300)}`)),
  TOML: (it) => ({
    ".codex/config.toml": `[mcp_servers.${it}]\nurl = "https://x/?k=${it}"\nhttp_headers = { "${it}" = "${it}" }\n# ${it}\n`,
  }),
  "HALO's headers and URL": (it) => {
    const entries = WRITTEN.map((form) => form.replace("@", () => it)).flatMap((text) => [
      {
        type: "http",
        url: HALO_URL,
        headers: { [HEADERS.token]: text, [HEADERS.account]: text, [HEADERS.profile]: text },
      },
      { type: "http", url: `${HALO_URL}?token=${text}`, headers: { "X-CM-PRODUCT-TOKEN": text } },
    ]);
    return mcp(JSON.stringify({ mcpServers: { ...entries } }));
  },
  "HALO's settings": (it) => ({
    ...mcp(JSON.stringify({ mcpServers: { [it]: { type: "sse", url: HALO_URL, headersHelper: `echo ${it}` } } })),
    ".claude/settings.json": JSON.stringify({ env: { HALO_MCP_TOKEN: it, [it]: it }, disabledMcpjsonServers: [it] }),
    ".env.example": `HALO_MCP_TOKEN=${it}\n`,
  }),
  ".env": (it) => ({ ".env": `HALO_MCP_TOKEN=${it}\n${it}=1\n` }),
  "a client's file": (it) => ({
    ".cursor/mcp.json": `{"mcpServers":{"${it}":{"url":"x","headers":{"${it}":"${it}"}}}}`,
  }),
};

/** A diff masks what the judge names, and shows the rest of a file to the person who has it. */
const isNoDiff = ({ how }: Output): boolean => !how.includes("--fix");

describe("no eight characters of a secret are printed", () => {
  const put = (secret: string, titles: readonly string[] = Object.keys(QUOTED)): void => {
    for (const [at, title] of titles.entries())
      for (const [path, text] of Object.entries(QUOTED[title]?.(secret) ?? {}))
        write(repo.path, { [`${at}/${path}`]: text });
  };

  it("that rules quote", { timeout: 120_000 }, async () => {
    const secret = `ghp_${drawn(36, ALL, 1)}`;
    put(secret);
    expect(leaks(secret, await outputs())).toEqual([]);
  });

  it("that looks like a word, where its place says what it is", async () => {
    const secret = "Tr0ub4dor&3xy";
    put(secret, ["a header's name", "a command", "a header's name behind a place"]);
    write(repo.path, mcp(`{"mcpServers":{"https://admin:${secret}@example.com":{"url":"x"}}}`));
    expect(leaks(secret, (await outputs()).filter(isNoDiff))).toEqual([]);
  });

  it("that is a number without quotes", async () => {
    write(repo.path, mcp(entry(`${URL}, "headers": { "X-Pin": 827364519012345 }`)));
    expect(leaks("827364519012345", (await outputs()).filter(isNoDiff))).toEqual([]);
  });
});

it("no command of a runner is printed, whatever a server or a folder is called", async () => {
  const file = '{"mcpServers":{"##[add-mask]e":{"url":"https://x"},"\\u200b##\\u200b[error]":{"command":" x"}}}';
  const names = ["", "##[add-mask]f/", " ::error::x/", "esc\u001b[2Jape\u202e/"];
  write(repo.path, Object.fromEntries(names.map((name) => [`${name}.mcp.json`, file])));
  const runs = await outputs();
  for (const { how, out } of runs) {
    // a line that begins with :: is an annotation of ours, and read as that alone
    const lines = out.split("\n").filter((line) => !/^::(?:error|warning|notice) file=/.test(line));
    const commands = lines.filter((line) => line.includes("##[") || /^\s*::/.test(line));
    expect(commands, how).toEqual([]);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(out.replace(/\u001b\[\d{1,2}m/g, ""), how).not.toMatch(/[\0-\t\v-\u001f\u202e]/);
  }
  expect(findingsOf(runs).map(({ path }) => path)).toEqual(
    expect.arrayContaining(names.map((name) => `${name}.mcp.json`)),
  );
});

it("of a command that holds its arguments, nothing but the program is printed", async () => {
  const commands = {
    a: `bash -c 'curl -H "Authorization: Bearer abc.def.ghi12345" x'`,
    b: "NAME=correct-horse npx foo",
    c: "npx foo --pat=qwertyuiop",
    d: "https://mcp.example.com/mcp?pat=qwertyuiop",
  };
  const servers = Object.fromEntries(Object.entries(commands).map(([name, command]) => [name, { command }]));
  write(repo.path, { ".mcp.json": JSON.stringify({ mcpServers: servers }) });
  const runs = await outputs();
  for (const { how, out } of runs) expect(out, how).not.toMatch(/ghi12345|correct-horse|qwertyuiop/);
  const said = findingsOf(runs).filter(({ rule }) => rule === "command-not-program");
  expect(said.map(({ message }) => /\(.*? …\)/.exec(message)?.[0])).toEqual([
    "(bash …)",
    "(NAME …)",
    "(npx …)",
    "(https://mcp.example.com/mcp …)",
  ]);
});

it("names a character that nobody can see by its code", async () => {
  const headers = { Authorization: "${A}\u200b", [HEADERS.account]: "a\u00a0b", "X-Line": "a\nb", "X-Sign": "a€b" };
  write(repo.path, { ".mcp.json": JSON.stringify({ mcpServers: { halo: { type: "http", url: HALO_URL, headers } } }) });
  const said = findingsOf(await outputs()).map(({ message }) => / has (\S+), (?=which|a char)/.exec(message)?.[1]);
  expect(said.filter((each) => each !== undefined)).toEqual(["U+200B", "U+00A0", '"\\n"', '"€"']);
});
