import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/core/check/model.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { HALO_RULES } from "../../src/core/rules/index.ts";
import { mutatedEntry, mutatedFile, randomValue } from "../support/loader-mutations.ts";
import { findingsOf, type TestFile } from "../support/subject.ts";
import { type Random, randomFrom } from "./random.ts";

const rules = new Map(HALO_RULES.map((rule) => [rule.id, rule]));
type Files = Readonly<Record<string, TestFile>>;

/** All that a report could print of a finding. */
const printed = (found: readonly Finding[]): string =>
  found
    .map((each) => `${JSON.stringify([each.args, each.fix])} ${rules.get(each.rule)?.message(each.args)}`)
    .join("\n");

const character = (alphabet: string) => fc.constantFrom(...alphabet);
const HEX = character("0123456789abcdef");
const ALL = character("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789");
const run = (of: fc.Arbitrary<string>, length: number) => fc.string({ unit: of, minLength: length, maxLength: length });
/** As a generator draws it: in all the characters it may take, or a shape could not be told from words. */
const secret = fc
  .oneof(
    fc.tuple(run(HEX, 8), run(HEX, 4), run(HEX, 4), run(HEX, 4), run(HEX, 12)).map((parts) => parts.join("-")),
    run(ALL, 36).map((text) => `ghp_${text}`),
    run(ALL, 48).map((text) => `sk-proj-${text}9`),
    run(HEX, 40),
    run(ALL, 32),
  )
  .filter((text) => new Set(text).size >= 10 && (text.match(/\d/g)?.length ?? 0) >= 3);

describe("no finding holds a secret", () => {
  type Put = (it: string) => Files;
  const headers = (token: string, more: Record<string, string> = {}) => ({
    "X-CM-PRODUCTTOKEN": token,
    "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
    "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
    ...more,
  });
  const halo = (of: object) => ({ type: "http", url: HALO_URL, headers: headers("${HALO_MCP_TOKEN}"), ...of });
  const mcp = (servers: unknown, path = ".mcp.json", key = "mcpServers"): Files => ({
    [path]: JSON.stringify({ [key]: servers }),
  });
  /** How a secret is written: `@` stands for it. */
  const tokens =
    '@;Bearer @; @ ;"@";${HALO_MCP_TOKEN:-@};${HALO_MCP_TOKEN-@};${@};${env:@};${ @ };$@;%@%;{{@}};{env:@};${env:HALO_MCP_TOKEN}@;@${HALO_MCP_TOKEN};<@>;$(echo @);${input:@}'
      .split(";")
      .map((form) => (it: string) => form.replace("@", () => it));
  const files = [
    ".mcp.json",
    ".cursor/mcp.json",
    ".gemini/settings.json",
    ".vscode/mcp.json servers",
    "opencode.json mcp",
  ];
  const puts: readonly Put[] = [
    ...tokens.flatMap((write): readonly Put[] => [
      ...files.map((file): Put => {
        const [path, key] = file.split(" ");
        return (it) => mcp({ halo: halo({ headers: headers(write(it)) }) }, path, key);
      }),
      (it) => {
        const ids = { "CM-ACCOUNT-ID": write(it), "CM-PROFILE-ID": write(it) };
        return mcp({ halo: halo({ headers: headers("${A_TOKEN}", ids) }) });
      },
      (it) => mcp({ halo: halo({ headers: { "X-CM-PRODUCT-TOKEN": write(it) } }) }),
      (it) => mcp({ halo: halo({ url: `${HALO_URL}?token=${write(it)}` }) }),
      (it) => mcp({ halo: halo({ url: `https://${write(it)}@api.cm.com/halo/core/mcp` }) }),
      (it) => mcp({ halo: halo({ url: `https://x.example/${write(it)}/mcp` }) }),
      (it) => mcp({ halo: halo({ url: write(it) }) }),
      (it) => {
        const args = ["--token", write(it), `--key=${write(it)}`, `A_TOKEN=${write(it)}`];
        return mcp({ it: { command: write(it), args, env: { A_TOKEN: write(it) } } });
      },
      (it) => ({
        ".codex/config.toml": `[mcp_servers.halo]\nurl = "${write("x")}"\nhttp_headers = { "X-CM-PRODUCTTOKEN" = '${write(it)}' }\n`,
      }),
      (it) =>
        Object.fromEntries(
          [".env.example", ".env", ".envrc"].map((path) => [path, `export HALO_MCP_TOKEN=${write(it)}\n`]),
        ),
    ]),
    (it) => mcp({ [it]: halo({ type: "sse" }) }),
    (it) => mcp({ halo: halo({ headers: headers("${A_TOKEN}", { [it]: "x", [`CM-${it}`]: "y" }) }) }),
    (it) => mcp({ halo: halo({ headersHelper: `echo ${it}`, type: it }) }),
    (it) => ({ ".claude/settings.local.json": JSON.stringify({ env: { HALO_MCP_TOKEN: it } }) }),
    (it) => ({ ".claude/settings.json": JSON.stringify({ env: { HALO_MCP_TOKEN: it, [it]: it } }) }),
    (it) => ({ ...mcp({ [it]: halo({}) }), ".claude/settings.json": JSON.stringify({ disabledMcpjsonServers: [it] }) }),
    (it) => ({ ...mcp({ halo: halo({ headers: headers(`\${${it}}`) }) }), ".env.example": "A=\n" }),
    (it) => ({ ".env": `${it}=x\nHALO_MCP_TOKEN=${it}\n`, ...mcp({ halo: halo({}) }) }),
  ];
  it.each([false, true])("with the secret in the environment: %s", (isKnown) => {
    fc.assert(
      fc.property(secret, fc.constantFrom(...puts), (it, put) => {
        const given = { local: true, secrets: isKnown ? [it] : [] };
        const text = printed(findingsOf(HALO_RULES, put(it), given));
        expect(text).not.toContain(it);
        // not most of it either: at most the last four characters are shown
        for (let at = 0; at + 12 <= it.length - 1; at += 1) expect(text).not.toContain(it.slice(at, at + 12));
      }),
      { numRuns: 3000 },
    );
  });
});

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
        const found = findingsOf(HALO_RULES, files, { local, secrets: ["secret-of-the-environment"] });
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
