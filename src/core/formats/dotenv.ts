/** Edits of `.env` as text: a line that is not ours keeps every byte. */
import type { Assignment } from "./dotenv-read.ts";
import { assignments, hasBom, parseDotenv } from "./dotenv-read.ts";
import type { Refused } from "./json.ts";

export { hasBom, parseDotenv } from "./dotenv-read.ts";

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
  // NUL ends a value in every environment; half a surrogate pair does not survive UTF-8.
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
  const meant = new Map(parseDotenv(original));
  const added: string[] = [];
  let current = original;
  for (const [name, value] of Object.entries(values)) {
    if (!NAME.test(name)) return refuse(`${JSON.stringify(name)} is not a name for a variable`, 0);
    const written = formatDotenvValue(value);
    const old = assignments(current).findLast((each) => each.name === name);
    if (written === undefined) {
      return refuse(`the value of ${name} has no form that every reader of .env files reads alike`, old?.rawStart ?? 0);
    }
    if (old !== undefined && old.value !== value && swallows(current, old))
      return refuse(
        `a quote of ${name} is closed only below other lines, which a new value would take away`,
        old.rawStart,
      );
    if (old === undefined) added.push(`${name}=${written}`);
    else if (old.value !== value) current = replaceValue(current, old, written);
    meant.set(name, value);
  }
  return verified(text, append(current, added), meant);
}

/**
 * The file without any assignment of these names, whole lines. What `setDotenv` appended comes out byte for byte.
 * Refused: a file in which the other variables would then be read otherwise, as after a quote that is not closed.
 */
export function removeDotenv(text: string, names: readonly string[]): DotenvEdited {
  const meant = new Map(parseDotenv(text));
  for (const name of names) meant.delete(name);
  const spans = assignments(text).filter(({ name }) => names.includes(name));
  return verified(text, cutLines(text, spans), meant);
}

/** `.env.example` with a comment and an empty assignment for every name that is not there. */
export function addExampleNames(text: string | undefined, names: readonly ExampleName[]): DotenvEdited {
  const meant = new Map(parseDotenv(text ?? ""));
  const added: string[] = [];
  for (const { name, comment } of names) {
    if (!NAME.test(name)) return refuse(`${JSON.stringify(name)} is not a name for a variable`, 0);
    if (meant.has(name)) continue;
    meant.set(name, "");
    added.push(...exampleLines({ name, comment }));
  }
  return verified(text, append(text ?? "", added), meant);
}

/** The inverse of `addExampleNames`: takes out the lines that are as it wrote them, and no other. */
export function removeExampleNames(text: string, names: readonly ExampleName[]): DotenvEdited {
  const meant = new Map(parseDotenv(text));
  const all = assignments(text);
  const spans: { start: number; end: number }[] = [];
  for (const each of names) {
    const found = all.filter(({ name }) => name === each.name);
    const [only] = found;
    if (only === undefined || found.length > 1) continue;
    const before = exampleLines(each)
      .slice(0, -1)
      .map((line) => line + eolAt(text, only.start));
    const start = only.start - before.join("").length;
    const whole = text.slice(only.start, only.lineEnd) === `${each.name}=` && lineStarts(text, start);
    if (!whole || text.slice(start, only.start) !== before.join("")) continue;
    spans.push({ start, end: only.end });
    meant.delete(each.name);
  }
  return verified(
    text,
    cutLines(
      text,
      spans.sort((left, right) => left.start - right.start),
    ),
    meant,
  );
}

function exampleLines({ name, comment }: ExampleName): string[] {
  return [...comment.split(/\r\n|\n|\r/).map((line) => `# ${line}`.trimEnd()), `${name}=`];
}

/** Puts a value in the place of another, with no blanks round the `=`, since bash reads none there. */
function replaceValue(text: string, old: Assignment, written: string): string {
  const tail = text.slice(old.rawEnd, old.lineEnd);
  // What follows a closing quote, and is no comment, was read by nobody; after a bare value it would become part of it.
  const kept = /^[ \t]*(?:#.*)?$/s.test(tail) ? tail : "";
  return `${text.slice(0, old.nameEnd)}=${written}${kept.startsWith("#") ? " " : ""}${kept}${text.slice(old.lineEnd)}`;
}

/** A value over several lines that took other assignments in, or ends in the middle of a line: its quote was forgotten. */
function swallows(text: string, { rawStart, rawEnd, lineEnd }: Assignment): boolean {
  const raw = text.slice(rawStart, rawEnd);
  if (!raw.includes("\n")) return false;
  return (
    /\n[ \t]*(?:export[ \t]+)?[A-Za-z_]\w*[ \t]*=/.test(raw) ||
    !/^[ \t]*(?:#.*)?\r?$/s.test(text.slice(rawEnd, lineEnd))
  );
}

/** Appends whole lines. A file without a final newline stays one, which is what lets `cutLines` give it back. */
function append(text: string, lines: readonly string[]): string {
  if (lines.length === 0) return text;
  const eol = /\r?\n/.exec(text)?.[0] ?? "\n";
  if (text === "" || text.endsWith("\n")) return text + lines.map((line) => line + eol).join("");
  // A CR at the very end would turn our LF into a CRLF, and be taken out with it.
  return text + (text.endsWith("\r") ? "\r\n" : eol) + lines.join(eol);
}

/** Takes whole lines out. If the last one had no line break, the line before gives its own up. */
function cutLines(text: string, spans: readonly { readonly start: number; readonly end: number }[]): string {
  let result = "";
  let at = 0;
  for (const { start, end } of spans) {
    result += text.slice(at, start);
    at = end;
  }
  const rest = text.slice(at);
  return rest === "" && at > 0 && !text.endsWith("\n") ? result.replace(/\r?\n$/, "") : result + rest;
}

function eolAt(text: string, lineStart: number): string {
  return /\r?\n$/.exec(text.slice(Math.max(0, lineStart - 2), lineStart))?.[0] ?? "\n";
}

function lineStarts(text: string, offset: number): boolean {
  return offset === (hasBom(text) ? 1 : 0) || text[offset - 1] === "\n";
}

/** The last gate: what would be written is read again, and must be what was meant. */
function verified(before: string | undefined, after: string, meant: ReadonlyMap<string, string>): DotenvEdited {
  const read = parseDotenv(after);
  const same = read.size === meant.size && [...meant].every(([name, value]) => read.get(name) === value);
  if (same) return { ok: true, text: after, changed: before === undefined ? after !== "" : after !== before };
  const open = assignments(before ?? "").find(({ quoting }) => quoting === "open");
  if (open !== undefined) return refuse("the quote that opens the value of a variable is not closed", open.rawStart);
  return refuse("it cannot be edited safely: other variables would be read otherwise", 0);
}

function refuse(reason: string, offset: number): DotenvEdited {
  return { ok: false, refused: { reason, offset } };
}
