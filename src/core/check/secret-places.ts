/** Every text of a file in which a secret can stand, with the name it stands under. */

import { type Pair, pairsOf, serverOf } from "../clients/codex-check.ts";
import { assignments } from "../formats/dotenv-read.ts";
import type { Container, Node } from "../formats/json.ts";
import { commentsOf } from "./loose-json.ts";
import type { Document, Span } from "./model.ts";
import { shownName } from "./names.ts";
import { once, onceForText } from "./once.ts";
import { hasReference } from "./references.ts";
import { isObviousExample, isVariableName } from "./secret-examples.ts";
import { secretIn } from "./secret-in.ts";
import { formatsIn } from "./secret-known.ts";
import { blanked, looseIn } from "./secret-loose.ts";
import { TOKEN_ITSELF } from "./secret-names.ts";
import { LONGEST, type Shape } from "./secret-shapes.ts";
import { isPublicForm } from "./secret-words.ts";
import { member, spanOf, textOf } from "./servers.ts";

interface Place {
  readonly text: string;
  /** What a secret would be called here: a header, a variable, a flag, a key. */
  readonly name: string;
  /** For a message, after "stands in": `header "Authorization" of server "github"`. */
  readonly where: () => string;
  readonly span: Span;
  /** It is the name of something itself: only what is a secret by its looks counts. */
  readonly isKey?: boolean;
}

/** What a file holds, decoded where no client would decode it. */
export function fullText({ text, raw }: Pick<Document, "text" | "raw">): string {
  return raw ?? text;
}

/** The secret of a place. */
export function secretAt({ text, name }: Pick<Place, "text" | "name">): Shape | undefined {
  return secretUnder(name)(text);
}

const secretUnder = onceForText((name) => {
  const isToken = TOKEN_ITSELF.test(name.trim());
  return onceForText((text): Shape | undefined => {
    if (!isToken || hasReference(text) || isObviousExample(text) || isVariableName(text))
      return secretIn(text, name) ?? inLine(text);
    const value = text.trim();
    return { what: "the product token", start: text.indexOf(value), end: text.indexOf(value) + value.length };
  });
});

/** Of most texts this says at once that nothing in them is called a secret. */
const ANY_NAME = /token|secret|pass|pwd|key|auth|cred|pat|jwt|bearer|sig|dsn|cookie|-u|user|:\/\//i;

/** A secret in a line for a shell, in `KEY=value`, in `Name: value`; the addresses of a text are secretIn's. */
function inLine(text: string): Shape | undefined {
  if (
    text.length < 12 ||
    !/[\s=:]/.test(text.trim()) ||
    !ANY_NAME.test(text) ||
    (!/\s/.test(text) && isPublicForm(text))
  )
    return undefined;
  return looseIn(text)[0];
}

const SERVERS = new Set(["mcpServers", "servers", "mcp", "amp.mcpServers", "context_servers", "mcp_servers"]);

interface Around {
  readonly name: string;
  readonly server: string | undefined;
  readonly group: string | undefined;
}

function whereOf({ name: key, server, group }: Around): string {
  const name = shownName(key);
  const of = server === undefined ? "" : ` of server "${shownName(server)}"`;
  if (group === "headers") return `header "${name}"${of}`;
  if (group === "env") return `variable "${name}"${of}`;
  if (group === "args") return `the arguments${of}`;
  if (/url$/i.test(name)) return `the URL${of}`;
  return `"${name}"${of}`;
}

function isFlag(text: string): boolean {
  return /^--?[A-Za-z][\w.-]*$/.test(text);
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
    return [{ text: value, name }, ...inner, ...(flag === undefined ? [] : [{ text, name: flag }])];
  }
  if (level < 2 && /\s/.test(text.trim())) {
    const words = text.split(/[\s;&|"'`]+/);
    return words.flatMap((word) => (word === text ? [] : ofArgument(word, undefined, level + 1)));
  }
  return [{ text, name: flag ?? "" }];
}

/** What a value is called where a key beside it says so: `{"name": "Authorization", "value": …}`, VS Code's password inputs. */
function nameBeside(node: Container, key: string): string {
  if (key === "value") return textOf(member(node, "name")?.value ?? member(node, "key")?.value) ?? key;
  const isPassword = member(node, "password")?.value;
  return key === "default" && isPassword?.kind === "scalar" && isPassword.value === true ? "password" : key;
}

function walk(node: Node, around: Around, depth: number, places: Place[]): void {
  if (node.kind === "scalar") {
    if (typeof node.value !== "string" || node.value === "") return;
    places.push({ text: node.value, name: around.name, where: () => whereOf(around), span: spanOf(node) });
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
      const where = (): string => whereOf({ ...around, group: "args" });
      for (const part of [{ text, name: "" }, ...ofArgument(text, flag)])
        places.push({ ...part, where, span: spanOf(value) });
      flag = isFlag(text) ? text : undefined;
    }
    return;
  }
  const ofKey = (key: string, start: number, colon: number): void => {
    if (key.length < 12) return;
    const of = around.server === undefined ? "" : ` of server "${around.server}"`;
    places.push({ text: key, name: "", where: () => `a name${of}`, span: spanOf({ start, end: colon }), isKey: true });
  };
  for (const { key, start, colon, value } of node.entries) {
    ofKey(key, start, colon);
    if (depth === 0 && SERVERS.has(key) && value.kind === "object") {
      for (const server of value.entries) {
        ofKey(server.key, server.start, server.colon);
        walk(server.value, { name: server.key, server: server.key, group: undefined }, 1, places);
      }
      continue;
    }
    const group = /headers$/i.test(key) ? "headers" : /^(?:env|environment)$/i.test(key) ? "env" : around.group;
    const name = key === "value" || key === "default" ? nameBeside(node, key) : key;
    walk(value, { name, server: around.server, group }, depth + 1, places);
  }
}

