/** Keys and types that are meant to be another: what other clients call it, another case, one slip of the finger. */
import { isOneSlip } from "../command-line.ts";
import type { Container, Entry } from "../formats/json.ts";
import { member, textOf } from "../formats/nodes.ts";
import { couldBe, SHAPES, TYPES } from "./claude-loader.ts";

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

/** The key that this one is meant to be; undefined when it is right or means nothing to us. */
function rightKey(key: string): string | undefined {
  if (KEYS.includes(key) || key.length > 40) return undefined;
  const plain = key.toLowerCase().replace(/[^a-z]/g, "");
  const meant = MEANT.get(plain);
  if (meant !== undefined || key.length < 4) return meant;
  return KEYS.find((known) => known.length >= 4 && isOneSlip(plain, known.toLowerCase()));
}

/** The type that this one is meant to be. VS Code and Cline write `streamableHttp`, opencode `remote`. */
export function rightType(type: string): string | undefined {
  const plain = type.toLowerCase().replace(/[^a-z]/g, "");
  if (/^(?:(?:mcp)?https?|streamable|remote|(?:http)?stream(?:able|ing)?(?:https?)?)$/.test(plain)) return "http";
  if (/^(?:httpsse|serversentevents|eventstream)$/.test(plain)) return "sse";
  if (/^(?:wss|websockets?)$/.test(plain)) return "ws";
  if (/^(?:std(?:in|out)|local|command|process)$/.test(plain)) return "stdio";
  return TYPES.find((known) => known === plain || (plain.length > 2 && isOneSlip(plain, known.replace(/-/g, ""))));
}

/**
 * The keys of a server that are misspelled and whose right spelling is not there. `safe`: renaming it alone gives a server
 * that loads as far as this key is concerned.
 */
export function keyCorrections(node: Container) {
  const there = new Set(node.entries.map(({ key }) => key));
  const meant = node.entries.flatMap((entry) => {
    const right = rightKey(entry.key);
    if (right === undefined || there.has(right)) return [];
    // a program without a type is what it says anyway
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
  // a command would turn an entry without a type, whatever it is now, into a program
  if (right === "command" && member(node, "type") === undefined && member(node, "url") !== undefined) return false;
  if (right === "headers" && SHAPES.headerValues(value).length > 0) return false;
  return Object.hasOwn(SHAPES, right) && SHAPES[right as keyof typeof SHAPES](value).length === 0;
}
