import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** An `npx` that knows one package: the packed one, whatever version is asked for. */
export interface FakeNpx {
  /** The folder to put first in the PATH. */
  readonly folder: string;
  /** The words of each run. */
  runs(): string[][];
}

/** In: where it may put its files, and the program that it starts. */
export function fakeNpx(folder: string, bin: string): FakeNpx {
  const [programs, log] = [join(folder, "npx-bin"), join(folder, "npx.log")];
  mkdirSync(programs, { recursive: true });
  writeFileSync(log, "");
  const script = `#!${process.execPath}
const { appendFileSync } = require("node:fs");
const words = process.argv.slice(2);
appendFileSync(${JSON.stringify(log)}, JSON.stringify(words) + "\\n");
if (words[0] !== "--yes" || !/^create-halo-mcp@\\d/.test(words[1])) process.exit(97);
const { status } = require("node:child_process").spawnSync(process.execPath, [${JSON.stringify(bin)}, ...words.slice(2)], { stdio: "inherit" });
process.exit(status ?? 98);
`;
  writeFileSync(join(programs, "npx"), script, { mode: 0o755 });
  return {
    folder: programs,
    runs: () => (readFileSync(log, "utf8").match(/.+/g) ?? []).map((line) => JSON.parse(line) as string[]),
  };
}
