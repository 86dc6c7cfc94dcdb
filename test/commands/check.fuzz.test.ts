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
  readonly ms: number;
  readonly rules: readonly string[];
}

/** Checks one content of `.mcp.json`, in two formats: HALO may be missing in it, or that alone would always be found. */
async function outcome(content: string | Uint8Array, more: readonly string[] = []): Promise<Outcome> {
  write(repo.path, { ".mcp.json": content });
  const args = ["--allow-missing", ...more];
  const start = performance.now();
  const { code, stdout } = await check(repo.path, ["--json", ...args], { ...scratch.env, CI: "1" });
  const ms = performance.now() - start;
  const shown = await check(repo.path, ["--format", "text", ...args], { ...scratch.env, CI: "1" }, { isWatched: true });
  expect(shown.code).toBe(code);
  const { findings } = JSON.parse(stdout) as { findings: { rule: string; path: string }[] };
  return { code, ms, rules: findings.filter(({ path }) => path === ".mcp.json").map(({ rule }) => rule) };
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

  it("text that is nearly JSON", async () => {
    const word = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      '"mcpServers"',
      '"halo"',
      '"url"',
      '"headers"',
      "null",
      "1",
      "//x\n",
      "\\",
      '"',
      "\u0000",
      "${A}",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(word, { maxLength: 40 }), async (words) => {
        expect([0, 1]).toContain((await outcome(words.join(""))).code);
        await outcome(words.join(""), ["--fix", "--dry-run"]);
      }),
      { numRuns: 25 },
    );
  });

  it.each([
    ["100,000 arrays", "[".repeat(100_000), "syntax"],
    ["100,000 arrays, closed", `{"mcpServers":{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}}`, "too-deep"],
    ["100,000 objects", '{"a":'.repeat(100_000), "syntax"],
    ["10 MB", list(150_000), "file-too-big"],
    ["10 MB of blanks", " ".repeat(10_000_000), "file-too-big"],
    ["__proto__ as a server", `{"mcpServers":{"__proto__":${server}}}`, "reserved-name"],
    ["UTF-16", Buffer.from(`\ufeff${list(1)}`, "utf16le"), "utf-16"],
    [
      "half of a character",
      Buffer.concat([Buffer.from('{"mcpServers":{"'), Buffer.from([0xc3]), Buffer.from(`":${server}}}`)]),
      "not-utf-8",
    ],
  ])("%s", async (_, content, rule) => {
    const { code, ms, rules } = await outcome(content);
    expect([0, 1]).toContain(code);
    expect(rules).toContain(rule);
    expect(rules).not.toContain("halo-missing");
    expect(ms).toBeLessThan(10_000);
  });

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("%s as a key anywhere", async (key) => {
    const entry = `{"type":"http","url":"https://example.com","headers":{"${key}":"x","X-CM-PRODUCTTOKEN":"\${HALO_MCP_TOKEN}"},"${key}":{"${key}":1}}`;
    const { code } = await outcome(`{"${key}":{"x":1},"mcpServers":{"${key}":${entry},"halo":${entry}}}`);
    expect([0, 1]).toContain(code);
    expect(({} as { x?: unknown }).x).toBeUndefined();
  });

  /** Milliseconds and the findings of one run. */
  async function timed(count: number, args: readonly string[]): Promise<{ ms: number; stdout: string }> {
    write(repo.path, { ".mcp.json": list(count, '{"url":"https://a"}') });
    const start = performance.now();
    const { stdout } = await check(repo.path, args, { ...scratch.env, CI: "1" });
    return { ms: performance.now() - start, stdout };
  }

  it("50,000 servers, each wrong in some way, in time that grows with their number", { timeout: 90_000 }, async () => {
    // the first run also compiles
    await timed(500, ["--json"]);
    const one = await timed(2_500, ["--json"]);
    const twenty = await timed(50_000, ["--json"]);
    expect(twenty.stdout.match(/"rule": "http-url-without-type"/g)).toHaveLength(101);
    expect(JSON.parse(twenty.stdout).findings.find(({ more }: { more?: number }) => more !== undefined).more).toBe(
      49_900,
    );
    // linear is 20 times; quadratic would be 400
    expect(twenty.ms / Math.max(one.ms, 20)).toBeLessThan(80);
  });

  it("mends 2,500 servers at once in time that grows with their number", { timeout: 60_000 }, async () => {
    const args = ["--fix", "--dry-run", "--quiet"];
    await timed(50, args);
    const [few, many] = [await timed(250, args), await timed(2_500, args)];
    expect(many.ms / Math.max(few.ms, 20)).toBeLessThan(50);
  });

  const hostile: Readonly<Record<string, (size: number) => Readonly<Record<string, string>>>> = {
    "inline tables": (size) => ({
      ".codex/config.toml": `x = { ${'a="b", '.repeat(1000)} }\n`.repeat(10 * size),
    }),
    "lines of quotes": (size) => ({ ".codex/config.toml": `x = ${'"'.repeat(19_000)}\n`.repeat(10 * size) }),
    "one line of escaped quotes": (size) => ({ ".codex/config.toml": `x = "${'\\"'.repeat(200_000 * size)}` }),
    "references that nothing closes": (size) => ({
      ".mcp.json": `{"mcpServers":{${Array.from({ length: 10 * size }, (_, index) => `"s${index}":{"type":"http","url":"${index}${"${".repeat(8000)}"}`)}}}`,
    }),
    numbers: (size) => ({
      ".mcp.json": `{"mcpServers":{"a":{"command":"x","args":[${Array.from({ length: 20_000 * size }, (_, index) => index)}]}}}`,
    }),
    levels: (size) => ({
      ".mcp.json": `{"mcpServers":{"a":{"type":"http","url":"https://x","x":${"[".repeat(100_000 * size)}${"]".repeat(100_000 * size)}}}}`,
    }),
  };
  it.each(Object.keys(hostile))(
    "%s: twice the bytes take no more than three times as long",
    { timeout: 90_000 },
    async (what) => {
      const took = async (size: number): Promise<number> => {
        write(repo.path, { ...CLEAN, ".codex/config.toml": "", ...hostile[what]?.(size) });
        const start = performance.now();
        await check(repo.path, ["--json"], { ...scratch.env, CI: "1" });
        return performance.now() - start;
      };
      await took(1);
      // the best of several: other programs only ever make it slower
      const ratios: number[] = [];
      for (let turn = 0; turn < 5 && !ratios.some((ratio) => ratio <= 3); turn += 1) {
        const one = await took(1);
        ratios.push((await took(2)) / Math.max(one, 20));
      }
      expect(Math.min(...ratios)).toBeLessThanOrEqual(3);
    },
  );
});
