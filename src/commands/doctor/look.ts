/** Reads what the set-up consists of, asks Claude Code itself, and hands both to the pure part. */
import { realpathSync, statSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Context } from "../../context.ts";
import { documentOf } from "../../core/check/documents.ts";
import { type ClientStatus, parseScope, parseStatus } from "../../core/clients/claude-code.ts";
import type { McpFile, NamedFile, SetupInput } from "../../core/doctor/input.ts";
import type { LinkResult, Remark, SetupView } from "../../core/doctor/model.ts";
import { type ClientFacts, disagreement } from "../../core/doctor/remarks-client.ts";
import type { ToSend } from "../../core/doctor/sent.ts";
import { linkOf, type Setup, viewSetup } from "../../core/doctor/setup.ts";
import { parseEndpoint } from "../../core/endpoint.ts";
import { jsonOf, property, strings } from "../../core/formats/json.ts";
import { isSafeVariable } from "../../core/halo.ts";
import { printable } from "../../core/secrets.ts";
import { Cancelled, UsageError } from "../../errors.ts";
import { askClaude, type ClaudeProgram } from "../../io/claude.ts";
import { findRoot } from "../../io/git.ts";
import { isInside } from "../../io/inside.ts";
import { readDocument, readState } from "../../io/read.ts";
import { ownFiles, pathOfClaude, versionOf } from "../shared/claude-files.ts";
import { programsFor } from "../shared/programs.ts";

export interface LookOptions {
  /** `--cwd`: where a session would start. Undefined: where the command was started. */
  readonly cwd: string | undefined;
  readonly name: string | undefined;
  readonly url: string | undefined;
  /** Absolute. Undefined: `.env` of the folder, else of the repository. */
  readonly valuesFile: string | undefined;
  readonly timeoutMs: number;
  /** Of the whole run, as of `context.now()`. Undefined: the time of `timeoutMs` from now on. */
  readonly deadline?: number;
  /** Of this command line: the test sends it in place of the one that is found. */
  readonly token?: string | undefined;
  /** Whether the connection test passed: before it is known, and unless it did, Claude Code is not asked. */
  readonly passed: Promise<boolean>;
}

export interface Looked {
  readonly view: SetupView;
  /** setup, values, client. */
  readonly links: readonly LinkResult[];
  /** What the connection test sends; or why nothing may be sent. Holds secrets. */
  readonly sent: ToSend;
  /** Where its token comes from, in words. */
  readonly tokenFrom: string | undefined;
  /** The word of Claude Code itself; undefined where it was not asked, or gave none in time. */
  readonly status: ClientStatus | undefined;
  readonly version: string | undefined;
}

/** The folder and all above it, nearest first. */
function upwards(folder: string): readonly string[] {
  const all = [folder];
  for (let at = folder; dirname(at) !== at; at = dirname(at)) all.push(dirname(at));
  return all;
}

/** A path as a person knows it: from the folder, from home, or whole. */
function shownFrom(folder: string, gitRoot: string | undefined, home: string, path: string): string {
  const near = gitRoot ?? folder;
  if (isInside(path, near)) return printable(relative(folder, path).split("\\").join("/"), 200);
  if (isInside(path, home)) return printable(`~/${relative(home, path).split("\\").join("/")}`, 200);
  return printable(path, 200);
}

function folderOf(context: Context, cwd: string | undefined): string {
  const start = resolve(context.cwd, cwd ?? ".");
  try {
    if (!statSync(start).isDirectory()) throw new Error("no folder");
    return realpathSync(start);
  } catch {
    throw new UsageError(`--cwd: there is no folder ${printable(start, 200)}`);
  }
}

