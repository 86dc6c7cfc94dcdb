/** `guide`: how one client is connected by hand, the code of an agent, what a team is told, and the check in CI. */
import type { Context } from "../../context.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { TOLD, type Told } from "../../core/clients/told.ts";
import { nearest } from "../../core/command-line.ts";
import { DEFAULT_NAME, fillFor, HALO_URL } from "../../core/halo.ts";
import { CI_FILES, type CiKind } from "../../core/plan/ci.ts";
import { UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { readTemplate } from "../../io/read.ts";
import { createOutput } from "../../ui/output.ts";
import { columnsOf, wrap } from "../../ui/wrap.ts";
import { nameOf, urlOf } from "../shared/options.ts";
import { guideOf } from "./text.ts";

/** Not the lines of a file to copy. */
const PROSE = /^(?:\d\. | {3})?[A-Za-z"]/;

function toldOf({ isCode, isProven, page: _, ...told }: Told, context: Context, raw: RawOptions) {
  const values = { account: "<your account ID>", profile: "<your profile ID>" };
  const fill = { ...values, ...told, ...fillFor(nameOf(raw) ?? DEFAULT_NAME, urlOf(raw) ?? HALO_URL) };
  const text = readTemplate(context.templates, `guide/${told.id}.txt`, fill);
  const proof = isProven ? "Proven: the three headers arrived" : "Not proven";
  const whole = `${told.label}\n\n${text}\n${proof}. Known from: ${told.evidence}`;
  const columns = columnsOf(context.stdout);
  const lines = whole.split("\n").flatMap((line) => (PROSE.test(line) ? wrap(line, columns) : [line]));
  return { ...told, proven: isProven === true, text: isCode ? text : lines.join("\n") };
}

/** The list of ids, or what is known of the one that was named. Throws UsageError. */
async function answerOf(context: Context, raw: RawOptions) {
  const clients = [...CLIENTS, ...TOLD].map(({ id, label }) => ({ id, label }));
  const [word, ...more] = raw.words;
  if (word === undefined)
    return { clients, text: clients.map(({ id, label }) => `${id.padEnd(18)}${label}`).join("\n") };
  const [client, told] = [CLIENTS.find(({ id }) => id === word), TOLD.find(({ id }) => id === word)];
  const kinds = Object.keys(CI_FILES) as CiKind[];
  const kind = kinds.find((each) => each === more[0]);
  if (word === "team" && more.length === 0) return await (await import("./team.ts")).teamGuide(context, raw);
  if (word === "ci" && more.length === (kind === undefined ? 0 : 1))
    return await (await import("./team.ts")).ciGuide(context, raw, kind);
  if (client !== undefined && more.length === 0) return await guideOf(client, context, raw);
  if (told !== undefined && more.length === 0) return toldOf(told, context, raw);
  const ids = [...clients.map(({ id }) => id), "team", "ci"];
  const near = more.length === 0 && nearest(word, ids);
  const problem = `guide takes one client${near ? `: did you mean ${near}?` : ""}`;
  throw new UsageError(problem, { hint: "npx create-halo-mcp guide" });
}

export async function run(context: Context, raw: RawOptions): Promise<number> {
  const [output, answer] = [createOutput(context), await answerOf(context, raw)];
  if (raw.switches.has("json")) output.json({ version: 1, ...answer });
  else output.result(answer.text);
  return 0;
}
