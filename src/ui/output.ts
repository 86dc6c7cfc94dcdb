import type { Context } from "../context.ts";
import { mask, maskedJson, printableLines } from "../core/secrets.ts";

/**
 * The one way out of the program. The context's secrets are masked in everything, and of the control characters only line
 * breaks and our own colours pass. Texts get a line break at their end if they have none; an empty text is nothing.
 */
export function createOutput(context: Pick<Context, "print" | "stderr" | "secrets">) {
  // stripped first: an invisible character in the middle of a secret would hide it from the mask
  const clean = (text: string): string => mask(printableLines(text, { colors: true }), context.secrets);
  const ended = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
  return {
    /** A result for a person, on stdout. */
    result: (text: string) => context.print(ended(clean(text))),
    /** A result for a program, on stdout. */
    json: (document: unknown) => context.print(`${maskedJson(document, context.secrets)}\n`),
    /** Workflow commands of GitHub Actions (`::error …`), on stdout. Elsewhere a line that looks like one is broken up. */
    commands: (text: string) => context.print(ended(mask(text, context.secrets))),
    /** What is said on the way, on stderr. */
    say: (text: string): void => void context.stderr.write(ended(clean(text))),
    /** Text as it may be shown, for those that draw themselves: prompts, a line that moves. */
    clean,
  };
}
