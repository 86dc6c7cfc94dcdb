import { toSh } from "./command-line.ts";

/** What to do next: a command to type, word by word, or a sentence if no command helps. */
export type Advice = { readonly run: readonly [string, ...string[]] } | { readonly note: string };

export const run = (...argv: readonly [string, ...string[]]): Advice => ({ run: argv });

/** As one line that can be pasted, or read. */
export const adviceLine = (advice: Advice): string => ("run" in advice ? toSh(advice.run) : advice.note);
