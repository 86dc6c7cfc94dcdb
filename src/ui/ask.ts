import { type Readable, Writable } from "node:stream";
import type { Context } from "../context.ts";
import { Cancelled } from "../errors.ts";
import { createOutput } from "./output.ts";
import { openPromptInput, type Reads } from "./prompt-input.ts";

export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

interface TextQuestion {
  readonly message: string;
  /** Why a value is not taken; undefined when it is. */
  readonly validate: (value: string) => string | undefined;
  readonly initial?: string;
  readonly placeholder?: string;
}

interface ChoiceQuestion<T> {
  readonly message: string;
  readonly choices: readonly Choice<T>[];
}

/** The questions that a command can ask. Every one of them throws Cancelled on Ctrl-C, Ctrl-D and a closed input. */
export interface Ask {
  secret(question: TextQuestion): Promise<string>;
  text(question: TextQuestion): Promise<string>;
  confirm(question: { readonly message: string; readonly initial: boolean }): Promise<boolean>;
  select<T extends string>(question: ChoiceQuestion<T>): Promise<T>;
  several<T extends string>(question: ChoiceQuestion<T> & { readonly initial: readonly T[] }): Promise<readonly T[]>;
}

/** After a pasted secret its tail may still arrive: this long nothing that comes is shown or taken. */
const DRAIN_MS = 150;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
const COLOURS = /\u001b\[[0-9;]*m/g;

/** clack colours whatever NO_COLOR says when it draws on a stream of ours: take the colours out, leave the cursor's. */
function promptOutput({ stderr, color }: Context): Writable {
  const output = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const text = String(chunk);
      stderr.write(color ? text : text.replace(COLOURS, ""));
      done();
    },
  });
  const { columns = 80, rows = 24 } = stderr as { columns?: number; rows?: number };
  return Object.assign(output, { isTTY: true, columns, rows });
}

/** What clack reads from, draws on, and is cancelled by. */
interface Io {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal: AbortSignal;
}

/** Questions on a terminal, drawn by clack (loaded when first asked). `pastedBreak` stands for a line break inside a paste. */
export async function createAsk(context: Context, pastedBreak: string): Promise<Ask> {
  const clack = await import("@clack/prompts");
  const { signal } = context;
  const { clean } = createOutput(context);

  async function run<T>(reads: Reads, drainMs: number, prompt: (io: Io) => Promise<unknown>): Promise<T> {
    if (signal.aborted) throw new Cancelled();
    const input = openPromptInput(context.stdin, reads, pastedBreak);
    try {
      const answer = await prompt({ input: input.stream, output: promptOutput(context), signal });
      if (clack.isCancel(answer)) throw new Cancelled();
      return answer as T;
    } finally {
      await input.close(signal.aborted ? 0 : drainMs);
    }
  }

  const optionsOf = (choices: readonly Choice<string>[]): { value: string; label: string; hint?: string }[] =>
    choices.map(({ value, label, hint }) => ({
      value,
      label: clean(label),
      ...(hint === undefined ? {} : { hint: clean(hint) }),
    }));
  const textOf = ({ message, validate }: TextQuestion) => ({
    message: clean(message),
    validate: (value: string | undefined) => validate(value ?? ""),
  });

  return {
    secret: (question) =>
      run("text", DRAIN_MS, (io) => clack.password({ ...io, ...textOf(question), clearOnError: true })),
    text: (question) => {
      const { initial = "", placeholder = "" } = question;
      return run("text", 0, (io) => clack.text({ ...io, ...textOf(question), initialValue: initial, placeholder }));
    },
    confirm: ({ message, initial }) =>
      run("keys", 0, (io) => clack.confirm({ ...io, message: clean(message), initialValue: initial })),
    select: ({ message, choices }) =>
      run("keys", 0, (io) => clack.select({ ...io, message: clean(message), options: optionsOf(choices) })),
    several: ({ message, choices, initial }) =>
      run("keys", 0, (io) =>
        clack.multiselect<string>({
          ...io,
          message: clean(message),
          options: optionsOf(choices),
          initialValues: [...initial],
          required: true,
        }),
      ),
  };
}
