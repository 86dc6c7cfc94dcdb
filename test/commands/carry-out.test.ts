import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type CarryOut, carryOut } from "../../src/commands/shared/carry-out.ts";
import type { Context } from "../../src/context.ts";
import type { Plan, RunStep, WriteStep } from "../../src/core/plan/model.ts";
import { Cancelled, Refusal } from "../../src/errors.ts";
import { readState } from "../../src/io/read.ts";
import { folder } from "../support/home.ts";

const read = (path: string): string => readFileSync(path, "utf8");
const context = { signal: new AbortController().signal, secrets: new Set<string>() } as unknown as Context;

/** From what is in a file now to the same with one more line. */
function append(path: string, line: string): Plan {
  const state = readState(path);
  const before = state.kind === "file" ? state.text : undefined;
  return { steps: [{ kind: "write", path, before, after: `${before ?? ""}${line}\n` }] };
}

/** A run that counts what it does. */
function runner(root: string, replan: () => Plan, rest: Partial<CarryOut> = {}) {
  const seen = { shown: 0, asked: 0, stale: 0 };
  const count = (what: keyof typeof seen) => (): void => {
    seen[what] += 1;
  };
  const how: CarryOut = {
    context,
    place: { root, gitProgram: undefined, programEnv: { PATH: process.env.PATH }, signal: context.signal },
    dryRun: false,
    show: count("shown"),
    confirm: async () => count("asked")(),
    replan: async () => {
      seen.stale += 1;
      return replan();
    },
    ...rest,
  };
  return { seen, run: (plan: Plan) => carryOut(plan, how) };
}

describe("carryOut", () => {
  it("makes a plan anew that another run has overtaken: 20 pairs at once, and no line is lost", async () => {
    const counted = { stale: 0, shown: 0, asked: 0 };
    for (let pair = 0; pair < 20; pair += 1) {
      const dir = folder();
      const path = join(dir, "a");
      const runs = ["one", "two"].map((line) => ({ line, ...runner(dir, () => append(path, line)) }));
      const plans = runs.map(({ line }) => append(path, line));
      const all = await Promise.all(runs.map(({ run }, index) => run(plans[index] ?? { steps: [] })));
      expect(all.map(({ changed }) => changed)).toEqual([true, true]);
      expect(read(path).trim().split("\n").sort()).toEqual(["one", "two"]);
      for (const { seen } of runs) for (const key of ["stale", "shown", "asked"] as const) counted[key] += seen[key];
    }
    // one of each pair came second: it saw the new plan and was asked again
    expect(counted).toEqual({ stale: 20, shown: 60, asked: 60 });
  });

  it("gives up at the third plan, and at a refusal of the new one", async () => {
    const dir = folder();
    const path = join(dir, "a");
    writeFileSync(path, "");
    const confirm = async (): Promise<void> => writeFileSync(path, `${read(path)}x`);
    const busy = runner(dir, () => append(path, "mine"), { confirm });
    await expect(busy.run(append(path, "mine"))).rejects.toMatchObject({ code: "stale" });
    expect(busy.seen).toMatchObject({ shown: 3, stale: 2 });
    const replan = (): Plan => {
      throw new Refusal("no longer", {}, "other");
    };
    const other = runner(dir, replan, { confirm });
    await expect(other.run(append(path, "mine"))).rejects.toMatchObject({ code: "other" });
  });

  it("shows a plan, and writes nothing for a dry run or after a no", async () => {
    const dir = folder();
    const plan = append(join(dir, "a"), "x");
    const dry = runner(dir, () => plan, { dryRun: true });
    expect(await dry.run(plan)).toMatchObject({ plan, changed: false });
    expect(dry.seen).toEqual({ shown: 1, asked: 0, stale: 0 });
    const no = runner(dir, () => plan, { confirm: () => Promise.reject(new Cancelled()) });
    await expect(no.run(plan)).rejects.toBeInstanceOf(Cancelled);
    expect(existsSync(join(dir, "a"))).toBe(false);
    // nobody is asked about a plan that changes nothing
    const none = runner(dir, () => plan);
    expect(await none.run({ steps: [{ kind: "tell", title: "t", lines: [] }] })).toMatchObject({ changed: false });
    expect(none.seen.asked).toBe(0);
  });

  it("asks git only about secrets that it writes", async () => {
    const dir = folder();
    execFileSync("git", ["init", "-q", dir]);
    writeFileSync(join(dir, ".gitignore"), "new\n");
    writeFileSync(join(dir, "old"), "x");
    const secret = (name: string, before?: string): WriteStep => {
      return { kind: "write", path: join(dir, name), before, after: "x", secret: true };
    };
    const place = { root: dir, gitProgram: "git", programEnv: { PATH: process.env.PATH }, signal: context.signal };
    const { run } = runner(dir, () => expect.fail("a new plan"), { place });
    expect(await run({ steps: [secret("new"), secret("old", "x")] })).toMatchObject({ changed: true });
    const bare = run({ steps: [secret("new", "x"), secret("bare")] });
    await expect(bare).rejects.toMatchObject({ code: "not-ignored" });
  });
});

describe.runIf(process.platform !== "win32")("carryOut with programs", () => {
  function program(dir: string, script: string): string {
    const path = join(dir, "claude");
    writeFileSync(path, `#!/bin/sh\necho "$*" >> "${dir}/calls"\n${script}\n`, { mode: 0o755 });
    return path;
  }
  const step = (path: string, word: string, rest: Partial<RunStep> = {}): RunStep => ({
    kind: "run",
    argv: [path, "mcp", word],
    why: `${word} it`,
    ...rest,
  });

  it("runs them after the files, and hands over secrets on standard input", async () => {
    const dir = folder();
    const write: WriteStep = { kind: "write", path: join(dir, "a"), before: undefined, after: "x" };
    const add = step(program(dir, `cat > "${dir}/got"`), "add", { stdin: "secret" });
    const { statuses } = await runner(dir, () => ({ steps: [] })).run({ steps: [add, write] });
    expect([statuses.get(add), statuses.get(write), read(join(dir, "got"))]).toEqual(["written", "written", "secret"]);
    expect(read(join(dir, "calls"))).toBe("mcp add\n");
  });

  it.each([
    ["takes back what was done", '[ "$(cat)" = old ]', "Everything was restored."],
    ["knows claude's words for nothing there", 'echo "No MCP server named x" >&2; exit 1', "Everything was restored."],
    ["and for an entry that stayed", 'echo "MCP server x already exists" >&2; exit 1', "Everything was restored."],
    ["names what to type where that fails", "exit 1", "Could not be restored: add it: claude mcp undo."],
  ])("%s", async (_, undo, end) => {
    const message = `claude mcp fail failed: no room. ${end}`;
    const dir = folder();
    const path = program(dir, `case "$2" in fail) echo "no room" >&2; exit 1;; undo) ${undo};; esac`);
    const write: WriteStep = { kind: "write", path: join(dir, "a"), before: undefined, after: "x" };
    const steps = [write, step(path, "add", { undo: [path, "mcp", "undo"], undoStdin: "old" }), step(path, "fail")];
    const failed = runner(dir, () => expect.fail("a new plan")).run({ steps });
    await expect(failed).rejects.toMatchObject({ code: "client-failed", message });
    expect([existsSync(join(dir, "a")), read(join(dir, "calls"))]).toEqual([false, "mcp add\nmcp fail\nmcp undo\n"]);
  });
});
