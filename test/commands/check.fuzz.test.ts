import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLEAN, check, write } from "../support/check.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

let scratch: ScratchHome;
let repo: Repository;
beforeAll(() => {
  scratch = scratchHome();
  repo = mkRepo(scratch);
  write(repo.path, CLEAN);
});
afterAll(() => scratch.dispose());

interface Outcome {
  readonly code: number;
  readonly rules: readonly string[];
}

/** Checks one content of `.mcp.json`, in which HALO may be missing, or that alone would always be found. */
async function outcome(content: string | Uint8Array, more: readonly string[] = []): Promise<Outcome> {
  write(repo.path, { ".mcp.json": content });
  const args = ["--allow-missing", ...more];
  const { code, stdout } = await check(repo.path, ["--json", ...args], { ...scratch.env, CI: "1" });
  const { findings } = JSON.parse(stdout) as { findings: { rule: string; path: string }[] };
  return { code, rules: findings.filter(({ path }) => path === ".mcp.json").map(({ rule }) => rule) };
}

const server = '{"type":"http","url":"https://example.com/mcp"}';
const list = (count: number, entry = server): string =>
  `{"mcpServers":{${Array.from({ length: count }, (_, index) => `"s${index}":${entry}`).join(",\n")}}}`;

describe("whatever stands in .mcp.json, check ends with 0 or 1 and a sensible word", () => {
  it("random bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (bytes) => {
        const { code, rules } = await outcome(bytes);
        expect(code === 0 || rules.length > 0).toBe(true);
        expect([0, 1]).toContain(code);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    ["10 MB", list(150_000), "file-too-big"],
    ["10 MB of blanks", " ".repeat(10_000_000), "file-too-big"],
  ])("%s", async (_, content, rule) => {
    const { code, rules } = await outcome(content);
    expect([0, 1]).toContain(code);
    expect(rules).toContain(rule);
    expect(rules).not.toContain("halo-missing");
  });

  const hostile: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "inline tables": { ".codex/config.toml": `x = { ${'a="b", '.repeat(1000)} }\n`.repeat(20) },
    "lines of quotes": { ".codex/config.toml": `x = ${'"'.repeat(19_000)}\n`.repeat(20) },
    "one line of escaped quotes": { ".codex/config.toml": `x = "${'\\"'.repeat(400_000)}` },
    "references that nothing closes": { ".mcp.json": list(20, `{"type":"http","url":"${"${".repeat(8000)}"}`) },
    "2,000 servers": { ".mcp.json": list(2000) },
    ...Object.fromEntries(
      ["a", "sk-", "a:", "--a=", "aB", "https://a:", `${"x".repeat(13_000)}@`].map((part) => {
        const text = part.repeat(Math.ceil(13_000 / part.length));
        const program = { command: text, args: [text], env: { A_TOKEN: text } };
        const halo = { type: "http", url: text, headers: { "X-CM-PRODUCTTOKEN": text } };
        return [part.slice(0, 9), { ".mcp.json": JSON.stringify({ mcpServers: { program, halo } }) }];
      }),
    ),
    numbers: { ".mcp.json": `{"mcpServers":{"a":{"command":"x","args":[${"1,".repeat(40_000)}1]}}}` },
    "names without end": { ".mcp.json": `{"mcpServers":{"a":{"command":"${"token=".repeat(30_000)}"}}}` },
    "brackets without end": { ".env.example": `A_TOKEN=${")".repeat(500_000)}x\n` },
  };
  it.each(Object.keys(hostile))("%s", async (what) => {
    write(repo.path, { ...CLEAN, ".codex/config.toml": "", ...hostile[what] });
    expect([0, 1]).toContain((await check(repo.path, ["--json"], { ...scratch.env, CI: "1" })).code);
  });
});
