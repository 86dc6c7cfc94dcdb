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
  /** The variable that names a proxy for everything and that Node's fetch does not read, where no other names one. */
  readonly ignored?: string | undefined;
}

/** The parts of a parsed URL (WHATWG) that count here. */
type Target = Pick<URL, "protocol" | "hostname" | "port">;

const PROXY_VARIABLES = ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] as const;
const LOOPBACK = /^(?:localhost|\[?::1\]?|127\.\d+\.\d+\.\d+)$/;

const first = (env: Env, names: readonly string[]): string | undefined => names.find((name) => env[name] !== undefined);
/** A host without brackets, and without a dot at the end. */
const bare = (host: string): string => host.replace(/^\[(.+)\]$/, "$1").replace(/^(.+)\.$/, "$1");

/** The variable that names the proxy for a scheme, if one does. */
function variableFor(env: Env, secure: boolean): string | undefined {
  const http = first(env, ["http_proxy", "HTTP_PROXY"]);
  const own = secure ? first(env, ["https_proxy", "HTTPS_PROXY"]) : http;
  return [own, http].find((name) => name !== undefined && env[name] !== "");
}

/** The variable that excepts a target from the proxy, or null. */
function exceptedBy(env: Env, target: Target): string | null {
  const variable = first(env, ["no_proxy", "NO_PROXY"]);
  const value = variable === undefined ? "" : (env[variable] ?? "");
  if (variable === undefined || value === "") return null;
  if (value === "*") return variable;
  const host = bare(target.hostname).toLowerCase();
  const port = target.port || (target.protocol === "https:" ? "443" : "80");
  const excepts = (entry: string): boolean => {
    // a port behind an IPv6 address only where brackets part the two
    const [, name = entry, wanted = port] = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
    const suffix = bare(name.replace(/^\*?\./, "")).toLowerCase();
    return wanted === port && (host === suffix || host.endsWith(`.${suffix}`));
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

/** `scheme://user:password@host:port/` */
function readProxy(variable: string, text: string): Omit<ProxyRoute, "bypassedBy"> | BrokenProxy {
  const broken = (why: "unreadable" | "scheme") => ({ cause: "proxy-failed", variable, why }) as const;
  if (!/^https?:\/\//i.test(text)) return broken("scheme");
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return broken("unreadable");
  }
  const [user, password] = [decode(url.username), decode(url.password)];
  if (user === undefined || password === undefined || url.port === "0") return broken("unreadable");
  const secure = url.protocol === "https:";
  return {
    variable,
    host: url.hostname.replace(/^\[(.+)\]$/, "$1"),
    port: Number(url.port || (secure ? 443 : 80)),
    secure,
    // as undici does: one without the other is not sent
    credentials: user !== "" && password !== "" ? { user, password } : null,
  };
}

/** Every password in the proxy variables, in use or not, alone and with its user name, as written and decoded. */
export function proxySecrets(env: Env): readonly string[] {
  const logins = PROXY_VARIABLES.flatMap((name) => {
    const text = (env[name] ?? "").trim().replace(/^[a-z][a-z\d+.-]*:\/\//i, "");
    // and all up to the last @, so that a value which cannot be understood gives nothing away either
    return [/^([^/?#]*)@/.exec(text)?.[1] ?? "", /^(.*)@/s.exec(text)?.[1] ?? ""];
  });
  const raw = logins.flatMap((login) => [login, login.slice(login.indexOf(":") + 1)]);
  return [...new Set(raw.flatMap((each) => [each, decode(each) ?? each]))].filter((secret) => secret !== "");
}

/** What `env` says about the way to `target`. */
export function networkOf(env: Env, target: Target): Network {
  const secure = target.protocol === "https:";
  const verify = env.NODE_TLS_REJECT_UNAUTHORIZED !== "0";
  const variable = variableFor(env, secure);
  const excepted = exceptedBy(env, target);
  if (variable === undefined) {
    const all = first(env, ["all_proxy", "ALL_PROXY"]);
    const counts = all !== undefined && env[all] !== "" && excepted === null && !LOOPBACK.test(target.hostname);
    return { proxy: null, verify, ...(counts ? { ignored: all } : {}) };
  }
  const read = readProxy(variable, (env[variable] ?? "").trim());
  if ("cause" in read) return { proxy: excepted === null ? read : null, verify };
  // http: is for loopback alone, so that the token does not leave this computer; nor may it through a proxy elsewhere, which could read it
  const stays = !secure && LOOPBACK.test(target.hostname) && !LOOPBACK.test(read.host);
  return { proxy: { ...read, bypassedBy: excepted ?? (stays ? "loopback" : null) }, verify };
}
