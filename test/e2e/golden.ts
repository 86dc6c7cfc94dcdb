/**
 * Goldens of the packed program: what it printed and wrote, evened, in test/golden/. Only `-u` writes one; a missing or
 * different one fails. What differs from run to run or from machine to machine becomes a placeholder in <>.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { leaks } from "./doctor-support.ts";

const ROOT = fileURLToPath(new URL("../golden/", import.meta.url));
/** Of a scratch machine whose paths get into a golden: prose then breaks at the same words, whatever TMPDIR is. */
export const LENGTH = 48;

const PLACEHOLDERS: readonly (readonly [RegExp, string])[] = [
  // ephemeral ports have five digits everywhere, so no line breaks elsewhere for them
  [/\b(127\.0\.0\.1|localhost):\d{5}\b/g, "$1:<port>"],
  // a long line of a plan is cut, maybe inside the port
  [/\b(127\.0\.0\.1:)\d{0,5}…/g, "$1<port>…"],
  [new RegExp(`\\b(create-halo-mcp(?:[ @]| \\| ))${manifest.version.replaceAll(".", "\\.")}`, "g"), "$1<version>"],
  [new RegExp(`(rev: v|"version": ")${manifest.version.replaceAll(".", "\\.")}`, "g"), "$1<version>"],
  [/\bv\d+\.\d+\.\d+\b(?= \|| \(Node)/g, "<node>"],
  [/^(\| system \| ).* \|$/gm, "$1<system> |"],
  [/\b\d{4}-\d\d-\d\dT[\d:.]+Z/g, "<time>"],
  [/"ms": \d+/g, '"ms": "<ms>"'],
  [/(<folder>\/tmp\/create-halo-mcp-)(?:\d+-)?\w{6}\b/g, "$1<random>"],
  [/[\w./-]*\/halo-tls-\w+/g, "<tls>"],
  // a body that drips: how much of it had come
  [/x{20,}/g, "<x…>"],
  [/\b(a tunnel within) [\d.]+ s/g, "$1 <s> s"],
  [/\(limit: \d+ s\)/g, "(limit: <s> s)"],
  [/\b\d+ days left/g, "<days> days left"],
];

/** The lines of the chain with a time: where they wrap depends on it. */
const CHAIN = /^([^|\s] (?:url|dns|tcp|tls|http|token|mcp|tools) +.*(?:\n {12}\S.*)*), \d+ ms$/gm;

export function even(text: string, folders: readonly (readonly [string, string])[] = []): string {
  let evened = text.replaceAll("\r\n", "\\r\n");
  for (const [path, name] of folders) evened = evened.replaceAll(path, name);
  for (const [from, to] of PLACEHOLDERS) evened = evened.replace(from, to);
  return evened.replace(CHAIN, (_, said: string) => said.replace(/\n +/g, " "));
}

/** The report as Markdown also has times in its tables. */
export const evenReport = (text: string): string =>
  text
    .replace(/^(\| \w+ \| (?:ok|note|warning|failed|skipped) \| )\d+ \|/gm, "$1<ms> |")
    .replace(/^(\| [\w/ ()]+ \| (?:yes|no)? *\|.*\| )\d+( \| *\d* *\|)$/gm, "$1<ms>$2");

interface Step {
  readonly stage: string;
  readonly status: string;
  readonly cause?: string | null;
  readonly detail?: string;
  readonly tryThis?: string;
  readonly notes?: readonly { readonly cause: string; readonly severity: string; readonly tryThis?: string }[];
}

const indented = (text: string, by: number): string => text.replace(/^(?=.)/gm, " ".repeat(by));

/** What `doctor --json` says, one line a fact. `bare`: of the set-up no more than whether it is right. */
export function reduced(stdout: string, code: number | null, bare: boolean): string {
  const told = JSON.parse(stdout);
  if (told.error !== undefined) return `exit ${code}\n${JSON.stringify(told, null, 2)}\n`;
  const server = told.server === null ? "unknown" : Object.values(told.server).join(" ");
  // which request had the limit left for itself, and how many pages came before an end, is a matter of speed
  const late = (text: string): string =>
    text.replace(/did not answer (?:\S+ )?in time/g, "did not answer <request> in time");
  if (told.cause === "timeout") {
    const { detail = "", tryThis = "" } = (told.stages as Step[]).find(({ cause }) => cause === "timeout") ?? {};
    return `exit ${code}, cause timeout\n${late(detail)}\n  try\n${indented(tryThis, 4)}\n`;
  }
  const lines = [
    `exit ${code}, ok ${told.ok}, cause ${told.cause}, at ${told.at}, control ${told.control}`,
    `server ${server}, tools ${told.ok ? told.toolCount : "<n>"}`,
  ];
  for (const { stage, status, cause, detail, tryThis, notes = [] } of told.stages as Step[]) {
    lines.push(`${stage}: ${status}${cause === undefined || cause === null ? "" : `, ${cause}`}`);
    if (bare && status === "ok" && ["setup", "values", "client"].includes(stage)) continue;
    if (detail !== undefined) lines.push(indented(detail, 4));
    if (tryThis !== undefined) lines.push("  try", indented(tryThis, 4));
    for (const note of notes) {
      lines.push(`  ${note.severity} ${note.cause}`);
      if (note.tryThis !== undefined) lines.push("  try", indented(note.tryThis, 4));
    }
  }
  if (told.call !== null && told.call !== undefined) lines.push(`call: ${JSON.stringify(told.call)}`);
  return `${lines.join("\n")}\n`;
}

export const titled = (title: string, text: string): string => `===== ${title}\n${text.replace(/\n*$/, "\n")}`;

const compared = new Set<string>();

/** Compares with the golden of this name (two tests of one name could not both be right) below test/golden/, or writes it under `-u`. */
export function golden(name: string, ...parts: readonly string[]): void {
  const text = parts.join("\n");
  const file = `${name.replace(/[^\w./]+/g, "-").replace(/-+(?=\.|\/|$)/g, "")}`.toLowerCase();
  compared.add(file);
  const ours = [`${tmpdir()}/`, `${homedir()}/`, hostname(), process.execPath, process.version, "registry."];
  const bare = text.replace(/<\w+>[\w./-]*/g, "");
  const found = [...leaks(text), ...ours.filter((word) => word.length > 3 && bare.includes(word))];
  expect([...found, ...(bare.match(/\/tmp\/[\w.-]+|127\.0\.0\.1:\d{5}/g) ?? [])], text).toEqual([]);
  const path = join(ROOT, file);
  if (expect.getState().snapshotState.snapshotUpdateState === "all") {
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path) || readFileSync(path, "utf8") !== text) writeFileSync(path, text);
  }
  expect(existsSync(path), `test/golden/${file} is missing: write it with -u, and read it`).toBe(true);
  expect(text, `test/golden/${file} differs: if that is meant, write it with -u, and read the diff`).toBe(
    readFileSync(path, "utf8"),
  );
}

/** After all others of a file: every golden below this folder was compared. One that is not is removed by hand. */
export function noneIsLeft(folder: string): void {
  const there = readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
  expect(there.filter((file) => !compared.has(file))).toEqual([]);
}
