import type { Context } from "../../context.ts";
import { HALO_URL } from "../../core/halo.ts";
import { UsageError } from "../../errors.ts";
import type { Format, RawOptions } from "../../flags.ts";
import { pathOf, urlOf } from "../shared/options.ts";

export type CheckOptions = ReturnType<typeof readOptions>;

/** Words → options. Throws UsageError before anything is read. */
export function readOptions(context: Context, raw: RawOptions) {
  const { values, switches, words } = raw;
  const [most, given] = [values["max-warnings"], values.format as Format | undefined];
  if (most !== undefined && !/^\d{1,6}$/.test(most)) throw new UsageError("--max-warnings takes a number, 0 or more");
  if (switches.has("dry-run") && !switches.has("fix")) throw new UsageError("--dry-run needs --fix");
  if (words.includes("")) throw new UsageError("a path is empty");
  const isJson = switches.has("json");
  if (isJson && given !== undefined && given !== "json") throw new UsageError("choose one of --json and --format");
  // annotations in GitHub Actions, text everywhere else
  const usual = context.env.GITHUB_ACTIONS === "true" ? "github" : "text";
  return {
    paths: words,
    format: isJson ? "json" : (given ?? usual),
    fix: switches.has("fix"),
    dryRun: switches.has("dry-run"),
    maxWarnings: most === undefined ? undefined : Number(most),
    allowMissing: switches.has("allow-missing"),
    url: urlOf(raw) ?? HALO_URL,
    quiet: switches.has("quiet"),
    noColor: switches.has("no-color"),
    /** Absolute; undefined: the root of the repository. */
    cwd: pathOf(context, values.cwd),
  };
}
