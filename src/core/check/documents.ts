/** A file that was read → a Document: what it is, and its tree. Pure. */
import { CLIENTS, kindOfClient } from "../clients/index.ts";
import { type Entry, type Node, parseTree, type Tree } from "../formats/json.ts";
import { isObjectNode, member } from "../formats/nodes.ts";
import type { Document, DocumentKind, Span } from "./model.ts";

/** The project files of the clients, by path from a root. */
const CLIENT_FILES = new Map<string, DocumentKind>(
  CLIENTS.flatMap((client) => client.files.project.map((path) => [path, kindOfClient(client)] as const)),
);

/** The kind of the file at this path, or undefined if `check` does not read it. In: the path from the root, with "/". */
export function kindOf(path: string): DocumentKind | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (/(?:^|\/)\.claude\/settings\.json$/.test(path)) return "settings";
  if (/(?:^|\/)\.claude\/settings\.local\.json$/.test(path)) return "settings-local";
  if (/^\.env\.(?:example|sample|template|dist)$/.test(name)) return "env-example";
  if (/^\.env(?:\.|$)/.test(name)) return "env";
  if (name === ".envrc") return "envrc";
  if (MISPLACED.test(path)) return "misplaced";
  for (const [file, kind] of CLIENT_FILES) if (path === file || path.endsWith(`/${file}`)) return kind;
  return undefined;
}

/** Names under which people keep a `.mcp.json`, though no client reads it there (Claude Code 2.1.330, measured). Elsewhere `mcp.json` is a common name. */
const MISPLACED = /(?:^|\/)\.claude\/\.?mcp\.json$|^mcp\.json$/;

/** What is in the folder where a client starts, besides `.mcp.json` and the `.env` files. */
const BESIDE_MCP = ["settings.json", "settings.local.json", ".mcp.json", "mcp.json"].map((name) => `.claude/${name}`);

/** Where `check` looks. */
export const PLACES = {
  kindOf,
  /** Every name that `kindOf` knows, as git pathspecs: `*` also matches folders. A test checks that both agree. */
  pathspecs: [
    "*.env",
    "*.env.*",
    "*.envrc",
    "*settings.local.json",
    ...new Set(["settings.json", ...CLIENT_FILES.keys()].map((path) => `*${path.slice(path.lastIndexOf("/") + 1)}`)),
  ],
  /** Looked for at the root, though git may ignore it. */
  atRoot: [...BESIDE_MCP, ...CLIENT_FILES.keys()],
  /** Looked for beside every `.mcp.json`, likewise. */
  besideMcp: BESIDE_MCP,
};

/** A file as `io` read it, before it is parsed. */
export type RawDocument = Omit<Document, "tree" | "broken">;

/** Parses a file once, leniently, with the first thing that strict JSON refuses. `parseToml` is loaded only if needed. */
export function documentOf(raw: RawDocument, parseToml?: (text: string) => Tree): Document {
  const format = /\.(jsonc?|toml)$/.exec(raw.path)?.[1];
  // invalid UTF-8 is parsed anyway, as clients do: each invalid byte is a U+FFFD
  const isText = raw.encoding === "utf-8" || raw.encoding === "not-utf-8";
  if (format === undefined || !isText || raw.text.trim() === "") return { ...raw, tree: undefined, broken: undefined };
  const isToml = format === "toml";
  const strict = isToml ? parseToml?.(raw.text) : parseTree(raw.text, { strict: true });
  if (strict === undefined) return { ...raw, tree: undefined, broken: undefined };
  const treeOf = (root: Node): Node => (raw.ofPlugin === true ? flatTree(root) : root);
  if (strict.ok) return { ...raw, tree: treeOf(strict.root), broken: undefined };
  const loose = isToml || strict.refused.cause !== undefined ? strict : parseTree(raw.text, { strict: false });
  if (loose.ok) return { ...raw, tree: treeOf(loose.root), broken: { kind: "loose", ...strict.refused } };
  return { ...raw, tree: undefined, broken: { kind: loose.refused.cause ?? "syntax", ...loose.refused } };
}

/** The tree of a plugin's `.mcp.json`: servers at the root are as if they were under "mcpServers" (2.1.332, measured). */
function flatTree(root: Node): Node {
  const isServer = ({ value }: Entry) => ["command", "url", "type"].some((key) => member(value, key) !== undefined);
  if (!isObjectNode(root) || member(root, "mcpServers") !== undefined || !root.entries.some(isServer)) return root;
  const { start } = root;
  return { ...root, entries: [{ key: "mcpServers", start, keyEnd: start, value: root, comma: undefined }] };
}

/** A `.mcp.json` that is a plugin's alone: at the root, a session in the repository reads it too. */
export function isPluginOnly({ ofPlugin, path }: Pick<Document, "ofPlugin" | "path">): boolean {
  return ofPlugin === true && path !== ".mcp.json";
}

/** Whether a file is in the folder of the other, or below it. */
export function isBelow({ path }: Document, other: Document): boolean {
  return path.startsWith(other.path.slice(0, other.path.lastIndexOf("/") + 1));
}

/** The character of a text at this offset, or its first or last one; nothing of an empty text. */
export function spotAt({ text }: Document, offset: number): Span {
  return { offset: Math.max(0, Math.min(offset, text.length - 1)), length: Math.min(1, text.length) };
}
