import type { Context } from "../context.ts";
import { mask, maskedJson, printableLines } from "../core/secrets.ts";

/**
 * The one way out of the program. The context's secrets are masked in everything, and of the control characters only line
 * breaks and our own colours pass.
 */
export interface Output {
  /** A result for a person, on stdout. */
  result(text: string): void;
  /** A result for a program, on stdout: one JSON document. */
  json(document: unknown): void;
  /** Workflow commands of GitHub Actions (`::error …`), on stdout. Elsewhere a line that looks like one is broken up. */
  commands(text: string): void;
  /** What is said on the way, on stderr. */
  say(text: string): void;
  /** Text as it may be shown, for those that draw themselves: prompts, a line that moves. */
  clean(text: string): string;
}

/** The output of a run. Texts get a line break at their end if they have none; an empty text is nothing. */
export function createOutput(context: Pick<Context, "print" | "stderr" | "secrets">): Output {
  // stripped first: an invisible character in the middle of a secret would hide it from the mask
  const clean = (text: string): string => mask(printableLines(text, { colors: true }), context.secrets);
  const ended = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
  return {
    result: (text) => context.print(ended(clean(text))),
    json: (document) => context.print(`${maskedJson(document, context.secrets)}\n`),
    commands: (text) => context.print(ended(mask(text, context.secrets))),
    say: (text) => void context.stderr.write(ended(clean(text))),
    clean,
  };
}
