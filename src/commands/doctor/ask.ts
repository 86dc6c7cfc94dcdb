/** Claude Code's own word about the entry that was tested. */
import type { Context } from "../../context.ts";
import { parseScope, parseStatus } from "../../core/clients/claude-code.ts";
import { findingsOf } from "../../core/doctor/findings.ts";
import type { Run } from "../../core/doctor/report.ts";
import type { Asked, View } from "../../core/doctor/view.ts";
import { isSafeVariable } from "../../core/halo.ts";
import { Cancelled } from "../../errors.ts";
import { askClaude, type Question } from "../../io/claude.ts";
import { GRACE_MS, type Looked } from "./gather.ts";

/** The least that a question is worth asking for, milliseconds. */
const LEAST_MS = 500;
/** Beside the limit of the run: Claude Code takes its time to start, and a moment to be ended. */
const START_MS = 500;

/** The values that a session would have, for `claude mcp get`, which reads no settings of the project. */
function bridgeFor({ session, env, state, name, approval }: View): Pick<Question, "bridge" | "overridden"> {
  const names = new Set((session?.read ?? []).map(({ variable }) => variable));
  // a repository's settings may set what steers a program: none of that gets into its environment
  const values = Object.fromEntries(Object.entries(env).filter(([each]) => names.has(each) && isSafeVariable(each)));
  const own = state.settings[0]?.env ?? {};
  const overridden = Object.entries(values).some(([each, value]) => Object.hasOwn(own, each) && own[each] !== value);
  return { bridge: { env: values, enabled: approval?.state === "approved" ? [name] : [] }, overridden };
}

/**
 * Claude Code follows redirects and starts a sign-in, with the token, and versions of it differ in what they take for
 * approved. So it is asked only about an entry that our own test was sent through, and only after that test passed.
 */
function mayAsk(view: View, test: Run["test"]): boolean {
  const isPassed = view.toSend.ok && test?.diagnosis.ok === true;
  return isPassed && view.ours !== undefined && findingsOf(view).verdict.wouldConnect;
}

/** In: what is known, and the time that is left, milliseconds. Out: undefined where it was not to be asked. Throws Cancelled alone. */
export async function ask(
  context: Context,
  { view, claude, env }: Looked,
  test: Run["test"],
  leftMs: number,
): Promise<Asked | undefined> {
  if (claude === undefined || !mayAsk(view, test)) return undefined;
  if (leftMs < LEAST_MS) return {};
  const question = {
    name: view.name,
    ...bridgeFor(view),
    elsewhere: false,
    // the rest is for its start and its end
    timeoutMs: Math.round(Math.min(Math.max(LEAST_MS, leftMs * 0.8), 30_000)),
    limit: { timeoutMs: Math.round(leftMs) + START_MS, graceMs: GRACE_MS },
  };
  try {
    const answer = await askClaude(claude, question, {
      cwd: view.input.above[0] ?? context.cwd,
      env,
      signal: context.signal,
    });
    if (answer === undefined) return {};
    const { said } = answer;
    return { status: answer.isKnown ? parseStatus(said) : "not-configured", scope: parseScope(said) };
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    // no room for a private file, say
    return {};
  }
}
