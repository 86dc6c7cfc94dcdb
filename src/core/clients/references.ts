/** References to variables in a text: all spellings, and how Claude Code expands its own. */

export interface Dialect {
  /** The references that it expands, each as a whole. Undefined if that is not known: then no spelling is checked. */
  readonly expands: RegExp | undefined;
  /** A reference in its spelling; undefined if it has none. */
  readonly spell: ((name: string) => string) | undefined;
}

function dialect(spelling: string, expands?: RegExp) {
  return { expands, spell: (name: string) => spelling.replace("NAME", name) };
}

export const BRACES = dialect("${NAME}", /^\$\{[A-Za-z_]\w*\}$/);
export const BRACES_WITH_DEFAULT = dialect("${NAME}", /^\$\{[A-Za-z_]\w*(?::-[^}]*)?\}$/);
/** `$NAME` too. */
export const DOLLAR = dialect("${NAME}", /^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})$/);
export const DOLLAR_WITH_DEFAULT = dialect("${NAME}", /^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*(?::-[^}]*)?\})$/);
/** `${env:NAME}`, and the predefined variables of VS Code (its variables reference, 2026-11); Roo Code (source) and Cursor have most. */
export const ENV = dialect(
  "${env:NAME}",
  /^\$\{(?:env:[A-Za-z_]\w*|workspace(?:Folder\w*|Root)(?::[^}]*)?|userHome|file(?:(?:Workspace|Base|Ext|Dir)\w*)?|relativeFile(?:Dirname)?|cwd|(?:line|column)Number|selectedText|execPath|defaultBuildTask|pathSeparator|\/)\}$/,
);
export const PLAIN_ENV = dialect("{env:NAME}", /^\{(?:env:[A-Za-z_]\w*|file:[^}]+)\}$/);
/** For a client with `entry.names`, a separate table for the names of variables. Texts are not checked. */
export const NAMES = dialect("NAME");
/** For a client that expands nothing: the file of the user has the values themselves. */
export const NONE: Dialect = { expands: /(?!)/, spell: undefined };
/** For a client whose references are not known: nothing is checked. */
export const UNKNOWN = dialect("${NAME}");

/** The dialect with additional references; an unknown dialect stays unknown. */
export function also({ expands, spell }: Dialect, more: RegExp | undefined): Dialect {
  return { expands: expands && more && new RegExp(`${expands.source}|${more.source}`), spell };
}

/** Longer texts are cut here: no value has a reference after that. */
const LONGEST = 16_384;
/** Every reference of any client, shell or template. The bounds keep a search over 8,000 unclosed `${` short. */
const REFERENCE =
  /\$\{\{[^}]{0,256}\}\}|\{\{[^}]{0,256}\}\}|\$\{[^}]{0,256}\}|\{(?:env|file):[^}]{0,256}\}|\$\([^)]{0,256}\)|(?<!\S)(?:\$[A-Za-z_]\w{0,127}|%\w{1,128}%)(?!\S)/g;
const PLAIN = /^(?:\$?\{\{|\$?\{|\$|%)\s*(?:env[:.]|secrets\.|process\.env\.)?([A-Za-z_]\w*)\s*(?:\}\}|\}|%)?$/;

