/** Texts that Claude Code does not read as they are meant: references of other programs, and commands (2.1.332, measured). */
import { haloServers, valueHeaders } from "../check/halo-servers.ts";
import type { Rule, Subject } from "../check/model.ts";
import { rivalOf } from "../check/places.ts";
import { clientEntryRow, type Place } from "../check/rows.ts";
import { isFitToShow } from "../check/show.ts";
import { fieldsOf, textsIn } from "../clients/entry.ts";
import { becomes, type Dialect, mended, quotedReference, type Spelled, spelledIn } from "../clients/references.ts";
import type { Node } from "../formats/json.ts";
import { isObjectNode, member, spanOf, textOf } from "../formats/nodes.ts";
import { once } from "../once.ts";

/** `$NAME` and `%NAME%` inside a text, such as `TOKEN=$TOKEN`. Not `$1`, `$.x`, `$$NAME`, `$name`, `%20`. */
const INSIDE = /(?<![^\s=:/;,])\$([A-Z_][A-Z0-9_]+)(?![\w($])|(?<![^\s=:;,])%([A-Z][A-Z0-9_]{2,})%/g;
/** Forms that no program reads itself. Of the others in its arguments, it may be the reader. */
const OF_CLIENTS = /^(?:\$\{\{|\$\{\s*(?:env|input|config|secrets?)[:.]|\{env:|\$\()/;

/** The references of other clients and of shells. A template (`{{…}}`) and an expression (`$(?:`) are none. */
function foreignIn(text: string, key: string, dialect: Dialect): readonly Spelled[] {
  const found = spelledIn(text, dialect).filter(({ text: it, expanded }) => {
    if (expanded || !/^(?:\$\(\s*[\w./~]|(?!\$\()[^A-Za-z]*[A-Za-z])/.test(it) || it.startsWith("{{")) return false;
    if (/^[$%]\w/.test(it)) return key === "headers" || (key !== "args" && it === text.trim());
    return key !== "args" || OF_CLIENTS.test(it);
  });
  const inside = [...text.matchAll(INSIDE)].map(({ 0: it, 1: plain, 2: name = plain, index }) => {
    return { text: it, offset: index, name, expanded: false };
  });
  const more = inside.filter(({ text: it, offset }) => {
    return dialect.expands?.test(it) !== true && !found.some((each) => each.offset === offset);
  });
  return [...found, ...more].toSorted((a, b) => a.offset - b.offset);
}

/** A single backslash in JSON: `C:\tools` is `C:`, a tab, `ools`. */
const CONTROL = /[\t\n\f\r\b]/;
/** From a drive, a server of the network or the folder; or up to one program. No path has a second colon: `a:` and `b: c` are lines of YAML. */
const WINDOWS =
  /^(?:--?[\w-]+=)?(?:[A-Za-z]:|\\\\[\w.$-]+|\.\.?)(?:[\\/][^:\t\n\f\r\b]*)?[\t\n\f\r\b](?=\w)[^:]*$|^(?=[\s\S]*[\t\f\r\b])(?:(?!\.\w{1,5}[\t\n\f\r\b])[^ /:])+\.(?:exe|cmd|bat|ps1|[cm]?[jt]s|py|jar|dll)$/;

/** A command that holds more than the name of a program. A path may have spaces. */
function holdsArguments(command: string): boolean {
  const [, path = "", rest = ""] = /^(\S+)\s+(.*)$/s.exec(command) ?? [];
  if (rest === "") return false;
  const isProgram = !/[\\/]/.test(path) && !/\.(?:exe|cmd|bat|app)$/i.test(command);
  const isKnown = /(?:^|[\\/])(?:npx|node|bunx?|deno|uvx?|python\d?|docker|npm|pnpm|yarn)(?:\.exe)?$/.test(path);
  return isProgram || isKnown || /^["']|\.(?:exe|cmd|bat)\s|\s--?[A-Za-z]/.test(command);
}

/** The texts that the rule `halo-reference-spelling` looks at. */
const spelledForHalo = once((subject: Subject) => {
  const inHeaders = haloServers(subject).flatMap((each) => valueHeaders(each).map(({ entry }) => entry.value));
  return new Set<Node | undefined>([...inHeaders, ...haloServers(subject).map(({ url }) => url?.node)]);
});

export const TEXT_RULES: readonly Rule[] = [
  clientEntryRow("literal-reference", "warning", "A reference that a client does not expand is used as text, or lost", {
    find: ({ document, client, entry: { value } }, subject) => {
      const { references, label } = client;
      if (!isObjectNode(value) || rivalOf(subject, document) !== undefined) return undefined;
      return textsIn(fieldsOf(value)).flatMap(({ key, name, text, isCode, node: at }): readonly Place[] => {
        const foreign = isCode || spelledForHalo(subject).has(at) ? [] : foreignIn(text, key, references);
        const [first] = foreign;
        const does = first && becomes(first.text, client);
        if (first === undefined || does === undefined) return [];
        const example = references.spell?.(first.name ?? "NAME") ?? "";
        const what = { env: `the variable ${name}`, headers: `the header ${name}` }[key] ?? `"${name}"`;
        const args = { client: label, does, what, quoted: quotedReference(first), example };
        // of these forms, a part of a text may be meant literally: "%LEVEL% %MESSAGE%", "price=$AMOUNT"
        const isPart = foreign.some(({ text: it }) => /^(?:%|\$(?=\w))/.test(it) && it !== text.trim());
        const isLiteral = isPart && (key === "env" || /%[A-Z]\w+%/.test(text));
        const isFit = key !== "args" && !isLiteral && isFitToShow(subject, text);
        return [{ at, args, fix: isFit ? mended(text, foreign, references) : undefined }];
      });
    },
    message: `server "{name}": {client} does not expand {quoted} in {what}, but {does}; allowed: {example}, with the value in the environment`,
  }),
  // "ENOENT: no such file or directory, posix_spawn 'https://…'"; `claude mcp add` without --transport writes such an entry
  clientEntryRow("command-not-program", "warning", "The command of a server is a URL, or holds its arguments", {
    find: ({ document, client, name, entry: { value } }, subject) => {
      const node = isObjectNode(value) ? fieldsOf(value) : value;
      const at = member(node, "command")?.value;
      const text = (textOf(at) ?? "").trim();
      // with such a type, the command is ignored
      const isProgram = /^(?:stdio)?$/.test(textOf(member(node, "type")?.value) ?? "");
      if (at === undefined || !isProgram) return undefined;
      const isOurs = document.kind === "mcp";
      // for other clients it is not known who takes a command line apart
      if (!/^(?:https?|wss?):\/\//i.test(text))
        return isOurs && holdsArguments(text) ? { at, args: { what: "arguments" } } : undefined;
      const isHalo = isOurs && haloServers(subject).some((each) => each.document === document && each.name === name);
      return { at, args: { client: client.label, what: isHalo ? "HALO" : "URL" }, severity: "error" };
    },
    message: ({ name, what, client }) =>
      what === "arguments"
        ? `server "${name}": "command" holds arguments, so Claude Code looks for a program with that whole name; allowed: the program alone, and the rest in "args"`
        : `server "${name}": "command" is a URL, so ${client} looks for a program of that name and never connects; ${what === "HALO" ? `claude mcp add without --transport http writes that: run claude mcp remove -s project ${name}, then npx create-halo-mcp` : `allowed: an entry with "url" instead`}`,
  }),
  clientEntryRow("lost-backslash", "warning", "A single backslash in a path became a control character", {
    find: ({ document, entry: { value } }) =>
      (isObjectNode(value) ? textsIn(fieldsOf(value)) : []).flatMap(
        ({ key, name, text, isCode, node: at }): readonly Place[] => {
          const isPath =
            key === "command" || (isCode ? [text] : text.split(/[=;,"']/)).some((part) => WINDOWS.test(part));
          if (/^(?:url|httpUrl|headers)$/.test(key) || !isPath || !CONTROL.test(text.trim())) return [];
          // the escapes of the file: \t is a tab, \\ a backslash
          const raw = document.text.slice(at.start, at.end);
          const right = raw.replace(/\\([\s\S])/g, (it, sign) => (/[tnfrb]/.test(sign) ? `\\${it}` : it));
          const args = { what: key === "env" ? `the variable ${name}` : `"${name}"` };
          // a line break may be meant; who wrote one backslash twice knows how
          const isSure = key === "command" || !/[\n\\]/.test(text.replace(/^\\\\/, ""));
          return [{ at, args, fix: right === raw || !isSure ? undefined : [{ ...spanOf(at), text: right }] }];
        },
      ),
    message: `server "{name}": a path in {what} has a control character, because a single backslash begins an escape; write every backslash twice`,
  }),
];
