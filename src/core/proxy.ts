/**
 * Which way the environment sends a request: through a proxy or directly, and whether certificates are verified.
 * The rules are those of undici's EnvHttpProxyAgent, as Node 26.10 bundles it (read 2026-11-22): a variable in lower case wins, even when it is
 * empty; https: falls back to the proxy of http:; NO_PROXY is `*` alone, or names split by commas or white space. Older ones match less: before
 * undici 7 an entry without a dot in front excepts no subdomain (Node 20 and 22). ALL_PROXY is not read.
 */
import type { BadInput } from "./diagnosis/record.ts";

type Env = Readonly<Record<string, string | undefined>>;
type BrokenProxy = Extract<BadInput, { cause: "proxy-failed" }>;

/** A proxy that a variable names. `host` without brackets round an IPv6 address. Holds secrets: for `io/` alone, never for a record. */
export interface ProxyRoute {
  readonly variable: string;
  readonly host: string;
  readonly port: number;
  /** Spoken to over TLS (`https://` in front of the proxy). */
  readonly secure: boolean;
  readonly credentials: { readonly user: string; readonly password: string } | null;
  /** What lets this URL go directly all the same: `NO_PROXY`, `no_proxy`, or `loopback`. */
  readonly bypassedBy: string | null;
}

/** What the environment says about the way to one URL. */
export interface Network {
  /** Null: no variable names a proxy for it. A variable that cannot be understood is bad input, unless the URL goes directly anyway. */
  readonly proxy: ProxyRoute | BrokenProxy | null;
  /** False under NODE_TLS_REJECT_UNAUTHORIZED=0. */
  readonly verify: boolean;
  /** What of the proxy variables must be shown nowhere. */
  readonly secrets: readonly string[];
  /** The variable that names a proxy for everything and that Node's fetch does not read, where no other names one. */
  readonly ignored?: string | undefined;
}

/** The parts of a parsed URL (WHATWG) that count here. */
interface Target {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}

const PROXY_VARIABLES = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] as const;
const LOOPBACK = /^(?:localhost|\[?::1\]?|127\.\d+\.\d+\.\d+)$/;

const first = (env: Env, names: readonly string[]): string | undefined => names.find((name) => env[name] !== undefined);

/** The variable that names the proxy for a scheme, if one does. */
function variableFor(env: Env, secure: boolean): string | undefined {
  const http = first(env, ["http_proxy", "HTTP_PROXY"]);
  const own = secure ? first(env, ["https_proxy", "HTTPS_PROXY"]) : http;
  return [own, http].find((name) => name !== undefined && env[name] !== "");
}

/** Host and port of an entry of NO_PROXY; port 0 means any. Brackets, `*.` or `.` in front and a dot at the end go. */
function readEntry(entry: string): { readonly host: string; readonly port: number } {
  const bracketed = /^\[(.+)\]:(\d+)$/.exec(entry);
  const bare = entry.replace(/^\[(.+)\]$/, "$1");
  const parted = bracketed ?? (bare.split(":").length === 2 ? /^(.+):(\d+)$/.exec(bare) : null);
  const host = (parted?.[1] ?? bare).replace(/^\*?\./, "").replace(/^(.+)\.$/, "$1");
  return { host: host.toLowerCase(), port: Number(parted?.[2] ?? 0) };
}

