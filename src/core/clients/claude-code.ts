/** Claude Code: its descriptor, and how it reads an entry (2.1.197 and 2.1.330, measured). */
import { isObject, type Json } from "../formats/json.ts";
import { type Value, valueNamed, variablesFor } from "../halo.ts";
import { entryFor, type HeaderValue, referring, type Slots } from "./entry.ts";
import { type Client, client, USUAL } from "./model.ts";
import { also, BRACES_WITH_DEFAULT, expand } from "./references.ts";

/** It reads no `.env`; `env` in `.claude/settings.local.json` reaches sessions (2.1.197 and 2.1.330, measured). */
export const claudeCode = client("claude-code", "Claude Code", "2.1.332 (2026-11)", {
  docs: "https://code.claude.com/docs/en/mcp",
  isProven: true,
  programs: ["claude"],
  files: { project: [".mcp.json"], user: "~/.claude.json", moved: ["CLAUDE_CONFIG_DIR", "~"] },
  format: "json",
  entry: { ...USUAL.entry, fixed: { type: "http" } },
  demands: undefined,
  references: BRACES_WITH_DEFAULT,
  foreign: [],
  unset: "literal",
  spoils: { reference: /\$\{[A-Za-z_]/, literal: /\$\{[A-Za-z_]/ },
  reads: [".claude/settings.local.json", ".claude/settings.json"],
  next: [
    { note: "Start claude in this folder and approve the server; /mcp shows it and its tools" },
    { note: '"claude mcp list" does not read the values of a project: it says "Failed to connect"', only: "project" },
  ],
});

/** In a plugin's files it also expands the options of the plugin (2.1.332, measured). */
export const claudePlugin: Client = {
  ...claudeCode,
  references: also(BRACES_WITH_DEFAULT, /^\$\{(?:user_config\.[\w.-]+|CLAUDE_PLUGIN_\w+)\}$/),
  inside: { ".claude-plugin/plugin.json": [] },
};

/** The entry exactly as CM.com documents it. */
export const haloEntry = (name: string, url: string): Json => entryFor(claudeCode, url, referring(variablesFor(name)));

/** What is sent where, exactly as the client sends it: without spaces at the ends of a header. Contains secrets. */
export function expandEntry({ url, headers }: Pick<Entry, "url" | "headers">, env: Parameters<typeof expand>[1]): Sent {
  const expanded = Object.entries(headers).map(([name, text]) => ({ name, ...expand(text, env) }));
  return sentOf(expand(url.trim(), env), expanded);
}

type Expanded = ReturnType<typeof expand>;
/** In: what the texts of the URL and of the headers became. */
export function sentOf(url: Expanded, headers: readonly (Expanded & { readonly name: string })[]) {
  const used = headers.flatMap(({ name: header, read, missing }) =>
    [...read, ...missing].map((variable) => ({ header, variable })),
  );
  return {
    url: url.text,
    headers: Object.fromEntries(headers.map(({ name, text }) => [name.trim(), text.trim()])),
    /** Variables that nothing sets: the client would send the reference itself. */
    missing: [...new Set([url, ...headers].flatMap(({ missing }) => missing))],
    read: used,
  };
}

export type Sent = ReturnType<typeof sentOf>;

export type Scope = "project" | "local" | "user";

/** One entry for HALO, as it is in a file. Every text in it is untrusted. */
export interface Entry {
  readonly name: string;
  readonly scope: Scope;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** How the header of each of the three values is written; absent without the header. */
  readonly values: Partial<Slots>;
  /** The entry has a `headersHelper` or a `command`, which would be run. */
  readonly runs: boolean;
  readonly raw: Json;
}

/** One reference and nothing else, or text (a literal, another spelling, a mixture). */
function headerValue(text: string): HeaderValue {
  const only = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-)?\}$/.exec(text.trim());
  return only?.[1] === undefined ? { literal: text } : { env: only[1] };
}

export function readEntry(name: string, scope: Scope, raw: Json): Entry {
  const { url, headers: given, headersHelper, command } = isObject(raw) ? raw : {};
  const all = Object.entries(isObject(given) ? given : {});
  const texts = all.filter((pair): pair is [string, string] => typeof pair[1] === "string");
  const values: Partial<Record<Value, HeaderValue>> = {};
  for (const [header, text] of texts) {
    const which = valueNamed(header);
    if (which !== undefined) values[which] = headerValue(text);
  }
  const runs = headersHelper !== undefined || command !== undefined;
  const headers = Object.fromEntries(texts);
  return { name, scope, url: typeof url === "string" ? url : "", headers, values, runs, raw };
}
