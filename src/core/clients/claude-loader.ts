/** What Claude Code accepts in a server of `.mcp.json` (2.1.330, measured): types, keys, shapes of values. */
import { isOneSlip } from "../command-line.ts";
import type { Container, Entry, Node } from "../formats/json.ts";
import { isObjectNode, member, textOf } from "../formats/nodes.ts";
import { boolean, filled, leaf, list, object, oneOf, record, type Shape, string, wholeAbove0 } from "./shapes.ts";

/** The types, and how an entry of each is treated. `sdk` and the like belong to other hosts. */
const TRANSPORTS = { stdio: "stdio", http: "http", "streamable-http": "http", sse: "sse", ws: "ws" } as const;
export type Transport = (typeof TRANSPORTS)[keyof typeof TRANSPORTS];
const TYPES: readonly string[] = Object.keys(TRANSPORTS);

/** Undefined for an unknown type. Without a `type` an entry is a program to start. */
export function transportOf(entry: Container): Transport | undefined {
  const type = member(entry, "type");
  if (type === undefined) return "stdio";
  const text = textOf(type.value) ?? "";
  return Object.hasOwn(TRANSPORTS, text) ? TRANSPORTS[text as keyof typeof TRANSPORTS] : undefined;
}

/** The entry has what this type needs: a command for a program, a URL for the others. */
export function couldBe(type: string, entry: Container): boolean {
  const text = textOf(member(entry, type === "stdio" ? "command" : "url")?.value) ?? "";
  return TYPES.includes(type) && text !== "";
}

