/** What is known of HALO (CM.com help, page "MCP"), and how pasted values are cleaned and checked. */
import { isPlaceholder } from "./placeholders.ts";

/** The only endpoint that gets the token without a question. Compared as text, character by character. */
export const HALO_URL = "https://api.cm.com/halo/core/mcp";

export const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/;

/** Why a URL may not receive a token, or undefined if it may. Only ASCII, so that look-alike characters are visible. */
export function endpointProblem(text: string): string | undefined {
  if (text === "") return "the URL is empty";
  if (text.length > 2048) return "the URL is longer than 2,048 characters";
  if (/[^\x21-\x7e]/.test(text)) return "the URL contains a space, a control character or a character outside ASCII";
  // an expression such as ${{…}} would act in a file of CI
  if (/[\\<>"`{}]/.test(text)) return 'the URL contains a character that URLs cannot have: \\ < > { } " or `';
  if (!URL.canParse(text)) return "this is not a URL";
  const url = new URL(text);
  if (url.protocol !== "https:" && url.protocol !== "http:") return "the URL must start with https:";
  if (url.protocol === "http:" && !LOOPBACK.test(url.hostname))
    return "http would send the token unencrypted; use https";
  if (url.username !== "" || url.password !== "" || /^https?:\/\/[^/?#]*@/i.test(text))
    return "the URL contains credentials (the part before @)";
  if (text.includes("#")) return "the URL has a fragment (#), which is never sent";
  return /^https?:\/\/[^/]/i.test(text) ? undefined : "the URL has no host";
}

/** The header names, in the order in which CM.com documents them. */
export const HEADERS = { token: "X-CM-PRODUCTTOKEN", account: "CM-ACCOUNT-ID", profile: "CM-PROFILE-ID" } as const;

export type Value = keyof typeof HEADERS;
export const VALUES: readonly Value[] = ["token", "account", "profile"];

export const valueNamed = (header: string): Value | undefined =>
  VALUES.find((value) => HEADERS[value].toLowerCase() === header.trim().toLowerCase());

export const LABELS = { token: "product token", account: "account ID", profile: "profile ID" } as const;

export const DEFAULT_NAME = "halo";

/** Names of Claude Code's own servers in 2.1.330; 2.1.197 reserves the first three, compared exactly. */
const RESERVED = /^(?:claude-in-chrome|workspace|computer-use|Claude_in_Chrome|Claude_Preview|Claude_Browser)$/;

/** Whether Claude Code never loads a server of this name (measured: "workspace", "workspace " and "workspace__x", but "workspace_x" loads). */
export function isReserved(name: string): boolean {
  const [first = ""] = `${name.replace(/[^A-Za-z0-9_-]/g, "_")}__`.split("__");
  return name === "__proto__" || RESERVED.test(first);
}

export function nameProblem(name: string): string | undefined {
  if (isReserved(name)) return `the name "${name}" is reserved: Claude Code never loads a server with that name`;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name))
    return "a server name may contain only letters, digits, - and _ (at most 64)";
  if (name.startsWith("-")) return "a server name must not start with -: claude would read it as an option";
  return undefined;
}

/** `--name x`, if a command would otherwise use another name; nothing for a name that no command accepts. */
export const nameWords = (name: string): readonly string[] =>
  name === DEFAULT_NAME || nameProblem(name) !== undefined ? [] : ["--name", name];

/** `--url x`, if a command would otherwise use another URL. */
export const urlWords = (url: string): readonly string[] => (url === HALO_URL ? [] : ["--url", url]);

/** How names begin that change how programs run or belong to other services: a repository must not make us set one. */
const STEERING = new Set(
  (
    "ANTHROPIC CLAUDE MCP NODE NPM YARN PNPM LD DYLD GIT SSH AWS GOOGLE CLOUDSDK AZURE GITHUB GH GITLAB OPENAI PYTHON PIP PERL RUBY JAVA RUST CARGO " +
    "BASH ZSH DOCKER COMPOSE KUBE OTEL SSL CURL XDG VSCODE ELECTRON BUN DENO DIRENV"
  ).split(" "),
);

/** Whether a variable that a repository names may be set: it looks like one of the three values, and no program acts on it. */
export function isSafeVariable(name: string): boolean {
  const [first = ""] = name.toUpperCase().split("_");
  if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) || STEERING.has(first) || /_PROXY$/i.test(name)) return false;
  return /HALO|(?:^|_)(?:CM|CMCOM|TOKEN|ACCOUNT|PROFILE)(?:_|$)|(?:^|_)(?:ID|KEY|SECRET)$/i.test(name);
}

/** Whether a variable is HALO's by its name, or CM.com's. */
export const isOurs = (name: string): boolean => /HALO|(?:^|_)CM(?:COM)?(?:_|$)/i.test(name);

/** The variables of a new connection. An account shares all but the profile, unless it has its own (`isOwn`). MCP_… gets HALO_ before it: nobody could join with it otherwise. */
export function variablesFor(name: string, isOwn = false): Readonly<Record<Value, string>> {
  const prefix = name
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  const foreign = prefix === "" || /^[0-9]/.test(prefix) || !isSafeVariable(`${prefix}_PROFILE_ID`);
  const own = foreign ? `HALO_${prefix}`.replace(/_$/, "") : prefix;
  if (!isOwn) return { token: "HALO_MCP_TOKEN", account: "HALO_ACCOUNT_ID", profile: `${own}_PROFILE_ID` };
  // `run` passes on only what is HALO's by its name
  const full = isOurs(own) ? own : `HALO_${own}`;
  return { token: `${full}_MCP_TOKEN`, account: `${full}_ACCOUNT_ID`, profile: `${full}_PROFILE_ID` };
}

/** What every template of `guide` has: the name of the server, the endpoint, and the names of the variables. */
export function fillFor(name: string, url: string) {
  const { token: tokenVariable, account: accountVariable, profile: profileVariable } = variablesFor(name);
  return { name, url, tokenVariable, accountVariable, profileVariable };
}

/** `profile_id=<id>` and the like in a query or fragment; `/profiles/<id>` in a path. */
const PROFILE_IN_URL = /(?:\/profiles?\/|[?&#;]profile[-_]?id=)([A-Za-z0-9._~-]+)/i;
export const GUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;

/** The IDs in a pasted HALO Studio URL: the first two GUIDs; a named profile (`/profiles/<id>`) takes precedence. */
export function idsFromStudioUrl(url: string) {
  const text = url.slice(0, 4096);
  const same = (a: string, b: string | undefined): boolean => a.toLowerCase() === b?.toLowerCase();
  const guids = text.match(GUID) ?? [];
  const named = PROFILE_IN_URL.exec(text)?.[1];
  const account = guids.find((guid) => !same(guid, named));
  return { account, profile: named ?? guids.find((guid) => !same(guid, account)) };
}

export const looksLikeUrl = (text: string): boolean =>
  /^\s*(?:https?:\/\/|www\.|(?:[a-z0-9-]+\.)*cm\.com\/)/i.test(text);

export type Cleaned =
  | { readonly ok: true; readonly value: string; readonly cleaned: readonly string[] }
  /** `store`: the value is elsewhere. Of its command, FILE and PROGRAM are to be filled in. */
  | { readonly ok: false; readonly problem: string; readonly missing: boolean; readonly store?: Store };

const MAX_BYTES = 4096;

/** Replaces a line break inside a paste, which a terminal would otherwise read as Enter. */
export const PASTED_BREAK = "\u2424";

/** What people paste around a value. Removed in this order, twice, because they can be nested. */
const CLEANING: readonly (readonly [what: string, found: RegExp, kept: string, of?: Value])[] = [
  ["invisible characters", /[\u00ad\u200b-\u200f\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069]/gu, ""],
  ["spaces around it", /^[\s\u2424]+|[\s\u2424]+$/gu, ""],
  ["quotes", /^(["'`])(.*)\1$/su, "$2"],
  ["quotes", /^[“”„‘’](.*)[“”‘’]$/su, "$1"],
  ["the header name", /^(?:X-CM-PRODUCTTOKEN|CM-ACCOUNT-ID|CM-PROFILE-ID)\s*:\s*/iu, ""],
  ["the variable name", /^(?:export\s+)?HALO_(?:[A-Z0-9_]+_)?(?:MCP_TOKEN|ACCOUNT_ID|PROFILE_ID)\s*=\s*/u, ""],
  ["“Bearer”", /^Bearer(?:\s+|$)/iu, "", "token"],
];

