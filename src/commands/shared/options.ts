/** Options that several commands share. */
import { resolve } from "node:path";
import type { Context } from "../../context.ts";
import { endpointProblem, nameProblem } from "../../core/halo.ts";
import { UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";

/** `--url`. Throws UsageError, with the name of the option or variable, if it cannot be an endpoint. */
export function urlOf({ values, origins }: RawOptions): string | undefined {
  if (values.url === undefined) return undefined;
  const problem = endpointProblem(values.url);
  if (problem !== undefined) throw new UsageError(`${origins.url ?? "--url"}: ${problem}`);
  return values.url;
}

export function pathOf(context: Context, given: string | undefined): string | undefined {
  return given === undefined ? undefined : resolve(context.cwd, given);
}

/** `--timeout` in seconds; 15 by default. */
export function seconds(text: string | undefined): number {
  if (text === undefined) return 15;
  const number = Number(text);
  if (!/^\d{1,4}(?:\.\d+)?$/.test(text) || number < 1 || number > 600)
    throw new UsageError("--timeout takes seconds, from 1 to 600");
  return number;
}

/** Server, endpoint, and where the token and the other values come from. Throws UsageError. */
export function connectionOptions(context: Context, raw: RawOptions) {
  const { values, switches, origins } = raw;
  const problem = values.name === undefined ? undefined : nameProblem(values.name);
  if (problem !== undefined) throw new UsageError(`${origins.name ?? "--name"}: ${problem}`);
  if (switches.has("token-stdin") && values["token-file"] !== undefined)
    throw new UsageError("choose one of --token-stdin and --token-file");
  return {
    name: values.name,
    url: urlOf(raw),
    tokenStdin: switches.has("token-stdin"),
    tokenFile: pathOf(context, values["token-file"]),
    valuesFile: pathOf(context, values["values-file"]),
    cwd: pathOf(context, values.cwd),
    json: switches.has("json"),
    quiet: switches.has("quiet"),
  };
}
