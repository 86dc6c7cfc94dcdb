/**
 * How the environment sends a request: through a proxy or directly, and whether certificates are verified.
 * The rules of undici's EnvHttpProxyAgent in Node 26.10 (read 2026-11-22): a variable in lower case takes precedence, even if it is
 * empty; https: falls back to the proxy of http:; NO_PROXY is only `*`, or names split by commas or white space. Older versions match less: before
 * undici 7, an entry without a leading dot excludes no subdomain (Node 20 and 22). ALL_PROXY is not read.
 */
import { LOOPBACK } from "./halo.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** A proxy that a variable names. Contains secrets: only for `io/`, never for a record. */
export interface ProxyRoute {
  readonly variable: string;
  /** Without brackets around an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** The connection to the proxy uses TLS (`https://` in its URL). */
  readonly secure: boolean;
  readonly credentials: { readonly user: string; readonly password: string } | null;
  /** Why this URL is reached directly anyway: `NO_PROXY`, `no_proxy`, or `loopback` (plain http: does not leave this computer). */
  readonly bypassedBy: string | null;
}

export interface Network {
  readonly proxy: ProxyRoute | null;
  /** The variable that applies but does not contain the URL of an HTTP proxy. */
  readonly broken?: string;
  /** False under NODE_TLS_REJECT_UNAUTHORIZED=0. */
  readonly verify: boolean;
  /** `ALL_PROXY` or `all_proxy`, which Node's fetch does not read, if no other variable names a proxy. */
  readonly ignored?: string;
}

const first = (env: Env, ...names: string[]): string | undefined => names.find((name) => env[name] !== undefined);
const bare = (host: string): string => host.replace(/^\[(.+)\]$/, "$1").replace(/^(.+)\.$/, "$1");

/** The variable that excludes a target from the proxy, or null. */
function exceptedBy(env: Env, { protocol, hostname, port }: URL): string | null {
  const variable = first(env, "no_proxy", "NO_PROXY");
  const value = variable === undefined ? "" : (env[variable] ?? "");
  if (variable === undefined || value === "*") return variable ?? null;
  const host = bare(hostname).toLowerCase();
  const own = port || (protocol === "https:" ? "443" : "80");
  const excepts = (entry: string): boolean => {
    // an IPv6 address has a port only after brackets
    const [, name = entry, wanted = own] = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
    const suffix = bare(name.replace(/^\*?\./, "")).toLowerCase();
    return wanted === own && (host === suffix || host.endsWith(`.${suffix}`));
  };
  return value.split(/[,\s]/).some((entry) => entry !== "" && excepts(entry)) ? variable : null;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** `http://user:password@host:port`, or undefined for anything else. */
function readProxy(variable: string, text: string): Omit<ProxyRoute, "bypassedBy"> | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const [user, password] = [decode(url.username), decode(url.password)];
  if (!/^https?:\/\//i.test(text) || user === undefined || password === undefined || url.port === "0") return undefined;
  const secure = url.protocol === "https:";
  return {
    variable,
    host: bare(url.hostname),
    port: Number(url.port || (secure ? 443 : 80)),
    secure,
    // as in undici: only both together are sent
    credentials: user !== "" && password !== "" ? { user, password } : null,
  };
}

/** Every password in the proxy variables, in use or not, alone and with its user name, as written and decoded. */
export function proxySecrets(env: Env): readonly string[] {
  const raw = ["http_proxy", "https_proxy", "all_proxy"].flatMap((name) =>
    [env[name], env[name.toUpperCase()]].flatMap((value = "") => {
      const text = value.trim().replace(/^[a-z][a-z\d+.-]*:\/\//i, "");
      // up to each @, so that a malformed value reveals nothing either
      const ends = [...text.matchAll(/@/g)].map(({ index }) => index);
      return ends.flatMap((end) => [text.slice(0, end), text.slice(text.indexOf(":") + 1, end)]);
    }),
  );
  return [...new Set(raw.flatMap((each) => [each, decode(each) ?? each]))].filter((secret) => secret !== "");
}

export function networkOf(env: Env, target: URL): Network {
  const secure = target.protocol === "https:";
  const verify = env.NODE_TLS_REJECT_UNAUTHORIZED !== "0";
  const http = first(env, "http_proxy", "HTTP_PROXY");
  const own = secure ? first(env, "https_proxy", "HTTPS_PROXY") : http;
  const variable = [own, http].find((name) => name !== undefined && env[name] !== "");
  const excepted = exceptedBy(env, target);
  const isHere = LOOPBACK.test(target.hostname);
  if (variable === undefined) {
    const all = first(env, "all_proxy", "ALL_PROXY");
    const counts = all !== undefined && env[all] !== "" && excepted === null && !isHere;
    return { proxy: null, verify, ...(counts ? { ignored: all } : {}) };
  }
  const read = readProxy(variable, (env[variable] ?? "").trim());
  if (read === undefined) return { proxy: null, verify, ...(excepted === null ? { broken: variable } : {}) };
  // http: is only for loopback: through a proxy elsewhere, the token would leave this computer unencrypted
  const stays = !secure && isHere && !LOOPBACK.test(read.host);
  return { proxy: { ...read, bypassedBy: excepted ?? (stays ? "loopback" : null) }, verify };
}
