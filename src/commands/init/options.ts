import type { Context } from "../../context.ts";
import type { Scope } from "../../core/clients/claude-code.ts";
import type { Value } from "../../core/halo.ts";
import type { CiKind } from "../../core/plan/ci.ts";
import { UsageError } from "../../errors.ts";
import type { Bridge, ClientId, RawOptions } from "../../flags.ts";
import { connectionOptions, seconds } from "../shared/options.ts";

/** What is connected: clients, and the scopes of Claude Code (none without it). */
export interface Choice {
  readonly clients: readonly ClientId[];
  readonly scopes: readonly Scope[];
}

export type Values = Readonly<Record<Value, string>>;

export interface Decided {
  readonly values: Values;
  readonly choice: Choice;
}

/** The words of a list. They were checked against the flag's values when they were parsed. */
function list<T extends string>(text: string): readonly T[] {
  return [...new Set(text.split(",").map((word) => word.trim()))] as T[];
}

/** Words → options. Throws UsageError before anything is read or written. */
export function readOptions(context: Context, raw: RawOptions) {
  const { values: said, switches } = raw;
  const clients = list<ClientId>(said.client ?? "claude-code");
  const scopes = clients.includes("claude-code") ? list<Scope>(said.scope ?? "project") : [];
  const ci = said.ci === undefined || said.ci === "none" ? undefined : (said.ci as CiKind);
  if (ci !== undefined && !scopes.includes("project"))
    throw new UsageError("--ci goes with --client claude-code and --scope project: it checks what a repository holds");
  return {
    ...connectionOptions(context, raw),
    /** The options as they were given. */
    said,
    choice: { clients, scopes } satisfies Choice,
    isChosen: said.client !== undefined || said.scope !== undefined,
    bridge: (said.bridge as Bridge | undefined) ?? "claude-settings",
    ci,
    yes: switches.has("yes"),
    dryRun: switches.has("dry-run"),
    skipTest: switches.has("skip-test"),
    timeoutMs: seconds(said.timeout) * 1000,
  };
}

export type InitOptions = ReturnType<typeof readOptions>;

/** Agents whose variables are also set in the shell of a person who only installed them. */
const AMBIENT = new Set(["goose", "pi", "devin", "kiro"]);

/** Whether a person can answer: a terminal on both sides, no CI, no AI agent, no program that reads JSON. */
export async function canAsk(context: Context, options: InitOptions): Promise<boolean> {
  if (options.json || options.tokenStdin) return false;
  if (context.stdin.isTTY !== true || context.stderr.isTTY !== true || context.env.TERM === "dumb") return false;
  const { isCI, isAgent, agent } = await import("std-env");
  return !isCI && (!isAgent || AMBIENT.has(agent ?? ""));
}
