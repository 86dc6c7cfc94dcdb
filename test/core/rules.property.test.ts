import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RULES } from "../../src/core/rules/index.ts";
import { mutatedEntry, mutatedFile, randomValue } from "../support/loader-mutations.ts";
import { findingsOf } from "../support/subject.ts";
import { type Random, randomFrom } from "./random.ts";

const rules = new Map(RULES.map((rule) => [rule.id, rule]));
describe("any content", () => {
  const paths =
    ".mcp.json a/.mcp.json .cursor/mcp.json .vscode/mcp.json .gemini/settings.json .qwen/settings.json opencode.json .github/mcp.json .roo/mcp.json .amp/settings.json .kiro/settings/mcp.json .junie/mcp/mcp.json .claude/settings.json .claude/settings.local.json .codex/config.toml .env .env.example .envrc .env.test".split(
      " ",
    );
  const random = fc.integer({ min: 0, max: 2 ** 31 - 1 }).map(randomFrom);
  const json = (of: Random): string => (of.chance(0.8) ? mutatedEntry(of) : randomValue(of));
  const pieces =
    "[mcp_servers.halo]|[|X-CM-PRODUCTTOKEN = |\"|'|= {|#|\n|HALO_MCP_TOKEN=|export |${|}|${HALO_MCP_TOKEN}|{env:X}|\ud800|\u202e|\u0000|https://|halo".split(
      "|",
    );
  const text = fc.oneof(
    random.map((of) => {
      const servers = (): string => `{"halo":${json(of)},"__proto__":${json(of)}}`;
      const settings = `"env":${json(of)},"inputs":${json(of)},"disabledMcpjsonServers":["halo",${json(of)}]`;
      return `{"mcpServers":${servers()},"mcp":${servers()},"servers":${servers()},${settings}}`;
    }),
    random.map(mutatedFile),
    fc.array(fc.oneof(fc.string(), fc.constantFrom(...pieces))).map((parts) => parts.join("")),
  );
  it("is judged without an error, with places inside the file, and words that can be printed", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...paths), text, { maxKeys: 4 }), fc.boolean(), (files, local) => {
        const found = findingsOf(RULES, files, { local, secrets: ["secret-of-the-environment"] });
        for (const { rule, path, span, args, fix = [] } of found) {
          const whole = files[path] ?? "";
          for (const { offset, length } of [span, ...fix])
            expect(offset >= 0 && length >= 0 && offset + length <= whole.length, `${rule} ${path}`).toBe(true);
          const message = rules.get(rule)?.message(args) ?? "";
          expect(message).toMatch(/^[^\p{Cc}\p{Bidi_Control}\p{Cs}]+$/u);
          expect(message).not.toContain("undefined");
        }
      }),
      { numRuns: 4000 },
    );
  });
});
