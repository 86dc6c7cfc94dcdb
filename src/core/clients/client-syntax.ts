/**
 * How each client writes down a server, and how it spells a reference in a header (facts of 2026: measured for Claude
 * Code 2.1.330, Gemini CLI 0.61, opencode 1.18, Copilot CLI 1.0.102 and Qwen Code 0.24; the rest from their documentation).
 */
import type { DocumentKind } from "../check/model.ts";
import { once, onceForText } from "../check/once.ts";
import { referencesIn } from "../check/references.ts";

/** How one client writes down a server and spells a reference. */
export interface ClientSyntax {
  readonly label: string;
  /** The key of the root that holds the servers. */
  readonly servers: string;
  /** The references that it expands, each as a whole. Undefined where that is not established: then it is not judged. */
  readonly expands: RegExp | undefined;
  /** A reference in its spelling. */
  readonly spell: (name: string) => string;
}

const BRACES = /^\$\{[A-Za-z_]\w*\}$/;
const BRACES_DEFAULT = /^\$\{[A-Za-z_]\w*(?::-[^}]*)?\}$/;
const DOLLAR = /^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*\})$/;
const DOLLAR_DEFAULT = /^\$(?:[A-Za-z_]\w*|\{[A-Za-z_]\w*(?::-[^}]*)?\})$/;
const ENV = /^\$\{env:[A-Za-z_]\w*\}$/;

const braces = (name: string): string => `\${${name}}`;
const env = (name: string): string => `\${env:${name}}`;

const SYNTAX: Readonly<Partial<Record<DocumentKind, ClientSyntax>>> = {
  mcp: { label: "Claude Code", servers: "mcpServers", expands: BRACES_DEFAULT, spell: braces },
  "client:cursor": {
    label: "Cursor",
    servers: "mcpServers",
    expands: /^\$\{(?:env:[A-Za-z_]\w*|workspaceFolder|workspaceFolderBasename|userHome|pathSeparator|\/)\}$/,
    spell: env,
  },
  "client:vscode": {
    label: "VS Code",
    servers: "servers",
    // ${env:…} in a header is contested (microsoft/vscode 336232, open in 2026), so it is not called wrong
    expands: /^\$\{(?:(?:input|env|config|command):[^}]+|workspaceFolder\w*|userHome)\}$/,
    spell: env,
  },
  "client:gemini-cli": { label: "Gemini CLI", servers: "mcpServers", expands: DOLLAR_DEFAULT, spell: braces },
  "client:qwen-code": { label: "Qwen Code", servers: "mcpServers", expands: DOLLAR, spell: braces },
  "client:opencode": {
    label: "opencode",
    servers: "mcp",
    expands: /^\{(?:env:[A-Za-z_]\w*|file:[^}]+)\}$/,
    spell: (name) => `{env:${name}}`,
  },
  "client:copilot-cli": { label: "GitHub Copilot CLI", servers: "mcpServers", expands: DOLLAR_DEFAULT, spell: braces },
  "client:roo-code": { label: "Roo Code", servers: "mcpServers", expands: ENV, spell: env },
  "client:amp": { label: "Amp", servers: "amp.mcpServers", expands: BRACES, spell: braces },
  "client:kiro": { label: "Kiro", servers: "mcpServers", expands: BRACES, spell: braces },
  "client:junie": { label: "Junie", servers: "mcpServers", expands: undefined, spell: braces },
};

/** How the client of this file writes; undefined for a file that holds no servers in JSON. */
export function syntaxOf(kind: DocumentKind): ClientSyntax | undefined {
  return Object.hasOwn(SYNTAX, kind) ? SYNTAX[kind] : undefined;
}

/** The same for the arguments of a program: mcp-remote expands `${NAME}` itself (0.15.1, measured), the client what it always does. */
export const throughProgram = once((syntax: ClientSyntax): ClientSyntax => {
  const { label, expands } = syntax;
  const both = expands === undefined ? undefined : new RegExp(`${expands.source}|${BRACES.source}`);
  return { ...syntax, label: `${label} with mcp-remote`, expands: both };
});

/** For a program that a shell starts: it expands in its own way, so no spelling is judged. */
export const throughShell = once((syntax: ClientSyntax): ClientSyntax => ({ ...syntax, expands: undefined }));

/** One reference in a text, in whatever spelling. */
export interface Spelled {
  readonly text: string;
  readonly offset: number;
  /** The variable, when that is all there is between the brackets. */
  readonly name: string | undefined;
  /** This client expands it. */
  readonly expanded: boolean;
}

const PLAIN = /^(?:\$?\{\{|\$?\{|\$|%)\s*(?:env[:.]|secrets\.|process\.env\.)?([A-Za-z_]\w*)\s*(?:\}\}|\}|%)?$/;

/** Everything in a text that is meant as a reference. */
export function spelledIn(text: string, syntax: ClientSyntax): readonly Spelled[] {
  return spelledFor(syntax)(text);
}

const spelledFor = once((syntax: ClientSyntax) =>
  onceForText((text): readonly Spelled[] =>
    referencesIn(text).map((reference) => ({
      ...reference,
      name: PLAIN.exec(reference.text)?.[1],
      expanded: syntax.expands === undefined || syntax.expands.test(reference.text),
    })),
  ),
);

interface Variable {
  readonly name: string;
  readonly hasDefault: boolean;
}

/** The variables that a text takes its value from in this client, with whether each has a default. */
export function variablesIn(text: string, syntax: ClientSyntax): readonly Variable[] {
  return variablesFor(syntax)(text);
}

const variablesFor = once((syntax: ClientSyntax) =>
  onceForText((text): readonly Variable[] =>
    spelledIn(text, syntax)
      .filter(({ expanded }) => expanded)
      .flatMap((spelled) =>
        [...spelled.text.matchAll(/\$?\{(?:env:)?([A-Za-z_]\w*)(?=(:-)|\})|^\$([A-Za-z_]\w*)$/g)].map((match) => ({
          name: match[1] ?? match[3] ?? "",
          hasDefault: match[2] !== undefined,
        })),
      ),
  ),
);
