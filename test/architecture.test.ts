import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, Visitor } from "rolldown/utils";
import { expect, test } from "vitest";
import { CLIENTS } from "../src/core/clients/index.ts";

const src = fileURLToPath(new URL("../src", import.meta.url));

interface Import {
  readonly to: string;
  readonly kind: "type" | "static" | "dynamic";
}

interface Source {
  readonly imports: readonly Import[];
  readonly lines: number;
  /** Functions of more lines than one page of a screen. */
  readonly long: readonly string[];
  /** Members of `process` that are used; "*" where it is handed on. */
  readonly ofProcess: ReadonlySet<string>;
  readonly setsExit: boolean;
  readonly literals: ReadonlySet<string>;
}

/** What else may be used of the global `process`, where, and why. Everything else comes through the Context. */
const mayUseProcess: Readonly<Record<string, readonly string[]>> = {
  // the owner of a lock is this process, and is asked whether it lives
  "io/lock.ts": ["pid", "kill"],
  // ends the group of a program that does not end
  "io/programs.ts": ["platform", "kill", "once", "off"],
  // a folder with secrets is removed when the process ends, or by the next run of this user
  "io/ask-client.ts": ["once", "off", "pid", "getuid"],
  // this process becomes the program, or passes signals on to it
  "io/start.ts": ["on", "chdir", "removeAllListeners", "execPath", "getBuiltinModule"],
  // a rename fails on Windows for a moment while another program reads
  "io/write.ts": ["platform"],
};

const LONGEST_FUNCTION = 80;

function read(path: string): Source {
  const text = readFileSync(path, "utf8");
  const imports: Import[] = [];
  const ofProcess = new Set<string>();
  const literals = new Set<string>();
  const long: string[] = [];
  const lineAt = (offset: number): number => text.slice(0, offset).split("\n").length;
  const measure = (node: { start: number; end: number }): void => {
    const [from, to] = [lineAt(node.start), lineAt(node.end)];
    if (to - from >= LONGEST_FUNCTION) long.push(`line ${from}: ${to - from + 1} lines`);
  };
  let setsExit = false;
  const add = (from: string, kind: Import["kind"]) => {
    const local = () => relative(src, join(dirname(path), from)).replaceAll(sep, "/");
    imports.push({ to: from.startsWith(".") ? local() : from, kind });
    if (from === "node:process" || from === "process") ofProcess.add("*");
  };
  const isProcess = (node: { type: string; name?: unknown }) => node.type === "Identifier" && node.name === "process";
  const visitor = new Visitor({
    ImportDeclaration: (node) => add(node.source.value, node.importKind === "type" ? "type" : "static"),
    ExportAllDeclaration: (node) => add(node.source.value, node.exportKind === "type" ? "type" : "static"),
    ExportNamedDeclaration: (node) => {
      if (node.source) add(node.source.value, node.exportKind === "type" ? "type" : "static");
    },
    ImportExpression: (node) => {
      if (node.source.type === "Literal") add(String(node.source.value), "dynamic");
    },
    Literal: (node) => {
      if (typeof node.value === "string") literals.add(node.value);
    },
    MemberExpression: (node) => {
      if (isProcess(node.object) || (node.object.type === "Identifier" && node.object.name === "globalThis")) {
        const name = node.property.type === "Identifier" ? node.property.name : "";
        if (isProcess(node.object)) ofProcess.add(name);
        else if (name === "process") ofProcess.add("*");
        if (name === "exit" || name === "exitCode" || name === "abort") setsExit = true;
      }
    },
    CallExpression: (node) => {
      if (node.arguments.some((argument) => isProcess(argument))) ofProcess.add("*");
    },
    FunctionDeclaration: measure,
    FunctionExpression: measure,
    ArrowFunctionExpression: measure,
    VariableDeclarator: (node) => {
      if (node.init && isProcess(node.init)) ofProcess.add("*");
    },
  });
  const parsed = parseSync(path, text);
  expect(parsed.errors, path).toEqual([]);
  visitor.visit(parsed.program);
  return { imports, lines: text.split("\n").length - 1, long, ofProcess, setsExit, literals };
}

