/**
 * A whole file, line by line, with every value masked that is not ours to show. The whole of it is read, not its lines:
 * a comment or a quoted value over several lines would make a line alone look like something else.
 */
import { isNameToShow } from "../check/names.ts";
import { HIDDEN, mask, maskOf } from "../secrets.ts";
import { assignments } from "./dotenv.ts";

export interface MaskOptions {
  /** Known secrets, masked wherever they stand. */
  readonly secrets: readonly string[];
  /** Values that may be shown: the URL, the server's name, placeholders. */
  readonly shown: readonly string[];
  readonly format: "json" | "dotenv" | "lines";
}

/** Keys whose values say what an entry is, not what it opens. */
const OPEN_KEYS: Readonly<Record<string, RegExp>> = {
  type: /^[a-z-]{1,20}$/i,
  transport: /^[a-z-]{1,20}$/i,
  command: /^[\w.@/\\-]{1,24}$/,
  version: /^[\d.]{1,12}$/,
  $schema: /^https:\/\/[\w./-]{1,100}$/,
};

/** Below these keys any name may be anybody's. */
const CLOSED_PARENTS = new Set(["env", "headers", "environment"]);

/** A reference in any client's spelling, alone or after a word such as Bearer. */
const ONLY_REFERENCE = /^(?:(?:Bearer|Basic|Token) )?\$\{[A-Za-z_][A-Za-z0-9_]*(?::-)?\}$/i;

/** Marks of a comment with only words in it. With a sign or a number that an assignment or a token has, it is masked. */
function maskComment(opening: string, text: string): string {
  const prose = text
    .split(/\s+/)
    .every((word) => /^(?:[A-Z]?[a-z]{1,15}|[A-Z]{1,5}|\d{1,4}|[-–])?[.,;!?]?$/.test(word));
  return prose ? opening + text : `${opening} ${HIDDEN}`;
}

/** How a value is shown: as it is, by the mask of a secret of ours, or not at all. */
function createMasker(options: MaskOptions): (body: string, isOpen: boolean) => string {
  const shown = new Set(options.shown);
  // our own values keep their last four characters, so that a rotation can be seen
  const ours = new Set(options.secrets.map(maskOf));
  const hide = (text: string): string => mask(text, options.secrets);
  return (body, isOpen) => {
    const own = hide(body);
    if (own !== body) return ours.has(own) ? own : HIDDEN;
    return body === "" || isOpen || shown.has(body) ? body : HIDDEN;
  };
}

interface Level {
  /** The key under which the object or array stands. */
  readonly owner: string | undefined;
  key: string | undefined;
}

const JSON_PART = /\s+|"(?:[^"\\\n]|\\[^\n])*("?)|\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[{}[\],:]|[^\s"{}[\],:/]+|\//g;

