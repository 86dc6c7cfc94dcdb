/** `.env` as text: what it says, and edits in which a line that is not ours keeps every byte. */
import type { FileState } from "../plan/model.ts";
import type { Refused } from "./json.ts";
import { appendLines, cutLines } from "./lines.ts";

/** One `NAME=value` of a file. Offsets are into the text as it is, BOM and CRs included. */
export interface Assignment {
  readonly name: string;
  readonly value: string;
  /** Start of its line. */
  readonly start: number;
  /** End of the name, before blanks and `=`. */
  readonly nameEnd: number;
  /** The value as written, with its quotes; empty if there is none. */
  readonly rawStart: number;
  readonly rawEnd: number;
  /** `open`: it starts with a quote that nothing closes. */
  readonly quoting: "none" | "closed" | "open";
  /** End of its last line, before the line break. */
  readonly lineEnd: number;
  /** After that line break. */
  readonly end: number;
}

/**
 * Variables of a `.env` as `util.parseEnv` reads them; the last assignment of a name wins. Where Node 20 differs from 22
 * and 24, as 22 and 24 do, save where dotenv and bash contradict them: blanks after `NAME=` are an empty value (they take
 * the next line for it), and `export NAME=` is the variable NAME (they call it "export NAME"). A BOM does not hide the first
 * name. Never fails: odd lines are passed over.
 */
export function parseDotenv(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const { name, value } of assignments(text)) values.set(name, value);
  return values;
}

/** The assignments of a dotenv file; none when it is absent. */
export function dotenvOf(state: FileState | undefined): ReadonlyMap<string, string> {
  return state?.kind === "file" ? parseDotenv(state.text) : new Map();
}

/** True if the text starts with a BOM: bash, direnv, docker and Node then do not see its first name. */
export function hasBom(text: string): boolean {
  return text.startsWith("\uFEFF");
}

/** What was read last: a plan, its last gate and its diff ask for the same texts again and again. */
const known = new Map<string, readonly Assignment[]>();

/** All assignments of a file, in its order. */
export function assignments(text: string): readonly Assignment[] {
  const there = known.get(text);
  if (there !== undefined) return there;
  const found: Assignment[] = [];
  for (let start = hasBom(text) ? 1 : 0; start < text.length; ) {
    const next = readAssignment(text, start);
    if (next !== undefined) found.push(next);
    start = next?.end ?? endOfLine(text, start) + 1;
  }
  if (known.size >= 8) known.clear();
  known.set(text, found);
  return found;
}

