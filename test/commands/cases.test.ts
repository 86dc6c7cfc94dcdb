/** Set-ups of real people, each with what the program must say: the pages of test/fixtures/cases. README.md there has the form. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ACCOUNT, type Machine, on, PROFILE, type Run, TOKEN, typePrinted } from "../e2e/support.ts";
import { type Block, type Finding, filesIn, linesIn, pagesIn, putBlock } from "../support/pages.ts";

const folder = new URL("../fixtures/cases/", import.meta.url);

const flat = (text: string): string => text.replace(/\s+/g, " ");

/** Writes a file of an example; a path that begins with `~/` is below the home folder. */
const put = (m: Machine, block: Block): void =>
  putBlock(block.path.startsWith("~/") ? join(m.home, block.path.slice(2)) : join(m.path, block.path), block);

/** A line → its words: blanks separate them, quotes keep them together. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)].map(([word]) => word.replace(/'([^']*)'|"([^"]*)"/g, "$1$2"));

interface Last extends Run {
  readonly args: readonly string[];
  readonly env: Record<string, string>;
  readonly cwd: string;
}

/** Runs the lines one after the other. Out: the last run of the program. */
async function runAll(m: Machine, lines: readonly string[]): Promise<Last> {
  let cwd = m.path;
  let last: Last | undefined;
  for (const line of lines) {
    const words = wordsOf(line);
    const start = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
    const env = Object.fromEntries(words.slice(0, start).map((word) => word.split(/=(.*)/s).slice(0, 2)));
    const [program, ...args] = words.slice(start);
    if (program === "cd") cwd = resolve(cwd, args[0] ?? "");
    else if (program === "create-halo-mcp") {
      last = { ...(await m.run(args, { env, cwd })), args, env, cwd };
      typePrinted(m, last, cwd);
    } else execFileSync("sh", ["-c", line], { cwd, env: m.env, stdio: ["ignore", "ignore", "pipe"] });
  }
  if (last === undefined) throw new Error("no line runs create-halo-mcp");
  return last;
}

/** The answer of the last command as JSON; if it was text, that of the same command with --json and without --fix. */
async function jsonOf(m: Machine, last: Last): Promise<Record<string, unknown>> {
  const again = ["--json", ...last.args.filter((word) => word !== "--fix")];
  // a first word that is no flag is the command
  const [command] = last.args;
  const args = command === undefined || command.startsWith("-") ? again : [command, "--json", ...again.slice(2)];
  const run = last.args.includes("--json") ? last : await m.run(args, last);
  return JSON.parse(run.stdout) as Record<string, unknown>;
}

async function judge(m: Machine, last: Last, lines: readonly string[], requests: number): Promise<void> {
  const said = flat(last.stdout + last.stderr);
  const isFinding = (line: string): boolean => /^(?:error|warning|note) /.test(line);
  const listed = lines.filter(isFinding);
  if (listed.length > 0 || lines.includes("no findings")) {
    const found = (await jsonOf(m, last)).findings as readonly Finding[];
    const wanted = listed.map((line) => line.split(" "));
    const shown = found.map(({ severity, rule, path, line }) => {
      const hasLine = wanted.some(([, id, at]) => id === rule && at === `${path}:${line}`);
      return `${severity} ${rule} ${path}${hasLine ? `:${line}` : ""}`;
    });
    expect(shown.sort(), said).toEqual([...listed].sort());
  }
  for (const line of lines.filter((each) => !isFinding(each) && each !== "no findings")) {
    const [word = "", rest = ""] = line.split(/ (.*)/s);
    const sent = m.standIn.requests.map(({ headers }) => headers["x-cm-producttoken"]);
    const [, path = "", text = ""] = /^(\S+) has (.*)$/s.exec(rest) ?? [];
    if (word === "exit") expect(last.code, said).toBe(Number(rest));
    else if (word === "has") expect(said).toContain(flat(rest));
    else if (word === "not") expect(said).not.toContain(flat(rest));
    else if (word === "cause") {
      const { cause, error } = (await jsonOf(m, last)) as {
        cause?: { id?: string } | string;
        error?: { code: string };
      };
      const id = typeof cause === "string" ? cause : cause?.id;
      expect(id ?? error?.code, said).toBe(rest);
    } else if (word === "requests" && rest.startsWith("token=")) expect(sent, said).toContain(rest.slice(6));
    else if (word === "requests") expect(requests, said).toBe(Number(rest));
    else if (word === "file" && path !== "") {
      const at = resolve(last.cwd, path);
      expect(existsSync(at) ? readFileSync(at, "utf8") : "no such file").toContain(text);
    } else throw new Error(`unknown line in "expected": ${line}`);
  }
}

const pages = pagesIn(folder);

it("has pages", () => expect(pages.length).toBeGreaterThan(0));

describe.each(pages)("%s", (_, examples) => {
  it.each(examples)("%s", (__, blocks) =>
    on({ isHere: true }, async (m) => {
      const fill = (text: string): string =>
        Object.entries({ url: m.url, token: TOKEN, account: ACCOUNT, profile: PROFILE, repo: m.path }).reduce(
          (filled, [key, value]) => filled.replaceAll(`{{${key}}}`, value),
          text,
        );
      const filled = blocks.map((block) => ({ ...block, text: fill(block.text) }));
      const files = filesIn(filled);
      for (const file of files) if (!/\buntracked\b/.test(file.facts)) put(m, file);
      m.repo.git("add", "--all");
      m.repo.git("commit", "--quiet", "--allow-empty", "--message=files");
      for (const file of files) if (/\buntracked\b/.test(file.facts)) put(m, file);
      const last = await runAll(m, linesIn(filled, "run"));
      await judge(m, last, linesIn(filled, "expected"), m.standIn.requests.length);
    }),
  );
});
