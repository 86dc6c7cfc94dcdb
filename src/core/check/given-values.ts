/** The values that files of the repository give to a variable on everybody's machine. */
import { assignments } from "../formats/dotenv.ts";
import { isObjectNode, member, spanOf, textOf } from "../formats/nodes.ts";
import { once } from "../once.ts";
import type { Document, DocumentKind, Span, Subject } from "./model.ts";

/** A value that a file gives to a variable, and where it stands. */
export interface Given {
  readonly document: Document;
  readonly value: string;
  readonly span: Span;
}

/** `env` of `.claude/settings.json` reaches sessions (measured with Claude Code 2.1.330); `.env.example` is copied, the others are sourced. */
const GIVING: ReadonlySet<DocumentKind> = new Set<DocumentKind>(["settings", "envrc", "env", "env-example"]);

/** Those that everybody gets. Private values are nobody's business: what git does not track of `.env` and `.envrc` is not read. */
const givingFiles = once((subject: Subject): readonly Document[] =>
  subject.documents.filter(
    ({ kind, tracked, ignored }) =>
      GIVING.has(kind) && (tracked || (!ignored && (kind === "settings" || kind === "env-example"))),
  ),
);

/** The folder that a file speaks for: for `.claude/settings.json` and `.kiro/settings/mcp.json` the one above. */
function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1).replace(/(^|\/)\.[\w-]+\/(?:[\w-]+\/)?$/, "$1");
}

/** bash takes several assignments on a line, which readers of `.env` do not. */
const SHELL = /(?:^|[\s;&])([A-Za-z_]\w{0,127})=("[^"\n]*"|'[^'\n]*'|[^\s;&#]*)|#[^\n]*/g;

/** What a file gives, by name; of two assignments the last one counts. */
export const givenBy = once((document: Document): ReadonlyMap<string, Given> => {
  const given = new Map<string, Given>();
  if (document.kind === "settings" || document.kind === "settings-local") {
    const env = member(document.tree, "env")?.value;
    for (const { key, value: node } of isObjectNode(env) ? env.entries : []) {
      const value = textOf(node);
      if (value !== undefined) given.set(key, { document, value, span: spanOf(node) });
    }
  } else if (document.kind === "envrc") {
    for (const match of document.text.matchAll(SHELL)) {
      const [whole, name, raw = ""] = match;
      const span = { offset: match.index + whole.length - raw.length, length: raw.length };
      if (name !== undefined) given.set(name, { document, value: raw.replace(/^(["'])(.*)\1$/, "$2"), span });
    }
  } else {
    for (const { name, value, rawStart, rawEnd } of assignments(document.text))
      given.set(name, { document, value, span: spanOf({ start: rawStart, end: rawEnd }) });
  }
  return given;
});

/**
 * What the files above and below this one give to a variable; nothing for an empty value, which leaves it to each machine.
 * In: the file that refers to it, and the variable.
 */
export function givenValues(subject: Subject, user: Document, name: string): readonly Given[] {
  const here = folderOf(user.path);
  return givingFiles(subject).flatMap((document) => {
    if (document.kind === "settings" && user.kind !== "mcp") return [];
    const there = folderOf(document.path);
    if (!here.startsWith(there) && !there.startsWith(here)) return [];
    const given = givenBy(document).get(name);
    return given === undefined || given.value.trim() === "" ? [] : [given];
  });
}
