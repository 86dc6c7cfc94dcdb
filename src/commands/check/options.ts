import { resolve } from "node:path";
import type { Context } from "../../context.ts";
import { HALO_URL } from "../../core/halo.ts";
import { UsageError } from "../../errors.ts";
import type { Format, RawOptions } from "../../flags.ts";
import { urlOf } from "../shared/options.ts";

/** The options of `check`, checked. */
export interface CheckOptions {
  /** As they were typed. */
  readonly paths: readonly string[];
  readonly format: Format;
  readonly fix: boolean;
  readonly dryRun: boolean;
  readonly maxWarnings: number | undefined;
  readonly allowMissing: boolean;
  readonly url: string;
  readonly quiet: boolean;
  readonly noColor: boolean;
  /** Absolute; undefined: the root of the repository. */
  readonly cwd: string | undefined;
}

/** GitHub Actions takes annotations; everywhere else somebody reads. */
function formatOf(context: Context, { values, switches }: RawOptions): Format {
  const given = values.format as Format | undefined;
  if (switches.has("json")) {
    if (given !== undefined && given !== "json") throw new UsageError("choose one of --json and --format");
    return "json";
  }
  return given ?? (context.env.GITHUB_ACTIONS === "true" ? "github" : "text");
}

/** Words → options. Throws UsageError before anything is read. */
export function readOptions(context: Context, raw: RawOptions): CheckOptions {
  const { values, switches } = raw;
  const most = values["max-warnings"];
  if (most !== undefined && !/^\d{1,6}$/.test(most)) throw new UsageError("--max-warnings takes a number, 0 or more");
  const needs = (name: string, other: string): void => {
    const given = switches.has(name) || (values[name] !== undefined && raw.origins[name] === undefined);
    if (given && !switches.has(other)) throw new UsageError(`--${name} says nothing without --${other}`);
  };
  needs("dry-run", "fix");
  if (raw.words?.some((word) => word === "") === true) throw new UsageError("a path is empty");
  return {
    paths: raw.words ?? [],
    format: formatOf(context, raw),
    fix: switches.has("fix"),
    dryRun: switches.has("dry-run"),
    maxWarnings: most === undefined ? undefined : Number(most),
    allowMissing: switches.has("allow-missing"),
    url: urlOf(raw) ?? HALO_URL,
    quiet: switches.has("quiet"),
    noColor: switches.has("no-color"),
    cwd: values.cwd === undefined ? undefined : resolve(context.cwd, values.cwd),
  };
}
