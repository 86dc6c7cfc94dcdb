/**
 * Claude Code: what it is as a client, and what it makes of an entry (2.1.197 and 2.1.330, measured).
 */

import type { Json } from "../formats/json.ts";
import { HALO_URL, HEADERS, VALUES, type Value } from "../halo.ts";
import type { Connection } from "../plan/model.ts";
import { entryFor } from "./entry.ts";
import type { Client } from "./model.ts";
import { BRACES_WITH_DEFAULT, expand } from "./references.ts";

/** It reads no `.env`; `env` in `.claude/settings.local.json` reaches sessions (2.1.197 and 2.1.330, measured). */
export const claudeCode: Client = {
  id: "claude-code",
  label: "Claude Code",
  docs: "https://code.claude.com/docs/en/mcp",
  measured: "2.1.330 (2026-11)",
  files: { project: [".mcp.json"], user: "~/.claude.json" },
  format: "json",
  servers: "mcpServers",
  entry: { url: ["url"], headers: "headers", fixed: { type: "http" } },
  references: BRACES_WITH_DEFAULT,
  unset: "literal",
  reads: [".claude/settings.local.json", ".claude/settings.json"],
  verify: ["claude", "mcp", "get", "halo"],
  next: [{ note: "Start claude in this folder and approve the server" }],
};

/** A reference in Claude Code's spelling. */
export const reference = BRACES_WITH_DEFAULT.spell;

/** The entry exactly as CM.com documents it. */
export function entryOf(connection: Connection): Json {
  return entryFor(claudeCode, connection);
}

export function connectionFor(name: string, url: string, variables: Readonly<Record<Value, string>>): Connection {
  const headers: Record<string, { env: string }> = {};
  for (const value of VALUES) headers[HEADERS[value]] = { env: variables[value] };
  return { name, url, headers };
}

/** What is sent where, exactly as the client would send it. Holds secrets. */
export interface Sent {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Variables that nothing sets: the client would send their placeholder. */
  readonly missing: readonly string[];
  /** Variables that headers take, by header: all that is sent beside plain text. */
  readonly read: readonly { readonly header: string; readonly variable: string }[];
}

/** Expands an entry's URL and headers; blanks at both ends of a header are not sent. */
export function expandEntry(
  entry: { readonly url: string; readonly headers: Readonly<Record<string, string>> },
  env: Readonly<Record<string, string | undefined>>,
): Sent {
  const url = expand(entry.url.trim(), env);
  const missing = new Set(url.missing);
  const headers: Record<string, string> = {};
  const read: Sent["read"][number][] = [];
  for (const [name, text] of Object.entries(entry.headers)) {
    const expanded = expand(text, env);
    for (const variable of expanded.missing) missing.add(variable);
    for (const variable of [...expanded.read, ...expanded.missing]) read.push({ header: name, variable });
    headers[name.trim()] = expanded.text.trim();
  }
  return { url: url.text, headers, missing: [...missing], read };
}

export type Scope = "project" | "local" | "user";

/** One entry for HALO, as it stands in a file. Every text in it is untrusted. */
export interface Entry {
  readonly name: string;
  readonly scope: Scope;
  /** As written, with placeholders. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Which of the three values each header carries: how it is written. Absent when the header is not there. */
  readonly values: Readonly<Partial<Record<Value, HeaderValue>>>;
  /** The entry has a `headersHelper` or a `command`: something that would be run. */
  readonly runs: boolean;
  /** Why Claude Code skips this entry, if it does. */
  readonly broken?: string;
  readonly raw: Json;
}

/** How a header is written: one reference and nothing else, or text (a literal, another spelling, a mixture). */
export type HeaderValue = { readonly env: string } | { readonly literal: string };

type JsonObject = { readonly [key: string]: Json };

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function headerValue(text: string): HeaderValue {
  const only = /^\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-)?\}$/.exec(text.trim());
  return only?.[1] === undefined ? { literal: text } : { env: only[1] };
}

/** Why Claude Code would skip an entry (claude-code facts, "Entry skipped"), or undefined. */
function brokenReason(entry: JsonObject): string | undefined {
  if (typeof entry.url !== "string") return "it has no url";
  if (entry.type === undefined) return 'it has a url but no "type": "http"';
  if (entry.type !== "http" && entry.type !== "streamable-http" && entry.type !== "sse")
    return 'its "type" is none that Claude Code knows';
  if (entry.headers !== undefined && !isObject(entry.headers)) return "its headers are no object";
  if (isObject(entry.headers) && Object.values(entry.headers).some((value) => typeof value !== "string")) {
    return "a header's value is no string";
  }
  return undefined;
}

function readEntry(name: string, scope: Scope, raw: JsonObject): Entry {
  const headers: Record<string, string> = {};
  const values: Partial<Record<Value, HeaderValue>> = {};
  if (isObject(raw.headers)) {
    for (const [header, text] of Object.entries(raw.headers)) {
      if (typeof text !== "string") continue;
      headers[header] = text;
      const which = VALUES.find((value) => HEADERS[value].toLowerCase() === header.trim().toLowerCase());
      if (which !== undefined) values[which] = headerValue(text);
    }
  }
  const broken = brokenReason(raw);
  return {
    name,
    scope,
    url: typeof raw.url === "string" ? raw.url : "",
    headers,
    values,
    runs: raw.headersHelper !== undefined || raw.command !== undefined,
    ...(broken === undefined ? {} : { broken }),
    raw,
  };
}

/**
 * The entries that are about HALO: they go to its host, or carry its token's header, or have the name that is asked for.
 * In: the value of `mcpServers`.
 */
export function haloEntries(servers: Json | undefined, scope: Scope, name: string): readonly Entry[] {
  if (!isObject(servers)) return [];
  const found: Entry[] = [];
  for (const [key, raw] of Object.entries(servers)) {
    if (!isObject(raw)) continue;
    const entry = readEntry(key, scope, raw);
    const aboutHalo = entry.url.includes(HALO_URL) || entry.values.token !== undefined;
    if (aboutHalo || key === name) found.push(entry);
  }
  return found.sort((a, b) => Number(b.name === name) - Number(a.name === name));
}

/** What `claude mcp get` says of a server. Its text is never shown: it prints header values as they are stored. */
export type ClientStatus =
  | "connected"
  | "failed"
  | "needs-auth"
  | "pending"
  | "rejected"
  | "disabled"
  | "not-configured"
  | "unknown";

/** Parses the status line of `claude mcp get <name>` (both measured versions). */
export function parseStatus(output: string): ClientStatus {
  const line = /^\s*Status:\s*(.*)$/m.exec(output)?.[1] ?? "";
  // first of all the bad end: what follows it may be the server's own words
  if (/^\S*\s*failed/i.test(line)) return "failed";
  if (/^\S*\s*connected/i.test(line) && !/failed/i.test(line)) return "connected";
  if (/needs authentication/i.test(line)) return "needs-auth";
  if (/pending approval/i.test(line)) return "pending";
  if (/rejected \(see|rejected$/i.test(line)) return "rejected";
  if (/disabled/i.test(line)) return "disabled";
  if (/not configured/i.test(line)) return "not-configured";
  if (/failed|error|timed out/i.test(line)) return "failed";
  return "unknown";
}

/** The scope whose entry that output is about: of several with one name Claude Code takes local, project, user in this order. */
export function parseScope(output: string): Scope | undefined {
  const word = /^\s*Scope:\s*(local|project|user) config/im.exec(output)?.[1]?.toLowerCase();
  return word === "local" || word === "project" || word === "user" ? word : undefined;
}
