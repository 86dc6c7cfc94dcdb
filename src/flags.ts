/** Every command and flag: the parser and the help are made from this, and a test compares README with it. */
import { CLIENT_IDS, TOLD_IDS } from "./core/clients/told.ts";

export interface Flag {
  readonly name: string;
  readonly short?: string;
  /** The placeholder in the help; without one the flag is a switch. */
  readonly arg?: string;
  readonly values?: readonly string[];
  /** Its environment twin. */
  readonly env?: string;
  /** One that ends in a colon is followed by the values. */
  readonly summary: string;
}

export const BRIDGES = ["claude-settings", "direnv", "keychain", "none"] as const;
export type Bridge = (typeof BRIDGES)[number];
const CI_KINDS = ["none", "github", "gitlab", "pre-commit", "lefthook", "husky"] as const;

export const INIT_FLAGS: readonly Flag[] = [
  {
    name: "client",
    arg: "id,…",
    values: [...CLIENT_IDS, ...TOLD_IDS, "found"],
    env: "HALO_CLIENT",
    summary: "client ids (npx create-halo-mcp guide lists them), or: found",
  },
  {
    name: "scope",
    arg: "scope,…",
    values: ["project", "local", "user"],
    env: "HALO_SCOPE",
    summary: "project (the repository) | local (only you, here) | user (only you, everywhere)",
  },
  { name: "name", arg: "name", env: "HALO_NAME", summary: "server name (default: halo)" },
  { name: "own-credentials", summary: "with --name: its own token and account, not the shared ones" },
  { name: "url", arg: "url", env: "HALO_MCP_URL", summary: "endpoint (default: HALO's)" },
  { name: "account-id", arg: "id", env: "HALO_ACCOUNT_ID", summary: "CM.com account ID" },
  { name: "profile-id", arg: "id", env: "HALO_PROFILE_ID", summary: "HALO profile ID" },
  { name: "studio-url", arg: "url", env: "HALO_STUDIO_URL", summary: "HALO Studio URL to take both IDs from" },
  { name: "token-stdin", summary: "read the product token from standard input" },
  { name: "token-file", arg: "file", summary: "read the product token from a file" },
  // not --env-file: Node 20 to 24 handle that option themselves, anywhere, and apply NODE_OPTIONS from the file
  { name: "values-file", arg: "file", summary: "file with the values (default: .env)" },
  { name: "bridge", arg: "kind", values: BRIDGES, env: "HALO_BRIDGE", summary: "how Claude Code gets the values:" },
  { name: "no-share-ids", summary: "keep the two IDs out of .env.example" },
  { name: "ci", arg: "kind", values: CI_KINDS, summary: "add a file that runs check:" },
  { name: "yes", short: "y", env: "HALO_YES", summary: "accept the plan without asking" },
  { name: "dry-run", summary: "show the plan, write nothing" },
  { name: "skip-test", summary: "write without testing the connection" },
  { name: "timeout", arg: "seconds", summary: "time limit of the connection test (default: 15)" },
];

export const FORMATS = ["text", "json", "github", "sarif"] as const;
export type Format = (typeof FORMATS)[number];

export const CHECK_FLAGS: readonly Flag[] = [
  { name: "format", arg: "format", values: FORMATS, summary: "form of the output:" },
  { name: "fix", summary: "fix what can be fixed safely" },
  { name: "dry-run", summary: "with --fix: show the changes, write nothing" },
  { name: "max-warnings", arg: "n", summary: "fail if there are more warnings (default: no limit)" },
  { name: "allow-missing", summary: "do not report a repository without HALO" },
  { name: "url", arg: "url", env: "HALO_MCP_URL", summary: "expected endpoint (default: HALO's)" },
];

const DOCTOR_FLAGS: readonly Flag[] = [
  { name: "client", arg: "id", values: CLIENT_IDS, summary: "the client to test (default: claude-code)" },
  { name: "name", arg: "name", env: "HALO_NAME", summary: "server name (default: the existing one, or halo)" },
  { name: "url", arg: "url", env: "HALO_MCP_URL", summary: "endpoint that may receive the token, besides HALO's" },
  { name: "token-stdin", summary: "test with the token from standard input" },
  { name: "token-file", arg: "file", summary: "test with the token from a file" },
  { name: "values-file", arg: "file", summary: "file with the values (default: .env)" },
  { name: "timeout", arg: "seconds", summary: "time limit of the whole run (default: 15, with --call 60)" },
  { name: "fix", summary: "then write the values that work to every place that needs them" },
  { name: "call", arg: "tool", summary: "also call this tool and show its answer" },
  { name: "args", arg: "json", summary: "with --call: its arguments, a JSON object" },
  { name: "report", arg: "file", summary: "write a Markdown report for a support ticket" },
];

const pick = (...names: readonly string[]) => INIT_FLAGS.filter(({ name }) => names.includes(name));

const RUN_FLAGS: readonly Flag[] = [
  ...pick("name", "values-file"),
  { name: "override", summary: "the file's values win over exported variables" },
];

const REMOVE_FLAGS: readonly Flag[] = [
  ...pick("client", "scope", "name"),
  { name: "values", summary: "only what is private to you; the team's files stay" },
  ...pick("values-file", "yes", "dry-run"),
];

const ROTATE_FLAGS: readonly Flag[] = [
  ...pick("name", "url", "token-stdin", "token-file", "values-file"),
  { name: "also", arg: "folder,…", summary: "replace it in these folders too (worktrees are included)" },
  { name: "compromised", summary: "also search this repository and its history for the old token" },
  ...pick("yes", "dry-run", "timeout"),
];