function readAssignment(text: string, start: number): Assignment | undefined {
  const firstEnd = endOfLine(text, start);
  const equals = text.slice(start, firstEnd).indexOf("=") + start;
  if (equals < start) return undefined;
  const before = trimBlanks(text.slice(start, equals));
  if (before === "" || before.startsWith("#")) return undefined;
  const name = before.startsWith("export ") ? trimBlanks(before.slice("export ".length)) : before;
  const nameEnd = equals - blanksAtEnd(text.slice(start, equals));
  let rawStart = equals + 1;
  while (rawStart < firstEnd && isBlank(text[rawStart])) rawStart += 1;
  const quote = rawStart < firstEnd ? (text[rawStart] ?? "") : "";
  const close = /["'`]/.test(quote) ? text.indexOf(quote, rawStart + 1) : -1;
  const line = text.slice(rawStart, firstEnd);
  let [quoting, value, rawEnd, end]: [Assignment["quoting"], string, number, number] = ["none", "", 0, firstEnd];
  if (close >= 0) {
    const inside = text.slice(rawStart + 1, close).replaceAll("\r", "");
    [quoting, rawEnd, end] = ["closed", close + 1, endOfLine(text, close)];
    value = quote === '"' ? inside.replaceAll("\\n", "\n") : inside;
  } else if (/["'`]/.test(quote)) {
    [quoting, rawEnd] = ["open", firstEnd - (line.endsWith("\r") ? 1 : 0)];
    // Node trims the file as a whole first, and the rest of such a line not at all
    value = /^\s*$/.test(text.slice(firstEnd)) ? trimBlanks(line) : line.replaceAll("\r", "");
  } else {
    const comment = line.indexOf("#");
    const bare = comment < 0 ? line : line.slice(0, comment);
    value = trimBlanks(bare);
    if (value === "") rawStart = equals + 1;
    rawEnd = value === "" ? rawStart : rawStart + bare.length - blanksAtEnd(bare);
  }
  const lineEnd = text[end - 1] === "\r" && end > rawEnd ? end - 1 : end;
  return { name, value, start, nameEnd, rawStart, rawEnd, quoting, lineEnd, end: Math.min(end + 1, text.length) };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** What Node trims here: space and tab and no other white space; and CRs, which it drops before it reads. */
function isBlank(char: string | undefined): boolean {
  return char === " " || char === "\t" || char === "\r";
}

/** Counted, not matched: a pattern that is anchored at the end is quadratic in the blanks before it. */
function blanksAtEnd(text: string): number {
  let count = 0;
  while (isBlank(text[text.length - 1 - count])) count += 1;
  return count;
}

function trimBlanks(text: string): string {
  let start = 0;
  while (isBlank(text[start])) start += 1;
  return text.slice(start, Math.max(start, text.length - blanksAtEnd(text))).replaceAll("\r", "");
}

/** `changed: false` comes with the very text that went in (for undefined, the empty text). */
export type DotenvEdited =
  | { readonly ok: true; readonly text: string; readonly changed: boolean }
  | { readonly ok: false; readonly refused: Refused };

/** A name for `.env.example`, with what it is for. */
export interface ExampleName {
  readonly name: string;
  readonly comment: string;
}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;
const BARE = /^[A-Za-z0-9!%*+,./:=?@[\]^_{}-]*$/;

/**
 * A value as nine readers read it alike (measured 2026 with Node, dotenv, dotenv-expand, bash, direnv, docker, python-dotenv),
 * bare if it can be, else in single, else in double quotes. Undefined if no writing is safe with all of them.
 */
export function formatDotenvValue(value: string): string | undefined {
  if (BARE.test(value)) return value;
  // NUL ends a value in every environment; half a surrogate pair does not survive UTF-8
  if (value.includes("\0") || /[\r\n\\$]/.test(value) || /[\ud800-\udfff]/u.test(value)) return undefined;
  if (!value.includes("'")) return `'${value}'`;
  return /["`]/.test(value) ? undefined : `"${value}"`;
}

/**
 * The file with these variables. The last assignment of a name is changed in place, on its own line; names that are not
 * there are appended as a block. A name whose value is read already stays as it is written. Undefined makes a new file.
 * Refused: a name that no shell takes, a value without a portable form, a file in which the result would read otherwise.
 */
export function setDotenv(text: string | undefined, values: Readonly<Record<string, string>>): DotenvEdited {
  const original = text ?? "";
  const meant = parseDotenv(original);
  const added: string[] = [];
  let current = original;
  for (const [name, value] of Object.entries(values)) {
    const written = formatDotenvValue(value);
    const old = assignments(current).findLast((each) => each.name === name);
    if (!NAME.test(name)) return refuse(`${JSON.stringify(name)} is not a valid variable name`, 0);
    if (written === undefined)
      return refuse(
        `the value of ${name} cannot be written so that all readers of .env files agree on it`,
        old?.rawStart ?? 0,
      );
    meant.set(name, value);
    if (old === undefined) added.push(`${name}=${written}`);
    if (old === undefined || old.value === value) continue;
    if (swallows(current, old))
      return refuse(
        `a quote of ${name} is closed only further down: a new value would delete the lines between`,
        old.rawStart,
      );
    current = replaceValue(current, old, written);
  }
  return verified(text, appendLines(current, added), meant);
}

/**
 * The file without any assignment of these names, whole lines. What `setDotenv` appended comes out byte for byte.
 * Refused: a file in which the other variables would then be read otherwise, as after a quote that is not closed.
 */
export function removeDotenv(text: string, names: readonly string[]): DotenvEdited {
  const meant = parseDotenv(text);
  for (const name of names) meant.delete(name);
  const spans = assignments(text).filter(({ name }) => names.includes(name));
  return verified(text, cutLines(text, spans), meant);
}

/** `.env.example` with a comment and an empty assignment for every name that is not there. */
export function addExampleNames(text: string | undefined, names: readonly ExampleName[]): DotenvEdited {
  const meant = parseDotenv(text ?? "");
  const added = names.filter(({ name }) => !meant.has(name));
  const unfit = added.find(({ name }) => !NAME.test(name));
  if (unfit !== undefined) return refuse(`${JSON.stringify(unfit.name)} is not a valid variable name`, 0);
  for (const { name } of added) meant.set(name, "");
  return verified(text, appendLines(text ?? "", added.flatMap(exampleLines)), meant);
}

/** The inverse of `addExampleNames`: takes out the lines that are as it wrote them, and no other. */
export function removeExampleNames(text: string, names: readonly ExampleName[]): DotenvEdited {
  const meant = parseDotenv(text);
  const all = assignments(text);
  const spans = names.flatMap((each) => {
    const [only, twice] = all.filter(({ name }) => name === each.name);
    if (only === undefined || twice !== undefined) return [];
    const eol = /\r?\n$/.exec(text.slice(0, only.start))?.[0] ?? "\n";
    const lines = exampleLines(each).join(eol);
    const start = only.lineEnd - lines.length;
    const isWhole = text.slice(start, only.lineEnd) === lines && /^(?:\uFEFF)?$|\n$/.test(text.slice(0, start));
    return isWhole ? [{ name: each.name, start, end: only.end }] : [];
  });
  for (const { name } of spans) meant.delete(name);
  const inOrder = spans.sort((left, right) => left.start - right.start);
  return verified(text, cutLines(text, inOrder), meant);
}

function exampleLines({ name, comment }: ExampleName): string[] {
  return [...comment.split(/\r\n|\n|\r/).map((line) => `# ${line}`.trimEnd()), `${name}=`];
}

/** Puts a value in the place of another, with no blanks round the `=`, since bash reads none there. */
function replaceValue(text: string, old: Assignment, written: string): string {
  const tail = text.slice(old.rawEnd, old.lineEnd);
  // what follows a closing quote, and is no comment, was read by nobody; after a bare value it would become part of it
  const kept = /^[ \t]*(?:#.*)?$/s.test(tail) ? tail : "";
  return `${text.slice(0, old.nameEnd)}=${written}${kept.startsWith("#") ? " " : ""}${kept}${text.slice(old.lineEnd)}`;
}

/** A value over several lines that took other assignments in, or ends in the middle of a line: its quote was forgotten. */
function swallows(text: string, { rawStart, rawEnd, lineEnd }: Assignment): boolean {
  const raw = text.slice(rawStart, rawEnd);
  const isAlone = /^[ \t]*(?:#.*)?\r?$/s.test(text.slice(rawEnd, lineEnd));
  return raw.includes("\n") && (!isAlone || /\n[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=/.test(raw));
}

/** The last gate: what would be written is read again, and must be what was meant. */
function verified(before: string | undefined, after: string, meant: ReadonlyMap<string, string>): DotenvEdited {
  const read = parseDotenv(after);
  let isSame = read.size === meant.size;
  for (const [name, value] of meant) isSame &&= read.get(name) === value;
  if (isSame) return { ok: true, text: after, changed: after !== (before ?? "") };
  const open = assignments(before ?? "").find(({ quoting }) => quoting === "open");
  if (open !== undefined) return refuse("the quote that opens the value of a variable is not closed", open.rawStart);
  return refuse("it cannot be edited safely: other variables would change", 0);
}

function refuse(reason: string, offset: number): DotenvEdited {
  return { ok: false, refused: { reason, offset } };
}
