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

/** The words that a shell makes of a command, its leading variable aside. */
function words(command: string): readonly string[] {
  const bare = command.replace(/^[A-Z_]+=… /, "");
  const all = execFileSync("sh", ["-c", `set -- ${bare}; printf '%s\\0' "$@"`], { encoding: "utf8" }).split("\0");
  return all.slice(2, -1);
}

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
    fc.assert(
      fc.property(
        id,
        id,
        fc.subarray(["project", "local", "user"] as const, { minLength: 1 }),
        (account, profile, scopes) => {
          const choice = { clients: ["claude-code"] as const, scopes };
          const told = { decided: decided({ values: { token: values.token, account, profile }, choice }) };
          const command = commandFor(optionsOf([]), target(), at, told);
          expect(command).not.toContain(values.token);
          expect(optionsOf(words(command))).toMatchObject({
            accountId: account,
            profileId: profile,
            scopes: scopes.join() === "project" ? undefined : scopes,
          });
        },
      ),
      { numRuns: 60 },
    );
  });
});