/** The references in a text, in any client's spelling and in order. */
export function referencesIn(text: string) {
  if (!/[$%{]/.test(text)) return [];
  return [...text.slice(0, LONGEST).matchAll(REFERENCE)].map((match) => ({ text: match[0], offset: match.index }));
}

export const hasReference = (text: string): boolean => referencesIn(text).length > 0;

/** Everything in a text that looks like a reference. */
export function spelledIn(text: string, { expands }: Dialect) {
  return referencesIn(text).map((reference) => ({
    ...reference,
    /** The variable, if the brackets contain nothing else. */
    name: PLAIN.exec(reference.text)?.[1],
    expanded: expands === undefined || expands.test(reference.text),
  }));
}

export type Spelled = ReturnType<typeof spelledIn>[number];

/** The brackets may contain a secret (`${TOKEN-abc}`): of anything but a plain name, only the beginning is shown. */
export function quotedReference({ text, name }: Spelled): string {
  if (name !== undefined) return text;
  return `${/^\W+(?:(?:env|input|file|secrets)[:.]|[A-Z]+(?:_[A-Z0-9]+)+(?=[^A-Z0-9_]))?/.exec(text)?.[0] ?? ""}…`;
}

export function respelled(text: string, references: readonly Spelled[], spell: (name: string) => string): string {
  // from the end, so that the other offsets stay correct
  return references.reduceRight(
    (done, { text: old, offset, name = "" }) => done.slice(0, offset) + spell(name) + done.slice(offset + old.length),
    text,
  );
}

/** A text with these references in the spelling of the dialect, if their names are known. `${fooBar}` may be an editor's own. */
export function mended(text: string, references: readonly Spelled[], { spell }: Dialect): string | undefined {
  const isKnown = references.every((each) => each.name !== undefined && !/^\$\{[a-z][A-Za-z]*\}$/.test(each.text));
  return spell && isKnown ? respelled(text, references, spell) : undefined;
}

export function variablesIn(text: string, dialect: Dialect) {
  return spelledIn(text, dialect)
    .filter(({ expanded }) => expanded)
    .flatMap((spelled) =>
      [...spelled.text.matchAll(/\$?\{(?:env:)?([A-Za-z_]\w*)(?=(:-)|\})|^\$([A-Za-z_]\w*)$/g)].map((match) => ({
        name: match[1] ?? match[3] ?? "",
        hasDefault: match[2] !== undefined,
      })),
    );
}

/** A text without everything from `${` to the next `}`. */
export const withoutPlaceholders = (text: string): string => text.replace(/\$\{[^}]{0,4096}\}/g, "");

/** What Claude Code expands (2.1.330, measured): a name of up to 128 characters, a default of up to 2,048. */
const PLACEHOLDER = /\$\{([A-Za-z_][A-Za-z0-9_]{0,127})(?::-([^}]{0,2048}))?\}/g;

/** The variables that a text refers to in Claude Code's spelling, those of a default too, in order. */
export const references = (text: string): readonly string[] =>
  [...text.matchAll(/\$\{([A-Za-z_]\w{0,127})(?=\}|:-)/g)].map(([, name = ""]) => name);

/** Expands `${NAME}` and `${NAME:-default}` as Claude Code does: in two passes; an empty variable stays empty. */
export function expand(text: string, env: Readonly<Record<string, string | undefined>>) {
  const missing = new Set<string>();
  const read = new Set<string>();
  const pass = (input: string): string =>
    input.replace(PLACEHOLDER, (whole, name: string, fallback: string | undefined) => {
      const value = (Object.hasOwn(env, name) ? env[name] : undefined) ?? fallback;
      (value === undefined ? missing : read).add(name);
      return value ?? whole;
    });
  return {
    text: pass(pass(text)),
    /** Variables that are not set and have no default: Claude Code sends their placeholder literally. */
    missing: [...missing],
    /** Variables whose value or default became part of the text, including names that the first pass composed. */
    read: [...read],
  };
}

/** References that are not sent as text. `inside`: the client expands a part of them. `unclear`: versions differ. */
export type Foreign = readonly (readonly [spelling: RegExp, becomes: "empty" | "inside" | "unclear"])[];

/** What a client does with a reference that it does not expand as a whole; undefined if that is not known. */
export function becomes(reference: string, { foreign }: { readonly foreign?: Foreign }): string | undefined {
  const [spelling, outcome = "literal"] = foreign?.find(([each]) => each.test(reference)) ?? [];
  if (foreign === undefined || outcome === "unclear") return undefined;
  if (outcome === "inside") return `sends "${reference.replace(spelling ?? "", "")}" and the value`;
  return outcome === "empty" ? "sends it empty" : "sends it as literal text";
}
