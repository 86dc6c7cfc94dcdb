/** What an MCP client is to this program: data. One file a client; `index.ts` lists them. */
import { type Advice, adviceLine } from "../advice.ts";
import type { JsonObject } from "../formats/json.ts";
import { type Dialect, type Foreign, NONE } from "./references.ts";
import type { Shape } from "./shapes.ts";

export type ClientScope = "project" | "user";

/** How a program is asked about a configuration that has only our entry: io/ask-client.ts. */
export type Ask = {
  readonly argv: readonly string[];
  /** What gets the configuration: a file below a scratch home folder, or a variable. */
  readonly file?: string;
  readonly variable?: string;
  /** The variables that lead it to the scratch home folder, each with a path below that. */
  readonly paths: Readonly<Record<string, string>>;
  /** More variables: it trusts the folder, does not update itself, fetches nothing. */
  readonly set?: Readonly<Record<string, string>>;
  /** The user's variables of its own, which could lead it elsewhere: they are not passed on. */
  readonly own: RegExp;
} & (
  | /** A command that lists the servers; the line of ours tells. */
  { readonly by: "list"; readonly connected: RegExp; readonly failed: RegExp }
  /** JSON-RPC on standard input. `refused`: the HTTP status in the text of an error. */
  | { readonly by: "app-server"; readonly refused: RegExp }
  /** HTTP on loopback, with a user name, and a variable for the password. */
  | { readonly by: "serve"; readonly refused: RegExp; readonly user: string; readonly password: string }
);

/** How one client is configured. Every fact is of the version in `measured`. */
export interface Client {
  /** Also the name of its file here, of its page in docs/clients and of its folder in test/fixtures/clients. */
  readonly id: string;
  readonly label: string;
  readonly docs: string;
  /** The version that was run, with the month; or what was read instead. */
  readonly measured: string;
  /** The program itself has delivered the three headers to a server (test/clients). */
  readonly isProven: boolean;
  /** Where the wizard writes an entry; nowhere: `guide` says what to do. */
  readonly scopes: readonly ClientScope[];
  /** Its programs on the PATH; the folder of its user file also shows that it is installed. */
  readonly programs: readonly string[];
  /** What opens it in a project, if that is not its first program. */
  readonly start?: readonly [string, ...string[]];
  /** It has a window: opened from the Dock of macOS it does not see the variables of a shell. */
  readonly isApp?: boolean;
  readonly files: {
    /** From the root of a project. If there are several, the first one is written unless another one exists. */
    readonly project: readonly string[];
    /** Project files of other clients that it reads too, as those do. If one has the entry, none is written for this client. */
    readonly also?: readonly string[];
    readonly user: string;
    /** The user's file on these systems, if it is elsewhere there. */
    readonly macos?: string;
    readonly windows?: string;
    /** A variable with another folder for this one, in which the user's file and the store are. */
    readonly moved?: readonly [variable: string, folder: string];
  };
  /** A project file of another client whose servers it lists too, but with references that it sends as text. What helps. */
  readonly misreads?: { readonly file: string; readonly help: Advice };
  /** Project files of other things in which it reads servers too, with the keys above them. `check` reads these and changes none. */
  readonly inside?: Readonly<Record<string, readonly string[]>>;
  readonly format: "json" | "jsonc" | "toml";
  readonly servers: string;
  readonly entry: {
    /** The keys of the URL, with the transport that each means; `type`: the key "type" decides. The first that is present counts; the first is written. */
    readonly url: Readonly<Record<string, "http" | "sse" | "type">>;
    readonly headers: string;
    /** The key of the headers that hold names of variables, if there is one. It is written then. */
    readonly names?: string;
    /** Other keys whose value is the name of a variable. */
    readonly variables?: readonly string[];
    readonly fixed?: JsonObject;
    /** It connects to no URL itself: its entry starts mcp-remote. */
    readonly isBridged?: boolean;
  };
  /** Undefined for Claude Code: claude-loader.ts has more. */
  readonly demands: Demands | undefined;
  /** Parts of a file that make it unreadable, though other clients read them. Strict JSON and a `loose` file need no entry. */
  readonly unreadable?: readonly ("comma" | "bom" | "blank")[];
  readonly references: Dialect;
  /** What references in other spellings become. Undefined: not known. */
  readonly foreign?: Foreign;
  /** What is sent for a variable that is not set. `literal`: the reference itself. `absent`: the header is omitted. */
  readonly unset: "literal" | "empty" | "absent" | "unknown";
  /** The files from which it reads variables without a shell, from the root of a project. */
  readonly reads: readonly string[];
  /** Variables that it empties when they come from one of those files. */
  readonly blanks?: RegExp;
  /** Values that it asks a person for: the key of the root that describes them, and a reference to one. */
  readonly asks?: { readonly list: string; readonly reference: RegExp; readonly spell: (id: string) => string };
  /** The private file of variables that it reads in every folder. Without it, an entry of the user has the values themselves. */
  readonly store?: string;
  /** A value in it wins over an exported one; otherwise the exported one does. */
  readonly storeWins?: true;
  /** Parts of a value that it does not send as they are: of a variable's value, and of one that is written in the entry itself. */
  readonly spoils?: { readonly reference?: RegExp; readonly literal?: RegExp };
  /** How its program is asked whether it connects; undefined if it cannot tell. */
  readonly ask?: Ask;
  /** A link that adds an entry, for entries with references only. */
  readonly link?: (name: string, entry: JsonObject) => string;
  /** A command that lists the servers and whether they connect; undefined if there is none. */
  readonly verify: readonly [string, ...string[]] | undefined;
  /** What a person does after the token was replaced. */
  readonly newToken?: Advice;
  /** What a person does after any entry is written; see `nextOf`. */
  readonly next: readonly (Advice & { readonly only?: "project" | "refers" })[];
}

