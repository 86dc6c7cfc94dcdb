import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { planProject } from "../src/core/plan/install.ts";
import { COMMANDS, GLOBAL_FLAGS } from "../src/flags.ts";
import { applied, input, paths } from "./core/plan-input.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const rows = readme.split("\n").filter((line) => line.startsWith("| `-"));

test("README's table and the parser know the same options, variables and words", () => {
  const named = rows.flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/--([a-z-]+)/g)].map((match) => match[1]));
  const flags = [...COMMANDS.flatMap((command) => command.flags), ...GLOBAL_FLAGS];
  expect(named.sort()).toEqual([...new Set(flags.map(({ name }) => name))].sort());
  for (const flag of flags) {
    const row = rows.find((line) => line.includes(`\`--${flag.name}`)) ?? "";
    if (flag.env !== undefined) expect(row).toContain(flag.env);
    // `clients` and `guide` list the ids
    const words = flag.name === "client" ? ["claude-code", "found"] : (flag.values ?? []);
    for (const word of words) expect(row).toContain(`\`${word}\``);
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