/** The placeholders that people leave in place: `${HALO_MCP_TOKEN}`, `$HALO_MCP_TOKEN`, `<token>`, `your-token-here`. */
const PLACEHOLDERS = [
  /^\$\{.*\}$|^\$[A-Za-z_]\w*$|^%\w+%$|^\{\{.*\}\}$|^\{env:.*\}$|^<.*>$|^\[.*\]$|^(?:changeme|x{4,}|\.{3,}|…|todo)$/i,
  /^(?:your|my|the|insert|paste|enter)?[-_ ]?(?:halo[-_ ]?)?(?:mcp[-_ ]?)?(?:product[-_ ]?|api[-_ ]?)?(?:token|account[-_ ]?id|profile[-_ ]?id|key)(?:[-_ ]?here)?$/i,
];

/**
 * Values that stand for a secret elsewhere, and the command that gives a program the secret itself (documentation of each, 2026-11).
 * FILE and PROGRAM are filled in. dotenv reads `backticks` as quotes: then the words of the command are left.
 */
const STORES: readonly (readonly [what: string, form: RegExp, command?: string])[] = [
  ["a 1Password reference", /^op:\/\//i, "op run --env-file=FILE -- PROGRAM"],
  ["a Proton Pass reference", /^pass:\/\//i, "pass-cli run --env-file=FILE -- PROGRAM"],
  ["a value that dotenvx encrypted", /^encrypted:/, "dotenvx run -f FILE -- PROGRAM"],
  ["a value that SOPS encrypted", /^ENC\[AES/, "sops exec-env FILE 'PROGRAM'"],
  [
    "a shell command",
    /^(?:\$\(|`[^`]*\s|(?:op|pass|pass-cli|bw|bws|vault|aws|gcloud|az|security|secret-tool|gopass|doppler|infisical|sops|cat)\s+\S)/,
    "(set -a; . ./FILE; PROGRAM)",
  ],
  ["an expression of GitHub Actions", /^\$\{\{.*\}\}$/],
  [
    "a reference to a secret store",
    /^(?:\{\{\s*)?(?:(?:vault|bws?|bitwarden|keyring|keychain|infisical|doppler|ssm|secretsmanager|secretref|akeyless):|(?:keeper|akv|azkv|aws-?sm|awssm|gcp-?sm|gsm|sm|ref|secretx?|ref\+[a-z0-9]+):\/\/|arn:[a-z-]+:|resolve:|projects\/[\w-]+\/secrets\/|@Microsoft\.KeyVault\()/i,
  ],
];

export interface Store {
  readonly what: string;
  readonly command: string | undefined;
}

/** The store that a value refers to; undefined for a value itself. */
export function storeOf(text: string): Store | undefined {
  const value = text.trim().replace(/^(["'])(.*)\1$/s, "$2");
  const [what, , command] = STORES.find(([, form]) => form.test(value)) ?? [];
  return what === undefined ? undefined : { what, command };
}

/** Where a reference is. `elsewhere`: in a file that only clients read; `file` is then where it has to go. As a shell reads it. */
export interface Held {
  readonly by: "environment" | "dotenv" | "elsewhere";
  readonly file: string;
  readonly variable: string;
}

/** The command that runs a program with the values themselves, and what to do first. */
export function resolving({ command = "" }: Store, { by, file, variable }: Held, program: string) {
  const isIn = by === "environment";
  // dotenvx reads .env without -f
  const plain = command.replace(isIn ? "--env-file=FILE " : file === ".env" ? "-f FILE " : "", "");
  if (plain === "" || (isIn && plain.includes("FILE")))
    return { first: `let your secret store set ${variable}, then run:`, command: program };
  const line = plain.replace("FILE", () => file).replace("PROGRAM", () => program);
  return { first: by === "elsewhere" ? `move the reference to ${variable} in ${file}, then run:` : "", command: line };
}

/** The same for a token that is read from a file, or from standard input. */
export function piping({ what }: Store, file: string | undefined, program: string): string {
  const reference = file === undefined ? "<reference>" : `"$(cat ${file})"`;
  const isOp = what === STORES[0]?.[0];
  return isOp ? `op read ${reference} | ${program}` : `let your secret store print the token: … | ${program}`;
}

function unsendable(value: string): string | undefined {
  const points = Array.from(value);
  const at = points.findIndex((char) => !/^[\x21-\x7e]$/.test(char));
  const char = points[at];
  if (char === undefined) return undefined;
  const code = `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;
  const what = /^[\r\n\u2424\u2028\u2029]$/.test(char) ? "a line break" : char === " " ? "a space" : code;
  return `${what} at position ${at + 1} of ${points.length}`;
}

/** Cleans a pasted value and says what it cleaned, then checks that a header can contain it. A refusal names position and code point, never the value. */
export function cleanValue(which: Value, pasted: string): Cleaned {
  const label = LABELS[which];
  const refuse = (problem: string, missing = false) => ({ ok: false, problem, missing }) as const;
  const cleaned = new Set<string>();
  // before the cleaning, which would take the backticks of a command
  const store = storeOf(pasted);
  if (store !== undefined)
    return { ...refuse(`the ${label} is ${store.what}, which nothing has resolved`, true), store };
  let value = pasted;
  for (const [what, found, kept, of = which] of [...CLEANING, ...CLEANING]) {
    const after = of === which ? value.replace(found, kept) : value;
    if (after !== value) cleaned.add(what);
    value = after;
  }
  value = value.trim();
  if (value === "") return refuse(`the ${label} is empty`, true);
  if (/^(?:undefined|null|nan|none)$/i.test(value))
    return refuse(`the ${label} is the word “${value.toLowerCase()}”: the variable it came from was not set`, true);
  // an ID may contain "sample"
  if ((which === "token" && isPlaceholder(value)) || PLACEHOLDERS.some((form) => form.test(value)))
    return refuse(`the ${label} is still a placeholder`, true);
  if (/\$\{[A-Za-z_]/.test(value))
    return refuse(`the ${label} has a reference inside, \${…}, which clients would replace. Copy it again`);
  const bad = unsendable(value);
  if (bad !== undefined) return refuse(`the ${label} has ${bad}, which cannot be in an HTTP header. Copy it again`);
  if (value.length > MAX_BYTES)
    return refuse(`the ${label} is ${value.length} characters long; more than ${MAX_BYTES} is no ${label}`);
  if (looksLikeUrl(value)) return refuse(`this is a URL, not a${which === "account" ? "n" : ""} ${label}`);
  return { ok: true, value, cleaned: [...cleaned] };
}