interface Kind {
  /** The values of `type` that are accepted; undefined: it may be missing. A fix writes the first. Without a list any is accepted. */
  readonly types?: readonly [string, ...(string | undefined)[]];
  readonly fields?: Readonly<Record<string, Shape>>;
}

export interface Demands {
  /** What the client does not load if an entry does not comply. */
  readonly lost: "server" | "file";
  readonly remote: Kind;
  /** Undefined: programs are not judged. */
  readonly program?: Kind;
  /** A missing or unknown type counts as the one that fits the keys. */
  readonly guesses?: boolean;
  /** With this key an entry may be anything, since it only changes another file's entry: then it alone is lost. */
  readonly partial?: string;
  /** A key among the servers that holds more servers. */
  readonly nested?: string;
}

export const USUAL = {
  format: "jsonc",
  servers: "mcpServers",
  entry: { url: { url: "type" }, headers: "headers" },
  demands: { lost: "server", remote: {} },
  isProven: false,
  unset: "unknown",
  scopes: ["project", "user"],
  programs: [],
  reads: [],
  verify: undefined,
  next: [],
} as const satisfies Partial<Client>;

/** A client that expands no references: the file of the user has the values themselves. */
export const NO_REFERENCES = { scopes: ["user"], references: NONE, foreign: [], unset: "literal" } as const;

type Own = Omit<Client, keyof typeof USUAL | "id" | "label" | "measured"> & Partial<Client>;
export const client = (id: string, label: string, measured: string, own: Own): Client => {
  return { ...USUAL, id, label, measured, ...own };
};

export const inAppData = (path: string) => ({
  user: `~/.config/${path}`,
  macos: `~/Library/Application Support/${path}`,
  windows: `%APPDATA%/${path}`,
});

/** The command that starts a client with the values of `.env`. `options`: those of `run`. */
export const startWords = ({ start, programs }: Client, options: readonly string[] = []): [string, ...string[]] => {
  return ["npx", "create-halo-mcp", "run", ...options, "--", ...(start ?? [programs[0] ?? "<program>"])];
};

/** What a person does after the entry is written, for a server of this name. `refers`: the entry refers to variables. */
export function nextOf(client: Client, name: string, scope: ClientScope, refers: boolean): readonly string[] {
  const { next, isApp, label } = client;
  const note = `Set the variables where ${label} is started: an app that is opened from the Dock does not see the shell's`;
  const fitting = next.filter(({ only }) => only === undefined || only === scope || (only === "refers" && refers));
  // descriptors have the usual name of the server
  const lines = fitting.map((each) => adviceLine(each).replace(/\bhalo\b/g, name));
  return isApp && refers ? [...lines, note] : lines;
}
