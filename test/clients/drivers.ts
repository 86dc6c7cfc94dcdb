/** One row a program: the client that it is, how it is started so that it connects, and what it says of the connection. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { entryFor, type HeaderValue } from "../../src/core/clients/entry.ts";
import { CLIENTS } from "../../src/core/clients/index.ts";
import type { Client, ClientScope } from "../../src/core/clients/model.ts";
import { userFileOf } from "../../src/core/clients/paths.ts";
import { VALUES, type Value, variablesFor } from "../../src/core/halo.ts";
import { sharedFile } from "../e2e/clients-agreement-support.ts";
import { bigPrograms, clientPrograms, programs } from "../e2e/install.mjs";
import { type Run, start } from "../e2e/support.ts";
import {
  type ClaudeVersion,
  claudeBinFolder,
  claudeOf,
  installed,
  nodeBinary,
  quietClaude,
} from "../support/claude.ts";
import type { Environment, ScratchHome } from "../support/home.ts";
import { packedPackage } from "../support/package.ts";
import { ASK, type Ask, askServe, each, printed, shown, withNode } from "./programs.ts";

export interface Driver {
  /** Its name in test/e2e/install.mjs. */
  readonly program: string;
  readonly scopes: readonly ClientScope[];
  readonly ask: Ask;
  /** What it prints. Without these it does not say whether it has connected. */
  readonly connected?: RegExp;
  readonly failed?: RegExp;
  /** In a folder that is not trusted or approved it ignores the project's file. */
  readonly isGated?: boolean;
  /** The id of the client for which the wizard writes. Without one: `guide` says what to do. */
  readonly client?: string;
  /** It reads the file of that client, and has rules of its own. */
  readonly isGuest?: boolean;
  /** The id of what `guide` tells. */
  readonly guide?: string;
  /** Programs on the PATH that the wizard starts. */
  readonly path?: readonly string[];
}

const PROJECT: readonly ClientScope[] = ["project"];
const NAMES = variablesFor("halo");
/** What `guide` printed. */
const GUIDE = "guide.txt";

const USER: readonly ClientScope[] = ["user"];
const BOTH: readonly ClientScope[] = ["project", "user"];

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

const read = (path: string): string => readFileSync(path, "utf8");
const jsonIn = (path: string): object => (existsSync(path) ? JSON.parse(read(path)) : {});

/** A program of ours with the packages of another folder. */
function putScript(folder: string, program: string, text: string): string {
  const packages = fileURLToPath(new URL(`../../.cache/${program}/node_modules`, import.meta.url));
  if (!existsSync(packages)) throw new Error(`${program} is not installed: run \`npm run test:clients\``);
  symlinkSync(packages, join(folder, "node_modules"));
  put(join(folder, "script.mjs"), text);
  return join(folder, "script.mjs");
}

/** `claude mcp list` reads variables that are exported; what sessions read besides is the subject of test/e2e/real-claude.test.ts. */
const claude = (version: ClaudeVersion): Driver => ({
  program: `claude-code-${version}`,
  client: "claude-code",
  path: [claudeBinFolder(version)],
  scopes: BOTH,
  connected: /✔ Connected/,
  failed: /✘ Failed to connect|Needs authentication/,
  // the wizard approves the server in .claude/settings.local.json: that is enough for the list of the older one
  isGated: version !== "2.1.197",
  ask: each((machine, cwd, { env, isTrusted }) => {
    const [own, local] = [join(machine.home, ".claude.json"), join(cwd, ".claude/settings.local.json")];
    const approved = { ...jsonIn(local), enableAllProjectMcpServers: true };
    const projects = { [cwd]: { hasTrustDialogAccepted: true } };
    if (isTrusted) {
      put(own, JSON.stringify({ ...jsonIn(own), projects }));
      put(local, JSON.stringify(approved));
    }
    return printed(claudeOf(version), ["mcp", "list"], machine, { cwd, env: { ...env, ...quietClaude } });
  }),
});

/** Its first screen: it connects without a login. */
const copilot: Ask = each((machine, cwd, how) => {
  const settings = { banner: "never", trusted_folders: how.isTrusted ? [cwd] : [] };
  put(join(machine.home, ".copilot/config.json"), JSON.stringify(settings));
  const env = { ...how.env, ...withNode(machine, 22) };
  const until = /requires authentication|Failed to connect to MCP|Do you trust the files/;
  const args = ["--no-auto-update"];
  return shown(installed("copilot-cli", "copilot"), args, machine, { cwd, env, until, isDone: how.isDone });
});