/** Files and environment of a folder. Throws UsageError for a folder or values file that is not there. */
export function readSetup(context: Context, options: LookOptions, version: string | undefined): SetupInput {
  const folder = folderOf(context, options.cwd);
  const gitRoot = findRoot(folder);
  const above = upwards(folder);
  const { store, userSettings } = ownFiles(context);
  const shown = (path: string): string => shownFrom(folder, gitRoot, context.home, path);
  const named = (path: string): NamedFile => ({ shown: shown(path), state: readState(path) });
  const nearest = (name: string): NamedFile => {
    const folders = gitRoot === undefined ? [folder] : above.slice(0, above.indexOf(gitRoot) + 1);
    const all = folders.map((each) => named(join(each, name)));
    return all.find(({ state }) => state.kind !== "absent") ?? named(join(gitRoot ?? folder, name));
  };
  const { valuesFile } = options;
  if (valuesFile !== undefined && (!isAbsolute(valuesFile) || readState(valuesFile).kind === "absent"))
    throw new UsageError(`--values-file: there is no file ${printable(valuesFile, 200)}`);
  // from where the command was started, links followed: `..` behind a link would lead elsewhere
  const typed = (path: string): string => {
    const way = relative(context.cwd, path).split("\\").join("/") || ".";
    return /^[~-]/.test(way) ? `./${way}` : way;
  };
  return {
    name: options.name,
    url: options.url,
    token: options.token,
    given: {
      cwd: options.cwd === undefined ? undefined : typed(folder),
      valuesFile: valuesFile === undefined ? undefined : typed(valuesFile),
    },
    folder,
    above,
    gitRoot,
    mcp: above.flatMap((each): readonly McpFile[] => {
      const path = join(each, ".mcp.json");
      const reading = readDocument(path);
      if (reading.kind === "absent") return [];
      if (reading.kind === "unreadable")
        return [{ shown: shown(path), document: undefined, unreadable: reading.reason }];
      if (reading.kind === "not-a-file") {
        const none = { path: ".mcp.json", kind: "mcp", text: "", encoding: "not-a-file", mode: undefined } as const;
        return [{ shown: shown(path), document: documentOf({ ...none, tracked: false, ignored: false }) }];
      }
      const { text, encoding, mode } = reading;
      const raw = { path: ".mcp.json", kind: "mcp", text, encoding, tracked: false, ignored: false, mode } as const;
      return [{ shown: shown(path), document: documentOf(raw) }];
    }),
    store: named(store),
    userSettings: named(userSettings),
    projectSettings: named(join(folder, ".claude", "settings.json")),
    localSettings: named(join(folder, ".claude", "settings.local.json")),
    rootLocalSettings:
      gitRoot === undefined || gitRoot === folder ? undefined : named(join(gitRoot, ".claude", "settings.local.json")),
    dotenv: valuesFile === undefined ? nearest(".env") : named(valuesFile),
    envrc: nearest(".envrc"),
    env: context.env,
    version,
    hasModes: context.platform !== "win32",
    endpointProblem: (url) => {
      const endpoint = parseEndpoint(url);
      return endpoint.ok ? undefined : endpoint.problem;
    },
  };
}

/**
 * Claude Code follows redirects and starts a sign-in, with the token, and versions of it differ in what they take for
 * approved. So it is asked only about an entry that our own test was sent through, and only after that test passed.
 */
function mayAsk({ view, toSend }: Setup): boolean {
  return view.verdict.wouldConnect && toSend.ok && toSend.as === "entry";
}

/** The least that a question is worth asking for, milliseconds. */
const LEAST_MS = 500;
/** Beside the limit of the run: Claude Code takes its time to start, and a moment to be ended. */
const START_MS = 500;
const GRACE_MS = 300;
/** Claude Code as it read files before the root's settings counted, see `isOld`. */
const OLD = "2.1.197";

interface Asked {
  readonly status: ClientStatus | undefined;
  readonly unanswered?: boolean;
  readonly remarks: readonly Remark[];
}

const NOT_ASKED: Asked = { status: undefined, remarks: [] };

/** The values that a session would have, for `claude mcp get`, which reads no settings of the project. */
function bridgeFor({ view, session, env }: Setup, input: SetupInput) {
  const names = new Set((session?.read ?? []).map(({ variable }) => variable));
  // a repository's settings may set what steers a program: none of that gets into its environment
  const values = Object.fromEntries(Object.entries(env).filter(([name]) => names.has(name) && isSafeVariable(name)));
  const own = strings(property(jsonOf(input.userSettings.state, true), "env"));
  const overridden = Object.entries(values).some(([name, value]) => Object.hasOwn(own, name) && own[name] !== value);
  return { bridge: { env: values, enabled: view.approval?.state === "approved" ? [view.name] : [] }, overridden };
}

