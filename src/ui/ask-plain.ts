/** Questions line by line, for a screen reader and for terminals that cannot move a cursor. */
import type { Context } from "../context.ts";
import { Cancelled } from "../errors.ts";
import { createOutput } from "./output.ts";
import { openPromptInput } from "./prompt-input.ts";
import { columnsOf, wrap } from "./wrap.ts";

export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

export interface TextQuestion {
  readonly message: string;
  /** Why a value is not accepted; undefined if it is. */
  readonly validate: (value: string) => string | undefined;
  readonly placeholder?: string;
}

export type ChoiceQuestion<T> = { readonly message: string; readonly choices: readonly Choice<T>[] };

/** The next line of a paste comes within this time. */
const PASTE_MS = 60;

/** What is typed up to Enter. A terminal in raw mode shows nothing. */
async function readLine({ stdin, signal }: Context, pastedBreak: string, isSecret: boolean): Promise<string> {
  if (signal.aborted) throw new Cancelled();
  const input = openPromptInput(stdin, "text", pastedBreak);
  let text = "";
  try {
    await new Promise<void>((resolve, reject) => {
      const cancel = () => reject(new Cancelled());
      let timer: NodeJS.Timeout | undefined;
      signal.addEventListener("abort", cancel, { once: true });
      input.stream.on("data", (chunk: Buffer) => {
        clearTimeout(timer);
        for (const char of chunk.toString("utf8")) {
          if (char === "\u0003") cancel();
          else if (char === "\u007f" || char === "\b") text = text.slice(0, -1);
          else text += char;
        }
        if (text.endsWith("\r")) timer = setTimeout(resolve, PASTE_MS);
      });
    });
    return text.trim().replace(/\r/g, pastedBreak);
  } finally {
    if (isSecret) stdin.setRawMode?.(false);
    await input.close(0);
  }
}

export function createPlainAsk(context: Context, pastedBreak: string) {
  const { say } = createOutput(context);

  /** Asks until the answer is one. */
  async function until<T>(words: string, read: (answer: string) => T | undefined, isSecret = false): Promise<T> {
    for (;;) {
      // before the question, or the beginning of a fast paste would be shown
      if (isSecret) context.stdin.setRawMode?.(true);
      say(
        words
          .split("\n")
          .flatMap((part) => wrap(part, columnsOf(context.stderr) - 1))
          .join("\n"),
      );
      const found = read(await readLine(context, pastedBreak, isSecret));
      if (found !== undefined) return found;
    }
  }
  const textOf = (question: TextQuestion, isSecret: boolean): Promise<string> => {
    const { message, placeholder = "", validate } = question;
    const more = isSecret ? ". What you type is not shown" : placeholder && ` (${placeholder})`;
    return until(
      `${message}${more}:`,
      (answer) => {
        const problem = validate(answer);
        if (problem !== undefined) say(problem);
        return problem === undefined ? answer : undefined;
      },
      isSecret,
    );
  };
  function pick<T>(
    { message, choices }: ChoiceQuestion<T>,
    initial: readonly T[],
    most: number,
  ): Promise<readonly T[]> {
    const rows = choices.map(({ label, hint }, index) => `  ${index + 1}. ${label}${hint ? ` (${hint})` : ""}`);
    const usual = choices.flatMap(({ value }, index) => (initial.includes(value) ? [index + 1] : [])).join(" ");
    const ask = most === 1 ? "Type a number" : "Type numbers with spaces between them";
    return until([message, ...rows, `${ask}; Enter for ${usual}:`].join("\n"), (answer) => {
      const words = (answer === "" ? usual : answer).split(/[\s,]+/);
      const picked = words.map((word) => choices[Number(word) - 1]).filter((each) => each !== undefined);
      const isRight = picked.length === words.length && picked.length <= most;
      return isRight ? picked.map(({ value }) => value) : undefined;
    });
  }

  return {
    secret: (question: TextQuestion) => textOf(question, true),
    text: (question: TextQuestion) => textOf(question, false),
    confirm: ({ message, initial }: { readonly message: string; readonly initial: boolean }) =>
      until(`${message} Type yes or no; Enter for ${initial ? "yes" : "no"}:`, (answer) =>
        answer === "" ? initial : ({ y: true, n: false } as Record<string, boolean>)[answer.slice(0, 1).toLowerCase()],
      ),
    select: async <T extends string>(question: ChoiceQuestion<T> & { readonly initial?: NoInfer<T> }): Promise<T> => {
      const first = question.initial ?? question.choices[0]?.value;
      const [picked] = await pick(question, first === undefined ? [] : [first], 1);
      if (picked === undefined) throw new Cancelled();
      return picked;
    },
    several: <T extends string>(question: ChoiceQuestion<T> & { readonly initial: readonly T[] }) =>
      pick(question, question.initial, question.choices.length),
  };
}
