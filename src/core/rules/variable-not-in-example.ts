import { variablesIn } from "../check/client-syntax.ts";
import { type HaloServer, remoteHaloServers, valueHeaders } from "../check/halo-servers.ts";
import type { Document, Finding, Rule } from "../check/model.ts";
import { keySpan } from "../check/servers.ts";
import { editBetween, finding, isFitToShow } from "../check/show.ts";
import { addExampleNames, type ExampleName, parseDotenv } from "../dotenv.ts";
import { isSafeVariable, LABELS } from "../halo.ts";

const ID = "variable-not-in-example";

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** The variables without which the entry does not connect; what must not be set at all has a rule of its own. */
function needed(server: HaloServer): readonly ExampleName[] {
  const texts = valueHeaders(server).map(({ which, text }) => ({
    comment: `HALO ${LABELS[which]}`,
    text: text ?? "",
  }));
  return [...texts, { comment: "HALO endpoint", text: server.url?.text ?? "" }].flatMap(({ comment, text }) =>
    variablesIn(text, server.syntax)
      .filter(({ name, hasDefault }) => !hasDefault && (comment === "HALO endpoint" || isSafeVariable(name)))
      .map(({ name }) => ({ name, comment })),
  );
}

/** The examples that whoever starts beside this file can see, the nearest first; of several in one folder `.env.example`. */
function examplesFor(path: string, examples: readonly Document[]): readonly Document[] {
  return examples
    .filter((example) => path.startsWith(folderOf(example.path)))
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
  summary: "A variable of an entry for HALO is not in .env.example",
  check: (subject) => {
    const examples = subject.documents.filter(({ kind, encoding }) => kind === "env-example" && encoding === "utf-8");
    const named = new Map(examples.map((example) => [example, parseDotenv(example.text)] as const));
    const said = new Set<string>();
    return remoteHaloServers(subject).flatMap((server): readonly Finding[] => {
      const { document } = server;
      if (!subject.inRepository || document.ignored) return [];
      const here = examplesFor(document.path, examples);
      const [nearest] = here;
      const missing = needed(server).filter(({ name }) => {
        const key = `${nearest?.path ?? ""}\n${name}`;
        if (said.has(key) || here.some((example) => named.get(example)?.has(name) === true)) return false;
        said.add(key);
        return true;
      });
      if (missing.length === 0) return [];
      const args = {
        names: missing.map(({ name }) => name).join(", "),
        server: server.name,
        file: nearest?.path ?? "",
      };
      if (nearest === undefined) return [finding(subject, ID, document, keySpan(document, server.entry), args)];
      const found = finding(subject, ID, nearest, { offset: nearest.text.length, length: 0 }, args);
      const edited = addExampleNames(nearest.text, missing);
      const isMendable = edited.ok && missing.every(({ name }) => isFitToShow(subject, name));
      return [isMendable ? { ...found, fix: [editBetween(nearest.text, edited.text)] } : found];
    });
  },
  message: ({ names, server, file }) =>
    `server "${server}" takes ${names}, and ${file === "" ? "no .env.example says so" : `${file} does not say so`}: whoever joins cannot know; add each as a line NAME=`,
};
