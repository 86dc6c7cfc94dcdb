import { UsageError } from "../../errors.ts";

/** `--timeout` in seconds; 15 when it is not given. */
export function seconds(text: string | undefined): number {
  if (text === undefined) return 15;
  const number = Number(text);
  if (!/^\d{1,4}(?:\.\d+)?$/.test(text) || number < 1 || number > 600)
    throw new UsageError("--timeout takes seconds, from 1 to 600");
  return number;
}