/** What Claude Code's URL check accepts, except URLs that only a full parser refuses. The schema has the same pattern. */
export const METADATA_URL =
  /^https:\/\/[\\/]*(?:[^\s/?#\\@]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^\s/?#\\<>^|%@:[\]]+)(?::(?:\d{0,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5]))?(?:[/?#\\][\s\S]*)?$/;
const metadataUrl = leaf("a URL that begins with https://", (node) => METADATA_URL.test(textOf(node) ?? ""));

export const SHAPES = {
  url: string,
  command: filled,
  args: list("a list of strings", string),
  env: record("an object of strings", string),
  headers: leaf("an object of strings", isObjectNode),
  headerValues: (node) => (node.kind === "object" ? record("an object of strings", string)(node) : []),
  timeout: wholeAbove0,
  headersHelper: string,
  oauth: object({
    clientId: string,
    callbackPort: wholeAbove0,
    authServerMetadataUrl: metadataUrl,
    scopes: filled,
    xaa: boolean,
  }),
  alwaysLoad: boolean,
  tools: list(
    "a list of objects",
    object({ name: string, permission_policy: oneOf("always_allow", "always_ask", "always_deny") }, "name"),
  ),
  toolPermissions: record("an object", oneOf("allow", "ask", "blocked")),
} as const satisfies Readonly<Record<string, Shape>>;

const HTTP = ["url", "headers", "headersHelper", "oauth", "timeout", "alwaysLoad", "tools", "toolPermissions"];
/** The fields that Claude Code reads, by transport; it ignores all other keys. */
export const FIELDS: Readonly<Record<Transport, readonly string[]>> = {
  stdio: ["command", "args", "env", "timeout", "alwaysLoad"],
  http: HTTP,
  sse: HTTP,
  ws: ["url", "headers", "headersHelper", "timeout", "alwaysLoad"],
};

const isValue = (node: Node, value: boolean): boolean => node.kind === "scalar" && node.value === value;
const isText = (node: Node): boolean => (textOf(node) ?? "") !== "";
const isFilled = (node: Node): boolean => isObjectNode(node) && node.entries.length > 0;

/** Keys of other clients that it silently ignores (each measured). */
/** `when`: whether this value changes anything: `"enabled": true`, for example, does not. */
type Ignored = [key: string, of: "any" | "program" | "remote", when: (node: Node) => boolean, instead: string];
export const IGNORED: readonly Readonly<Ignored>[] = [
  ["disabled", "any", (node) => isValue(node, true), "the server is loaded anyway"],
  ["enabled", "any", (node) => isValue(node, false), "the server is loaded anyway"],
  ["cwd", "program", isText, "the program runs where Claude Code was started"],
  ["envFile", "any", isText, "the server does not get these variables"],
  ["url", "program", () => true, "the program is started, and nothing is sent to the URL"],
  ["headers", "program", isFilled, "a program has no headers"],
  ["env", "remote", isFilled, "these variables are not set, not even for references in headers"],
  ["command", "remote", isText, "the program is not started"],
];

// Misspelled keys and types: another client's word, another case, one typing error.

const KEYS = ["type", ...Object.keys(SHAPES).filter((key) => key !== "headerValues")];
const PROGRAM = ["command", "args", "env"];
const EITHER = ["type", "timeout", "alwaysLoad"];

/** The right key, and how it is called elsewhere, letters only, small. Windsurf `serverUrl`, Gemini `httpUrl`, Codex `http_headers`, opencode `environment`. */
const ALIASES = {
  type: "transport transporttype servertype",
  url: "uri endpoint baseurl serverurl httpurl href",
  headers: "header httpheaders requestheaders customheaders",
  headersHelper: "headerhelper",
  timeout: "timeoutms requesttimeout",
  command: "cmd exec executable",
  args: "arg argv arguments",
  env: "envs environment envvars",
  toolPermissions: "toolpermission",
};
const MEANT = new Map([
  ...Object.entries(ALIASES).flatMap(([key, names]) => names.split(" ").map((name) => [name, key] as const)),
  ...KEYS.map((key) => [key.toLowerCase(), key] as const),
]);

/** The key that this one should be; undefined if it is right or unknown. */
export function rightKey(key: string): string | undefined {
  if (KEYS.includes(key) || key.length > 40) return undefined;
  const plain = key.toLowerCase().replace(/[^a-z]/g, "");
  const meant = MEANT.get(plain);
  if (meant !== undefined || key.length < 4) return meant;
  return KEYS.find((known) => known.length >= 4 && isOneSlip(plain, known.toLowerCase()));
}

/** The type that this one should be. VS Code and Cline write `streamableHttp`, opencode `remote`. */
export function rightType(type: string): string | undefined {
  const plain = type.toLowerCase().replace(/[^a-z]/g, "");
  if (/^(?:(?:mcp)?https?|streamable|remote|(?:http)?stream(?:able|ing)?(?:https?)?)$/.test(plain)) return "http";
  if (/^(?:httpsse|serversentevents|eventstream)$/.test(plain)) return "sse";
  if (/^(?:wss|websockets?)$/.test(plain)) return "ws";
  if (/^(?:std(?:in|out)|local|command|process)$/.test(plain)) return "stdio";
  return TYPES.find((known) => known === plain || (plain.length > 2 && isOneSlip(plain, known.replace(/-/g, ""))));
}

/** The misspelled keys whose correct key is missing. `safe`: renaming this key alone is enough to load the server. */
export function keyCorrections(node: Container) {
  const there = new Set(node.entries.map(({ key }) => key));
  const meant = node.entries.flatMap((entry) => {
    const right = rightKey(entry.key);
    if (right === undefined || there.has(right)) return [];
    // an entry with a command and no type is a program already
    if (right === "type" && there.has("command") && textOf(entry.value) === "stdio") return [];
    return [{ entry, right }];
  });
  const times = (key: string): number => meant.filter(({ right }) => right === key).length;
  const has = (key: string): boolean => there.has(key) || times(key) > 0;
  const [program, remote] = [has("command"), has("url")];
  const counts = (right: string): boolean =>
    EITHER.includes(right) || (PROGRAM.includes(right) ? program || !remote : remote || !program);
  return meant
    .filter(({ right }) => counts(right))
    .map(({ entry, right }) => ({ entry, right, safe: times(right) === 1 && fits(entry, right, node) }));
}

function fits({ value }: Entry, right: string, node: Container): boolean {
  if (right === "type") return couldBe(textOf(value) ?? "", node);
  // a command would turn an entry without a type into a program
  if (right === "command" && member(node, "type") === undefined && member(node, "url") !== undefined) return false;
  if (right === "headers" && SHAPES.headerValues(value).length > 0) return false;
  return Object.hasOwn(SHAPES, right) && SHAPES[right as keyof typeof SHAPES](value).length === 0;
}
