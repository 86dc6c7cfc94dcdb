/**
 * `.codex/config.toml`, read as text: quoted values with their keys and tables. There is no TOML parser on this road:
 * smol-toml keeps no positions, so a finding could not say where, and would cost every start of `check`.
 * A text of several lines and a key built from escapes are read as they look.
 */
import { onceForText } from "../check/once.ts";

/** `key = "value"`, and every string of a list, with the table it stands in. */
export interface Pair {
  /** `mcp_servers.halo.http_headers`, quotes taken off. */
  readonly table: string;
  readonly key: string;
  readonly value: string;
  /** The value with its quotes. */
  readonly start: number;
  readonly end: number;
}

const KEY = /^[ \t]*((?:[\w-]+|"[^"]*"|'[^']*')(?:[ \t]*\.[ \t]*(?:[\w-]+|"[^"]*"|'[^']*'))*)[ \t]*=[ \t]*/;
/** The key of an inline table before its value. */
const INNER = /(?:^|[{,\s])((?:[\w-]+|"[^"]*"|'[^']*')(?:\.[\w-]+)*)[ \t]*=[ \t]*$/;
/** No name of a server or a table comes near it; what is longer is cut, so that it is not copied for every string. */
const LONGEST_NAME = 500;

interface Quoted {
  /** Its place in the line, quotes included. */
  readonly start: number;
  readonly end: number;
}

/** The strings of one line, in one pass: an expression would read on from each of 20,000 quotes that nothing closes. */
function stringsIn(line: string): readonly Quoted[] {
  const found: Quoted[] = [];
  const quotes = /["']/g;
  const isOpen = { '"': false, "'": false };
  for (let match = quotes.exec(line); match !== null; match = quotes.exec(line)) {
    const quote = match[0] === '"' ? '"' : "'";
    // where one is not closed no later one is: every other quote of its kind is escaped
    if (isOpen[quote]) continue;
    const end = quote === "'" ? line.indexOf(quote, match.index + 1) : closingQuote(line, match.index + 1);
    if (end < 0) {
      isOpen[quote] = true;
      continue;
    }
    found.push({ start: match.index, end: end + 1 });
    quotes.lastIndex = end + 1;
  }
  return found;
}

function closingQuote(line: string, from: number): number {
  for (let at = from; at < line.length; at += 1) {
    if (line[at] === "\\") at += 1;
    else if (line[at] === '"') return at;
  }
  return -1;
}

/** What stands outside the strings. */
function bareText(line: string, strings: readonly Quoted[], from: number, filler: string): string {
  const parts: string[] = [];
  let at = from;
  for (const { start, end } of strings) {
    parts.push(line.slice(at, start), filler.repeat(end - start));
    at = end;
  }
  parts.push(line.slice(at));
  return parts.join("");
}

function plainKey(key: string): string {
  return key
    .replace(/(?<![ \t])[ \t]*\.[ \t]*/g, ".")
    .replace(/["']/g, "")
    .slice(0, LONGEST_NAME);
}

function joined(table: string, path: string): { readonly table: string; readonly key: string } {
  const whole = table === "" ? path : `${table}.${path}`;
  const dot = whole.lastIndexOf(".");
  return { table: whole.slice(0, Math.max(0, dot)), key: whole.slice(dot + 1) };
}

/** A line without its comment, and where it stands in the text. */
interface Line {
  readonly text: string;
  readonly offset: number;
  readonly strings: readonly Quoted[];
}

/** Up to the first `#` outside quotes. */
function lineOf(raw: string, offset: number): Line {
  const all = stringsIn(raw);
  const comment = raw.includes("#") ? bareText(raw, all, 0, "_").indexOf("#") : -1;
  if (comment < 0) return { text: raw, offset, strings: all };
  return { text: raw.slice(0, comment), offset, strings: all.filter(({ end }) => end <= comment) };
}

/** The strings of a value that begins at `from`, as pairs; in an inline table each has its own key. */
function addStrings(pairs: Pair[], line: Line, from: number, table: string, path: string): void {
  const { text, offset } = line;
  const inline = text[from] === "{";
  const place = joined(table, path);
  const inside = table === "" ? path : `${table}.${path}`;
  let before = from;
  for (const { start, end } of line.strings) {
    if (start < from) continue;
    const isKey = inline && /[=.]/.test(text[skipBlanks(text, end)] ?? "");
    if (!isKey) {
      const inner = inline ? INNER.exec(text.slice(before, start))?.[1] : undefined;
      const its = inner === undefined ? place : joined(inside, plainKey(inner));
      pairs.push({ ...its, value: text.slice(start + 1, end - 1), start: offset + start, end: offset + end });
    }
    // the last string can be the next one's key, and the sign before it says whether it is
    before = Math.max(from, start - 1);
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at += 1;
  return at;
}

/** The strings of a TOML text, each with its table and key, in their order. */
export const pairsOf = onceForText((text): readonly Pair[] => {
  const pairs: Pair[] = [];
  let table = "";
  let list: string | undefined;
  let offset = 0;
  for (const raw of text.split("\n")) {
    const line = lineOf(raw, offset);
    const head = /^[ \t]*\[{1,2}([^\]]+)\]{1,2}[ \t\r]*$/.exec(line.text);
    const key = KEY.exec(line.text);
    if (list === undefined && head !== null) table = plainKey((head[1] ?? "").trim());
    else if (list === undefined && key !== null) {
      const from = key[0].length;
      const path = plainKey(key[1] ?? "");
      addStrings(pairs, line, from, table, path);
      // a list may go on over the next lines
      const inside = line.strings.filter(({ start }) => start >= from);
      if (line.text[from] === "[" && !bareText(line.text, inside, from, "").includes("]")) list = path;
    } else if (list !== undefined) {
      addStrings(pairs, line, 0, table, list);
      if (bareText(line.text, line.strings, 0, "").includes("]")) list = undefined;
    }
    offset += raw.length + 1;
  }
  return pairs;
});

/** The server that a table belongs to, and which part of it this is: `""`, `http_headers`, `env`, … */
export function serverOf(table: string): { readonly name: string; readonly part: string } | undefined {
  const match = /^mcp_servers\.([^.]+)(?:\.(.+))?$/.exec(table);
  return match === null ? undefined : { name: match[1] ?? "", part: match[2] ?? "" };
}

interface BrokenLine {
  readonly reason: string;
  readonly offset: number;
}

/** Why a line that begins a table or a value is none, whatever stands around it. In: its text, with `_` for every string. */
function brokenHead(body: string, value: string | undefined): string | undefined {
  if (/^(?:<{7}|>{7}|={7})(?: |$)/.test(body)) return "conflict markers of an unfinished merge";
  if (body.startsWith("["))
    return /^\[{1,2}[^[\]]+\]{1,2}$/.test(body) ? undefined : "the head of a table is not well formed";
  if (value === undefined) return 'a line without "="';
  if (value === "" || value.startsWith("=")) return 'no value after "="';
  return /^["']/.test(value) ? "a text is not closed" : undefined;
}

/** The first line that is no TOML. Undefined where there is none, and in files with texts over several lines, which are not followed. */
export function brokenLineOf(text: string): BrokenLine | undefined {
  if (/"""|'''/.test(text)) return undefined;
  let offset = text.startsWith("\uFEFF") ? 1 : 0;
  let open: (BrokenLine & { readonly depth: number }) | undefined;
  for (const raw of text.slice(offset).split("\n")) {
    const line = lineOf(raw, offset);
    const bare = bareText(line.text, line.strings, 0, "_");
    const body = bare.trim();
    const at = offset + bare.length - bare.trimStart().length;
    offset += raw.length + 1;
    if (body === "") continue;
    const value = open === undefined ? /^[^=]*=\s*(.*)$/.exec(body)?.[1] : undefined;
    if (open === undefined) {
      const reason = brokenHead(body, value);
      if (reason !== undefined) return { reason, offset: at };
    }
    // a list or a table goes on until its brackets are closed
    if (open === undefined && (value === undefined || !/^[[{]/.test(value))) continue;
    const depth = (open?.depth ?? 0) + count(value ?? body, /[[{]/g) - count(value ?? body, /[\]}]/g);
    open = depth > 0 ? { reason: "a list or a table is not closed", offset: open?.offset ?? at, depth } : undefined;
  }
  return open;
}

function count(text: string, of: RegExp): number {
  return text.match(of)?.length ?? 0;
}