function maskJson(text: string, options: MaskOptions): string {
  const value = createMasker(options);
  const levels: Level[] = [{ owner: undefined, key: undefined }];
  const parts = [...text.matchAll(JSON_PART)];
  const nextSign = (from: number): string | undefined => {
    for (let index = from; index < parts.length; index += 1) {
      const part = parts[index]?.[0] ?? "";
      if (part.trim() !== "" && !/^\/[/*]/.test(part)) return part;
    }
    return undefined;
  };
  let out = "";
  for (const [index, { 0: part, 1: closing }] of parts.entries()) {
    const level = levels.at(-1) ?? { owner: undefined, key: undefined };
    if (part.trim() === "" || part === ":") {
      out += part;
    } else if (part.startsWith("/")) {
      out += part
        .split("\n")
        .map((line) => maskComment(/^\s*(?:\/\/|\/\*)?/.exec(line)?.[0] ?? "", line.replace(/^\s*(?:\/\/|\/\*)?/, "")))
        .join("\n");
    } else if (part === "{" || part === "[") {
      levels.push({ owner: level.key, key: undefined });
      level.key = undefined;
      out += part;
    } else if (part === "}" || part === "]" || part === ",") {
      if (part !== "," && levels.length > 1) levels.pop();
      const current = levels.at(-1);
      if (current !== undefined) current.key = undefined;
      out += part;
    } else if (part.startsWith('"') && nextSign(index + 1) === ":") {
      level.key = part.slice(1, closing === '"' ? -1 : undefined);
      out += closing === '"' ? `"${value(level.key, isNameToShow(level.key))}"` : HIDDEN;
    } else if (part.startsWith('"')) {
      const body = closing === '"' ? part.slice(1, -1) : part.slice(1);
      const key = level.owner !== undefined && CLOSED_PARENTS.has(level.owner) ? undefined : level.key;
      const isOpen =
        (key !== undefined && Object.hasOwn(OPEN_KEYS, key) && OPEN_KEYS[key]?.test(body) === true) ||
        ONLY_REFERENCE.test(body);
      out += `"${value(body, isOpen)}"`;
    } else {
      out += /^(?:true|false|null|-?\d{1,5}(?:\.\d{1,2})?)$/.test(part) ? part : HIDDEN;
    }
  }
  return out;
}

/** A name that is one: a line of a key over several lines can end in `=` and look like an assignment. */
const PLAIN_NAME =
  /^\s*(?:export\s+)?(?:_*[A-Z]{1,16}\d{0,3}(?:_[A-Z]{0,16}\d{0,3}){0,7}|[a-z_][a-z0-9_]{0,31}|[A-Za-z_]{1,32})$/;

/** A line outside of every assignment. `ours`: the lines that we add. */
function maskOther(line: string, ours: ReadonlySet<string>, options: MaskOptions): string {
  const bare = line.replace(/\r$/, "");
  if (bare.trim() === "") return line;
  const comment = /^(\s*#+)(.*)$/.exec(bare);
  if (comment === null) return HIDDEN;
  return ours.has(bare) ? mask(bare, options.secrets) : maskComment(comment[1] ?? "#", comment[2] ?? "");
}

function maskDotenv(text: string, ours: ReadonlySet<string>, options: MaskOptions): string {
  const value = createMasker(options);
  const other = (part: string): string =>
    part
      .split("\n")
      .map((line) => maskOther(line, ours, options))
      .join("\n");
  let out = "";
  let at = 0;
  let doubtful = false;
  for (const each of assignments(text)) {
    const raw = text.slice(each.rawStart, each.rawEnd);
    const name = text.slice(each.start, each.nameEnd).replace(/^\uFEFF/, "");
    const rest = text.slice(each.rawEnd, each.lineEnd).trim() === "" ? "" : ` ${HIDDEN}`;
    const further = `\n${HIDDEN}`.repeat(text.slice(each.start, each.lineEnd).split("\n").length - 1);
    out += `${other(text.slice(at, each.start))}${!doubtful && PLAIN_NAME.test(name) ? name : HIDDEN}=${further === "" ? value(raw, false) : HIDDEN}${rest}${further}`;
    at = each.lineEnd;
    // a quote that swallowed assignments may be one that was forgotten: from here on a name may be the inside of a value
    doubtful ||= further !== "" && /\n\s*(?:export\s+)?[A-Za-z_]\w*\s*=/.test(raw);
    if (each.quoting === "open") return out + text.slice(at).replace(/[^\n]+/g, HIDDEN);
  }
  return out + other(text.slice(at));
}

/** Ignore rules and `.envrc`, which is a program: what may carry a value is masked, quotes and here-documents included. */
function maskPlain(text: string, ours: ReadonlySet<string>, options: MaskOptions): string {
  const hide = (text: string): string => mask(text, options.secrets);
  let quote = "";
  let rest = false;
  return text
    .split("\n")
    .map((line) => {
      const bare = hide(line.replace(/\r$/, ""));
      const inside = quote !== "" || rest;
      if (!inside && ours.has(bare)) return bare;
      const isComment = !inside && /^\s*#/.test(bare);
      if (isComment) return maskOther(bare, ours, options);
      for (const char of bare) {
        if (quote === "" ? /["'`]/.test(char) : char === quote) quote = quote === "" ? char : "";
      }
      rest ||= bare.includes("<<");
      if (inside) return bare === "" ? "" : HIDDEN;
      const assignment = /^(\s*(?:export\s+)?[A-Za-z_]\w*=)/.exec(bare)?.[1];
      if (assignment !== undefined) return assignment + HIDDEN;
      const opaque = /(?=[^\s/]*\d)(?=[^\s/]*[A-Za-z])[A-Za-z0-9+_-]{20,}/.test(bare);
      return /^[\w\s.*/?!@[\]{}~+\\,$-]*$/.test(bare) && !opaque ? bare : HIDDEN;
    })
    .join("\n");
}

/** The lines of `text`, masked; as many as it has. `ours`: whole lines that we add, which may be shown. */
export function maskLines(text: string, ours: ReadonlySet<string>, options: MaskOptions): readonly string[] {
  const masked =
    options.format === "json"
      ? maskJson(text, options)
      : options.format === "dotenv"
        ? maskDotenv(text, ours, options)
        : maskPlain(text, ours, options);
  return masked.split("\n");
}