/** Cursor's own local runtime, which reads the project's file and the user's. It is warm before it has connected. */
const WARM_CURSOR = `import { createAgentPlatform } from "@cursor/sdk";
const platform = await createAgentPlatform();
const local = { cwd: process.cwd(), settingSources: ["project", "user"] };
await platform.prewarmLocalWorkspace({ apiKey: "made-up", local });
setTimeout(process.exit, 5000);
`;
const cursor: Ask = each((machine, cwd, { env, isDone }) => {
  const script = putScript(machine.tmp, "cursor-sdk", WARM_CURSOR);
  return printed(nodeBinary(22), [script], machine, { cwd, env, isDone });
});

/** It connects before it asks a model, which is not there. It leaves a process behind. */
const cline: Ask = each((machine, cwd, { env, isDone }) => {
  const args = ["-P", "anthropic", "-k", "made-up", "-m", "none", "--json", "say one word to me"];
  const at = { cwd, env: { ...env, ...withNode(machine, 22) }, until: /iteration_start/, isDone };
  return printed(installed("cline-cli", "cline"), args, machine, at);
});

/** Starts what the file of Claude Desktop says, with its variables and no others; `npx -y mcp-remote` is there already. */
const claudeDesktop: Ask = each(async (machine, cwd) => {
  const path = join(machine.home, ".config/Claude/claude_desktop_config.json");
  const servers: { args: string[]; env?: Environment }[] = Object.values(
    JSON.parse(readFileSync(path, "utf8")).mcpServers,
  );
  const about = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } };
  const lines = [
    { id: 1, method: "initialize", params: about },
    { method: "notifications/initialized" },
    { id: 2, method: "tools/list" },
  ];
  const stdin = lines.map((line) => `${JSON.stringify({ jsonrpc: "2.0", ...line })}\n`).join("");
  const until = /"tools":|Connection error|fetch failed/;
  const program = installed("mcp-remote", "mcp-remote");
  const said = servers.map(({ args, env = {} }) =>
    printed(program, args.slice(args.indexOf("mcp-remote") + 1), machine, { cwd, env, stdin, until }),
  );
  return (await Promise.all(said)).join("\n");
});

/** As its guide says. */
const inspector: Ask = each((machine, cwd) => {
  const [, command = ""] = /^npx @modelcontextprotocol\/inspector (.*)$/m.exec(read(join(cwd, GUIDE))) ?? [];
  const env = withNode(machine, 22);
  return printed(installed("mcp-inspector", "mcp-inspector"), command.split(" "), machine, { cwd, env });
});

const mcporter: Ask = each((machine, cwd, { env }) =>
  printed(installed("mcporter", "mcporter"), ["list", "--json"], machine, {
    cwd,
    env: { ...env, ...withNode(machine, 24) },
  }),
);

/** Runs the code of `guide`. */
const agent = (program: string, guide: string): Driver => ({
  program,
  guide,
  scopes: PROJECT,
  connected: /search_knowledge/,
  failed: /Error/,
  ask: each((machine, cwd, { env }) => {
    const script = putScript(cwd, program, read(join(cwd, GUIDE)));
    return printed(nodeBinary(22), [script], machine, { cwd, env });
  }),
});

const SERVE = { connected: /"status":"connected"/, failed: /"status":"failed"/ };
const LIST = { connected: /- Connected/, failed: /- Disconnected/ };

const ROWS: readonly Driver[] = [
  claude("2.1.332"),
  claude("2.1.197"),
  {
    program: "codex",
    client: "codex",
    scopes: BOTH,
    ask: ASK.codex,
    connected: /"runtimeStatus":"connected"/,
    failed: /"runtimeStatus":"failed"/,
    isGated: true,
  },
  { program: "gemini-cli", client: "gemini-cli", scopes: BOTH, ask: ASK["gemini-cli"], ...LIST, isGated: true },
  { program: "qwen-code", client: "qwen-code", scopes: BOTH, ask: ASK["qwen-code"], ...LIST, isGated: true },
  { program: "opencode", client: "opencode", scopes: BOTH, ask: ASK.opencode, ...SERVE },
  { program: "kilo", client: "kilo", scopes: USER, ask: askServe("kilo"), ...SERVE },
  {
    program: "copilot-cli",
    client: "copilot-cli",
    scopes: BOTH,
    ask: copilot,
    failed: /requires authentication|Failed to connect to MCP/,
    isGated: true,
  },
  { program: "cursor-sdk", client: "cursor", scopes: BOTH, ask: cursor },
  { program: "cline-cli", client: "cline", scopes: USER, ask: cline },
  {
    program: "mcp-remote",
    client: "claude-desktop",
    scopes: USER,
    ask: claudeDesktop,
    connected: /"tools":/,
    failed: /Connection error|fetch failed/,
  },
  {
    program: "mcp-inspector",
    guide: "mcp-inspector",
    scopes: USER,
    ask: inspector,
    connected: /"tools":/,
    failed: /"code":"(?:auth_required|unreachable)"/,
  },
  {
    program: "mcporter",
    // it imports the servers of Cursor's file
    client: "cursor",
    isGuest: true,
    scopes: USER,
    ask: mcporter,
    connected: /"status": "ok"/,
    failed: /"status": "(?:auth|offline|error)"/,
  },
  agent("agent-mcp", "agent-mcp"),
  agent("agent-openai", "agent-openai"),
  agent("agent-ai-sdk", "agent-vercel"),
  agent("agent-langchain", "agent-langchain"),
];

