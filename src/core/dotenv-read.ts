/** Reading `.env`: where each assignment is, and what it says. */

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
    // A CR before the line break is no part of the value, so an end is counted from the last unit inside.
    const after = (index: number): number => (index === 0 ? at(0) : at(index - 1) + 1);
    found.push({
      ...next,
      start: after(from),
      nameEnd: after(next.nameEnd),
      rawStart: after(next.rawStart),
      rawEnd: after(next.rawEnd),
      lineEnd: after(next.lineEnd),
      end: after(next.end),
    });
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

function readAssignment(text: string, from: number, lineEnd: number): Omit<Assignment, "start"> | undefined {
  const line = text.slice(from, lineEnd);
  const equals = line.indexOf("=");
  if (equals < 0 || /^[ \t]*#/.test(line)) return undefined;
  const before = trimBlanks(line.slice(0, equals));
  if (before === "") return undefined;
  const name = before.startsWith("export ") ? trimBlanks(before.slice("export ".length)) : before;
  let nameEnd = from + equals;
  while (text[nameEnd - 1] === " " || text[nameEnd - 1] === "\t") nameEnd -= 1;
  const valueStart = from + equals + 1;
  const rest = line.slice(equals + 1);
  const rawStart = valueStart + (rest.length - rest.replace(/^[ \t]+/, "").length);
  const base = { name, nameEnd, rawStart, lineEnd, end: Math.min(lineEnd + 1, text.length) };
  const quote = text[rawStart];
  if (rawStart < lineEnd && (quote === '"' || quote === "'" || quote === "`")) {
    const close = text.indexOf(quote, rawStart + 1);
    if (close < 0) {
      // Node trims the file as a whole first, and the rest of such a line not at all.
      const last = /^[ \t\n]*$/.test(text.slice(lineEnd));
      const value = text.slice(rawStart, lineEnd);
      return { ...base, value: last ? trimBlanks(value) : value, rawEnd: lineEnd, quoting: "open" };
    }
    const inside = text.slice(rawStart + 1, close);
    const value = quote === '"' ? inside.replaceAll("\\n", "\n") : inside;
    const last = endOfLine(text, close + 1);
    const end = Math.min(last + 1, text.length);
    return { ...base, value, rawEnd: close + 1, quoting: "closed", lineEnd: last, end };
  }
  const value = trimBlanks(text.slice(valueStart, lineEnd).split("#", 1)[0] ?? "");
  return value === ""
    ? { ...base, value, rawStart: valueStart, rawEnd: valueStart, quoting: "none" }
    : { ...base, value, rawEnd: rawStart + value.length, quoting: "none" };
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
  while (start < end && (text[start] === " " || text[start] === "\t")) start += 1;
  while (end > start && (text[end - 1] === " " || text[end - 1] === "\t")) end -= 1;
  return text.slice(start, end);
}