/** The variable that excepts a target from the proxy, or null. */
function exceptedBy(env: Env, target: Target): string | null {
  const variable = first(env, ["no_proxy", "NO_PROXY"]);
  const value = variable === undefined ? "" : (env[variable] ?? "");
  if (variable === undefined || value === "") return null;
  if (value === "*") return variable;
  const host = target.hostname
    .replace(/^\[(.+)\]$/, "$1")
    .replace(/^(.+)\.$/, "$1")
    .toLowerCase();
  const port = Number(target.port) || (target.protocol === "https:" ? 443 : 80);
  for (const text of value.split(/[,\s]/).filter((part) => part !== "")) {
    const entry = readEntry(text);
    if (entry.port !== 0 && entry.port !== port) continue;
    if (host === entry.host || host.endsWith(`.${entry.host}`)) return variable;
  }
  return null;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** `scheme://user:password@host:port/`, by hand: this layer has no URL class. What a browser would repair is refused. */
function readProxy(variable: string, text: string): Omit<ProxyRoute, "bypassedBy"> | BrokenProxy {
  const broken = (why: "unreadable" | "scheme") => ({ cause: "proxy-failed", variable, why }) as const;
  const scheme = /^(https?):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return broken("scheme");
  const parts = /^[a-z]+:\/\/(?:([^/?#]*)@)?(\[[\da-f:.]+\]|[^\s:@/?#[\]\\%]+)(?::(\d{0,5}))?(?:[/?#][^\s]*)?$/i.exec(
    text,
  );
  const [, login, host, digits] = parts ?? [];
  const port = Number(digits || (scheme === "https" ? 443 : 80));
  if (host === undefined || port < 1 || port > 65535) return broken("unreadable");
  const colon = login?.indexOf(":") ?? -1;
  const user = decode(colon < 0 ? (login ?? "") : (login ?? "").slice(0, colon));
  const password = decode(colon < 0 ? "" : (login ?? "").slice(colon + 1));
  if (user === undefined || password === undefined) return broken("unreadable");
  return {
    variable,
    host: host.replace(/^\[(.+)\]$/, "$1").toLowerCase(),
    port,
    secure: scheme === "https",
    // as undici does: one without the other is not sent
    credentials: user !== "" && password !== "" ? { user, password } : null,
  };
}

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 of a text's UTF-8, without padding: this layer has no Buffer. */
function base64(text: string): string {
  const bytes = [...encodeURIComponent(text).matchAll(/%([\dA-F]{2})|(.)/g)].map(([, hex, char]) =>
    hex === undefined ? (char ?? "").charCodeAt(0) : Number.parseInt(hex, 16),
  );
  let out = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b, c] = bytes.slice(at, at + 3);
    const word = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    const chars = [18, 12, 6, 0].map((shift) => DIGITS[(word >> shift) & 63]);
    out += chars.slice(0, b === undefined ? 2 : c === undefined ? 3 : 4).join("");
  }
  return out;
}

/** Every secret in the proxy variables, in use or not, in each form in which it could turn up: as written, decoded, and in base64. */
export function proxySecrets(env: Env): readonly string[] {
  const secrets = new Set<string>();
  for (const name of PROXY_VARIABLES) {
    const text = (env[name] ?? "").trim().replace(/^[a-z][a-z\d+.-]*:\/\//i, "");
    // and all up to the last @, so that a value which cannot be understood gives nothing away either
    for (const login of [/^([^/?#]*)@/.exec(text)?.[1], /^(.*)@/s.exec(text)?.[1]]) {
      if (login === undefined) continue;
      for (const raw of [login, login.slice(login.indexOf(":") + 1)]) {
        for (const form of [raw, decode(raw) ?? raw]) {
          secrets.add(form);
          // half a surrogate pair has no UTF-8
          if (!/\p{Cs}/u.test(form)) secrets.add(base64(form));
        }
      }
    }
  }
  return [...secrets].filter((secret) => secret !== "");
}

/** What `env` says about the way to `target`. */
export function networkOf(env: Env, target: Target): Network {
  const secure = target.protocol === "https:";
  const verify = env.NODE_TLS_REJECT_UNAUTHORIZED !== "0";
  const secrets = proxySecrets(env);
  const variable = variableFor(env, secure);
  const excepted = exceptedBy(env, target);
  if (variable === undefined) {
    const all = first(env, ["all_proxy", "ALL_PROXY"]);
    const counts = all !== undefined && env[all] !== "" && excepted === null && !LOOPBACK.test(target.hostname);
    return { proxy: null, verify, secrets, ...(counts ? { ignored: all } : {}) };
  }
  const read = readProxy(variable, (env[variable] ?? "").trim());
  if ("cause" in read) return { proxy: excepted === null ? read : null, verify, secrets };
  // http: is for loopback alone, so that the token does not leave this computer; nor may it through a proxy elsewhere, which could read it
  const stays = !secure && LOOPBACK.test(target.hostname) && !LOOPBACK.test(read.host);
  return { proxy: { ...read, bypassedBy: excepted ?? (stays ? "loopback" : null) }, verify, secrets };
}
