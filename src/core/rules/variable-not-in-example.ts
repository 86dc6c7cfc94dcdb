/** `.env.example` is where a person who clones the repository sees which variables to set. */
import { isBelow, isPluginOnly } from "../check/documents.ts";
import { givenBy, givenValues } from "../check/env-files.ts";
import { haloServers, saidBy, valueHeaders } from "../check/halo-servers.ts";
import type { Document, Subject } from "../check/model.ts";
import { rowsOf } from "../check/rows.ts";
import { fixOf } from "../check/run.ts";
import { isFitToShow } from "../check/show.ts";
import { entriesIn, type ServerEntry, textsIn } from "../clients/entry.ts";
import { clientOf } from "../clients/index.ts";
import { variablesIn } from "../clients/references.ts";
import { addExampleNames } from "../formats/dotenv.ts";
import { keySpan, member, textOf } from "../formats/nodes.ts";
import { isSafeVariable, LABELS } from "../halo.ts";

/** Variables that the machine, the shell or the client sets for everybody. */
const SET_ANYWAY =
  /^(?:HOME|USER(?:NAME|PROFILE)?|LOGNAME|PATH|PWD|SHELL|LANG|LC_\w+|TERM|TE?MP|TMPDIR|EDITOR|(?:HOST|COMPUTER)NAME|DISPLAY|CI|OS|(?:LOCAL)?APPDATA|PROGRAM(?:DATA|FILES)|SYSTEMROOT|HOMEDRIVE|HOMEPATH|XDG_\w+|SSH_AUTH_SOCK|CLAUDE_\w+|workspaceFolder\w*|userHome|pathSeparator|\w+_PROXY|JAVA_HOME|VIRTUAL_ENV)$/i;

/** The variables of an entry without a default that neither the machine nor the entry sets, in the order of the file. */
function neededBy({ client, dialect, node }: Pick<ServerEntry, "client" | "dialect" | "node">): readonly string[] {
  const { names: table, variables = [] } = client.entry;
  const env = (member(node, "env") ?? member(node, "environment"))?.value;
  const named = node.entries.filter(({ key }) => key === table || variables.includes(key));
  const given = named.flatMap(({ value }) => (value.kind === "scalar" ? value : value.entries.map((it) => it.value)));
  const names = given.map((each) => textOf(each) ?? "").filter((text) => /^[A-Za-z_]\w*$/.test(text));
  const used = textsIn(node).flatMap(({ text }) => variablesIn(text, dialect).map((each) => ({ ...each, text })));
  const unset = used.filter(({ name, hasDefault, text }) => {
    const own = textOf(member(env, name)?.value);
    return !hasDefault && (own === undefined || own === text);
  });
  return [...new Set([...names, ...unset.map(({ name }) => name)])].filter((name) => !SET_ANYWAY.test(name));
}

/** The example files above a file, the deepest first; in one folder, `.env.example` first. */
function examplesFor({ documents }: Subject, document: Document): readonly Document[] {
  const rank = ({ path }: Document) => 2 * path.split("/").length + Number(/(?:^|\/)\.env\.example$/.test(path));
  return documents
    .filter((each) => each.kind === "env-example" && each.encoding === "utf-8" && isBelow(document, each))
    .toSorted((a, b) => rank(b) - rank(a));
}

/** The servers with variables that no example lists, each variable once. */
function unlisted(subject: Subject) {
  const halo = new Map(haloServers(subject).map((server) => [server.node, server]));
  const said = new Set<string>();
  return subject.documents.flatMap((document) => {
    const client = clientOf(document.kind);
    if (client === undefined || isPluginOnly(document) || document.ignored || !subject.inRepository) return [];
    const examples = examplesFor(subject, document);
    const [nearest] = examples;
    // a repository without HALO and without an example documents its variables elsewhere
    const isJudged = nearest !== undefined && (document.kind === "mcp" || client.entry.names !== undefined);
    return entriesIn(document.tree, client).flatMap((entry) => {
      const server = halo.get(entry.value);
      if (server === undefined && !isJudged) return [];
      const values = server ? valueHeaders(server).flatMap(({ variables }) => variables) : [];
      const missing = neededBy(server ?? { client, dialect: client.references, node: entry.value }).filter((name) => {
        const key = `${nearest?.path ?? ""}\n${name}`;
        const isSaid = said.has(key) || examples.some((each) => givenBy(each).has(name));
        // variables of other programs have a rule of their own; everybody has the values of shared files
        if (isSaid || (values.includes(name) && !isSafeVariable(name))) return false;
        said.add(key);
        return givenValues(subject, document, name).every((given) => given.document.kind === "env-example");
      });
      const found = { document, name: entry.key, entry, nearest, missing, isHalo: server !== undefined };
      return missing.length === 0 ? [] : [found];
    });
  });
}

/** An unset variable is sent as `${NAME}`. Covers HALO in every client's file, and other servers in those of Claude Code and Codex. */
export const variableNotInExample = rowsOf(unlisted)(
  "variable-not-in-example",
  "warning",
  "A variable that a server needs is not in .env.example",
  {
    find: ({ entry, nearest, missing, isHalo }, subject) => {
      const args = { names: missing.join(", "), file: nearest?.path ?? "" };
      if (nearest === undefined) return { at: keySpan(entry), args };
      const names = missing.map((name) => {
        const said = isHalo ? saidBy(name) : undefined;
        return { name, comment: said === undefined ? "For an MCP server" : `HALO ${LABELS[said]}` };
      });
      const isMendable = missing.every((name) => isFitToShow(subject, name));
      const fix = isMendable ? fixOf(nearest.text, addExampleNames(nearest.text, names)) : undefined;
      return { document: nearest, at: { offset: nearest.text.length, length: 0 }, args, fix };
    },
    message: ({ name, names, file }) =>
      `server "${name}" needs ${names}, which ${file === "" ? "no .env.example lists" : `${file} does not list`}: new team members cannot know what to set; add a line NAME= for each`,
  },
);