const sources = new Map(
  readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
    .sort()
    .map((file) => [file.split(sep).join("/"), read(join(src, file))] as const),
);

const layer = (file: string) => (file.includes("/") ? file.slice(0, file.indexOf("/")) : "root");
const isLocal = (to: string) => to.endsWith(".ts");

/** One line for each import that a rule refuses. */
function violations(refused: (file: string, to: Import) => boolean): string[] {
  return [...sources].flatMap(([file, { imports }]) =>
    imports.filter((to) => refused(file, to)).map((to) => `${file} → ${to.to} (${to.kind})`),
  );
}

test("there is something to judge", () => expect(sources.size).toBeGreaterThan(3));

test.each<[string, (file: string, to: Import) => boolean]>([
  [
    "every import between our files exists and carries its suffix",
    (_, { to }) => (to.startsWith(".") || isLocal(to)) && !sources.has(to),
  ],
  [
    "core imports nothing but core and packages: no node:, no io, ui, commands, errors",
    (file, { to }) => layer(file) === "core" && (to.startsWith("node:") || (isLocal(to) && layer(to) !== "core")),
  ],
  [
    "io and ui take only types from core (the output masks, though), and nothing from each other or from commands",
    (file, { to, kind }) => {
      const [from, target] = [layer(file), layer(to)];
      if ((from !== "io" && from !== "ui") || !isLocal(to)) return false;
      if (target === "core") return kind !== "type" && !(file === "ui/output.ts" && to === "core/secrets.ts");
      return target !== from && !["errors.ts", "context.ts"].includes(to);
    },
  ],
  [
    "only cli.ts imports commands, only bin.ts imports cli.ts, and bin.ts also imports `run`",
    (file, { to }) =>
      (isLocal(to) &&
        layer(to) === "commands" &&
        layer(file) !== "commands" &&
        file !== "cli.ts" &&
        !(file === "bin.ts" && to === "commands/run/index.ts")) ||
      (to === "cli.ts" && file !== "bin.ts") ||
      to === "bin.ts",
  ],
])("%s", (_, refused) => expect(violations(refused)).toEqual([]));

test("no import cycles, types counted", () => {
  const done = new Set<string>();
  const cycles: string[] = [];
  const walk = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].join(" → "));
    if (done.has(file) || path.includes(file)) return;
    for (const { to } of sources.get(file)?.imports ?? []) walk(to, [...path, file]);
    done.add(file);
  };
  for (const file of sources.keys()) walk(file, []);
  expect(cycles).toEqual([]);
});

test("only src/core/clients names a client, and the commands in which a person chooses one", () => {
  const names = new Set(CLIENTS.flatMap(({ id }) => [id, `client:${id}`]));
  const mayName = /^(?:core\/clients|commands)\/|^flags\.ts$/;
  const naming = [...sources].flatMap(([file, { literals }]) =>
    mayName.test(file) ? [] : [...literals].filter((text) => names.has(text)).map((text) => `${file}: "${text}"`),
  );
  expect(naming).toEqual([]);
});

test.each<[string, (source: Source, file: string) => readonly unknown[]]>([
  ["no source file over 400 lines", ({ lines }) => (lines > 400 ? [lines] : [])],
  ["no function over 80 lines", ({ long }) => long],
  [
    "only bin.ts ends the process or sets its exit code",
    ({ setsExit }, file) => (setsExit && file !== "bin.ts" ? [1] : []),
  ],
])("%s", (_, found) => {
  expect([...sources].flatMap(([file, source]) => found(source, file).map((what) => `${file}: ${what}`))).toEqual([]);
});

test("only bin.ts and context.ts use process, with the exceptions listed", () => {
  const used = [...sources].flatMap(([file, { ofProcess }]) => [...ofProcess].map((member) => `${file}: ${member}`));
  const listed = Object.entries(mayUseProcess).flatMap(([file, members]) => members.map((m) => `${file}: ${m}`));
  expect(used.filter((use) => !/^(bin|context)\.ts:/.test(use) && !listed.includes(use))).toEqual([]);
  expect(
    listed.filter((use) => !used.includes(use)),
    "exceptions no longer needed",
  ).toEqual([]);
});
