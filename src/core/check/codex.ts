/**
 * `.codex/config.toml`, read as text: quoted values with their keys and tables. There is no TOML parser on this road:
 * smol-toml keeps no positions, so a finding could not say where, and would cost every start of `check`.
 * A text of several lines and a key built from escapes are read as they look.
 */

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

const STRING = /"((?:[^"\\]|\\.)*)"|'([^']*)'/g;
const KEY = /^[ \t]*((?:[\w-]+|"[^"]*"|'[^']*')(?:[ \t]*\.[ \t]*(?:[\w-]+|"[^"]*"|'[^']*'))*)[ \t]*=[ \t]*/;
const LONGEST_LINE = 20_000;

function plainKey(key: string): string {
  return key.replace(/[ \t]*\.[ \t]*/g, ".").replace(/["']/g, "");
}

/** Where a comment begins: the first `#` outside quotes. */
function withoutComment(line: string): string {
  const bare = line.replace(STRING, (text) => "_".repeat(text.length));
  const at = bare.indexOf("#");
  return at < 0 ? line : line.slice(0, at);
}

function joined(table: string, path: string): { readonly table: string; readonly key: string } {
  const whole = table === "" ? path : `${table}.${path}`;
  const dot = whole.lastIndexOf(".");
  return { table: whole.slice(0, Math.max(0, dot)), key: whole.slice(dot + 1) };
}

/** The strings of a value, as pairs; in an inline table each has its own key. */
function stringsOf(value: string, offset: number, table: string, path: string): readonly Pair[] {
  const pairs: Pair[] = [];
  const inline = value.startsWith("{");
  for (const match of value.matchAll(STRING)) {
    const before = value.slice(0, match.index);
    const after = value.slice(match.index + match[0].length);
    if (inline && /^[ \t]*[=.]/.test(after)) continue;
    const inner = inline
      ? /(?:^|[{,\s])((?:[\w-]+|"[^"]*"|'[^']*')(?:\.[\w-]+)*)[ \t]*=[ \t]*$/.exec(before)?.[1]
      : undefined;
    const place =
      inner === undefined ? joined(table, path) : joined(table === "" ? path : `${table}.${path}`, plainKey(inner));
    const start = offset + match.index;
    pairs.push({ ...place, value: match[1] ?? match[2] ?? "", start, end: start + match[0].length });
  }
  return pairs;
}

export function pairsOf(text: string): readonly Pair[] {
  const pairs: Pair[] = [];
  let table = "";
  let list: string | undefined;
  let offset = 0;
  for (const raw of text.split("\n")) {
    const line = raw.length > LONGEST_LINE ? "" : withoutComment(raw);
    const head = /^[ \t]*\[{1,2}([^\]]+)\]{1,2}[ \t\r]*$/.exec(line);
    const key = KEY.exec(line);
    if (list === undefined && head !== null) table = plainKey((head[1] ?? "").trim());
    else if (list === undefined && key !== null) {
      const path = plainKey(key[1] ?? "");
      pairs.push(...stringsOf(line.slice(key[0].length), offset + key[0].length, table, path));
      // a list may go on over the next lines
      const open = line.slice(key[0].length).replace(STRING, "");
      if (open.startsWith("[") && !open.includes("]")) list = path;
    } else if (list !== undefined) {
      pairs.push(...stringsOf(line, offset, table, list));
      if (line.replace(STRING, "").includes("]")) list = undefined;
    }
    offset += raw.length + 1;
  }
  return pairs;
}

/** The server that a table belongs to, and which part of it this is: `""`, `http_headers`, `env`, … */
export function serverOf(table: string): { readonly name: string; readonly part: string } | undefined {
  const match = /^mcp_servers\.([^.]+)(?:\.(.+))?$/.exec(table);
  return match === null ? undefined : { name: match[1] ?? "", part: match[2] ?? "" };
}
