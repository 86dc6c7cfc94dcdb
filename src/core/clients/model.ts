/** What an MCP client is to this program: data. One file a client; `index.ts` lists them. The rest is in docs/clients. */
import type { Dialect } from "./references.ts";

/** How one client is configured. */
export interface Client {
  /** Also the name of its file here, of its page in docs/clients and of its folder in test/fixtures/clients. */
  readonly id: string;
  readonly label: string;
  /** The project's files that it reads, from the root. */
  readonly files: readonly [string, ...string[]];
  /** The key of the root that holds the servers. */
  readonly servers: string;
  readonly entry: {
    /** The keys of the address. Of several the first one that is there counts. */
    readonly url: readonly [string, ...string[]];
    /** The key of the headers with their values. */
    readonly headers: string;
    /** The key of the headers with the names of variables instead. */
    readonly names?: string;
    /** Other keys whose value is the name of a variable. */
    readonly variables?: readonly string[];
  };
  readonly references: Dialect;
  /** Variables that it empties when they come from a `.env`. */
  readonly blanks?: RegExp;
  /** Values that it asks a person for: the key of the root that describes them, and a reference to one. */
  readonly asks?: { readonly list: string; readonly reference: RegExp };
  /** A refused token makes it look for an OAuth server, unless its entry says `"oauth": false`. */
  readonly startsOAuth?: boolean;
}

/** What most clients have in common. */
export const USUAL = {
  servers: "mcpServers",
  entry: { url: ["url"], headers: "headers" },
} as const satisfies Partial<Client>;