/** Those that are installed: the big ones only with `--all`. */
export const DRIVERS = ROWS.filter(
  ({ program }) => process.env.ALL_CLIENTS !== undefined || !Object.hasOwn(bigPrograms, program),
);

export const versionOf = ({ program }: Driver): string =>
  ({ ...programs, ...clientPrograms, ...bigPrograms })[program]?.version ?? "";

export function clientOf({ client }: Driver): Client | undefined {
  const found = CLIENTS.find(({ id }) => id === client);
  if (found === undefined && client !== undefined) throw new Error(`${client} is no client`);
  return found;
}

/** Where a file of a client is on this machine. */
export const pathOf = (path: string, home: string, project: string): string =>
  path.startsWith("~/") ? join(home, path.slice(2)) : join(project, path);

/** A server of a configuration: where it is, and where the client finds each value. */
export interface Server {
  readonly url: string;
  readonly values: Readonly<Record<Value, HeaderValue>>;
}

/** The file of a client with several servers, each entry as the wizard writes it (test/core/plan-clients.test.ts). */
export function putServers(
  client: Client,
  { home }: ScratchHome,
  project: string,
  scope: ClientScope,
  servers: Readonly<Record<string, Server>>,
): void {
  const [own] = scope === "project" ? client.files.project : [];
  const path = own === undefined ? userFileOf(client, { platform: "linux", home, env: {} }) : join(project, own);
  const entries = Object.entries(servers).map(([name, { url, values }]) => [name, entryFor(client, url, values)]);
  put(path, sharedFile(client, Object.fromEntries(entries)));
}

/** Our packed program. */
export const ours = (args: readonly string[], cwd: string, env: Environment): Promise<Run> =>
  start(process.execPath, [packedPackage().bin, ...args], { cwd, env });

/** What is put before a program so that it gets the values of `.env`. */
export const through = (): readonly string[] => [process.execPath, packedPackage().bin, "run", "--"];

export interface Wish {
  readonly scope: ClientScope;
  readonly url: string;
  /** The three values, as variables. */
  readonly env: Environment;
  readonly isTested: boolean;
}

/** The configuration of a client as our wizard writes it; or what a person does who follows our guide. */
export async function configure(driver: Driver, { env: base }: ScratchHome, project: string, wish: Wish) {
  const { client, guide, path = [] } = driver;
  const PATH = [...path, base.PATH].join(delimiter);
  const env = { ...base, ...wish.env, PATH };
  const how = [...["--scope", wish.scope, "--yes"], ...(wish.isTested ? [] : ["--skip-test"])];
  const url = ["--url", wish.url];
  const asked = guide === undefined ? ["--client", client ?? "", ...how, ...url] : ["guide", guide, ...url];
  const run = await ours(asked, project, env);
  if (guide === undefined || run.code !== 0) return run;
  put(join(project, GUIDE), run.stdout);
  put(join(project, ".env"), VALUES.map((value) => `${NAMES[value]}=${wish.env[NAMES[value]] ?? ""}\n`).join(""));
  const [file] = /^\{[\s\S]*?^\}$/m.exec(run.stdout) ?? [];
  const [, name] = /Save this as (\S+) outside/.exec(run.stdout) ?? [];
  if (file === undefined || name === undefined) return run;
  const blanks = { token: "<your product token>", account: "<your account ID>", profile: "<your profile ID>" };
  const filled = VALUES.reduce((text, value) => text.replace(blanks[value], wish.env[NAMES[value]] ?? ""), file);
  put(join(project, name), filled);
  return run;
}
