/** Reading `.env`: where each assignment is, and what it says. */
import type { FileState } from "../plan/model.ts";

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
export function parseDotenv(text: string): ReadonlyMap<string, string> {
  return new Map(assignments(text).map(({ name, value }) => [name, value]));
}

/** The assignments of a dotenv file; none when it is absent. */
export function dotenvOf(state: FileState | undefined): ReadonlyMap<string, string> {
  return state?.kind === "file" ? parseDotenv(state.text) : new Map();
}

/** True if the text starts with a BOM: bash, direnv, docker and Node then do not see its first name. */
export function hasBom(text: string): boolean {
  return text.startsWith("\uFEFF");
}

/** All assignments of a file, in its order. */
export function assignments(text: string): readonly Assignment[] {
  const { plain, at } = withoutReturns(text);
  const found: Assignment[] = [];
  let from = 0;
  while (from < plain.length) {
    const lineEnd = endOfLine(plain, from);
    const next = readAssignment(plain, from, lineEnd);
    if (next === undefined) {
      from = lineEnd + 1;
      continue;
    }
    found.push(plain === text ? next : moved(next, at));
    from = next.end;
  }
  return found;
}

/** Node drops every CR before it reads; this does too, and remembers where each unit was. */
function withoutReturns(text: string): { readonly plain: string; readonly at: (index: number) => number } {
  const first = hasBom(text) ? 1 : 0;
  if (!text.includes("\r")) return { plain: text.slice(first), at: (index) => index + first };
  const offsets: number[] = [];
  for (let offset = first; offset < text.length; offset += 1) if (text[offset] !== "\r") offsets.push(offset);
  return { plain: text.slice(first).replaceAll("\r", ""), at: (index) => offsets[index] ?? text.length };
}

/** The same with offsets into the text as it is. */
function moved(found: Assignment, at: (index: number) => number): Assignment {
  // A CR before the line break is no part of the value, so an end is counted from the last unit inside.
  const after = (index: number): number => (index === 0 ? at(0) : at(index - 1) + 1);
  return {
    ...found,
    start: after(found.start),
    nameEnd: after(found.nameEnd),
    rawStart: after(found.rawStart),
    rawEnd: after(found.rawEnd),
    lineEnd: after(found.lineEnd),
    end: after(found.end),
  };
}

function isBlank(char: string | undefined): boolean {
  return char === " " || char === "\t";
}

function readAssignment(text: string, start: number, endOfFirst: number): Assignment | undefined {
  const equals = text.slice(start, endOfFirst).indexOf("=") + start;
  if (equals < start) return undefined;
  const before = trimBlanks(text.slice(start, equals));
  if (before === "" || before.startsWith("#")) return undefined;
  const name = before.startsWith("export ") ? trimBlanks(before.slice("export ".length)) : before;
  let nameEnd = equals;
  while (isBlank(text[nameEnd - 1])) nameEnd -= 1;
  let rawStart = equals + 1;
  while (rawStart < endOfFirst && isBlank(text[rawStart])) rawStart += 1;
  let lineEnd = endOfFirst;
  let rawEnd: number;
  let value: string;
  let quoting: Assignment["quoting"] = "none";
  const quote = text[rawStart];
  if (rawStart < lineEnd && (quote === '"' || quote === "'" || quote === "`")) {
    const close = text.indexOf(quote, rawStart + 1);
    if (close < 0) {
      // Node trims the file as a whole first, and the rest of such a line not at all.
      const last = /^[ \t\n]*$/.test(text.slice(lineEnd));
      quoting = "open";
      rawEnd = lineEnd;
      value = last ? trimBlanks(text.slice(rawStart, lineEnd)) : text.slice(rawStart, lineEnd);
    } else {
      const inside = text.slice(rawStart + 1, close);
      quoting = "closed";
      rawEnd = close + 1;
      value = quote === '"' ? inside.replaceAll("\\n", "\n") : inside;
      lineEnd = endOfLine(text, rawEnd);
    }
  } else {
    const comment = text.slice(rawStart, lineEnd).indexOf("#");
    value = trimBlanks(text.slice(rawStart, comment < 0 ? lineEnd : rawStart + comment));
    if (value === "") rawStart = equals + 1;
    rawEnd = rawStart + value.length;
  }
  const end = Math.min(lineEnd + 1, text.length);
  return { name, value, start, nameEnd, rawStart, rawEnd, quoting, lineEnd, end };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** Node trims space and tab here, and no other white space. */
function trimBlanks(text: string): string {
  // not a pattern: one that is anchored at the end tries every blank before it, which is quadratic
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return text.slice(start, end);
}
