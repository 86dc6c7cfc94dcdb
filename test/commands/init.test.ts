import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../../src/cli.ts";
import { startLines } from "../../src/commands/init/ending.ts";
import { commandFor } from "../../src/commands/init/repeat.ts";
import { type InitOptions, type Page, readOptions, type Survey } from "../../src/commands/init/survey.ts";
import { agreeOnUrl, permitted } from "../../src/commands/init/test.ts";
import { usable, valuesOf } from "../../src/commands/init/values.ts";
import { choiceOf } from "../../src/commands/shared/client-files.ts";
import type { Context } from "../../src/context.ts";
import { claudeCode, haloEntry } from "../../src/core/clients/claude-code.ts";
import { CLIENTS } from "../../src/core/clients/index.ts";
import { haloEntries } from "../../src/core/doctor/entries.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import { decideTarget, type Target } from "../../src/core/plan/target.ts";
import type { Ask } from "../../src/ui/ask.ts";
import type { Show } from "../../src/ui/show.ts";
import { good, setupOf, type Told } from "../core/doctor-support.ts";
import { full, on, withToken } from "../e2e/support.ts";

const context = { cwd: "/repo", env: {} } as Context;
const optionsOf = (argv: readonly string[]): InitOptions => readOptions(context, parse(argv, {}).options);

const where = { file: ".mcp.json", client: claudeCode };
/** What a repository is set up for: its entry with a URL of its own, or nothing yet. */
function targetFor(url?: string, name = "halo"): Target {
  const entries = url === undefined ? [] : haloEntries({ [name]: haloEntry("halo", url) }, "project", name);
  const decision = decideTarget(entries, { name: url === undefined ? name : undefined, url: undefined }, where);
  if (!decision.ok) throw new Error(decision.reason);
  return decision.target;
}

function pageOf(given: Partial<Page> = {}): Page {
  const here = { root: "/repo", ciPaths: undefined, claude: undefined, git: {}, env: {} } as unknown as Survey;
  const target = given.target ?? targetFor();
  const show = { warn: () => {}, info: () => {} } as unknown as Show;
  const base = { context, options: optionsOf([]), show, here, target, url: target.url };
  return { ...base, ask: undefined, decides: undefined, ...given };
}

const values = { token: "tok-0123456789abcdef", account: "acc", profile: "-pro" };
const choice = choiceOf(["claude-code"], ["project"]);

describe("agreeOnUrl", () => {
  const FOREIGN = "https://gateway.example/mcp";
  const answering = (yes: boolean): Ask => ({ confirm: async () => yes }) as unknown as Ask;
  const agree = (url: string | undefined, given: string | undefined, ask?: Ask, env = {}) => {
    const options = { ...optionsOf([]), url: given };
    return agreeOnUrl(pageOf({ target: targetFor(url), options, here: { env } as Survey, decides: ask }));
  };
  it("takes HALO's own, the one of --url, and the one that got a yes", async () => {
    expect(await agree(undefined, undefined)).toBe(HALO_URL);
    expect(await agree(HALO_URL, undefined)).toBe(HALO_URL);
    expect(await agree(FOREIGN, FOREIGN)).toBe(FOREIGN);
    expect(await agree(FOREIGN, undefined, answering(true))).toBe(FOREIGN);
    expect(await agree("${GATEWAY}", FOREIGN, undefined, { GATEWAY: FOREIGN })).toBe(FOREIGN);
  });
  it.each<[string, string, Ask | undefined, string]>([
    ["nobody to ask", FOREIGN, undefined, "endpoint-foreign"],
    ["a no", FOREIGN, answering(false), "endpoint-foreign"],
    ["another URL than that of --url", `${FOREIGN}/`, undefined, "endpoint-foreign"],
    ["variables, whoever is asked", "${GATEWAY:-https://gateway.example/mcp}", answering(true), "endpoint-foreign"],
    ["HALO's own values", `${HALO_URL}\${HALO_PROFILE_ID:-}`, answering(true), "bad-url"],
    ["no encryption", "http://gateway.example/mcp", answering(true), "bad-url"],
  ])("refuses: %s", async (_, url, ask, code) => {
    await expect(agree(url, undefined, ask)).rejects.toMatchObject({ exitCode: 1, code });
  });
});

it.each([
  ["missing-value", "placeholder-sent", /would send the reference/],
  ["bad-value", "bad-header", /nothing was sent/],
  ["endpoint-foreign", "endpoint-foreign", /elsewhere than agreed/],
  ["bad-url", "bad-url", /nothing was sent/],
  ["entry-runs", "refused", /nothing was sent/],
] as const)("what may not be sent: %s is the error %s", (cause, code, message) => {
  expect(() => permitted({ ok: false, cause, reason: "why" }, ".mcp.json", "hint")).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
  );
});

it.each([
  ["cursor", "why, so Cursor would send the reference itself"],
  ["gemini-cli", "why, so Gemini CLI would send an empty header"],
])("what %s does about a variable that is not set", (id, words) => {
  const judged = { ok: false, cause: "missing-value", reason: "why" } as const;
  const client = CLIENTS.find((each) => each.id === id);
  expect(() => permitted(judged, "file", "hint", client)).toThrow(`file: ${words}`);
});

