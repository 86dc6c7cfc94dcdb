import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { maskFile } from "../../src/core/check/show.ts";
import { diffTexts } from "../../src/core/formats/diff.ts";
import { setDotenv } from "../../src/core/formats/dotenv.ts";
import { setProperty } from "../../src/core/formats/json-edit.ts";
import { HALO_URL, HEADERS } from "../../src/core/halo.ts";
import { textOf } from "../support/edited.ts";
import { FORMS } from "../support/secrets.ts";

const TOKEN = "tok-0123456789-abcdef";
const ACCOUNT = "0f8fad5b-d9cb-469f-a165-70867728950e";
/** A secret of somebody else, with a published format. */
const SECRET = `ghp_${"aB3dE5gH7jK9mN1pQ3sT".repeat(2).slice(0, 36)}`;
const entry = { type: "http", url: HALO_URL, headers: { [HEADERS.token]: "${HALO_MCP_TOKEN}" } };

type File = ".mcp.json" | ".env" | ".env.example" | ".envrc" | ".gitignore" | ".claude/settings.local.json";

function options(path: File, width = 100, secrets: readonly string[] = [TOKEN]) {
  return { mask: (text: string) => maskFile(path, text, secrets, [ACCOUNT]), width };
}

function show(before: string, after: string, path: File, width = 100): string {
  return diffTexts(before, after, options(path, width))
    .map(({ kind, text }) => `${kind}|${text}`)
    .join("\n");
}

const withEntry = (before: string): string =>
  textOf(setProperty(before, ["mcpServers", "halo"], entry, { strict: true }));

describe("what is seen in a diff", () => {
  it("our entry beside a neighbour, of which the secrets alone are masked", () => {
    const before = `{
  "mcpServers": {
    "other": {
      "url": "https://x.example/mcp?lang=nl",
      "headers": { "Authorization": "Bearer ${SECRET}", "X-Team": "shop" }
    }
  }
}
`;
    expect(show(before, withEntry(before), ".mcp.json")).toBe(
      [
        "context|{",
        'context|  "mcpServers": {',
        ...withEntry("")
          .split("\n")
          .slice(2, -3)
          .map((line) => `added|${line}${line === "    }" ? "," : ""}`),
        'context|    "other": {',
        'context|      "url": "https://x.example/mcp?lang=nl",',
        'context|      "headers": { "Authorization": "••••", "X-Team": "shop" }',
      ].join("\n"),
    );
  });

  it("of .env our lines and the names of others, whose values are private", () => {
    const after = textOf(setDotenv("A=1\n", { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: ACCOUNT }));
    expect(show("A=1\n", after, ".env")).toBe(
      `context|A=••••\nadded|HALO_MCP_TOKEN=••••cdef\nadded|HALO_ACCOUNT_ID=${ACCOUNT}`,
    );
    expect(show("A=1", "A=1\nB=2", ".env")).toBe(
      "removed|A=••••\nnote|\\ no newline at the end\nadded|A=••••\nadded|B=••••\nnote|\\ no newline at the end",
    );
    expect(show("A='1\n2'\r\n", "A='1\n2'\r\nB=\r\n", ".env")).toBe("context|A=••••\ncontext|••••\nadded|B=");
  });

  it("of the variables in settings our IDs and the names of others, whose values are private", () => {
    const before = '{\n  "env": {\n    "DB_PASSPHRASE": "pp-5",\n    "PIN": 1234,\n    "E": ""\n  }\n}\n';
    const after = textOf(setProperty(before, ["env", "HALO_ACCOUNT_ID"], ACCOUNT, { strict: true }));
    expect(show(before, after, ".claude/settings.local.json")).toBe(
      [
        `context|{\ncontext|  "env": {\nadded|    "HALO_ACCOUNT_ID": "${ACCOUNT}",`,
        'context|    "DB_PASSPHRASE": "••••",\ncontext|    "PIN": ••••,\ncontext|    "E": ""',
      ].join("\n"),
    );
  });

  it("no CRLF, no BOM, and nothing where nothing changes", () => {
    const before = '\ufeff{\r\n  "mcpServers": {}\r\n}';
    const lines = diffTexts(before, withEntry(before), options(".mcp.json"));
    expect(lines.map(({ text }) => text).join("")).not.toMatch(/[\r\n\ufeff]/);
    expect(lines.some(({ kind, text }) => kind === "added" && text.includes('"halo"'))).toBe(true);
    expect(diffTexts("a\n", "a\n", options(".gitignore"))).toEqual([]);
  });

  it("a line number between distant changes, and a word where too much changes", () => {
    const before = Array.from({ length: 40 }, (_, index) => `line ${index + 1}`).join("\n");
    const after = before.replace("line 5\n", "line 5\nnew\n").replace("line 30\n", "");
    const hunks = diffTexts(before, after, options(".gitignore")).filter(({ kind }) => kind === "hunk");
    expect(hunks.map(({ text }) => text)).toEqual(["@@ line 3 @@", "@@ line 28 @@"]);
    expect(show(before, after, ".gitignore")).toContain("removed|line 30");
    const lines = (name: string) => Array.from({ length: 6000 }, (_, index) => `${name}${index}`).join("\n");
    expect(show(lines("a"), lines("b"), ".gitignore")).toBe("note|(too many changes to show line by line)");
  });

  it("no line that is wider than asked, or holds a control character", () => {
    const unit = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
      fc.constantFrom(..." \t\"':{}[]=#/\\", "\u001b[31m", "😀"),
    );
    const lines = fc.array(fc.string({ unit, maxLength: 200 }), { maxLength: 6 });
    const path = fc.constantFrom<File>(".mcp.json", ".env", ".gitignore");
    fc.assert(
      fc.property(lines, lines, path, fc.integer({ min: 40, max: 100 }), (before, after, file, width) => {
        for (const { text } of diffTexts(before.join("\n"), after.join("\n"), options(file, width))) {
          expect(Array.from(text).length).toBeLessThanOrEqual(width);
          expect(text).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}]/u);
        }
        expect(maskFile(file, before.join("\n"), [TOKEN], []).split("\n").length).toBe(
          before.join("\n").split("\n").length,
        );
      }),
      { numRuns: 200 },
    );
  });
});

describe("what is masked in a diff", () => {
  it.each<[File, (secret: string) => string]>([
    [".mcp.json", (it) => `{"mcpServers":{"a":{"url":"https://u:${it}@mcp.acme.io/?k=${it}"}}}`],
    [".mcp.json", (it) => `{"mcpServers":{"a":{"headers":{"Authorization":"Bearer ${it}"}}}}`],
    [".mcp.json", (it) => `{"mcpServers":{"a":{"command":"x","args":["--token","${it}","--key=${it}"]}}}`],
    [".claude/settings.local.json", (it) => `{\n  // "TOKEN": "${it}"\n  "env": {} /* key=${it} */\n}`],
    [".mcp.json", (it) => `{"mcpServers":{"a":{"env":{"API_KEY":"${it}"}`],
    [".env", (it) => `export API_KEY="${it}"\nX='a\n${it}\n'\n# OLD_TOKEN=${it}\nBAD="${it}`],
    [".envrc", (it) => `export TOKEN=${it}\n# TOKEN=${it}\ncurl -H "Authorization: Bearer ${it}" https://x.example`],
    [".env.example", (it) => `API_KEY=${it}\n`],
  ])("%s, example %#", (path, text) => {
    for (const [form, make] of Object.entries(FORMS)) {
      const secret = make(7);
      const shown = show("", text(secret), path, 5000) + show(text(secret), "", path, 5000);
      expect(shown, form).not.toContain(secret);
    }
  });
});
