/** The token in the system's store instead of a file: Claude Code runs a command for each connection (`headersHelper`). Pure. */
import { quoteSh } from "../command-line.ts";
import { isObject, type Json, type JsonObject, jsonOf, property } from "../formats/json.ts";
import { HEADERS, type Value } from "../halo.ts";
import type { FileState, RunStep } from "./model.ts";

type Argv = readonly [string, ...string[]];

export interface Keychain {
  readonly label: string;
  /** Reads the token: prints it alone. */
  readonly read: Argv;
  /** What Claude Code runs: prints the header as JSON, or fails. Its failure is silent (2.1.332, measured). */
  readonly helper: string;
  /** Undefined if a person put the token there. `stdin`: with the token. */
  readonly save?: { readonly argv: Argv; readonly stdin: (token: string) => string };
  readonly clear?: Argv;
}

const SERVICE = "create-halo-mcp";
const HEADER = HEADERS.token;

const inShell = (read: Argv): string => `t=$(${read.map(quoteSh).join(" ")}) && printf '{"${HEADER}":"%s"}' "$t"`;
/** cmd looks for a bare name in the current folder first, which is a repository. In quotes: the shell may be cmd or bash. */
const POWERSHELL = '"C:/Windows/System32/WindowsPowerShell/v1.0/powershell.exe"';
/** Without `$`: the shell that Claude Code uses on Windows may be bash. */
const inPowershell = (before: string, reads: string): string =>
  `${POWERSHELL} -NoProfile -Command "${before}@{'${HEADER}'=${reads}} | ConvertTo-Json -Compress"`;

/** The store of each platform, by documentation (2026-11); names of servers have no blanks or quotes. */
const STORES: Readonly<Record<string, (name: string) => Keychain>> = {
  darwin: (name) => {
    const read = ["security", "find-generic-password", "-s", SERVICE, "-a", name, "-w"] as const;
    return {
      label: "the macOS keychain",
      read,
      helper: inShell(read),
      // -i: the command with the token is on standard input
      save: {
        argv: ["security", "-i"],
        stdin: (token) => `add-generic-password -U -s ${SERVICE} -a ${name} -w "${token}"\n`,
      },
      clear: ["security", "delete-generic-password", "-s", SERVICE, "-a", name],
    };
  },
  linux: (name) => {
    const key = ["service", SERVICE, "server", name] as const;
    const read = ["secret-tool", "lookup", ...key] as const;
    return {
      label: "the keyring",
      read,
      helper: inShell(read),
      save: { argv: ["secret-tool", "store", "--label=HALO product token", ...key], stdin: (token) => token },
      clear: ["secret-tool", "clear", ...key],
    };
  },
  win32: (name) => {
    const types = ["PasswordVault", "PasswordCredential"]
      .map(
        (type) =>
          `[void][Windows.Security.Credentials.${type},Windows.Security.Credentials,ContentType=WindowsRuntime]; `,
      )
      .join("");
    const vault = "(New-Object Windows.Security.Credentials.PasswordVault)";
    const found = `${vault}.Retrieve('${SERVICE}','${name}')`;
    const command = (text: string): Argv => ["powershell", "-NoProfile", "-Command", `${types}${text}`];
    const given = `'${SERVICE}','${name}',[Console]::In.ReadToEnd().Trim()`;
    return {
      label: "the Windows Credential Manager",
      read: command(`${found}.Password`),
      helper: inPowershell(types, `${found}.Password`),
      save: {
        argv: command(`${vault}.Add((New-Object Windows.Security.Credentials.PasswordCredential(${given})))`),
        stdin: (token) => token,
      },
      clear: command(`${vault}.Remove(${found})`),
    };
  },
};

/** A reference of 1Password that a shell takes as one word in quotes. */
const REFERENCE = /op:\/\/[\w./ ?=@+-]+/;
export const isOpReference = (text: string): boolean => REFERENCE.exec(text)?.[0] === text;

/** The store of this platform; of 1Password for a reference. Undefined if we know none. */
export function keychainFor(platform: string, name: string, reference?: string): Keychain | undefined {
  if (reference === undefined) return STORES[platform]?.(name);
  const read = ["op", "read", reference] as const;
  const helper = platform === "win32" ? inPowershell("", `(op read '${reference}')`) : inShell(read);
  return { label: "1Password", read, helper };
}

/** The store of a command that is exactly one of ours; any other is never run. */
function keychainOf(platform: string, name: string, helper: Json | undefined): Keychain | undefined {
  if (typeof helper !== "string") return undefined;
  const references = [undefined, REFERENCE.exec(helper)?.[0]];
  return references.map((each) => keychainFor(platform, name, each)).find((each) => each?.helper === helper);
}

/** The servers of a person's own whose token is in a store. */
export function keychainsIn(store: FileState, platform: string): ReadonlyMap<string, Keychain> {
  const servers = property(jsonOf(store, true), "mcpServers");
  const found = Object.entries(isObject(servers) ? servers : {}).flatMap(([name, entry]) => {
    const keychain = keychainOf(platform, name, property(entry, "headersHelper"));
    return keychain === undefined ? [] : [[name, keychain] as const];
  });
  return new Map(found);
}

/** By the name of the server; undefined if the store gives none. */
export type Tokens = ReadonlyMap<string, string | undefined>;

/** Claude Code's store as if the tokens were in it: what a session sends. */
export function opened(store: FileState, tokens: Tokens): FileState {
  const value = jsonOf(store, true);
  const servers = property(value, "mcpServers");
  if (store.kind !== "file" || tokens.size === 0 || !isObject(value) || !isObject(servers)) return store;
  const filled = Object.entries(servers).map(([name, entry]) => {
    const token = tokens.get(name);
    if (!tokens.has(name) || !isObject(entry)) return [name, entry];
    const { headersHelper: _, headers, ...rest } = entry;
    return [
      name,
      { ...rest, headers: { ...(isObject(headers) ? headers : {}), ...(token !== undefined && { [HEADER]: token }) } },
    ];
  });
  return { ...store, text: JSON.stringify({ ...value, mcpServers: Object.fromEntries(filled) }) };
}

/** The token into the store; nothing for one that a person keeps there. `stored`: the token that is there now; `isMoved`: from an entry that goes. */
export function saveSteps(
  { save, clear, label }: Keychain,
  program: string,
  name: string,
  token: string,
  stored: string | undefined,
  isMoved: boolean,
): readonly RunStep[] {
  if (save === undefined || stored === token) return [];
  const at = ([, ...args]: Argv): RunStep["argv"] => [program, ...args];
  const why = `put the token of "${name}" into ${label}, through standard input`;
  // an entry that had the token may not be put back: then the token stays here
  const clearing = isMoved || clear === undefined ? {} : { undo: at(clear) };
  const undo = stored === undefined ? clearing : { undo: at(save.argv), undoStdin: save.stdin(stored) };
  return [{ kind: "run", argv: at(save.argv), stdin: save.stdin(token), why, ...undo }];
}

/** The entry, which has no secret. `values`: only the IDs are in it. */
export function keychainEntry({ helper }: Keychain, url: string, { account, profile }: Record<Value, string>) {
  return {
    type: "http",
    url,
    headers: { [HEADERS.account]: account, [HEADERS.profile]: profile },
    headersHelper: helper,
  } satisfies JsonObject;
}
