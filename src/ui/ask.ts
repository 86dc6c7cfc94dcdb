/** The questions: drawn by clack, or line by line. */
import { type Readable, Writable } from "node:stream";
import type { Context } from "../context.ts";
import { Cancelled } from "../errors.ts";
import { createOutput, inAscii } from "./output.ts";
import { MARK_NO_PASTES, MARK_PASTES, openPromptInput, type Reads } from "./prompt-input.ts";
import { columnsOf, wrap } from "./wrap.ts";

export type Ask = Awaited<ReturnType<typeof drawnAsk>>;

export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

interface TextQuestion {
  readonly message: string;
  /** Why a value is not accepted; undefined if it is. */
  readonly validate: (value: string) => string | undefined;
  readonly placeholder?: string;
}

type ChoiceQuestion<T> = { readonly message: string; readonly choices: readonly Choice<T>[] };
type OneOf<T> = ChoiceQuestion<T> & { readonly initial?: NoInfer<T> };
type SomeOf<T> = ChoiceQuestion<T> & { readonly initial: readonly T[] };

/** Questions on a terminal. Each throws Cancelled on Ctrl-C, Ctrl-D and a closed input. */
export const createAsk = async (context: Context, pastedBreak: string): Promise<Ask> =>
  context.plain ? createPlainAsk(context, pastedBreak) : await drawnAsk(context, pastedBreak);

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

/** Questions line by line, for a screen reader and for terminals that cannot move a cursor. */
function createPlainAsk(context: Context, pastedBreak: string) {
  const { say } = createOutput(context);

  /** Asks until the answer is one. */
  async function until<T>(words: string, read: (answer: string) => T | undefined, isSecret = false): Promise<T> {
    for (;;) {
      // before the question, or the beginning of a fast paste would be shown
      if (isSecret) context.stdin.setRawMode?.(true);
      const lines = words.split("\n").flatMap((part) => wrap(part, columnsOf(context.stderr) - 1));
      say(lines.join("\n"));
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
        if (problem !== undefined) say(wrap(problem, columnsOf(context.stderr) - 1).join("\n"));
        return problem === undefined ? answer : undefined;
      },
      isSecret,
    );
  };
  function pick<T>({ message, choices, initial }: SomeOf<T>, most: number): Promise<readonly T[]> {
    const rows = choices.map(({ label, hint }, index) => `  ${index + 1}. ${label}${hint ? ` (${hint})` : ""}`);
    const usual = choices.flatMap(({ value }, index) => (initial.includes(value) ? [index + 1] : [])).join(" ");
    const [ask, between] = most === 1 ? ["Type a number", ""] : ["Type numbers", " with spaces between them"];
    return until([message, ...rows, `${ask}${between}; Enter for ${usual}:`].join("\n"), (answer) => {
      const words = (answer === "" ? usual : answer).split(/[\s,]+/);
      const picked = words.map((word) => choices[Number(word) - 1]).filter((each) => each !== undefined);
      if (picked.length === words.length && picked.length <= most) return picked.map(({ value }) => value);
      say(`${ask} from 1 to ${choices.length}.`);
      return undefined;
    });
  }

  return {
    secret: (question: TextQuestion) => textOf(question, true),
    text: (question: TextQuestion) => textOf(question, false),
    confirm: ({ message, initial }: { readonly message: string; readonly initial: boolean }) =>
      until(`${message} Type yes or no; Enter for ${initial ? "yes" : "no"}:`, (answer) =>
        answer === "" ? initial : ({ y: true, n: false } as Record<string, boolean>)[answer.slice(0, 1).toLowerCase()],
      ),
    select: async <T extends string>(question: OneOf<T>): Promise<T> => {
      const first = question.initial ?? question.choices[0]?.value;
      const [picked] = await pick({ ...question, initial: first === undefined ? [] : [first] }, 1);
      if (picked === undefined) throw new Cancelled();
      return picked;
    },
    several: <T extends string>(question: SomeOf<T>) => pick(question, question.choices.length),
  };
}

/** The end of a pasted secret may arrive late: for this long, input is not shown and is discarded. */
const DRAIN_MS = 150;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
const COLOURS = /\u001b\[[0-9;]*m/g;

/** On a stream of ours, clack ignores NO_COLOR: remove the colours, keep the cursor sequences. It also draws where the locale has no signs. */
function promptOutput({ stderr, color, unicode }: Context) {
  const output = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const text = color ? String(chunk) : String(chunk).replace(COLOURS, "");
      stderr.write(unicode ? text : inAscii(text));
      done();
    },
  });
  // a terminal that does not know its size says 0
  const { columns, rows } = stderr as { columns?: number; rows?: number };
  return Object.assign(output, { isTTY: true, columns: columns || 80, rows: rows || 24 });
}

/** Drawn by clack. */
async function drawnAsk(context: Context, pastedBreak: string) {
  // only what is named here is bundled
  const { confirm, isCancel, multiselect, password, select, text } = await import("@clack/prompts");
  const { signal } = context;
  const { clean } = createOutput(context);

  async function run<T>(
    reads: Reads,
    prompt: (io: { input: Readable; output: Writable; signal: AbortSignal }) => Promise<unknown>,
    drainMs = 0,
  ): Promise<T> {
    if (signal.aborted) throw new Cancelled();
    const input = openPromptInput(context.stdin, reads, pastedBreak);
    if (reads === "text") context.stderr.write(MARK_PASTES);
    try {
      // a prompt does not take its listener away: one signal for each
      const own = AbortSignal.any([signal]);
      const answer = await prompt({ input: input.stream, output: promptOutput(context), signal: own });
      if (isCancel(answer)) throw new Cancelled();
      return answer as T;
    } finally {
      if (reads === "text") context.stderr.write(MARK_NO_PASTES);
      await input.close(signal.aborted ? 0 : drainMs);
    }
  }
  const choicesOf = ({ message, choices }: ChoiceQuestion<string>) => ({
    message: clean(message),
    options: choices.map((choice) => ({ ...choice, label: clean(choice.label), hint: clean(choice.hint ?? "") })),
  });
  const textOf = ({ message, validate, placeholder = "" }: TextQuestion) => ({
    message: clean(message),
    validate: (value = "") => validate(value),
    placeholder: clean(placeholder),
  });

  // clack 1.9 breaks a long mask without its bar. It gives the mask to replaceAll, which takes a function, too
  const most = promptOutput(context).columns - 4;
  const mask = ((_: string, at: number) => (at < most ? "▪" : "")) as unknown as string;

  return {
    secret: (question: TextQuestion) =>
      run<string>("text", (io) => password({ ...io, ...textOf(question), mask, clearOnError: true }), DRAIN_MS),
    text: (question: TextQuestion) => run<string>("text", (io) => text({ ...io, ...textOf(question) })),
    confirm: ({ message, initial }: { readonly message: string; readonly initial: boolean }) =>
      run<boolean>("keys", (io) => confirm({ ...io, message: clean(message), initialValue: initial })),
    select: <T extends string>(question: OneOf<T>) =>
      run<T>("keys", (io) => select({ ...io, ...choicesOf(question), initialValue: question.initial })),
    several: <T extends string>(question: SomeOf<T>) => {
      // only a colour shows where one is in the drawn list
      if (!context.color) return createPlainAsk(context, pastedBreak).several(question);
      const initialValues = [...question.initial];
      return run<readonly T[]>("keys", (io) =>
        multiselect({ ...io, ...choicesOf(question), initialValues, required: true }),
      );
    },
  };
}
