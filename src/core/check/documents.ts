/** A file that was read → a Document: what it is, and its tree. Pure. */
import { CLIENTS, kindOfClient, READERS } from "../clients/index.ts";
import { type Entry, type Node, parseTree, type Tree } from "../formats/json.ts";
import { isObjectNode, member } from "../formats/nodes.ts";
import type { Document, DocumentKind, Span } from "./model.ts";

const CLIENT_FILES = new Map<string, DocumentKind>(
  CLIENTS.flatMap((client) => client.files.project.map((path) => [path, kindOfClient(client)] as const)),
);

/** What examples of `.env` are called: the first that exists is extended, or the first is written. `.env.production.example` is one, too. */
const USUAL = ".env.example .env.local.example .env.sample .env.template .env.dist env.example env.sample env.template";
export const EXAMPLES: readonly string[] = `${USUAL} example.env sample.env .env-example .env_example`.split(" ");
const EXAMPLE =
  /^\.?env(?:[._-]\w+)*[._-](?:example|sample|template|dist|defaults?|schema)$|^\.?(?:example|sample|template|dist|defaults?)[._-]env$/;

/** The files of other things in which clients read servers. */
const INSIDE = READERS.flatMap(({ id, inside = {} }) =>
  Object.entries(inside).map(([file, keys]) => ({ file, keys, kind: `inside:${id}` as const })),
);
const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
const isAt = (path: string, file: string): boolean => path === file || path.endsWith(`/${file}`);

/** The kind of the file at this path, or undefined if `check` does not read it. In: the path from the root, with "/". */
export function kindOf(path: string): DocumentKind | undefined {
  const name = nameOf(path);
  if (isAt(path, ".claude/settings.json")) return "settings";
  if (isAt(path, ".claude/settings.local.json")) return "settings-local";
  if (EXAMPLE.test(name)) return "env-example";
  // dotenv-vault's encrypted copy is made to be committed (dotenv.org/docs)
  if (/^\.env(?:\.(?!vault$)|$)/.test(name)) return "env";
  if (name === ".envrc") return "envrc";
  if (MISPLACED.test(path)) return "misplaced";
  for (const [file, kind] of CLIENT_FILES) if (isAt(path, file)) return kind;
  return INSIDE.find(({ file }) => isAt(path, file))?.kind;
}

/** The `.mcp.json` where the servers of a file belong that no client reads. */
export const mcpFor = (path: string): string => `${path.replace(/(?:\.claude\/)?[^/]*$/, "")}.mcp.json`;

/** Names under which people keep a `.mcp.json`, though no client reads it there (Claude Code 2.1.330, measured). Elsewhere `mcp.json` is a common name. */
const MISPLACED = /(?:^|\/)\.claude\/\.?mcp\.json$|^mcp\.json$/;

/** What is in the folder where a client starts, besides `.mcp.json` and the `.env` files. */
const BESIDE_MCP = ["settings.json", "settings.local.json", ".mcp.json", "mcp.json"].map((name) => `.claude/${name}`);

export const PLACES = {
  kindOf,
  /** Every name that `kindOf` knows, as git pathspecs: `*` also matches folders. A test checks that both agree. */
  pathspecs: [
    ...["*[._-]env", "*env[._-]*", "*.envrc", "*settings.local.json"],
    ...new Set(
      ["settings.json", ...INSIDE.map(({ file }) => file), ...CLIENT_FILES.keys()].map((it) => `*${nameOf(it)}`),
    ),
  ],
  /** Looked for at the root, though git may ignore it. */
  atRoot: [...BESIDE_MCP, ...CLIENT_FILES.keys()],
  /** Looked for beside every `.mcp.json`, likewise. */
  besideMcp: BESIDE_MCP,
};

/** A file as `io` read it, before it is parsed. */
export type RawDocument = Omit<Document, "tree" | "whole" | "broken">;

/** Parses a file once, leniently, with the first thing that strict JSON refuses. `parseToml` is loaded only if needed. */
export function documentOf(raw: RawDocument, parseToml?: (text: string) => Tree): Document {
  const format = /\.(jsonc?|toml)$/.exec(raw.path)?.[1];
  // invalid UTF-8 is parsed anyway, as clients do: each invalid byte is a U+FFFD
  const isText = /^(?:not-)?utf-8$/.test(raw.encoding) && raw.text.trim() !== "";
  const isToml = format === "toml";
  const parse = isToml ? parseToml : (text: string) => parseTree(text, { strict: true });
  const strict = format === undefined || !isText ? undefined : parse?.(raw.text);
  if (strict === undefined) return { ...raw, tree: undefined, broken: undefined };
  if (strict.ok) return { ...raw, ...treesOf(raw, strict.root), broken: undefined };
  const loose = isToml || strict.refused.cause !== undefined ? strict : parseTree(raw.text, { strict: false });
  if (loose.ok) return { ...raw, ...treesOf(raw, loose.root), broken: { kind: "loose", ...strict.refused } };
  return { ...raw, tree: undefined, broken: { kind: loose.refused.cause ?? "syntax", ...loose.refused } };
}

function treesOf({ path, ofPlugin }: RawDocument, root: Node): Pick<Document, "tree" | "whole"> {
  const { keys } = INSIDE.find(({ file }) => isAt(path, file)) ?? {};
  if (keys === undefined) return { tree: ofPlugin === true ? flatTree(root) : root };
  return { tree: keys.reduce<Node | undefined>((node, key) => member(node, key)?.value, root), whole: root };
}

/** The tree of a plugin's `.mcp.json`: servers at the root are as if they were under "mcpServers" (2.1.332, measured). */
export function flatTree(root: Node | undefined): Node | undefined {
  const isServer = ({ value }: Entry) => ["command", "url", "type"].some((key) => member(value, key) !== undefined);
  if (!isObjectNode(root) || member(root, "mcpServers") !== undefined || !root.entries.some(isServer)) return root;
  const { start } = root;
  return { ...root, entries: [{ key: "mcpServers", start, keyEnd: start, value: root, comma: undefined }] };
}

/** A `.mcp.json` that is a plugin's alone: at the root, a session in the repository reads it too. */
export const isPluginOnly = ({ ofPlugin, path }: Pick<Document, "ofPlugin" | "path">): boolean =>
  ofPlugin === true && path !== ".mcp.json";

export const isBelow = ({ path }: Pick<Document, "path">, other: Document): boolean =>
  path.startsWith(other.path.slice(0, other.path.lastIndexOf("/") + 1));

/** The character of a text at this offset, or its first or last one; nothing of an empty text. */
export const spotAt = ({ text }: Document, offset: number): Span => ({
  offset: Math.max(0, Math.min(offset, text.length - 1)),
  length: Math.min(1, text.length),
});
