import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { planProject } from "../src/core/plan/install.ts";
import { COMMANDS, GLOBAL_FLAGS } from "../src/flags.ts";
import { applied, input, paths } from "./core/plan-input.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
/** The rows of the table under a heading. */
const rowsUnder = (heading: string): readonly string[] =>
  (readme.split(`\n### ${heading}`)[1]?.split("\n##")[0] ?? "").split("\n").filter((line) => line.startsWith("| `-"));

test.each([
  ...COMMANDS.map(({ name, flags }) => [`\`${name}`, flags] as const),
  ["Every command", GLOBAL_FLAGS] as const,
])("README's table of %s and the parser know the same options, variables and words", (heading, flags) => {
  const rows = rowsUnder(heading);
  const named = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/--([a-z-]+)/g)].map((match) => match[1]));
  expect(named.sort()).toEqual(flags.map(({ name }) => name).sort());
  for (const { name, env, values = [] } of flags) {
    const row = rows.find((line) => line.includes(`\`--${name}`)) ?? "";
    if (env !== undefined) expect(row).toContain(env);
    // `clients` and `guide` list the ids; the first table explains the scopes
    const words = name === "client" ? (heading === "`init" ? ["claude-code", "found"] : []) : values;
    if (heading !== "`remove") for (const word of words) expect(row).toContain(`\`${word}\``);
  }
});

test("README's diff shows .env.example as a set-up makes it", () => {
  const values = {
    token: "t",
    account: "01234567-89ab-4cde-8f01-23456789abcd",
    profile: "fedcba98-7654-4321-8fed-cba987654321",
  };
  const lines = (applied({}, planProject(input({ values })))[paths.example] ?? "").trim().split("\n");
  expect(lines).toHaveLength(6);
  for (const line of lines) expect(readme).toContain(`+${line}\n`);
});

test.each([".mcp.json", ".env.example"])("README's diff shows docs/example/%s, which our own check reads", (name) => {
  const lines = readFileSync(new URL(`../docs/example/${name}`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n");
  expect(readme).toContain(`--- ${name}\n${lines.map((line) => `+${line}\n`).join("")}`);
});
