import type { Context } from "../../context.ts";
import { UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { connectionOptions, pathOf, seconds } from "../shared/options.ts";

function callOf({
  values,
}: RawOptions): { readonly tool: string; readonly args: Readonly<Record<string, unknown>> } | undefined {
  if (values.call === undefined) {
    if (values.args !== undefined) throw new UsageError("--args needs --call");
    return undefined;
  }
  if (values.args === undefined) return { tool: values.call, args: {} };
  let parsed: unknown;
  try {
    parsed = JSON.parse(values.args);
  } catch {
    // the text may hold what is nobody's business
    throw new UsageError("--args is not valid JSON", {
      hint: `npx create-halo-mcp doctor --call <tool> --args '{"question":"…"}'`,
    });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed))
    throw new UsageError("--args takes a JSON object", { hint: `--args '{"question":"…"}'` });
  return { tool: values.call, args: parsed as Readonly<Record<string, unknown>> };
}

export type DoctorOptions = ReturnType<typeof readOptions>;

/** Words → options. Throws UsageError before anything is read. */
export function readOptions(context: Context, raw: RawOptions) {
  const { values, switches } = raw;
  const shared = connectionOptions(context, raw);
  return {
    ...shared,
    // a tool may take its time
    timeoutMs: seconds(values.timeout ?? (values.call === undefined ? undefined : "60")) * 1000,
    /** One tool to call, with its arguments. */
    call: callOf(raw),
    /** Absolute: where the Markdown report goes. */
    report: pathOf(context, values.report),
    noColor: switches.has("no-color"),
  };
}
