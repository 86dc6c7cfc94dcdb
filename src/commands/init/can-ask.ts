import type { Context } from "../../context.ts";
import type { InitOptions } from "./options.ts";

/** Agents whose marks also stand in the shell of a person who only has them installed. */
const AMBIENT = new Set(["goose", "pi", "devin", "kiro"]);

/** Whether a person is there to answer: a terminal on both sides, no CI, no AI agent, no machine that reads JSON. */
export async function canAsk(context: Context, options: InitOptions): Promise<boolean> {
  if (options.json || options.tokenStdin) return false;
  if (context.stdin.isTTY !== true || context.stderr.isTTY !== true || context.env.TERM === "dumb") return false;
  const { isCI, isAgent, agent } = await import("std-env");
  return !isCI && (!isAgent || AMBIENT.has(agent ?? ""));
}
