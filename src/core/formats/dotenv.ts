/** `.env` as text: its variables, and edits that keep every byte of other lines. */
import { storeOf } from "../halo.ts";
import type { FileState } from "../plan/model.ts";
import type { Edited } from "./json.ts";
import { appendLines, cutLines, placeWords } from "./lines.ts";

/**
 * Variables of a `.env` as `util.parseEnv` reads them; the last assignment of a name counts. If Node 20 differs from 22
 * and 24, as 22 and 24 do, except if dotenv and bash contradict them: spaces after `NAME=` are an empty value (Node uses
 * the next line), and `export NAME=` is the variable NAME (Node calls it "export NAME"). A BOM does not hide the first
 * name. Never fails: odd lines are skipped.
 */
export const parseDotenv = (text: string): Map<string, string> =>
  new Map(assignments(text).map(({ name, value }) => [name, value]));

/** The variables whose value not all programs read in the same way, with the place and what to do. */
export function cutValues(state: FileState | undefined, file: string, names: readonly string[]): readonly string[] {
  const text = state?.kind === "file" ? state.text : "";
  return assignments(text).flatMap(({ name, isCut, start }) => {
    if (!isCut || !names.includes(name)) return [];
    const place = `${file}${placeWords(text, start).replace(/:\d+$/, "")}`;
    return `${place}: the value of ${name} has a #, where it ends for dotenv and Node, but not for a shell; quote it: ${name}='…'`;
  });
}

export const dotenvOf = (state: FileState | undefined): ReadonlyMap<string, string> =>
  state?.kind === "file" ? parseDotenv(state.text) : new Map();

/** Every `NAME=value` of a file. Offsets count in the text as it is, BOM and CRs included. */
export function assignments(text: string) {
  const found: Exclude<ReturnType<typeof readAssignment>, undefined>[] = [];
  for (let start = text.startsWith("\uFEFF") ? 1 : 0; start < text.length; ) {
    const next = readAssignment(text, start);
    if (next !== undefined) found.push(next);
    start = next?.end ?? endOfLine(text, start) + 1;
  }
  return found;
}

