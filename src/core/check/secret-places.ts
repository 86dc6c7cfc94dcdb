/** Every text of a file in which a secret can stand, with the name it stands under. */
import { assignments } from "../dotenv-read.ts";
import type { Node } from "../json-tree.ts";
import { pairsOf, serverOf } from "./codex.ts";
import type { Document, Span } from "./model.ts";
import { hasReference, isObviousExample, isVariableName, LONGEST, type Shape, secretIn } from "./secret-shapes.ts";
import { spanOf } from "./servers.ts";

export interface Place {
  readonly text: string;
  /** What a secret would be called here: a header, a variable, a flag, a key. */
  readonly name: string;
  /** For a message, after "stands in": `header "Authorization" of server "github"`. */
  readonly where: string;
  readonly span: Span;
}

/** The one header, and the variables, whose text is a secret whatever it looks like: the token's format is not documented. */
const TOKEN_ITSELF = /^(?:X-CM-PRODUCTTOKEN|HALO_(?:\w+_)?(?:TOKEN|PRODUCTTOKEN))$/i;

/** The secret of a place. */
export function secretAt({ text, name }: Pick<Place, "text" | "name">): Shape | undefined {
  if (TOKEN_ITSELF.test(name.trim()) && !hasReference(text) && !isObviousExample(text) && !isVariableName(text)) {
    const value = text.trim();
    return { what: "the product token", start: text.indexOf(value), end: text.indexOf(value) + value.length };
  }
  return secretIn(text, name);
}

const SERVERS = new Set(["mcpServers", "servers", "mcp", "amp.mcpServers", "context_servers", "mcp_servers"]);

interface Around {
  readonly name: string;
  readonly server: string | undefined;
  readonly group: string | undefined;
}

function whereOf({ name, server, group }: Around): string {
  const of = server === undefined ? "" : ` of server "${server}"`;
  if (group === "headers") return `header "${name}"${of}`;
  if (group === "env") return `variable "${name}"${of}`;
  if (group === "args") return `the arguments${of}`;
  if (/url$/i.test(name)) return `the URL${of}`;
  return `"${name}"${of}`;
}

interface Part {
  readonly text: string;
  readonly name: string;
}

/** One argument of a program: `--api-key=…`, `KEY=…`, `Name: …`, the words of a shell line, or the value of the flag before it. */
function ofArgument(whole: string, flag: string | undefined, level = 0): readonly Part[] {
  const text = whole.slice(0, LONGEST);
  const pair =
    /^(--?[A-Za-z][\w.-]{0,99}|[A-Za-z_]\w{0,99})=([\s\S]+)$/.exec(text) ??
    /^([A-Za-z][\w-]{0,99})\s{0,9}:\s{0,9}(?!\/\/)([\s\S]+)$/.exec(text);
  if (pair !== null) {
    const [, name = "", value = ""] = pair;
    // --header=Authorization: …, --env=KEY=…; nobody nests deeper
    const inner = name.startsWith("-") && level < 2 ? ofArgument(value, undefined, level + 1) : [];
    return [{ text: value, name }, ...inner];
  }
  if (level < 2 && /\s/.test(text.trim())) {
    const words = text.split(/[\s;&|"'`]+/);
    return words.flatMap((word) => (word === text ? [] : ofArgument(word, undefined, level + 1)));
  }
  return [{ text, name: flag ?? "" }];
}

function walk(node: Node, around: Around, depth: number, places: Place[]): void {
  if (node.kind === "scalar") {
    if (typeof node.value !== "string" || node.value === "") return;
    places.push({ text: node.value, name: around.name, where: whereOf(around), span: spanOf(node) });
    return;
  }
  if (node.kind === "array") {
    const isArguments =
      around.group === "args" || ((around.name === "args" || around.name === "command") && around.server !== undefined);
    let flag: string | undefined;
    for (const { value } of node.entries) {
      const text = value.kind === "scalar" && typeof value.value === "string" ? value.value : undefined;
      if (!isArguments || text === undefined) {
        walk(value, around, depth + 1, places);
        continue;
      }
      const where = whereOf({ ...around, group: "args" });
      for (const part of [{ text, name: "" }, ...ofArgument(text, flag)])
        places.push({ ...part, where, span: spanOf(value) });
      flag = /^--?[A-Za-z][\w.-]*$/.test(text) ? text : undefined;
    }
    return;
  }
  for (const { key, value } of node.entries) {
    if (depth === 0 && SERVERS.has(key) && value.kind === "object") {
      for (const server of value.entries)
        walk(server.value, { name: server.key, server: server.key, group: undefined }, 1, places);
      continue;
    }
    const group = /headers$/i.test(key) ? "headers" : /^(?:env|environment)$/i.test(key) ? "env" : around.group;
    walk(value, { name: key, server: around.server, group }, depth + 1, places);
  }
}

function ofToml(text: string): readonly Place[] {
  return pairsOf(text).flatMap(({ table, key, value, start, end }) => {
    const server = serverOf(table);
    // these hold names of variables, not values
    if (server?.part === "env_http_headers" || key === "env_vars" || key === "bearer_token_env_var") return [];
    const group = /headers$/.test(table) ? "headers" : /env$/.test(table) ? "env" : key === "args" ? "args" : undefined;
    return [
      {
        text: value,
        name: key,
        where: whereOf({ name: key, server: server?.name, group }),
        span: { offset: start, length: end - start },
      },
    ];
  });
}

function ofDotenv(text: string): readonly Place[] {
  return assignments(text).map(({ name, value, rawStart, rawEnd }) => ({
    text: value,
    name,
    where: `variable "${name}"`,
    span: { offset: rawStart, length: rawEnd - rawStart },
  }));
}

/** The places of a file, in its order. */
function placesOf(document: Document): readonly Place[] {
  if (document.kind === "env" || document.kind === "env-example" || document.kind === "envrc")
    return ofDotenv(document.text);
  if (document.kind === "client:codex") return ofToml(document.text);
  if (document.tree === undefined) return [];
  const places: Place[] = [];
  walk(document.tree, { name: "", server: undefined, group: undefined }, 0, places);
  return places;
}

/** The first secret of every place that has one; one place is named once. */
export function secretsIn(document: Document): readonly (Place & { readonly shape: Shape })[] {
  const seen = new Set<number>();
  return placesOf(document).flatMap((place) => {
    const shape = seen.has(place.span.offset) ? undefined : secretAt(place);
    if (shape === undefined) return [];
    seen.add(place.span.offset);
    return [{ ...place, shape }];
  });
}
