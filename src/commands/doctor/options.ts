import type { Context } from "../../context.ts";
import { UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { connectionOptions, pathOf } from "../shared/options.ts";
import { seconds } from "../shared/seconds.ts";

/** The options of `doctor`, checked. */
export interface DoctorOptions {
  readonly name: string | undefined;
  readonly url: string | undefined;
  readonly valuesFile: string | undefined;
  readonly tokenStdin: boolean;
  readonly tokenFile: string | undefined;
  readonly timeoutMs: number;
  /** One tool to call, with its arguments. */
  readonly call: { readonly tool: string; readonly args: Readonly<Record<string, unknown>> } | undefined;
  /** Absolute: where the Markdown report goes. */
  readonly report: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly noColor: boolean;
  readonly cwd: string | undefined;
}

/** As deep as an answer may be. */
const DEEPEST = 200;

/** Whether values stand in one another in more than so many levels. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1));
}

function callOf({ values }: RawOptions): DoctorOptions["call"] {
  if (values.call === undefined) {
    if (values.args !== undefined) throw new UsageError("--args says nothing without --call");
    return undefined;
  }
  if (values.args === undefined) return { tool: values.call, args: {} };
  let parsed: unknown;
  try {
    parsed = JSON.parse(values.args);
  } catch {
    // the text may hold what is nobody's business
    throw new UsageError("--args is no JSON", {
      hint: `npx create-halo-mcp doctor --call <tool> --args '{"question":"…"}'`,
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new UsageError("--args takes a JSON object", { hint: `--args '{"question":"…"}'` });
  if (isDeeper(parsed, DEEPEST)) throw new UsageError(`--args has more than ${DEEPEST} levels`);
  return { tool: values.call, args: parsed as Readonly<Record<string, unknown>> };
}

/** Words → options. Throws UsageError before anything is read. */
export function readOptions(context: Context, raw: RawOptions): DoctorOptions {
  const { values, switches } = raw;
  const shared = connectionOptions(context, raw);
  return {
    ...shared,
    // a tool may take its time
    timeoutMs: seconds(values.timeout ?? (values.call === undefined ? undefined : "60")) * 1000,
    call: callOf(raw),
    report: pathOf(context, values.report),
    noColor: switches.has("no-color"),
  };
}