async function ask(
  context: Context,
  claude: ClaudeProgram,
  setup: Setup,
  input: SetupInput,
  programEnv: Context["env"],
  leftMs: number,
): Promise<Asked> {
  const { view } = setup;
  const unasked = (seen: string): Asked => ({
    status: undefined,
    remarks: [{ cause: "client-disagrees", severity: "note", seen, tryThis: ["claude mcp list"] }],
  });
  if (leftMs < LEAST_MS) return unasked("there was no time left to ask Claude Code itself");
  const question = {
    name: view.name,
    ...bridgeFor(setup, input),
    elsewhere: false,
    // the rest is for its start and its end
    timeoutMs: Math.round(Math.min(Math.max(LEAST_MS, leftMs * 0.8), 30_000)),
    limit: { timeoutMs: Math.round(leftMs) + START_MS, graceMs: GRACE_MS },
  };
  const surroundings = { cwd: input.folder, env: programEnv, signal: context.signal };
  try {
    const answer = await askClaude(claude, question, surroundings);
    if (answer === undefined) return { ...unasked("Claude Code itself gave no answer in time"), unanswered: true };
    // 2.1.197 prints a name as it is, line breaks and all: what comes after it is Claude Code's own
    const said = answer.said.startsWith(`${view.name}:`) ? answer.said.slice(view.name.length + 1) : answer.said;
    const scope = parseScope(said);
    const status = answer.isKnown ? parseStatus(said) : "not-configured";
    if (scope !== undefined && view.winner !== undefined && scope !== view.winner.scope) {
      const seen = `Claude Code ${claude.version} itself takes its ${scope} entry "${printable(view.name, 64)}", not the one of the ${view.winner.scope} scope`;
      return {
        status,
        remarks: [{ cause: "client-disagrees", severity: "warning", seen, tryThis: ["claude mcp list"] }],
      };
    }
    const remark = disagreement(claude.version, view, status);
    return { status, remarks: remark === undefined ? [] : [remark] };
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    // no room for a private file, say
    return unasked("Claude Code itself could not be asked");
  }
}

export interface Looking {
  /** What the connection test may send: mostly known at once, else when Claude Code has said its version. */
  readonly sent: Promise<ToSend>;
  /** There is a claude program: `looked` takes its time. */
  readonly asks: boolean;
  readonly looked: Promise<Looked>;
}

/**
 * Reads the set-up, and asks Claude Code while its caller does something else. Nothing is written. Every text that may be
 * the token is in `context.secrets` before `sent` is there. Throws UsageError at once.
 */
export function startLook(context: Context, options: LookOptions): Looking {
  const started = context.now();
  const deadline = options.deadline ?? started + options.timeoutMs;
  const folder = folderOf(context, options.cwd);
  const root = findRoot(folder) ?? folder;
  const programs = programsFor(context, folder, root);
  const path = pathOfClaude(programs);
  const input = readSetup(context, options, undefined);
  const viewed = (client: ClientFacts): Setup => {
    const setup = viewSetup({ ...input, version: client.version }, client);
    for (const secret of setup.secrets) context.secrets.add(secret);
    return setup;
  };
  const newer = viewed({ version: undefined, silent: false });
  const sends = ({ toSend, tokenFrom }: Setup): string => JSON.stringify([toSend, tokenFrom]);
  const isKnown = path === undefined || sends(newer) === sends(viewed({ version: OLD, silent: false }));
  const read = context.now();

  const versioned = (async () => {
    const half = Math.max(LEAST_MS, Math.round((deadline - read) / 2));
    const { claude, silent, late } = await versionOf(context, root, path, programs.env, {
      timeoutMs: half,
      graceMs: GRACE_MS,
    });
    const client: ClientFacts = { version: claude?.version, silent: silent && !late, late };
    return { claude, client, setup: viewed(client) };
  })();
  const looked = versioned.then(async ({ claude, client, setup }): Promise<Looked> => {
    const isAsked = claude !== undefined && mayAsk(setup) && (await options.passed);
    const asked = isAsked
      ? await ask(context, claude, setup, input, programs.env, deadline - context.now())
      : NOT_ASKED;
    const { view } = setup;
    const facts = { ...client, status: asked.status, unanswered: asked.unanswered === true };
    const ms = (from: number, to: number): number => Math.max(0, Math.round(to - from));
    return {
      view,
      links: [
        linkOf(view, "setup", facts, ms(started, read), []),
        linkOf(view, "values", facts, 0, []),
        linkOf(view, "client", facts, ms(read, context.now()), asked.remarks),
      ],
      sent: setup.toSend,
      tokenFrom: setup.tokenFrom,
      status: asked.status,
      version: claude?.version,
    };
  });
  const sent = isKnown ? Promise.resolve(newer.toSend) : versioned.then(({ setup }) => setup.toSend);
  // whoever waits for `looked` alone hears of a failure there
  sent.catch(() => undefined);
  return { sent, asks: path !== undefined, looked };
}

/** Everything that can be known before the network: the view, its three links, and what the connection test may send. */
export async function look(context: Context, options: LookOptions): Promise<Looked> {
  return await startLook(context, options).looked;
}
