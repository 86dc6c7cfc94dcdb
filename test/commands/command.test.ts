import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/cli.ts";
import { commandFor } from "../../src/commands/init/command.ts";
import { type InitOptions, readOptions } from "../../src/commands/init/options.ts";
import type { Decided } from "../../src/commands/init/plan.ts";
import type { Context } from "../../src/context.ts";
import { HALO_URL, variablesFor } from "../../src/core/halo.ts";
import type { Target } from "../../src/core/plan/target.ts";

const context = { cwd: "/repo", env: {} } as Context;
const slots = (name: string): Target["slots"] => {
  const { token, account, profile } = variablesFor(name);
  return { token: { env: token }, account: { env: account }, profile: { env: profile } };
};
const target = (given: Partial<Target> = {}): Target => ({
  mode: "new",
  name: "halo",
  url: HALO_URL,
  slots: slots("halo"),
  ...given,
});

function optionsOf(argv: readonly string[]): InitOptions {
  return readOptions(context, parse(argv, {}).options);
}

const at = { cwd: "/repo", root: "/repo" };
const decided = (given: Partial<Decided> = {}): Decided => ({
  values,
  choice: { clients: ["claude-code"], scopes: ["project"] },
  url: HALO_URL,
  ...given,
});
/** The words of the command that recreates what was decided. */
const recreated = (given: Partial<Decided> = {}, about: Partial<Target> = {}): readonly string[] =>
  words(commandFor(optionsOf([]), target(about), at, { decided: decided(given) }));

/** The words that one shell makes of each command, its leading variable aside. None of them is empty. */
function wordsOf(commands: readonly string[]): readonly (readonly string[])[] {
  const script = commands.map((command) => `set -- ${command.replace(/^[A-Z_]+=… /, "")}; printf '%s\\0' "$@" ''`);
  const all = execFileSync("sh", ["-c", script.join("\n")], { encoding: "utf8" })
    .split("\0\0")
    .slice(0, -1);
  return all.map((line) => line.split("\0").slice(2));
}
const words = (command: string): readonly string[] => wordsOf([command])[0] ?? [];

const values = { token: "tok-0123456789abcdef", account: "acc", profile: "-pro" };

describe("commandFor", () => {
  it("names what is missing and keeps all that was said", () => {
    const argv = [
      "--dry-run",
      "--bridge",
      "none",
      "--values-file",
      "conf/.env",
      "--timeout",
      "5",
      "--skip-test",
      "--token-stdin",
      "--account-id",
      "a b",
    ];
    const command = commandFor(optionsOf(argv), target(), at, { missing: ["profile"] });
    expect(command).not.toMatch(/HALO_MCP_TOKEN/);
    expect(words(command)).not.toContain("--yes");
    const again = optionsOf(words(command));
    expect(again).toEqual({ ...optionsOf(argv), profileId: "PROFILE_ID" });
  });

  it("recreates what was decided: web clients alone, a foreign host that was agreed to, another name", () => {
    expect(recreated({ choice: { clients: ["claude-ai"], scopes: [] } })).not.toContain("--scope");
    const url = "https://gateway.example/it's?a=$(touch$IFS/x);b";
    expect(optionsOf(recreated({ url }, { mode: "join", url })).url).toBe(url);
    const named = recreated({}, { name: "halo-de", slots: slots("halo-de") });
    expect(optionsOf(named)).toMatchObject({ name: "halo-de", accountId: "acc", profileId: "-pro", yes: true });
    // a name that only a repository can give is followed, not named
    expect(recreated({}, { mode: "join", name: "--help" })).not.toContain("--help");
  });

  it("is always a command that the parser takes, with the same meaning, and never holds the token", () => {
    const id = fc.string({ unit: fc.constantFrom(..."ab1.-_$'\"`\\ !~"), minLength: 1, maxLength: 12 });
    const scopes = fc.subarray(["project", "local", "user"] as const, { minLength: 1 });
    const cases = fc.sample(fc.record({ account: id, profile: id, scopes }), 200);
    const commands = cases.map(({ account, profile, scopes }) => {
      const choice = { clients: ["claude-code"] as const, scopes };
      const told = { decided: decided({ values: { token: values.token, account, profile }, choice }) };
      return commandFor(optionsOf([]), target(), at, told);
    });
    expect(commands.join("\n")).not.toContain(values.token);
    const read = wordsOf(commands).map(optionsOf);
    expect(read).toHaveLength(cases.length);
    for (const [index, { account, profile, scopes }] of cases.entries())
      expect(read[index], commands[index]).toMatchObject({
        accountId: account,
        profileId: profile,
        scopes: scopes.join() === "project" ? undefined : scopes,
      });
  });
});
