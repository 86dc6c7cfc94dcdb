import { describe, expect, it } from "vitest";
import { main, parse } from "../src/cli.ts";
import type { Context } from "../src/context.ts";
import { UsageError } from "../src/errors.ts";
import { type Flag, GLOBAL_FLAGS, INIT_FLAGS } from "../src/flags.ts";
import { madeUp } from "./support/context.ts";

const FLAGS = [...INIT_FLAGS, ...GLOBAL_FLAGS];
const options = (argv: readonly string[], env: Context["env"] = {}) => parse(argv, env).options;

function usage(argv: readonly string[], env: Context["env"] = {}): UsageError {
  try {
    parse(argv, env);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error(`accepted: ${argv.join(" ")}`);
}
const said = ({ message, hint }: UsageError): string => `${message}\n${hint ?? ""}`;
const valueFor = (flag: Flag): string => flag.values?.[0] ?? "some-value";

describe("parse", () => {
  it("takes every flag of the table, alone and in its twin forms", () => {
    for (const flag of FLAGS) {
      const { name, short, arg } = flag;
      const value = valueFor(flag);
      if (arg === undefined)
        for (const word of [`--${name}`, ...(short === undefined ? [] : [`-${short}`])])
          expect(options([word]).switches).toEqual(new Set([name]));
      else
        for (const argv of [[`--${name}`, value], [`--${name}=${value}`], ["init", `--${name}=${value}`]])
          expect(options(argv).values).toEqual({ [name]: value });
    }
  });

  it("takes the default command with and without its name, and values with an equals sign, a dash or a space", () => {
    for (const argv of [[], ["init"]]) expect(parse(argv, {}).command.name).toBe("init");
    const ids = { HALO_ACCOUNT_ID: "a", HALO_PROFILE_ID: "p" };
    expect(options([], ids)).toEqual({ values: {}, switches: new Set(), words: [], origins: {} });
    expect(options(["-yq", "--dry-run"]).switches).toEqual(new Set(["yes", "quiet", "dry-run"]));
    expect(options(["help"]).switches).toEqual(new Set(["help"]));
    const values = { url: "https://x/?a=b", "account-id": "--x", cwd: "/a b" };
    expect(options(["--url=https://x/?a=b", "--account-id=--x", "--cwd", "/a b"]).values).toEqual(values);
  });

  it("lets a flag go before its variable", () => {
    for (const flag of FLAGS) {
      if (flag.env === undefined || flag.arg === undefined || flag.name.endsWith("-id")) continue;
      const other = flag.values?.[1] ?? "other";
      expect(options([], { [flag.env]: valueFor(flag) }).values[flag.name]).toBe(valueFor(flag));
      expect(options([`--${flag.name}`, other], { [flag.env]: valueFor(flag) }).values[flag.name]).toBe(other);
      expect(options([], { [flag.env]: "" }).values[flag.name]).toBeUndefined();
    }
  });

  it("takes a switch's variable for yes where it says so", () => {
    const said = ["1", "true", "YES", "y", "on", "0", "false", "no", "n", "off", "", "maybe"];
    const yes = said.filter((text) => options([], { HALO_YES: text }).switches.has("yes"));
    expect(yes).toEqual(["1", "true", "YES", "y", "on"]);
  });

  it.each<[argv: readonly string[], sentence: string, env?: Context["env"]]>([
    [["--client", "claude-code,chatgtp"], "did you mean chatgpt?"],
    [["--bridge", "direnf"], "did you mean direnv?"],
    [["--bridge", "direnv,none"], "--bridge must be one of"],
    [["--bridge", " direnv"], "--bridge must be one of"],
    [["--scope", "local,"], "--scope must be one of"],
    // the variable that a wrong word came from gets the blame
    [[], "HALO_SCOPE must be one of project, local, user: did you mean user?", { HALO_SCOPE: "usr" }],
    [["--tokn", "x"], "there is no --token"],
    [["dctor"], 'unknown command "dctor": did you mean doctor?\nnpx create-halo-mcp doctor'],
    [["chekc"], "npx create-halo-mcp check"],
    [["-v"], "unknown option -v: did you mean -V (--version)?"],
    [["--format", "json"], "--format belongs to check, not to init\nnpx create-halo-mcp --help"],
    // the help that has the option which was meant
    [["doctor", "--bananas"], "unknown option --bananas\nnpx create-halo-mcp doctor --help"],
    [["doctor", "shop"], "doctor takes options only\nnpx create-halo-mcp doctor --help"],
  ])("%j: %s", (argv, sentence, env) => {
    expect(said(usage(argv, env))).toContain(sentence);
  });

  it("takes a list only where the flag says so, and adds up lists", () => {
    expect(options(["--scope", "local,user"]).values.scope).toBe("local,user");
    expect(options(["--client", "claude-code, chatgpt"]).values.client).toBe("claude-code, chatgpt");
    expect(options(["--scope", "project", "--scope", "user"]).values).toEqual({ scope: "project,user" });
    expect(options(["--name", "a", "--name", "b"]).values).toEqual({ name: "b" });
  });

  it("has no option for the token, and says what to do instead", () => {
    for (const flag of ["--token", "--TOKEN", "--halo-mcp-token", "--product-token", "--mcp-token"]) {
      for (const argv of [[flag, "s3cret"], [`${flag}=s3cret`], ["init", flag, "s3cret"]]) {
        const { message, hint } = usage(argv);
        expect(message).toContain("there is no --token");
        expect(hint).toContain("HALO_MCP_TOKEN");
      }
    }
  });

  it.each([
    "--account-id",
    "--account-id=",
    "--account-id --yes",
    "--yes=1",
    "--json=true",
    "-z",
    "init init",
    "--yes init",
    "",
    "-- x",
    "--__proto__",
    "--constructor=x",
    "__proto__",
    "--no-yes",
  ])("refuses %j", (line) => {
    expect(usage(line.split(" ")).exitCode).toBe(2);
    expect(options(["--"]).values).toEqual({});
  });
});

async function run(argv: readonly string[], given: Partial<Context> = {}) {
  const { context, said } = madeUp(given);
  return { code: await main(context, argv), ...said };
}

describe("main", () => {
  it("prints help on stdout, with every flag, and no line over 100 columns", async () => {
    for (const argv of [["--help"], ["-h"], ["init", "--help"], ["--help", "--yes"]]) {
      const { code, stdout, stderr } = await run(argv);
      expect([code, stderr]).toEqual([0, ""]);
      for (const { name, env = "" } of FLAGS) for (const word of [`--${name}`, env]) expect(stdout).toContain(word);
      expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    }
  });

  it("prints the version alone", async () => {
    for (const flag of ["--version", "-V"])
      expect(await run([flag])).toEqual({ code: 0, stdout: "9.9.9\n", stderr: "" });
  });

  it("says cancelled, 130, when the run was aborted", async () => {
    const stop = new AbortController();
    stop.abort();
    const env = {
      get PATH(): string {
        throw new Error("boom");
      },
    };
    const { code, stderr } = await run(["--cwd", "/"], { signal: stop.signal, env });
    expect(code).toBe(130);
    expect(stderr).toMatch(/^Cancelled/);
  });

  it("shows an unexpected error on one line, masked, without what steers a terminal", async () => {
    const secret = "tok-0123456789-abcdef";
    const env = {
      get PATH(): string {
        throw new Error(`bad\u001b[2J value ${secret}\nmore`);
      },
    };
    const { code, stderr } = await run(["--cwd", "/"], { env, secrets: new Set([secret]) });
    expect(code).toBe(3);
    expect(stderr).toBe(
      "create-halo-mcp: unexpected error: bad value ••••cdef more\n  run it again with --debug and send us the output\n",
    );
    const debug = await run(["--cwd", "/", "--debug", "--json"], { env, secrets: new Set([secret]) });
    expect(JSON.parse(debug.stdout)).toMatchObject({ version: 1, ok: false, error: { code: "unexpected" } });
    expect(debug.stderr).toMatch(/\n\s+at /);
    expect(debug.stdout + debug.stderr).not.toContain(secret);
    expect(debug.stdout + debug.stderr).not.toContain("\u001b");
  });

  it("shows a known error without what steers a terminal", async () => {
    const { stderr } = await run(["--cwd", "/nowhere/\u001b[2J\u202ex"]);
    expect(stderr).toMatch(/^create-halo-mcp: --cwd: there is no folder/);
    for (const char of ["\u001b", "\u202e"]) expect(stderr).not.toContain(char);
  });
});
