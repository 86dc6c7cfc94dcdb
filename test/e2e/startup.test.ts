import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseSync, Visitor } from "rolldown/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import bundled from "../../bundled-packages.json" with { type: "json" };
import manifest from "../../package.json" with { type: "json" };
import { nodeBinary } from "../support/claude.ts";
import { type ScratchHome, scratchHome } from "../support/home.ts";
import { type PackedPackage, packedPackage } from "../support/package.ts";

/** Small enough to be loaded at every start. */
const light = ["picocolors", "std-env"];
const heavy = new Set(Object.values(bundled).flatMap(({ chunk }) => (light.includes(chunk) ? [] : [chunk])));
const isHeavy = (file: string) => heavy.has(basename(file, ".js").replace(/-import$/, ""));

let packed: PackedPackage;
let scratch: ScratchHome;
beforeAll(async () => {
  scratch = scratchHome();
  packed = await packedPackage();
});
afterAll(() => scratch.dispose());

const run = (file: string, ...args: string[]) =>
  execFileSync(file, args, { cwd: scratch.tmp, env: scratch.env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

/** Every file of ours that Node loads without a lazy import: what is required outside of any function. */
function staticGraph(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  let depth = 0;
  const enter = () => void depth++;
  const leave = () => void depth--;
  const visitor = new Visitor({
    ArrowFunctionExpression: enter,
    "ArrowFunctionExpression:exit": leave,
    FunctionDeclaration: enter,
    "FunctionDeclaration:exit": leave,
    FunctionExpression: enter,
    "FunctionExpression:exit": leave,
    CallExpression({ callee, arguments: [first] }) {
      if (depth > 0 || callee.type !== "Identifier" || callee.name !== "require" || first?.type !== "Literal") return;
      if (String(first.value).startsWith(".")) staticGraph(join(dirname(file), String(first.value)), seen);
    },
  });
  visitor.visit(parseSync(file, readFileSync(file, "utf8"), { sourceType: "commonjs" }).program);
  return seen;
}

/** Every file of ours that one run really loads, lazily too. */
function loadedFiles(...args: string[]): string[] {
  const [log, preload] = [join(scratch.tmp, "loaded.log"), join(scratch.tmp, "preload.cjs")];
  writeFileSync(
    preload,
    `process.on("exit", () =>
       require("node:fs").writeFileSync(${JSON.stringify(log)}, Object.keys(require.cache).join("\\n")));`,
  );
  run(process.execPath, "--require", preload, packed.bin, ...args);
  const loaded = readFileSync(log, "utf8").split("\n");
  return loaded.filter((file) => file.startsWith(packed.root)).map((file) => basename(file));
}

test("the package holds what it should and nothing else", () => {
  const top = readdirSync(packed.root).sort();
  expect(top).toEqual([
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "THIRD-PARTY-LICENSES.md",
    "dist",
    "package.json",
    "schema",
    "templates",
  ]);
  // what reports link to, and editors
  const pages = readFileSync(join(packed.root, "dist/rules.md"), "utf8");
  const rules = readdirSync("docs/rules").filter((name) => name !== "README.md");
  expect(pages.match(/^## .*/gm)).toEqual(rules.sort().map((name) => `## ${name.slice(0, -3)}`));
  expect(pages).not.toContain("## Wrong");
  const schema = JSON.parse(readFileSync(join(packed.root, "schema/mcp.schema.json"), "utf8")) as { $id: string };
  expect(schema.$id).toMatch(/\/create-halo-mcp\/schema\/mcp\.schema\.json$/);
  const published = JSON.parse(readFileSync(join(packed.root, "package.json"), "utf8")) as Record<string, unknown>;
  for (const kind of ["dependencies", "optionalDependencies", "peerDependencies"])
    expect(published[kind]).toBeUndefined();
  expect(
    readdirSync(join(packed.root, "dist")).every(
      (name) => name.endsWith(".js") || ["package.json", "rules.md"].includes(name),
    ),
    "flat chunks",
  ).toBe(true);
  for (let above = packed.root; above !== dirname(above); above = dirname(above)) {
    expect(existsSync(join(above, "node_modules")), `node_modules in ${above}`).toBe(false);
  }
});

test("the tarball is at most 300 kB, unpacked at most 1.5 MB", () => {
  const files = readdirSync(packed.root, { recursive: true, encoding: "utf8" }).map((name) =>
    statSync(join(packed.root, name)),
  );
  expect(statSync(packed.tarball).size).toBeLessThanOrEqual(300_000);
  expect(files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)).toBeLessThanOrEqual(1_500_000);
});

test("the static graph of the program holds no heavy package", () => {
  const graph = [...staticGraph(packed.bin)].map((file) => basename(file));
  expect(graph.filter(isHeavy)).toEqual([]);
  // The check sees what it looks for: the heavy chunks are there, behind lazy imports.
  expect(readdirSync(dirname(packed.bin)).filter(isHeavy).length).toBeGreaterThan(0);
});

test.each(["--help", "--version"])("%s loads no heavy package", (flag) => {
  const loaded = loadedFiles(flag);
  expect(loaded).toContain("bin.js");
  expect(loaded.filter(isHeavy)).toEqual([]);
});

describe("starts on every Node that is supported", () => {
  test.each([
    ["this one", undefined],
    ["22", 22],
    ["24", 24],
  ] as const)("Node %s", (_, major) => {
    const node = major === undefined ? process.execPath : nodeBinary(major);
    expect(run(node, packed.bin, "--version")).toContain(manifest.version);
    expect(run(node, packed.bin, "--help")).toContain("create-halo-mcp");
  });

  test("as a program of its own", () => {
    expect(run(packed.bin, "--version")).toContain(manifest.version);
  });
});
