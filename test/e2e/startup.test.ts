import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
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
  packed = packedPackage();
});
afterAll(() => scratch.dispose());

const run = (file: string, ...args: string[]) =>
  execFileSync(file, args, { cwd: scratch.tmp, env: scratch.env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

test("the package holds what it should and nothing else, in 300 kB packed and 1.5 MB unpacked", () => {
  const dist = readdirSync(join(packed.root, "dist"));
  const files = ["CHANGELOG.md", "LICENSE", "README.md", "THIRD-PARTY-LICENSES.md", "package.json"];
  expect(readdirSync(packed.root).sort()).toEqual([...files, "dist", "schema", "templates"].sort());
  expect(dist.filter((name) => !name.endsWith(".js")).sort(), "flat chunks").toEqual(["package.json", "rules.md"]);
  const read = (name: string) => readFileSync(join(packed.root, name), "utf8");
  // what reports link to, and editors
  const rules = readdirSync("docs/rules").filter((name) => name !== "README.md");
  expect(read("dist/rules.md").match(/^## .*/gm)).toEqual(rules.sort().map((name) => `## ${name.slice(0, -3)}`));
  expect(JSON.parse(read("schema/mcp.schema.json")).$id).toMatch(/\/create-halo-mcp\/schema\/mcp\.schema\.json$/);
  const { dependencies, optionalDependencies, peerDependencies } = JSON.parse(read("package.json"));
  expect([dependencies, optionalDependencies, peerDependencies]).toEqual([undefined, undefined, undefined]);
  for (let above = packed.root; above !== dirname(above); above = dirname(above))
    expect(existsSync(join(above, "node_modules")), `node_modules in ${above}`).toBe(false);
  const sizes = readdirSync(packed.root, { recursive: true, encoding: "utf8" }).map((name) =>
    statSync(join(packed.root, name)),
  );
  expect(statSync(packed.tarball).size).toBeLessThanOrEqual(300_000);
  expect(sizes.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)).toBeLessThanOrEqual(1_500_000);
});

test.each(["--help", "--version"])("%s loads no heavy package", (flag) => {
  const [log, preload] = [join(scratch.tmp, "loaded.log"), join(scratch.tmp, "preload.cjs")];
  const write = `require("node:fs").writeFileSync(${JSON.stringify(log)}, Object.keys(require.cache).join("\\n"))`;
  writeFileSync(preload, `process.on("exit", () => ${write});`);
  run(process.execPath, "--require", preload, packed.bin, flag);
  const loaded = readFileSync(log, "utf8").split("\n");
  expect(loaded).toContain(packed.bin);
  expect(loaded.filter((file) => file.startsWith(packed.root) && isHeavy(file))).toEqual([]);
  // it sees what it looks for: the heavy chunks are there, behind lazy imports
  expect(readdirSync(dirname(packed.bin)).filter(isHeavy).length).toBeGreaterThan(0);
});

test.each([
  ["this Node", () => [process.execPath, packed.bin]],
  ["Node 22", () => [nodeBinary(22), packed.bin]],
  ["Node 24", () => [nodeBinary(24), packed.bin]],
  ["as a program of its own", () => [packed.bin]],
] as const)("starts: %s", (_, words) => {
  const [file = "", ...args] = words();
  expect(run(file, ...args, "--version")).toContain(manifest.version);
  expect(run(file, ...args, "--help")).toContain("create-halo-mcp");
});