/** TOML's `\u0041` and `\U00000041`; in a text between apostrophes nobody writes one. */
function fromToml(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\(?:u([0-9a-f]{4})|U000([01][0-9a-f]{4}))/gi, (_, short?: string, long?: string) =>
    String.fromCodePoint(Number.parseInt(short ?? long ?? "20", 16)),
  );
}

function ofToml(pairs: readonly Pair[]): readonly Place[] {
  let before: Pair | undefined;
  return pairs.flatMap((pair): readonly Place[] => {
    const { table, start, end } = pair;
    const [key, value] = [fromToml(pair.key), fromToml(pair.value)];
    const flag = before?.table === table && before.key === pair.key ? fromToml(before.value) : undefined;
    before = pair;
    const server = serverOf(table);
    // these hold names of variables, not values
    if (server?.part === "env_http_headers" || key === "env_vars" || key === "bearer_token_env_var") return [];
    const group = /headers$/.test(table) ? "headers" : /env$/.test(table) ? "env" : key === "args" ? "args" : undefined;
    const where = (): string => whereOf({ name: key, server: server?.name, group });
    const parts = group === "args" ? ofArgument(value, isFlag(flag ?? "") ? flag : undefined) : [];
    return [{ text: value, name: key }, ...parts].map((part) => ({
      ...part,
      where,
      span: { offset: start, length: end - start },
    }));
  });
}

function ofDotenv(text: string): readonly Place[] {
  return assignments(text).map(({ name, value, rawStart, rawEnd }) => ({
    text: value,
    name,
    where: () => `variable "${name}"`,
    span: { offset: rawStart, length: rawEnd - rawStart },
  }));
}

const isDotenv = ({ kind }: Document): boolean => kind === "env" || kind === "env-example" || kind === "envrc";

/** The places of a file that a reader of its format finds, in their order. */
export const placesOf = once((document: Document): readonly Place[] => {
  if (isDotenv(document)) return ofDotenv(fullText(document));
  if (document.kind === "client:codex") return ofToml(pairsOf(fullText(document)));
  if (document.tree === undefined) return [];
  const places: Place[] = [];
  walk(document.tree, { name: "", server: undefined, group: undefined }, 0, places);
  return places;
});

export interface Secret extends Pick<Place, "text" | "span"> {
  readonly where: string;
  readonly shape: Shape;
  /** What it stands beside, where no reader of the format found it. */
  readonly name?: string | undefined;
}

function looseSecrets(text: string, source: string, where: string): readonly Secret[] {
  return looseIn(text).map(({ what, start, end, name }) => ({
    text: source.slice(start, end),
    where: name === undefined ? where : `${where}, beside "${name}"`,
    span: { offset: start, length: end - start },
    shape: { what, start: 0, end: end - start },
    name,
  }));
}

/** The secrets in the comments of a JSON file. Strict JSON has no comments, and is not looked through for them. */
export const commentSecrets = once((document: Document): readonly Secret[] => {
  const { text, tree, broken } = document;
  if (tree === undefined || broken === undefined) return [];
  const comments = commentsOf(text);
  return comments.length === 0 ? [] : looseSecrets(blanked(text, comments, "inside"), text, "a comment");
});

/** What no reader of the format finds: in comments, in a file that cannot be read as what it should be. */
export const unread = once((document: Document): readonly Secret[] => {
  const text = fullText(document);
  if (isDotenv(document) || document.kind === "client:codex") {
    const values = isDotenv(document)
      ? ofDotenv(text).map(({ span }) => span)
      : pairsOf(text)
          .filter(({ value }) => value !== "")
          .map(({ start, end }) => ({ offset: start, length: end - start }));
    const rest = blanked(text, values, "outside");
    return looseSecrets(rest, text, "a comment or a text that goes on over lines");
  }
  if (document.tree === undefined) return looseSecrets(text, text, "a file that could not be parsed");
  return commentSecrets(document);
});

function secretOf(place: Place): Shape | undefined {
  if (place.isKey !== true) return secretAt(place);
  return place.text.length < 12 ? undefined : (formatsIn(place.text)[0] ?? inLine(place.text));
}

/** Those that lie in none of the others. Both are in the order of the file. */
function outside(secrets: readonly Secret[], others: readonly Secret[]): readonly Secret[] {
  let at = 0;
  return secrets.filter(({ span }) => {
    while (at < others.length && endOf(others[at]) <= span.offset) at += 1;
    return (others[at]?.span.offset ?? Number.POSITIVE_INFINITY) > span.offset;
  });
}

function endOf(secret: Secret | undefined): number {
  return secret === undefined ? 0 : secret.span.offset + secret.span.length;
}

/** The first secret of every place that has one; one place is named once. */
export const secretsIn = once((document: Document): readonly Secret[] => {
  const seen = new Set<number>();
  const read = placesOf(document).flatMap((place) => {
    const shape = seen.has(place.span.offset) ? undefined : secretOf(place);
    if (shape === undefined) return [];
    seen.add(place.span.offset);
    return [{ text: place.text, where: place.where(), span: place.span, shape }];
  });
  const rest = unread(document);
  return rest.length === 0 ? read : [...read, ...outside(rest, read)];
});
