import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DiffOptions, diffTexts } from "../../src/core/formats/diff.ts";
import { addExampleNames, setDotenv } from "../../src/core/formats/dotenv.ts";
import { addToArray, setProperty } from "../../src/core/formats/json-edit.ts";
import { addLines } from "../../src/core/formats/lines.ts";
import { maskLines } from "../../src/core/formats/mask-lines.ts";
import { HALO_URL, HEADERS } from "../../src/core/halo.ts";
import { maskOf } from "../../src/core/secrets.ts";
import { type Random, randomFrom } from "./random.ts";

const TOKEN = "tok-0123456789-abcdef";
const ACCOUNT = "0f8fad5b-d9cb-469f-a165-70867728950e";
const PROFILE = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const references = ["${HALO_MCP_TOKEN}", "${HALO_ACCOUNT_ID}", "${HALO_PROFILE_ID}"] as const;
const entry = {
  type: "http",
  url: HALO_URL,
  headers: { [HEADERS.token]: references[0], [HEADERS.account]: references[1], [HEADERS.profile]: references[2] },
};

function options(format: DiffOptions["format"], width = 100): DiffOptions {
  return {
    secrets: [TOKEN],
    shown: ["http", HALO_URL, "halo", ...references, maskOf(TOKEN), ACCOUNT, PROFILE],
    format,
    width,
  };
}

function show(before: string, after: string, format: DiffOptions["format"], width = 100): string {
  return diffTexts(before, after, options(format, width))
    .map(({ kind, text }) => `${kind}|${text}`)
    .join("\n");
}

function edited(result: { ok: true; text: string } | { ok: false; refused: { reason: string } }): string {
  if (!result.ok) throw new Error(result.refused.reason);
  return result.text;
}

const withEntry = (before: string, strict = true): string =>
  edited(setProperty(before, ["mcpServers", "halo"], entry, { strict }));

const BRIDGE_SHOWN = { env: { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: ACCOUNT } };
const withBridge = (before: string): string => {
  let text = before;
  for (const [name, value] of Object.entries(BRIDGE_SHOWN.env))
    text = edited(setProperty(text, ["env", name], value, { strict: false }));
  return edited(addToArray(text, ["enabledMcpjsonServers"], "halo", { strict: false }));
};

