import type { Context } from "../context.ts";
import { mask, maskedJson, printableLines } from "../core/secrets.ts";

/** The signs of ours and of clack, and what takes the place of each in a locale without them. */
const [SIGNS, ASCII] = ["•·–“”✔✖▲◇│┌└─◆■●○◻◼▪↑↓█", `*--""+x!-|++-*x> -x*^v_`];
export const inAscii = (text: string): string =>
  text.replaceAll("…", "...").replace(/[^\0-\x7f]/gu, (sign) => ASCII[SIGNS.indexOf(sign)] ?? sign);

/** The only output of the program: secrets are masked, and of the control characters only line breaks and our own colours pass. */
export function createOutput(context: Pick<Context, "print" | "stderr" | "secrets" | "unicode">) {
  // stripped first: an invisible character inside a secret would prevent the masking
  const masked = (text: string): string => mask(printableLines(text, { colors: true }), context.secrets);
  const clean = (text: string): string => (context.unicode ? masked(text) : inAscii(masked(text)));
  const ended = (text: string): string => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
  return {
    result: (text: string) => context.print(ended(clean(text))),
    /** A result for a program, on stdout. */
    json: (document: unknown) => context.print(`${maskedJson(document, context.secrets)}\n`),
    /** Workflow commands of GitHub Actions (`::error …`), on stdout. All other methods break up a line that looks like one. */
    commands: (text: string) => context.print(ended(mask(text, context.secrets))),
    say: (text: string): void => void context.stderr.write(ended(clean(text))),
    /** Text as it may be shown, for code that draws by itself: prompts, a spinner. */
    clean,
  };
}
