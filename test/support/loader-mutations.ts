/** Mutations of a valid `.mcp.json`, from a seed: of single entries, and of the text of a whole file. */
import type { Random } from "../core/random.ts";

/** Nothing listens there, and there is no such program: what a client tries fails at once. */
export const DEAD_URL = "http://127.0.0.1:1/mcp";
export const NO_PROGRAM = "/nonexistent/program";

type Member = readonly [key: string, value: string];
type Words = readonly [string, ...string[]];
const text = (value: unknown): string => JSON.stringify(value);
function words(list: string): Words {
  const [first = "", ...rest] = list.split(" ");
  return [first, ...rest];
}

const BASES: readonly [object, ...object[]] = [
  {
    type: "http",
    url: DEAD_URL,
    headers: { "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}", "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}" },
  },
  {
    type: "http",
    url: DEAD_URL,
    headers: { A: "x" },
    headersHelper: "no-such-helper",
    timeout: 1000,
    alwaysLoad: true,
    oauth: { clientId: "x", callbackPort: 8080, scopes: "a", xaa: true },
    tools: [{ name: "a", permission_policy: "always_ask" }],
    toolPermissions: { a: "allow" },
  },
  { type: "sse", url: DEAD_URL, headers: { A: "x" }, oauth: {}, timeout: 5 },
  { type: "ws", url: DEAD_URL, headers: { A: "x" } },
  { type: "stdio", command: NO_PROGRAM, args: ["-y", "x"], env: { A: "x" } },
  { command: NO_PROGRAM, args: [], timeout: 5 },
];

const KEYS = words(
  "type url headers headersHelper oauth timeout alwaysLoad tools toolPermissions command args env __proto__ disabled Headers transport",
);
const TYPES: Words = [...words("http sse ws stdio streamable-http HTTP Sse streamableHttp websocket sdk"), ""];
const SCALARS: Words = [...words('null true false 0 1 -1 1.5 1e3 1e99 "" "5" "https://127.0.0.1:1/"'), '" x "'];
const NAMES: Words = [...words("A a clientId callbackPort scopes xaa authServerMetadataUrl name __proto__"), " A"];

/** A value of any kind. */
export function randomValue(random: Random, depth = 0): string {
  const kind = random.int(depth > 2 ? 2 : 4);
  if (kind < 2) return random.pick(SCALARS);
  const size = random.int(3);
  const items = Array.from({ length: size }, () => randomValue(random, depth + 1));
  if (kind === 2) return `[${items.join(",")}]`;
  return `{${items.map((item) => `${text(random.pick(NAMES))}:${item}`).join(",")}}`;
}

/** Other values in the same shape; what is no JSON then is left as it was. */
function changedInside(random: Random, value: string): string {
  const changed = value.replace(/"[^"]*"|\d+|true/g, (part) => (random.chance(0.4) ? random.pick(SCALARS) : part));
  try {
    JSON.parse(changed);
    return changed;
  } catch {
    return value;
  }
}

function mutateMember(random: Random, members: readonly Member[]): readonly Member[] {
  const at = random.int(members.length);
  const [key, value] = members[at] ?? ["type", '"http"'];
  const with_ = (...replacement: readonly Member[]): readonly Member[] => members.toSpliced(at, 1, ...replacement);
  const cased = random.chance(0.5) ? key.toUpperCase() : key.charAt(0).toUpperCase() + key.slice(1);
  const other = randomValue(random);
  return random.pick([
    with_(),
    with_([key, other]),
    with_([cased, value]),
    with_([key, value], [key, other]),
    with_([key, other], [key, value]),
    with_([random.pick(KEYS), value]),
    [...members, [random.pick(KEYS), other]],
    members.map((member): Member => (member[0] === "type" ? ["type", text(random.pick(TYPES))] : member)),
    // the shape stays, what is in it changes
    with_([key, changedInside(random, value)]),
    with_([key, value.startsWith('"') ? `" ${value.slice(1, -1)} "` : value]),
  ]);
}

/** The text of one entry: valid, or one to three changes away from it. */
export function mutatedEntry(random: Random): string {
  if (random.chance(0.03)) return randomValue(random);
  let members: readonly Member[] = Object.entries(random.pick(BASES)).map(([key, value]): Member => [key, text(value)]);
  const changes = random.int(3) + 1;
  for (let change = 0; change < changes && members.length > 0; change += 1) members = mutateMember(random, members);
  return `{${members.map(([key, value]) => `${text(key)}:${value}`).join(",")}}`;
}

const VALID = `{
  "mcpServers": {
    "halo": {
      "type": "http",
      "url": "${DEAD_URL}/1",
      "headers": { "CM-ACCOUNT-ID": "\${HALO_ACCOUNT_ID}", "n": "1\\u00e9" }
    },
    "files": { "command": "${NO_PROGRAM}", "args": ["-y", "x"], "timeout": 60 },
    "events": { "type": "sse", "url": "${DEAD_URL}/2", "x": [1, -2.5e3, true, null] }
  }
}
`;
const PIECES: Words = [
  ...words(`, : { } [ ] " ' \\ / // # \uFEFF \u0000 null 0 - . e x "a":1, \u2028 é`),
  ...["// x\n", "/* x */", "\u00a0", "\t", "\n", "\r", " ", ",\n}"],
];

/** The text of a whole file, one or two changes away from a valid one. */
export function mutatedFile(random: Random): string {
  let file: string = VALID;
  const changes = random.int(2) + 1;
  for (let change = 0; change < changes; change += 1) {
    const at = random.int(file.length + 1);
    const length = random.pick([1, 1, 1, 2, 5, 20] as const);
    const piece = random.pick(PIECES);
    // between two tokens, where most pieces do no harm and commas and comments do
    const places = [...file.matchAll(/(?<=[,{}[\]:])|(?=[,{}[\]:])/g)].map(({ index }) => index);
    const place = places[random.int(places.length)] ?? 0;
    const renamed = (key: string): string => (random.chance(0.3) ? `"${random.pick(KEYS)}"` : key);
    file = random.pick([
      file.slice(0, at) + file.slice(at + length),
      file.slice(0, at) + file.slice(at, at + length) + file.slice(at),
      file.slice(0, at),
      file.replaceAll('"', "'"),
      file.replaceAll("\n", random.pick(["\r\n", "\r"])),
      `\uFEFF${file}`,
      file.slice(0, place) + piece + file.slice(place),
      file.replace(/"(?:mcpServers|files|type|url|timeout)"/g, renamed),
      file.slice(0, at) + piece + file.slice(at),
      file.slice(0, at) + piece + file.slice(at),
    ]);
  }
  return file;
}