describe("diffTexts: what we add is seen", () => {
  it("shows a new .mcp.json whole", () => {
    expect(diffTexts("", withEntry(""), options("json"))).toEqual(
      withEntry("")
        .trimEnd()
        .split("\n")
        .map((text) => ({ kind: "added", text })),
    );
  });

  it("shows our entry beside a neighbour, whose values are masked", () => {
    const before =
      '{\n  "mcpServers": {\n    "other": {\n      "type": "http",\n      "url": "https://x.example/?key=s3cret",\n      "headers": { "Authorization": "Bearer s3cret-1" }\n    }\n  }\n}\n';
    const shown = show(before, withEntry(before), "json");
    expect(shown).toContain('added|    "halo": {');
    expect(shown).toContain(`added|      "url": "${HALO_URL}"`);
    expect(shown).toContain('added|        "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}"');
    expect(shown).toContain('context|    "other": {');
    expect(shown).not.toContain("s3cret");
  });

  it("shows of our token its last four characters, and the IDs, which are no secrets", () => {
    const shown = show("", withBridge(""), "json");
    expect(shown).toContain('added|    "HALO_MCP_TOKEN": "••••cdef"');
    expect(shown).toContain(ACCOUNT);
    expect(shown).toContain('added|    "halo"');
    expect(shown).not.toContain(TOKEN);
  });

  it("shows a changed token by the last four of both", () => {
    const old = "old-9876543210-fedcba";
    const before = `{"env":{"HALO_MCP_TOKEN":"${old}"}}\n`;
    const lines = diffTexts(before, before.replace(old, TOKEN), { ...options("json"), secrets: [TOKEN, old] });
    expect(lines).toEqual([
      { kind: "removed", text: '{"env":{"HALO_MCP_TOKEN":"••••dcba"}}' },
      { kind: "added", text: '{"env":{"HALO_MCP_TOKEN":"••••cdef"}}' },
    ]);
  });

  it("shows our lines of .env, .env.example and .gitignore", () => {
    const env = show(
      "A=1\n",
      edited(setDotenv("A=1\n", { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: ACCOUNT })),
      "dotenv",
    );
    expect(env).toBe(`context|A=••••\nadded|HALO_MCP_TOKEN=••••cdef\nadded|HALO_ACCOUNT_ID=${ACCOUNT}`);
    const comment =
      "HALO product token of type MCP: HALO Studio > Settings > Product Tokens > + (one per person, shown once)";
    const example = show(
      "# old: s3cret\nB=\n",
      edited(addExampleNames("# old: s3cret\nB=\n", [{ name: "HALO_MCP_TOKEN", comment }])),
      "dotenv",
      200,
    );
    expect(example).toBe(`context|# ••••\ncontext|B=\nadded|# ${comment}\nadded|HALO_MCP_TOKEN=`);
    const heading = "# HALO (create-halo-mcp): private values, never committed";
    const before = "# logs\n*.log\n/node_modules/\n!keep.log\n";
    expect(show(before, addLines(before, [".env", ".claude/settings.local.json"], heading).text, "lines")).toBe(
      `hunk|@@ line 2 @@\ncontext|*.log\ncontext|/node_modules/\ncontext|!keep.log\nadded|\nadded|${heading}\nadded|.env\nadded|.claude/settings.local.json`,
    );
    expect(show("use node 20\n", "use node 20\n\ndotenv_if_exists .env\n", "lines")).toBe(
      "context|use node 20\nadded|\nadded|dotenv_if_exists .env",
    );
  });

  it("keeps CRLF, a BOM and a missing newline out of the lines", () => {
    const before = '\ufeff{\r\n  "mcpServers": {}\r\n}';
    const lines = diffTexts(before, withEntry(before), options("json"));
    expect(lines.map(({ text }) => text).join("")).not.toMatch(/[\r\n\ufeff]/);
    expect(lines.some(({ kind, text }) => kind === "added" && text.includes('"halo"'))).toBe(true);
    expect(show("A=1", "A=1\nB=2", "dotenv")).toBe(
      "removed|A=••••\nnote|\\ no newline at the end\nadded|A=••••\nadded|B=••••\nnote|\\ no newline at the end",
    );
    expect(show("A=1\r\n", "A=1\r\nB=\r\n", "dotenv")).toBe("context|A=••••\nadded|B=");
  });

  it("shows nothing where nothing changes", () => {
    expect(diffTexts("a\n", "a\n", options("lines"))).toEqual([]);
  });

  it("puts a line number between distant changes", () => {
    const before = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`).join("\n");
    const after = before.replace("line 5\n", "line 5\nnew\n").replace("line 30\n", "");
    const hunks = diffTexts(before, after, options("lines")).filter(({ kind }) => kind === "hunk");
    expect(hunks).toEqual([
      { kind: "hunk", text: "@@ line 3 @@" },
      { kind: "hunk", text: "@@ line 28 @@" },
    ]);
    expect(show(before, after, "lines")).toContain("removed|line 30");
  });

  it("cuts a long line around the first difference, the same on both sides, with every secret masked", () => {
    const servers = (type: string) =>
      `{${Array.from({ length: 30 }, (_, index) => `"s${index}":{"type":"http","key":"${TOKEN}"}`).join(",")},"z":{${type}"on":true},${'"long":true,'.repeat(40)}"end":1}\n`;
    const [removed, added] = diffTexts(servers(""), servers('"type":"http",'), options("json", 80));
    expect(removed?.text).toMatch(/^….*"z":\{"on":true\}.*…$/);
    expect(added?.text).toMatch(/^….*"z":\{"type":"http","on":true\}.*…$/);
    expect(removed?.text.indexOf('"z"')).toBe(added?.text.indexOf('"z"'));
    for (const line of [removed, added]) {
      expect(line?.text).not.toContain(TOKEN);
      expect(Array.from(line?.text ?? "").length).toBeLessThanOrEqual(80);
    }
    // at the front it stays as it was, and of two lines the one that it came from counts
    const text = (word: string) => `  "a": ${word}, ${'"b": true, '.repeat(20)}"c": ${word}\n`;
    expect(show(text("1"), `  "new": 1\n${text("2")}`, "json", 60).split("\n")).toMatchObject([
      expect.stringMatching(/^removed\| {2}"a": 1,.*…$/),
      'added|  "new": 1',
      expect.stringMatching(/^added\| {2}"a": 2,.*…$/),
    ]);
  });

  it("never prints a line that is wider than asked, or holds a control character", () => {
    const line = fc.string({
      unit: fc.oneof(
        fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
        fc.constantFrom(..." \t\"':{}[]=#/\\", "\u001b[31m", "😀"),
      ),
      maxLength: 200,
    });
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 6 }),
        fc.array(line, { maxLength: 6 }),
        fc.constantFrom("json", "dotenv", "lines") as fc.Arbitrary<DiffOptions["format"]>,
        fc.integer({ min: 40, max: 100 }),
        (before, after, format, width) => {
          for (const { text } of diffTexts(before.join("\n"), after.join("\n"), options(format, width))) {
            expect(Array.from(text).length).toBeLessThanOrEqual(width);
            expect(text).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});

describe("diffTexts: nothing of a neighbour is seen", () => {
  const SECRET = /SEC[A-Z0-9]{4,}/;

  /** A made-up secret that is found wherever it is printed, in the shapes that secrets have. */
  function secretOf(random: Random): string {
    const body = Array.from({ length: 4 + random.int(30) }, () =>
      random.pick([..."ABCDEFGHKMNP23456789"] as [string, ...string[]]),
    ).join("");
    return random.pick([`SEC${body}`, `SEC${body}==`, `sk-SEC${body}`, `SEC${body}/x+y`, `SEC${body} and more`]);
  }

  function jsonOf(random: Random): string {
    const secret = () => secretOf(random);
    const server = (): unknown =>
      random.pick<() => unknown>([
        () => ({
          type: "http",
          url: `https://u:${secret()}@x.example/?k=${secret()}`,
          headers: { Authorization: `Bearer ${secret()}`, type: secret(), version: secret() },
        }),
        () => ({
          command: "npx",
          args: ["-y", "server", "--token", secret(), `--key=${secret()}`],
          env: { API_KEY: secret(), command: secret(), type: secret() },
        }),
        () => ({ command: [secret(), "x"], args: [], env: {} }),
        () => ({
          command: `sh -c 'curl -H "Authorization: ${secret()}"'`,
          env: { A: `line1\n${secret()}\n"quoted" ${secret()}` },
        }),
        () => ({
          type: { nested: secret() },
          transport: [{ type: 5 }, secret()],
          list: [[secret()], { version: [secret()] }],
        }),
        () => ({ headers: { X: `Secret${secret()} \${VAR}`, Y: `\${VAR:-${secret()}}`, Z: `${secret()}\${VAR}` } }),
      ])();
    const servers = Object.fromEntries(
      Array.from({ length: 1 + random.int(3) }, (_, index) => [`other${index}`, server()]),
    );
    const document = random.chance(0.5)
      ? { mcpServers: servers, inputs: [secret()] }
      : {
          $schema: `https://x.example/${"s"}`,
          permissions: { allow: [`Bash(${secret()})`] },
          env: { DB: secret() },
          mcpServers: servers,
        };
    return JSON.stringify(document, null, random.pick([0, 2, 4, "\t"])) + random.pick(["", "\n"]);
  }

  /** The same with comments: a quote in a comment must not turn strings inside out. */
  function commented(text: string, random: Random): string {
    const secret = () => secretOf(random);
    const comment = () =>
      random.pick([
        `// "TOKEN": "${secret()}",`,
        `// it's an old one: ${secret()}`,
        `/* " */`,
        `/* a "\n  ${secret()}\n " */`,
        `// don't "`,
        `/* key=${secret()} */`,
        `//${secret()}`,
      ]);
    return text.replace(/\n/g, (line) => (random.chance(0.4) ? ` ${comment()}\n` : line));
  }

  const seed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

  it("in .mcp.json, formatted or on one line", () => {
    fc.assert(
      fc.property(seed, fc.integer({ min: 30, max: 400 }), (value, width) => {
        const before = jsonOf(randomFrom(value));
        expect(show(before, withEntry(before), "json", width)).not.toMatch(SECRET);
        expect(show(withEntry(before), before, "json", width)).not.toMatch(SECRET);
        expect(show("", before, "json", 5000)).not.toMatch(SECRET);
      }),
      { numRuns: 800 },
    );
  });

  it("in settings files with comments", () => {
    fc.assert(
      fc.property(seed, (value) => {
        const random = randomFrom(value);
        const before = commented(jsonOf(random), random);
        expect(show(before, withBridge(before), "json", 500)).not.toMatch(SECRET);
        expect(show("", before, "json", 5000)).not.toMatch(SECRET);
        expect(show(before, "", "json", 5000)).not.toMatch(SECRET);
      }),
      { numRuns: 800 },
    );
  });

  it("in text that is no JSON at all (and never loses count of its lines)", () => {
    const broken = fc.string({
      unit: fc.constantFrom(..."\"'\\{}[],:/*\n \tSEC", "SECABCDEF", '"SECABCDEF"', "//", "/*", "*/", '"type": '),
      maxLength: 60,
    });
    fc.assert(
      fc.property(broken, (text) => {
        const lines = maskLines(text, new Set(), options("json"));
        expect(lines.length).toBe(text.split("\n").length);
        if (!text.includes('"')) expect(lines.join("\n")).not.toContain("SECABCDEF");
      }),
      { numRuns: 1500 },
    );
  });

  it("in numbers that could be one", () => {
    const shown = show(
      "",
      '{"pin": 123456789, "port": 3000, "on": true, "none": null, "ratio": -0.5, "big": 1e99}\n',
      "json",
    );
    expect(shown).toBe('added|{"pin": ••••, "port": 3000, "on": true, "none": null, "ratio": -0.5, "big": ••••}');
  });

  it("in .env: values over several lines, comments, old assignments, ends of keys", () => {
    fc.assert(
      fc.property(seed, (value) => {
        const random = randomFrom(value);
        const secret = () => secretOf(random);
        const line = () =>
          random.pick([
            `DB_PASSWORD=${secret()}`,
            `export API_KEY="${secret()}"`,
            `  spaced = '${secret()}' # was ${secret()}`,
            `# OLD_TOKEN=${secret()}`,
            `## OLD_TOKEN=${secret()}`,
            `#OLD_TOKEN = ${secret()}`,
            `# token: ${secret()}`,
            `# use ${secret()} here`,
            "# just words here, nothing else.",
            `KEY="-----BEGIN KEY-----\n${secret()}\n# ${secret()}\n${secret()}=\n-----END KEY-----"`,
            `JSON='{\n "a": "${secret()}",\n B=${secret()}\n}'`,
            `BAD="not closed ${secret()}`,
            secret().replaceAll("=", ""), // with one it is an assignment to every reader, and its name is shown
            `- ${secret()}`,
            `X=\`${secret()}\`tail ${secret()}`,
            "",
            "EMPTY=",
          ]);
        const before =
          Array.from({ length: 1 + random.int(8) }, line).join(random.pick(["\n", "\r\n"])) + random.pick(["", "\n"]);
        const result = setDotenv(before, { HALO_MCP_TOKEN: TOKEN });
        if (result.ok) {
          const shown = show(before, result.text, "dotenv");
          expect(shown).not.toMatch(SECRET);
          expect(shown).toMatch(/added\|(?:HALO_MCP_TOKEN=)?••••/);
        }
        expect(show(before, "", "dotenv", 5000)).not.toMatch(SECRET);
      }),
      { numRuns: 1500 },
    );
  });

  it("in .envrc, which is a program", () => {
    fc.assert(
      fc.property(seed, (value) => {
        const random = randomFrom(value);
        const secret = () => secretOf(random);
        const line = () =>
          random.pick([
            `export TOKEN=${secret()}`,
            `TOKEN='${secret()}' run`,
            `A='first\n${secret()}\nlast'`,
            `cat > x <<EOF\n${secret()}\nEOF`,
            `curl -H "Authorization: ${secret()}" https://x.example`,
            `# TOKEN=${secret()}`,
            `# it's ${secret()}: x`,
            "use node 20",
            "PATH_add bin",
            "",
          ]);
        const before = Array.from({ length: 1 + random.int(6) }, line).join("\n");
        expect(show(before, addLines(before, ["dotenv_if_exists .env"]).text, "lines", 500)).not.toMatch(SECRET);
      }),
      { numRuns: 800 },
    );
  });

  it("in a huge file, in time", () => {
    const servers = Object.fromEntries(
      Array.from({ length: 4000 }, (_, index) => [
        `s${index}`,
        { type: "http", url: `https://x/SECRETKEY${index}`, headers: { A: `Bearer SECRETKEY${index}` } },
      ]),
    );
    for (const space of [0, 2]) {
      const before = JSON.stringify({ mcpServers: servers }, null, space);
      const after = before.replace("{", `{"first":${JSON.stringify({ halo: entry })},`);
      const shown = show(before, after, "json", 90);
      expect(shown).not.toMatch(SECRET);
      expect(shown).toContain('"halo"');
    }
  });

  it("says so when too much changes", () => {
    const lines = (name: string) => Array.from({ length: 6000 }, (_, index) => `${name}${index}`).join("\n");
    expect(diffTexts(lines("a"), lines("b"), options("lines"))).toEqual([
      { kind: "note", text: "(too much changes to show line by line)" },
    ]);
  });
});