export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: "json", summary: "print one JSON document on stdout" },
  { name: "quiet", short: "q", summary: "print only the result" },
  { name: "plain", summary: "print line by line, for a screen reader (also with TERM=dumb)" },
  { name: "no-color", summary: "no colours (NO_COLOR and FORCE_COLOR also work)" },
  { name: "cwd", arg: "dir", summary: "work in this folder, not at the git root" },
  { name: "debug", summary: "show where an unexpected error came from" },
  { name: "help", short: "h", summary: "print this help" },
  { name: "version", short: "V", summary: "print the version" },
];

/** A run's options as text, before a command gives them their types. */
export interface RawOptions {
  readonly values: Readonly<Record<string, string>>;
  readonly switches: ReadonlySet<string>;
  readonly words: readonly string[];
  /** The variable that a value came from, if not from a flag: for error messages. */
  readonly origins: Readonly<Record<string, string>>;
}

export interface Command {
  readonly name: "init" | "check" | "doctor" | "run" | "rotate" | "remove" | "guide" | "clients";
  readonly summary: string;
  readonly flags: readonly Flag[];
  /** Words that it accepts besides its options. */
  readonly words?: string;
  readonly notes: readonly string[];
  readonly examples: readonly string[];
}

export const COMMANDS: readonly Command[] = [
  {
    name: "init",
    summary: "connect AI clients to HALO, for this repository or only for you (the default command)",
    flags: INIT_FLAGS,
    notes: ["Never pass the token as an option. Use HALO_MCP_TOKEN, the prompt, --token-stdin or --token-file."],
    examples: [
      "npx create-halo-mcp",
      "npx create-halo-mcp --scope user",
      "HALO_MCP_TOKEN=… npx create-halo-mcp --yes --account-id <id> --profile-id <id>",
      "npx create-halo-mcp --yes --token-stdin --studio-url '<url>' < token.txt",
      "npx create-halo-mcp --dry-run",
    ],
  },
  {
    name: "check",
    summary: "find mistakes, secrets and missing variables in MCP configuration",
    flags: CHECK_FLAGS,
    words: "[path…]",
    notes: ["Changes files only with --fix. Never uses the network. In GitHub Actions the default format is github."],
    examples: [
      "npx create-halo-mcp check",
      "npx create-halo-mcp check .mcp.json packages/shop",
      "npx create-halo-mcp check --fix --dry-run",
      "npx create-halo-mcp check --format sarif --max-warnings 0 > halo.sarif",
    ],
  },
  {
    name: "doctor",
    summary: "find out why a connection does not work, step by step",
    flags: DOCTOR_FLAGS,
    notes: ["Without --fix it writes only the --report file. Sends the token only to HALO's endpoint, or to --url."],
    examples: [
      "npx create-halo-mcp doctor",
      "npx create-halo-mcp doctor --client codex",
      "npx create-halo-mcp doctor --report halo-report.md",
      `npx create-halo-mcp doctor --call <tool> --args '{"question":"…"}'`,
    ],
  },
  {
    name: "run",
    summary: "start a program with the values of .env in its environment",
    flags: RUN_FLAGS,
    words: "-- <command…>",
    notes: [
      "Exported variables win, unless you use --override. Without a .env, it uses the values of your own set-up (--scope local or user).",
      "Prints nothing of its own. The exit code is that of the program.",
    ],
    examples: ["npx create-halo-mcp run -- codex", "npx create-halo-mcp run -- node agent.mjs"],
  },
  {
    name: "rotate",
    summary: "replace the token everywhere on this computer",
    flags: ROTATE_FLAGS,
    notes: [
      "Tests the new token before it writes anything, and afterwards with each client. If a run was killed, run it again.",
      "An exported HALO_MCP_TOKEN is the new token, unless it is the one in use.",
    ],
    examples: [
      "npx create-halo-mcp rotate",
      "npx create-halo-mcp rotate --yes --token-stdin --also ../shop < new-token.txt",
      "npx create-halo-mcp rotate --compromised",
    ],
  },
  {
    name: "remove",
    summary: "remove what this program wrote",
    flags: REMOVE_FLAGS,
    notes: [
      "Without --client and --scope: from every place that has the server.",
      "It also removes the values from .env, and ignore rules that protect nothing any more.",
      "The token still works until you delete it in HALO Studio.",
    ],
    examples: [
      "npx create-halo-mcp remove",
      "npx create-halo-mcp remove --values",
      "npx create-halo-mcp remove --client cursor --scope user --dry-run",
    ],
  },
  {
    name: "guide",
    summary: "print the steps for one client, for your team, or for CI",
    flags: pick("name", "url", "values-file"),
    words: "[client | team | ci [kind]]",
    notes: ["Without a client it lists all of them. Writes nothing, sends nothing, prints no secret."],
    examples: [
      "npx create-halo-mcp guide cursor",
      "npx create-halo-mcp guide team",
      "npx create-halo-mcp guide agent-mcp > agent.mjs",
    ],
  },
  {
    name: "clients",
    summary: "list the clients, which of them are here, and what is known of each",
    flags: [],
    notes: ["Asks each program that it finds for its version. Reads no configuration, writes nothing."],
    examples: ["npx create-halo-mcp clients", "npx create-halo-mcp clients --json"],
  },
];

export const EXIT_CODES = [
  "0    done, clean, or already set up",
  "1    problems found, a file refused, or the connection failed",
  "2    wrong usage, or a value is missing and nobody can be asked",
  "3    could not run: permissions, disk, missing program",
  "130  cancelled; if it had written something, the message says so",
] as const;
