/** Asks the program of a client whether it connects, with our entry alone and these values. */
import type { Context } from "../../context.ts";
import { type ClientFile, type ClientTarget, setEdits, type Toml } from "../../core/plan/clients.ts";
import { editFiles, secretsOf } from "../../core/plan/install.ts";
import { Cancelled } from "../../errors.ts";
import { askClient } from "../../io/ask-client.ts";
import type { Show } from "../../ui/show.ts";
import type { programsFor } from "./programs.ts";

interface AskPage {
  readonly context: Context;
  readonly show: Show;
  readonly root: string;
  readonly programs: ReturnType<typeof programsFor>;
  readonly toml: Toml | undefined;
  readonly timeoutMs: number;
}

/** `not-asked`: it is not installed, or cannot tell. */
export type ProgramAnswer = "connected" | "failed" | "needs-auth" | "unknown" | "not-asked";

/** The answer, which is shown too. Throws only Cancelled. */
export async function askProgram(
  { context, show, root, programs: { find, env }, toml, timeoutMs }: AskPage,
  file: ClientFile,
  target: ClientTarget,
): Promise<ProgramAnswer> {
  const { client } = file;
  const { label, ask, programs } = client;
  const path = programs.map(find).find((found) => found !== undefined);
  if (path === undefined || ask === undefined) return "not-asked";
  // with references: the values are in its environment, not in a file
  const edits = setEdits({ ...file, scope: "project" }, { ...target, isAsked: false }, toml);
  const planned = editFiles(new Map(), [["client", edits]]);
  const text = planned.ok ? (planned.steps[0]?.after ?? "") : "";
  const variables = secretsOf(target, target.values);
  const question = { path, ask, name: target.name, text, variables, timeoutMs: Math.min(timeoutMs, 30_000) };
  const progress = show.progress(`asking ${label}`);
  const answer = await askClient(question, { cwd: root, env, signal: context.signal })
    .catch((error: unknown) => {
      if (error instanceof Cancelled) throw error;
      return undefined;
    })
    .finally(progress.end);
  const { status = "unknown", httpStatus } = answer ?? {};
  if (status === "connected") show.ok(`${label} connects with this entry and these values.`);
  else if (status === "unknown") show.warn(`${label} gave no clear answer.`);
  else {
    const reason = httpStatus === undefined ? "" : ` (HTTP ${httpStatus})`;
    show.bad(`${label} cannot connect${reason}, although the same values work from here.`, [
      "Proxy variables and NODE_EXTRA_CA_CERTS are the usual reasons.",
    ]);
  }
  return status;
}