describe("usable", () => {
  const from = (kind: "given" | "environment" | "file", text: string) => [kind, kind, text] as const;
  const judge = (token: readonly ReturnType<typeof from>[], ask?: Ask) => {
    const secrets = new Set<string>();
    const page = pageOf({ ask, context: { ...context, secrets } });
    return { secrets, found: usable({ token, account: [], profile: [] }, page) };
  };
  it("takes the first, and hides every token", () => {
    const { secrets, found } = judge([from("file", ""), from("given", '"tok-1"'), from("environment", "tok-2")]);
    expect(found.token).toEqual({ value: "tok-1", from: "given", kind: "given" });
    expect([...secrets]).toEqual(["tok-1", "tok-2"]);
    expect(Object.keys(found)).toEqual(["token"]);
    const id = { value: "id", from: "file", kind: "file" } as const;
    expect(valuesOf({ ...found, account: id })).toBeUndefined();
    expect(valuesOf({ ...found, account: id, profile: id })).toEqual({ token: "tok-1", account: "id", profile: "id" });
    expect(judge([from("file", "tok")]).found.token).toMatchObject({ kind: "file" });
  });
  it.each([
    ["a bad one of the command line", [from("given", "a b")], true, true],
    ["a bad one of the environment, nobody to ask", [from("environment", "a b")], false, true],
    ["a bad one of the environment, somebody to ask", [from("environment", "a b")], true, false],
    ["one behind a good one", [from("given", "tok"), from("environment", "a b")], false, false],
    ["an unfilled line of a file", [from("file", "<token>")], false, false],
    ["a bad one of a file, nobody to ask", [from("file", "a b")], false, true],
    ["an empty one of the command line", [from("given", "")], true, true],
  ])("%s", (_, token, isAsked, isRefused) => {
    const run = () => judge(token, isAsked ? ({} as Ask) : undefined);
    if (isRefused) expect(run).toThrow(expect.objectContaining({ code: "bad-token", exitCode: 2 }) as Error);
    else expect(run).not.toThrow();
  });
});

describe("startLines", () => {
  const said = (told: Told): string => {
    const { state } = setupOf(told).view;
    return startLines(
      {
        context: { ...context, cwd: "/elsewhere" },
        options: optionsOf([]),
        here: { root: "/repo", paths: { env: "/repo/.env" }, state } as Survey,
        show: { columns: 80 } as Show,
      },
      choice,
    ).join(" ");
  };
  it("speaks of trust only in a folder that is not trusted", () => {
    expect(said({ ...good, store: {} })).toContain('Pick "Yes, I trust this folder"');
    expect(said(good)).not.toContain("trust");
    expect(said(good)).toContain("Next: cd /repo && claude");
  });
});

describe("commandFor", () => {
  /** The words that one shell makes of each command, its leading variable aside. None of them is empty. */
  function wordsOf(commands: readonly string[]): readonly (readonly string[])[] {
    const script = commands.map((command) => `set -- ${command.replace(/^[A-Z_]+=… /, "")}; printf '%s\\0' "$@" ''`);
    const all = execFileSync("sh", ["-c", script.join("\n")], { encoding: "utf8" })
      .split("\0\0")
      .slice(0, -1);
    return all.map((line) => line.split("\0").slice(2));
  }
  const again = (page: Partial<Page>, chosen = choice): InitOptions =>
    optionsOf(wordsOf([commandFor(pageOf(page), chosen, values)])[0] ?? []);

  it("names what is missing and keeps all that was said", () => {
    const flags = "--dry-run --bridge=none --values-file=conf/.env --timeout=5 --skip-test --token-stdin";
    const options = optionsOf([...flags.split(" "), "--account-id", "a b"]);
    const command = commandFor(pageOf({ options }), choice, undefined, ["profile"]);
    expect(command).not.toMatch(/HALO_MCP_TOKEN/);
    const said = { ...options.said, "profile-id": "PROFILE_ID" };
    expect(optionsOf(wordsOf([command])[0] ?? [])).toEqual({ ...options, said });
  });

  it("recreates what was decided: web clients alone, a foreign host that was agreed to, another name", () => {
    const web = choiceOf(["claude-ai"], ["project"]);
    expect(again({}, web).choice).toEqual(web);
    const url = "https://gateway.example/it's?a=$(touch$IFS/x);b";
    expect(again({ target: targetFor(url) }).url).toBe(url);
    const named = again({ target: targetFor(undefined, "halo-de") });
    expect(named).toMatchObject({ name: "halo-de", said: { "account-id": "acc", "profile-id": "-pro" }, yes: true });
    // a name that only a repository can give is followed, not named
    expect(again({ target: targetFor(HALO_URL, "--help") }).name).toBeUndefined();
  });

  it("is always a command that the parser takes, with the same meaning, and never holds the token", () => {
    const id = fc.string({ unit: fc.constantFrom(..."ab1.-_$'\"`\\ !~"), minLength: 1, maxLength: 12 });
    const scopes = fc.subarray(["project", "local", "user"] as const, { minLength: 1 });
    const cases = fc.sample(fc.record({ account: id, profile: id, scopes }), 200);
    const commands = cases.map(({ account, profile, scopes }) =>
      commandFor(pageOf(), { ...choice, scopes }, { ...values, account, profile }),
    );
    expect(commands.join("\n")).not.toContain(values.token);
    const read = wordsOf(commands).map(optionsOf);
    expect(read).toHaveLength(cases.length);
    for (const [index, { account, profile, scopes }] of cases.entries()) {
      const said = { "account-id": account, "profile-id": profile };
      expect(read[index], commands[index]).toMatchObject({ said, choice: { scopes } });
    }
  });
});

it("many clients: the command at the end can be copied, on a line of its own", () =>
  on({ isHere: true }, async (m) => {
    const run = await m.run(full(m, "--client", "claude-code,cursor,vscode,codex,opencode"), { env: withToken });
    expect(run.stdout).toContain(`  npx create-halo-mcp guide cursor --url ${m.url}\n`);
    expect(run.stdout).toContain("To do in Cursor, VS Code, Codex, opencode: each has a guide, for example\n");
  }));
