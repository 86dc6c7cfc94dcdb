/** A file that was read → a Document: what it is, and its tree. Pure. */
import { parseTree } from "../formats/json.ts";
import type { Document, DocumentKind } from "./model.ts";

/** The project files of other clients that `check` looks at, by path from a root (see docs/rules). */
export const CLIENT_FILES: Readonly<Record<string, DocumentKind>> = {
  ".cursor/mcp.json": "client:cursor",
  ".vscode/mcp.json": "client:vscode",
  ".codex/config.toml": "client:codex",
  ".gemini/settings.json": "client:gemini-cli",
  ".qwen/settings.json": "client:qwen-code",
  "opencode.json": "client:opencode",
  "opencode.jsonc": "client:opencode",
  ".github/mcp.json": "client:copilot-cli",
  ".roo/mcp.json": "client:roo-code",
  ".amp/settings.json": "client:amp",
  ".kiro/settings/mcp.json": "client:kiro",
  ".junie/mcp/mcp.json": "client:junie",
};

const CLIENT_ENTRIES = Object.entries(CLIENT_FILES);

/** Every name that `kindOf` knows, as git's pathspecs: `*` also stands for folders. A test holds both together. */
export const PATHSPECS: readonly string[] = [
  "*mcp.json",
  "*.mcp.json/*",
  "*.env",
  "*.env.*",
  "*.envrc",
  "*settings.json",
  "*settings.local.json",
  "*config.toml",
  "*opencode.json",
  "*opencode.jsonc",
];

/** What a client reads in the folder it starts in, besides `.mcp.json` and the `.env` files: looked for though git may ignore it. */
export const BESIDE_MCP: readonly string[] = [".claude/settings.json", ".claude/settings.local.json"];
/** What is looked for at the root though git may ignore it. */
export const AT_ROOT: readonly string[] = [".mcp.json", ...BESIDE_MCP, ...Object.keys(CLIENT_FILES)];

/** What the file of this path is to `check`, or undefined when it is none of its business. In: the path from the root, with "/". */
export function kindOf(path: string): DocumentKind | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (name === ".mcp.json") return "mcp";
  if (/(?:^|\/)\.claude\/settings\.json$/.test(path)) return "settings";
  if (/(?:^|\/)\.claude\/settings\.local\.json$/.test(path)) return "settings-local";
  if (/^\.env\.(?:example|sample|template|dist)$/.test(name)) return "env-example";
  if (/^\.env(?:\.|$)/.test(name)) return "env";
  if (name === ".envrc") return "envrc";
  for (const [file, kind] of CLIENT_ENTRIES) if (path === file || path.endsWith(`/${file}`)) return kind;
  return undefined;
}

/** The path of a folder called `.mcp.json` that this file lies in: the client finds a folder where it looks for a file. */
export function mcpFolderOf(path: string): string | undefined {
  const at = `/${path}`.indexOf("/.mcp.json/");
  return at === -1 ? undefined : path.slice(0, at + ".mcp.json".length);
}

/** A file as `io` read it, before it is parsed. */
export interface RawDocument {
  readonly path: string;
  readonly kind: DocumentKind;
  readonly text: string;
  readonly raw?: string;
  readonly encoding: Document["encoding"];
  readonly tracked: boolean;
  readonly ignored: boolean;
  readonly mode: number | undefined;
}

/** Parses what is JSON, once: the tree with comments and trailing commas allowed, and the first thing that strict JSON refuses. */
export function documentOf(raw: RawDocument): Document {
  const isJson = /\.jsonc?$/.test(raw.path);
  // a text with bytes that are no UTF-8 is read all the same, as clients do: each of those bytes is a U+FFFD in it
  const isText = raw.encoding === "utf-8" || raw.encoding === "not-utf-8";
  if (!isJson || !isText || raw.text.trim() === "") return { ...raw, tree: undefined, broken: undefined };
  const strict = parseTree(raw.text, { strict: true });
  const tree = strict.ok ? strict : parseTree(raw.text, { strict: false });
  const broken = strict.ok ? undefined : strict.refused;
  if (!tree.ok) return { ...raw, tree: undefined, broken };
  return { ...raw, tree: tree.root, broken };
}
