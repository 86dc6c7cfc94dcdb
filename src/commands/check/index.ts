import type { Context } from "../../context.ts";
import type { RawOptions } from "../../flags.ts";
import { gather, readOptions } from "./gather.ts";

export async function run(context: Context, raw: RawOptions): Promise<number> {
  const options = readOptions(context, raw);
  const [first, { judge }] = await Promise.all([gather(context, options), import("./judge.ts")]);
  if (!options.fix) return await judge(context, options, first, []);
  const { fix } = await import("./fix.ts");
  const fixed = await fix(context, options, first);
  // the rest is read from the disk again, as in the next run
  return await judge(context, options, options.dryRun ? first : await gather(context, options), fixed);
}
