import { type Readable, Writable } from "node:stream";
import type { Context } from "../context.ts";
import { Cancelled } from "../errors.ts";
import { type Choice, type ChoiceQuestion, createPlainAsk, type TextQuestion } from "./ask-plain.ts";
import { createOutput, inAscii } from "./output.ts";
import { MARK_NO_PASTES, MARK_PASTES, openPromptInput, type Reads } from "./prompt-input.ts";

export type { Choice };
export type Ask = Awaited<ReturnType<typeof drawnAsk>>;

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

/** Questions on a terminal. Each throws Cancelled on Ctrl-C, Ctrl-D and a closed input. */
export const createAsk = async (context: Context, pastedBreak: string): Promise<Ask> =>
  context.plain ? createPlainAsk(context, pastedBreak) : await drawnAsk(context, pastedBreak);

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
    select: <T extends string>(question: ChoiceQuestion<T> & { readonly initial?: NoInfer<T> }) =>
      run<T>("keys", (io) => select({ ...io, ...choicesOf(question), initialValue: question.initial })),
    several: <T extends string>(question: ChoiceQuestion<T> & { readonly initial: readonly T[] }) =>
      // only a colour shows where one is in the drawn list
      context.color ? boxes(question) : createPlainAsk(context, pastedBreak).several(question),
  };

  function boxes<T extends string>(question: ChoiceQuestion<T> & { readonly initial: readonly T[] }) {
    return run<readonly T[]>("keys", (io) =>
      multiselect({ ...io, ...choicesOf(question), initialValues: [...question.initial], required: true }),
    );
  }
}
