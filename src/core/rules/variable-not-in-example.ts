import { givenValues } from "../check/given-values.ts";
import { type HaloServer, haloServers, valueHeaders } from "../check/halo-servers.ts";
import { serverObjects } from "../check/loader.ts";
import type { Document, Finding, Rule, Span, Subject } from "../check/model.ts";
import { onceForText } from "../check/once.ts";
import { keySpan, member, textOf } from "../check/servers.ts";
import { editBetween, finding, isFitToShow, MOST_FIXES } from "../check/show.ts";
import { type ClientSyntax, syntaxOf, variablesIn } from "../clients/client-syntax.ts";
import { pairsOf, serverOf } from "../clients/codex-check.ts";
import { addExampleNames, type ExampleName, parseDotenv } from "../formats/dotenv.ts";
import type { Container, Node } from "../formats/json.ts";
import { HEADERS, isSafeVariable, LABELS, VALUES } from "../halo.ts";

const ID = "variable-not-in-example";

/** The comment in `.env.example` for what is no value of HALO. */
const OTHER = "For an MCP server";

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** What the machine, the shell or the client sets for everybody. */
const SET_ANYWAY =
  /^(?:HOME|USER(?:NAME|PROFILE)?|LOGNAME|PATH|PWD|SHELL|LANG|LC_\w+|TERM|TE?MP|TMPDIR|EDITOR|(?:HOST|COMPUTER)NAME|DISPLAY|CI|OS|(?:LOCAL)?APPDATA|PROGRAM(?:DATA|FILES)|SYSTEMROOT|HOMEDRIVE|HOMEPATH|XDG_\w+|SSH_AUTH_SOCK|CLAUDE_\w+|workspaceFolder\w*|userHome|pathSeparator|\w+_PROXY|JAVA_HOME|VIRTUAL_ENV)$/i;

/** A server with the variables that it takes. */
interface Needs {
  readonly document: Document;
  readonly server: string;
  /** Where it begins. */
  readonly span: Span;
  readonly names: readonly ExampleName[];
  readonly isHalo: boolean;
}

const EXPANDED: ReadonlySet<string> = new Set(["url", "httpUrl", "command", "args", "headers", "env", "environment"]);

/** The texts of an entry in which clients expand references, where there can be one. */
function textsOf(entry: Container): readonly string[] {
  const texts: string[] = [];
  const add = (node: Node): void => {
    const text = textOf(node);
    if (text !== undefined && hasSign(text)) texts.push(text);
  };
  for (const { key, value } of entry.entries) {
    if (!EXPANDED.has(key)) continue;
    if (value.kind === "scalar") add(value);
    else for (const each of value.entries) add(each.value);
  }
  return texts;
}

function hasSign(text: string): boolean {
  return text.includes("$") || text.includes("{");
}

/** The variables of a text that have no default, and that neither the machine nor the entry itself sets. */
function namesOf(text: string, syntax: ClientSyntax, entry: Container): readonly string[] {
  if (!hasSign(text)) return [];
  return variablesIn(text, syntax).flatMap(({ name, hasDefault }) => {
    if (hasDefault || SET_ANYWAY.test(name)) return [];
    const own = textOf(member((member(entry, "env") ?? member(entry, "environment"))?.value, name)?.value);
    return own === undefined || own === text ? [name] : [];
  });
}

/** What must not be set at all has a rule of its own. */
function ofHalo(server: HaloServer): Needs {
  const { document, syntax, node, name, entry, url } = server;
  const names: ExampleName[] = [];
  const known = new Set<string>();
  const add = (text: string, comment: string, isValue: boolean): void => {
    for (const variable of namesOf(text, syntax, node)) {
      if (!known.has(variable) && (!isValue || isSafeVariable(variable))) names.push({ name: variable, comment });
      known.add(variable);
    }
  };
  for (const { which, text } of valueHeaders(server)) add(text ?? "", `HALO ${LABELS[which]}`, true);
  add(url?.text ?? "", "HALO endpoint", false);
  for (const text of textsOf(node)) add(text, OTHER, false);
  return { document, server: name, span: keySpan(document, entry), names, isHalo: true };
}

