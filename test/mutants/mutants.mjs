/**
 * `npm run mutants [-- --seed N --count 60 --only <part of a path>]`: changes one token of `src/` at a time, in a copy, and runs the tests that
 * import the changed file. A mutant that no test notices survives. Prints each one, then the figure; the same seed draws the same mutants.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { execa } from "execa";
import { parseSync, Visitor } from "rolldown/utils";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    count: { type: "string", default: "60" },
    only: { type: "string", default: "" },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));

/** A token → what takes its place. */
const SWAPS = {
  "===": "!==",
  "!==": "===",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "+": "-",
  "-": "+",
  "*": "/",
  "&&": "||",
  "||": "&&",
  "??": "&&",
  true: "false",
  false: "true",
  some: "every",
  every: "some",
  find: "findLast",
  findLast: "find",
  startsWith: "endsWith",
  endsWith: "startsWith",
};

/** Every place of a file where one token can be exchanged. A number becomes 0, since one more of a time limit is no fault; 0 becomes 1. */
function placesOf(path, text) {
  const places = [];
  const swap = (from, token) => {
    const to = Object.hasOwn(SWAPS, token) ? SWAPS[token] : undefined;
    if (to !== undefined) places.push({ path, from, token, to });
  };
  const between = (node) => {
    const from = node.left.end + text.slice(node.left.end, node.right.start).indexOf(node.operator);
    swap(from, node.operator);
  };
  new Visitor({
    BinaryExpression: between,
    LogicalExpression: between,
    Literal: (node) => {
      if (typeof node.value === "boolean") swap(node.start, String(node.value));
      else if (typeof node.value === "number")
        places.push({
          path,
          from: node.start,
          token: text.slice(node.start, node.end),
          to: node.value === 0 ? "1" : "0",
        });
    },
    UnaryExpression: (node) => {
      if (node.operator === "!") places.push({ path, from: node.start, token: "!", to: "" });
    },
    MemberExpression: (node) => {
      if (!node.computed) swap(node.property.start, node.property.name);
    },
  }).visit(parseSync(path, text).program);
  return places;
}

const copy = mkdtempSync(join(tmpdir(), "mutants-"));
process.on("exit", () => rmSync(copy, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(130));
for (const entry of readdirSync(root)) {
  if ([".git", ".cache", "node_modules", "dist"].includes(entry)) continue;
  cpSync(join(root, entry), join(copy, entry), { recursive: true });
}
symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
await execa("git", ["init", "-q"], { cwd: copy });

const files = readdirSync(join(copy, "src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts") && file.includes(values.only))
  .sort();
const texts = new Map(files.map((file) => [file, readFileSync(join(copy, "src", file), "utf8")]));
const all = [...texts].flatMap(([path, text]) => placesOf(path, text));
/** The seed decides the order, and the first ones are drawn. */
const order = ({ path, from }) => createHash("sha256").update(`${seed} ${path} ${from}`).digest("hex");
const sorted = all.map((place) => [order(place), place]).sort(([a], [b]) => (a < b ? -1 : 1));
const drawn = sorted.slice(0, Number(values.count)).map(([, place]) => place);
console.log(`seed ${seed}: ${drawn.length} of ${all.length} possible mutants, ${files.length} files`);

/** A mutant may loop for ever; the run without a mutant takes a quarter of this on a busy machine. */
const LIMIT_MS = 300_000;

/** Whether a test fails. The workers of the test run end with it: they are one process group. */
async function isNoticed(path) {
  const vitest = join(copy, "node_modules/vitest/vitest.mjs");
  const projects = ["--project=unit", "--project=slow"];
  const options = ["related", "--run", "--bail=1", "--reporter=dot", "--passWithNoTests", ...projects];
  const run = execa(process.execPath, [vitest, ...options, `src/${path}`], {
    cwd: copy,
    env: { PROPERTY_SEED: String(seed) },
    stdio: "ignore",
    detached: true,
    reject: false,
  });
  const end = () => {
    try {
      process.kill(-run.pid, "SIGKILL");
    } catch {
      // it ended by itself
    }
  };
  const timer = setTimeout(end, LIMIT_MS);
  process.on("exit", end);
  const { exitCode } = await run;
  clearTimeout(timer);
  process.off("exit", end);
  return exitCode !== 0;
}

let killed = 0;
for (const { path, from, token, to } of drawn) {
  const text = texts.get(path);
  const line = text.slice(0, from).split("\n").length;
  writeFileSync(join(copy, "src", path), text.slice(0, from) + to + text.slice(from + token.length));
  const isKilled = await isNoticed(path);
  writeFileSync(join(copy, "src", path), text);
  if (isKilled) killed += 1;
  console.log(`${isKilled ? "killed  " : "SURVIVED"} src/${path}:${line}  ${token} → ${to === "" ? "nothing" : to}`);
}
console.log(`${killed} of ${drawn.length} mutants killed, seed ${seed}`);
