/** `.env.example` is where a person who clones the repository sees which variables to set. */
import { givenValues } from "../check/given-values.ts";
import { haloServers, valueHeaders, variablesOf } from "../check/halo-servers.ts";
import type { Document, Finding, Rule, Span, Subject } from "../check/model.ts";
import { editBetween, finding, isFitToShow } from "../check/show.ts";
import { entriesIn, type ServerEntry } from "../clients/entry.ts";
import { clientOf } from "../clients/index.ts";
import { variablesIn } from "../clients/references.ts";
import { addExampleNames, type ExampleName, parseDotenv } from "../formats/dotenv.ts";
import { keySpan, member, textOf } from "../formats/nodes.ts";
import { isSafeVariable, LABELS } from "../halo.ts";

const ID = "variable-not-in-example";

/** The comment in `.env.example` for what is no value of HALO. */
const OTHER = "For an MCP server";

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** What the machine, the shell or the client sets for everybody. */
const SET_ANYWAY =
  /^(?:HOME|USER(?:NAME|PROFILE)?|LOGNAME|PATH|PWD|SHELL|LANG|LC_\w+|TERM|TE?MP|TMPDIR|EDITOR|(?:HOST|COMPUTER)NAME|DISPLAY|CI|OS|(?:LOCAL)?APPDATA|PROGRAM(?:DATA|FILES)|SYSTEMROOT|HOMEDRIVE|HOMEPATH|XDG_\w+|SSH_AUTH_SOCK|CLAUDE_\w+|workspaceFolder\w*|userHome|pathSeparator|\w+_PROXY|JAVA_HOME|VIRTUAL_ENV)$/i;

/** The keys of an entry in which clients expand references. */
const EXPANDED: ReadonlySet<string> = new Set(["url", "httpUrl", "command", "args", "headers", "env", "environment"]);

type Server = Pick<ServerEntry, "client" | "dialect" | "node">;

/** The variables of a text that have no default, and that neither the machine nor the entry itself sets. */
function neededIn(text: string, { dialect, node }: Server): readonly string[] {
  return variablesIn(text, dialect).flatMap(({ name, hasDefault }) => {
    if (hasDefault || SET_ANYWAY.test(name)) return [];
    const own = textOf(member((member(node, "env") ?? member(node, "environment"))?.value, name)?.value);
    return own === undefined || own === text ? [name] : [];
  });
}

/** All variables that an entry takes, in the order of the file. */
function neededBy(server: Server): readonly string[] {
  const { names, variables = [] } = server.client.entry;
  return server.node.entries.flatMap(({ key, value }) => {
    const texts = (value.kind === "scalar" ? [value] : value.entries.map((each) => each.value)).map(textOf);
    if (key === names || variables.includes(key))
      return texts.flatMap((text = "") => (/^[A-Za-z_]\w*$/.test(text) && !SET_ANYWAY.test(text) ? [text] : []));
    return EXPANDED.has(key) ? texts.flatMap((text = "") => neededIn(text, server)) : [];
  });
}

/** A server with the variables that it takes. */
interface Needs {
  readonly document: Document;
  readonly server: string;
  /** Where it begins. */
  readonly span: Span;
  readonly names: readonly ExampleName[];
  readonly isHalo: boolean;
}

/** The servers for HALO of every client, and the others of the files that are the project's own by Claude Code and Codex. */
function allNeeds(subject: Subject, hasExample: boolean): readonly Needs[] {
  const halo = haloServers(subject);
  const taken = new Set(halo.map(({ node }) => node));
  const ofHalo = halo.map((server): Needs => {
    const { document, name, entry, url } = server;
    const comments = new Map<string, string>();
    for (const header of valueHeaders(server)) {
      const { kind, text = "", which } = header;
      const variables = kind === "names" ? variablesOf(header, server.dialect) : neededIn(text, server);
      for (const variable of variables) comments.set(variable, `HALO ${LABELS[which]}`);
    }
    // what belongs to another program has a rule of its own
    const isWanted = (variable: string): boolean => !comments.has(variable) || isSafeVariable(variable);
    for (const variable of neededIn(url?.text ?? "", server))
      if (!comments.has(variable)) comments.set(variable, "HALO endpoint");
    const all = [...new Set([...comments.keys(), ...neededBy(server)])].filter(isWanted);
    const names = all.map((variable) => ({ name: variable, comment: comments.get(variable) ?? OTHER }));
    return { document, server: name, span: keySpan(document, entry), names, isHalo: true };
  });
  if (!hasExample) return ofHalo;
  const others = subject.documents.flatMap((document) => {
    const client = clientOf(document.kind);
    if (client === undefined || (document.kind !== "mcp" && client.entry.names === undefined)) return [];
    return entriesIn(document.tree, client).flatMap((entry) => {
      if (taken.has(entry.value)) return [];
      const all = neededBy({ client, dialect: client.references, node: entry.value });
      const names = all.map((name) => ({ name, comment: OTHER }));
      return [{ document, server: entry.key, span: keySpan(document, entry), names, isHalo: false }];
    });
  });
  return [...ofHalo, ...others];
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
  summary: "A variable that a server needs is not in .env.example",
  check: (subject) => {
    const examples = subject.documents.filter(({ kind, encoding }) => kind === "env-example" && encoding === "utf-8");
    const named = new Map(examples.map((example) => [example, parseDotenv(example.text)] as const));
    const said = new Set<string>();
    if (!subject.inRepository) return [];
    return allNeeds(subject, examples.length > 0).flatMap(
      ({ document, server, span, names, isHalo }): readonly Finding[] => {
        if (names.length === 0 || document.ignored) return [];
        const here = examplesFor(folderOf(document.path), examples);
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
        const edited = addExampleNames(nearest.text, missing);
        const isMendable = edited.ok && missing.every(({ name }) => isFitToShow(subject, name));
        return [isMendable ? { ...found, fix: [editBetween(nearest.text, edited.text)] } : found];
      },
    );
  },
  message: ({ names, server, file }) =>
    `server "${server}" needs ${names}, and ${file === "" ? "there is no .env.example that lists it" : `${file} does not list it`}: new team members cannot know what to set; add a line NAME= for each`,
};
