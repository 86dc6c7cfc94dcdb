/** Options that several commands share. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Context } from "../../context.ts";
import { toSh } from "../../core/command-line.ts";
import { endpointProblem, nameProblem, urlWords } from "../../core/halo.ts";
import { UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";

/** A checked option. Throws UsageError, with the name of the option or variable. */
function checked({ values, origins }: RawOptions, name: string, problemOf: typeof nameProblem): string | undefined {
  const problem = values[name] === undefined ? undefined : problemOf(values[name]);
  if (problem !== undefined) throw new UsageError(`${origins[name] ?? `--${name}`}: ${problem}`);
  return values[name];
}

export const nameOf = (raw: RawOptions) => checked(raw, "name", nameProblem);
export const urlOf = (raw: RawOptions) => checked(raw, "url", endpointProblem);

/** The folder of `--cwd`. Throws UsageError if there is none. */
export function folderFor(path: string): string {
  if (!existsSync(`${path}/`)) throw new UsageError(`--cwd: there is no folder ${path}`);
  return path;
}

export function pathOf(context: Context, given: string | undefined): string | undefined {
  return given === undefined ? undefined : resolve(context.cwd, given);
}

/** The options for `check`: none for HALO's own endpoint. */
export const checkOptions = (url: string): string => ["", ...urlWords(url).map((word) => toSh([word]))].join(" ");

/** `--timeout` in seconds; 15 by default. */
export function seconds(text = "15"): number {
  const number = Number(text);
  if (!/^\d{1,4}(?:\.\d+)?$/.test(text) || number < 1 || number > 600)
    throw new UsageError("--timeout takes seconds, from 1 to 600");
  return number;
}

/** Server, endpoint, and where the token and the other values come from. Throws UsageError. */
export function connectionOptions(context: Context, raw: RawOptions) {
  const { values, switches } = raw;
  if (switches.has("token-stdin") && values["token-file"] !== undefined)
    throw new UsageError("choose one of --token-stdin and --token-file");
  return {
    name: nameOf(raw),
    url: urlOf(raw),
    tokenStdin: switches.has("token-stdin"),
    tokenFile: pathOf(context, values["token-file"]),
    valuesFile: pathOf(context, values["values-file"]),
    cwd: pathOf(context, values.cwd),
    json: switches.has("json"),
    quiet: switches.has("quiet"),
  };
}