/** The other servers of `.mcp.json`, which are the project's as well. */
function ofOthers(subject: Subject, halo: readonly HaloServer[]): readonly Needs[] {
  const taken = new Set(halo.map(({ entry }) => entry));
  const syntax = syntaxOf("mcp");
  return serverObjects(subject).flatMap(({ document, name, entry, node }) => {
    if (syntax === undefined || taken.has(entry) || !document.text.includes("${")) return [];
    const names = textsOf(node).flatMap((text) =>
      namesOf(text, syntax, node).map((variable) => ({ name: variable, comment: OTHER })),
    );
    return names.length === 0 ? [] : [{ document, server: name, span: keySpan(document, entry), names, isHalo: false }];
  });
}

/** Codex is given names of variables. */
function ofCodex(document: Document): readonly Needs[] {
  const pairs = pairsOf(document.text).flatMap((pair) => {
    const server = serverOf(pair.table);
    return server === undefined ? [] : [{ ...pair, server: server.name, part: server.part }];
  });
  const halo = new Set(pairs.filter(({ key }) => key.toUpperCase() === HEADERS.token).map(({ server }) => server));
  return pairs.flatMap(({ server, part, key, value, start, end }) => {
    const isName = part === "env_http_headers" || (part === "" && key === "bearer_token_env_var");
    if (!isName || !/^[A-Za-z_]\w*$/.test(value) || SET_ANYWAY.test(value)) return [];
    const which = VALUES.find((each) => HEADERS[each] === key.toUpperCase());
    if (which !== undefined && !isSafeVariable(value)) return [];
    const names = [{ name: value, comment: which === undefined ? OTHER : `HALO ${LABELS[which]}` }];
    return [{ document, server, span: { offset: start, length: end - start }, names, isHalo: halo.has(server) }];
  });
}

/** The examples that whoever starts in this folder can see, the nearest first; of several in one folder `.env.example`. */
function examplesFor(folder: string, examples: readonly Document[]): readonly Document[] {
  return examples
    .filter((example) => folder.startsWith(folderOf(example.path)))
    .toSorted(
      (a, b) =>
        folderOf(b.path).length - folderOf(a.path).length ||
        Number(b.path.endsWith(".example")) - Number(a.path.endsWith(".example")),
    );
}

/** `.env.example` is where a person who clones the repository sees what to set; an unset variable is sent as `${NAME}`. */
export const variableNotInExample: Rule = {
  id: ID,
  severity: "warning",
  summary: "A variable that a server takes is not in .env.example",
  check: (subject) => {
    const examples = subject.documents.filter(({ kind, encoding }) => kind === "env-example" && encoding === "utf-8");
    const named = new Map(examples.map((example) => [example, parseDotenv(example.text)] as const));
    const said = new Set<string>();
    let fixes = 0;
    const above = onceForText((folder) => examplesFor(folder, examples));
    if (!subject.inRepository) return [];
    const halo = haloServers(subject);
    const codex = subject.documents.filter(({ kind }) => kind === "client:codex");
    const all = [
      ...halo.map(ofHalo),
      ...(examples.length === 0 ? [] : ofOthers(subject, halo)),
      ...codex.flatMap(ofCodex),
    ];
    return all.flatMap(({ document, server, span, names, isHalo }): readonly Finding[] => {
      if (names.length === 0 || document.ignored) return [];
      const here = above(folderOf(document.path));
      const [nearest] = here;
      // a repository without HALO and without an example has its own way to say what to set
      if (nearest === undefined && !isHalo) return [];
      const missing = names.filter(({ name }) => {
        const key = `${nearest?.path ?? ""}\n${name}`;
        if (said.has(key) || here.some((example) => named.get(example)?.has(name) === true)) return false;
        said.add(key);
        // what a shared file sets, everybody has
        return givenValues(subject, document, name).every((given) => given.document.kind === "env-example");
      });
      if (missing.length === 0) return [];
      const args = {
        names: missing.map(({ name }) => name).join(", "),
        server,
        file: nearest?.path ?? "",
      };
      if (nearest === undefined) return [finding(subject, ID, document, span, args)];
      const found = finding(subject, ID, nearest, { offset: nearest.text.length, length: 0 }, args);
      fixes += 1;
      if (fixes > MOST_FIXES) return [found];
      const edited = addExampleNames(nearest.text, missing);
      const isMendable = edited.ok && missing.every(({ name }) => isFitToShow(subject, name));
      return [isMendable ? { ...found, fix: [editBetween(nearest.text, edited.text)] } : found];
    });
  },
  message: ({ names, server, file }) =>
    `server "${server}" takes ${names}, and ${file === "" ? "no .env.example says so" : `${file} does not say so`}: whoever joins cannot know; add each as a line NAME=`,
};