function readAssignment(text: string, start: number) {
  const firstEnd = endOfLine(text, start);
  const equals = start + text.slice(start, firstEnd).indexOf("=");
  if (equals < start) return undefined;
  const [nameStart, nameEnd] = trim(text, start, equals);
  const name = plain(text, nameStart, nameEnd).replace(/^export [ \t]*/, "");
  if (name === "" || name.startsWith("#")) return undefined;
  let [rawStart, rawEnd] = trim(text, equals + 1, firstEnd);
  let [value, end]: [string, number] = ["", firstEnd];
  const quote = /["'`]/.exec(text.charAt(rawStart))?.[0];
  const close = quote === undefined ? -1 : text.indexOf(quote, rawStart + 1);
  const isOpen = quote !== undefined && close < 0;
  let isCut = false;
  if (quote === undefined) {
    const comment = text.slice(rawStart, rawEnd).indexOf("#");
    isCut = comment >= 0 && !isBlank(text[rawStart + comment - 1]);
    if (comment >= 0) [, rawEnd] = trim(text, rawStart, rawStart + comment);
    value = plain(text, rawStart, rawEnd);
    if (value === "") rawStart = rawEnd = equals + 1;
  } else if (close >= 0) {
    [rawEnd, end] = [close + 1, endOfLine(text, close)];
    value = plain(text, rawStart + 1, close);
    if (quote === '"') value = value.replaceAll("\\n", "\n");
  } else {
    // Node trims the whole file first, but not the rest of such a line
    value = plain(text, rawStart, /^\s*$/.test(text.slice(firstEnd)) ? rawEnd : firstEnd);
    rawEnd = text[firstEnd - 1] === "\r" ? firstEnd - 1 : firstEnd;
  }
  const lineEnd = text[end - 1] === "\r" && end > rawEnd ? end - 1 : end;
  return {
    ...{ name, value, start, isOpen },
    /** End of the name, before spaces and `=`. */
    nameEnd,
    /** The value as written, with its quotes; empty if there is none. */
    ...{ rawStart, rawEnd },
    /** It ends at a `#` without a space before it: there it ends for dotenv and Node, but not for a shell. */
    isCut,
    /** End of its last line, before the line break. */
    lineEnd,
    end: Math.min(end + 1, text.length),
  };
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}

/** What Node trims here: only space and tab; and CRs, which it removes first. */
const isBlank = (char: string | undefined): boolean => char === " " || char === "\t" || char === "\r";

/** A stretch without spaces at its ends. A loop: a pattern that is anchored at the end is quadratic in the spaces. */
function trim(text: string, from: number, to: number): [from: number, to: number] {
  let [start, end] = [from, to];
  while (start < end && isBlank(text[start])) start += 1;
  while (end > start && isBlank(text[end - 1])) end -= 1;
  return [start, end];
}

const plain = (text: string, from: number, to: number): string => text.slice(from, to).replaceAll("\r", "");

type ExampleName = { readonly name: string; readonly comment: string; readonly value?: string | undefined };

const BARE = /^[A-Za-z0-9!%*+,./:=?@[\]^_{}-]*$/;

/** A value in a form that nine readers read the same way (measured 2026: Node, dotenv, bash, direnv, docker, python-dotenv …); undefined if there is none. */
export function formatDotenvValue(value: string): string | undefined {
  if (BARE.test(value)) return value;
  // NUL ends a value in every environment; half a surrogate pair does not survive UTF-8
  if (value.includes("\0") || /[\r\n\\$]/.test(value) || /[\ud800-\udfff]/u.test(value)) return undefined;
  if (!value.includes("'")) return `'${value}'`;
  return /["`]/.test(value) ? undefined : `"${value}"`;
}

/** The file with these variables: the last assignment of a name is changed in place, missing names are appended. */
export function setDotenv(text: string, values: Readonly<Record<string, string>>): Edited {
  const meant = parseDotenv(text);
  const added: string[] = [];
  let current = text;
  for (const [name, value] of Object.entries(values)) {
    const written = formatDotenvValue(value);
    const old = assignments(current).findLast((each) => each.name === name);
    const unwritten = `the value of ${name} cannot be written so that all readers of .env files agree on it`;
    if (written === undefined) return refuse(unwritten, old?.rawStart ?? 0);
    // a person keeps the value in a secret store, not here
    if (old !== undefined && storeOf(old.value) !== undefined) continue;
    meant.set(name, value);
    if (old === undefined) added.push(`${name}=${written}`);
    if (old === undefined || old.value === value) continue;
    const swallows = `a quote of ${name} is closed on a later line: a new value would delete the lines between`;
    if (current.slice(old.rawStart, old.rawEnd).includes("\n")) return refuse(swallows, old.rawStart);
    // no reader uses text after a closing quote; after a bare value it would become part of it
    const rest = current.slice(old.rawEnd, old.lineEnd);
    // what looked like a comment is the rest of the value
    const isRest = old.isCut && value === `${old.value}${rest.trim()}`;
    const comment = (!isRest && /^[ \t]*(?:#.*)?$/s.exec(rest)?.[0]) || "";
    // no spaces around the `=`: bash does not allow them
    const line = `=${written}${comment.startsWith("#") ? " " : ""}${comment}`;
    current = current.slice(0, old.nameEnd) + line + current.slice(old.lineEnd);
  }
  return verified(text, appendLines(current, added), meant);
}

/** The file without these names: the inverse of `setDotenv`. Refused if other variables would be read differently. */
export function removeDotenv(text: string, names: readonly string[]): Edited {
  const meant = parseDotenv(text);
  for (const name of names) meant.delete(name);
  const spans = assignments(text).filter(({ name }) => names.includes(name));
  return verified(text, cutLines(text, spans), meant);
}

/** `.env.example` with a comment and an assignment for every missing name. */
export function addExampleNames(text: string, names: readonly ExampleName[]): Edited {
  const meant = parseDotenv(text);
  const added = names.filter(({ name }) => !meant.has(name));
  for (const { name, value = "" } of added) meant.set(name, formatDotenvValue(value) === undefined ? "" : value);
  return verified(text, appendLines(text, added.flatMap(exampleLines)), meant);
}

/** The inverse of `addExampleNames`: removes only the lines that are still as it wrote them, with this value or none. */
export function removeExampleNames(text: string, names: readonly ExampleName[]): Edited {
  const meant = parseDotenv(text);
  const eol = /\r?\n/.exec(text)?.[0] ?? "\n";
  let current = text;
  for (const each of names) {
    const block = exampleLines(meant.get(each.name) === each.value ? each : { ...each, value: "" }).join(eol);
    const start = `${eol}${current}${eol}`.indexOf(`${eol}${block}${eol}`);
    if (start < 0 || assignments(text).filter(({ name }) => name === each.name).length > 1) continue;
    const end = Math.min(start + block.length + eol.length, current.length);
    current = cutLines(current, [{ start, end }]);
    meant.delete(each.name);
  }
  return verified(text, current, meant);
}

const exampleLines = ({ name, comment, value = "" }: ExampleName): string[] => [
  `# ${comment}`,
  `${name}=${formatDotenvValue(value) ?? ""}`,
];

function verified(before: string, after: string, meant: ReadonlyMap<string, string>): Edited {
  const read = parseDotenv(after);
  const isSame = read.size === meant.size && [...meant].every(([name, value]) => read.get(name) === value);
  if (isSame) return { ok: true, text: after };
  const open = assignments(before).find(({ isOpen }) => isOpen);
  if (open !== undefined) return refuse("the quote that opens the value of a variable is not closed", open.rawStart);
  return refuse("it cannot be edited safely: other variables would change", 0);
}

const refuse = (reason: string, offset: number): Edited => ({ ok: false, refused: { reason, offset } });
