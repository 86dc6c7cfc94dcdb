import { Writable } from "node:stream";
import type { Context } from "../context.ts";
import { Cancelled } from "../errors.ts";
import { openPromptInput, type Reads } from "./prompt-input.ts";

export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

/** The questions that a command can ask. Every one of them throws Cancelled on Ctrl-C, Ctrl-D and a closed input. */
export interface Ask {
  secret(question: { message: string; validate: (value: string) => string | undefined }): Promise<string>;
  text(question: {
    message: string;
    initial?: string;
    placeholder?: string;
    validate: (value: string) => string | undefined;
  }): Promise<string>;
  confirm(question: { message: string; initial: boolean }): Promise<boolean>;
  select<T extends string>(question: { message: string; choices: readonly Choice<T>[]; initial?: T }): Promise<T>;
  several<T extends string>(question: {
    message: string;
    choices: readonly Choice<T>[];
    initial: readonly T[];
  }): Promise<readonly T[]>;
}

/** After a pasted secret its tail may still arrive: this long nothing that comes is shown or taken. */
const DRAIN_MS = 150;

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
const COLOURS = /\u001b\[[0-9;]*m/g;

/** clack colours whatever NO_COLOR says when it draws on a stream of ours: take the colours out, leave the cursor's. */
function promptOutput(context: Context): Writable {
  const { stderr } = context;
  const output: Writable & { columns?: number; rows?: number; isTTY?: boolean } = new Writable({
    decodeStrings: false,
    write(chunk: string | Buffer, _encoding, done) {
      const text = typeof chunk === "string" ? chunk : chunk.toString("utf8");
      stderr.write(context.color ? text : text.replace(COLOURS, ""));
      done();
    },
  });
  output.isTTY = true;
  output.columns = stderr.columns ?? 80;
  output.rows = (stderr as { rows?: number }).rows ?? 24;
  return output;
}

/** Questions on a terminal, drawn by clack (loaded when first asked). `pastedBreak` stands for a line break inside a paste. */
export async function createAsk(context: Context, pastedBreak: string): Promise<Ask> {
  const clack = await import("@clack/prompts");

  async function run<T>(
    reads: Reads,
    drainMs: number,
    prompt: (io: {
      input: import("node:stream").Readable;
      output: Writable;
      signal: AbortSignal;
    }) => Promise<T | symbol>,
  ): Promise<T> {
    if (context.signal.aborted) throw new Cancelled();
    const input = openPromptInput(context.stdin, reads, pastedBreak);
    try {
      const answer = await prompt({ input: input.stream, output: promptOutput(context), signal: context.signal });
      if (clack.isCancel(answer)) throw new Cancelled();
      return answer as T;
    } finally {
      await input.close(context.signal.aborted ? 0 : drainMs);
    }
  }

  const plain = <T extends string>(choices: readonly Choice<T>[]): { value: string; label: string; hint?: string }[] =>
    choices.map(({ value, label, hint }) => ({ value, label, ...(hint === undefined ? {} : { hint }) }));

  return {
    secret: ({ message, validate }) =>
      run<string>("text", DRAIN_MS, (io) =>
        clack.password({ ...io, message, clearOnError: true, validate: (value) => validate(value ?? "") }),
      ),
    text: ({ message, initial, placeholder, validate }) =>
      run<string>("text", 0, (io) =>
        clack.text({
          ...io,
          message,
          ...(initial === undefined ? {} : { initialValue: initial }),
          ...(placeholder === undefined ? {} : { placeholder }),
          validate: (value) => validate(value ?? ""),
        }),
      ),
    confirm: ({ message, initial }) =>
      run<boolean>("keys", 0, (io) => clack.confirm({ ...io, message, initialValue: initial })),
    select: async <T extends string>({
      message,
      choices,
      initial,
    }: {
      message: string;
      choices: readonly Choice<T>[];
      initial?: T;
    }): Promise<T> =>
      (await run<string>("keys", 0, (io) =>
        clack.select({
          ...io,
          message,
          options: plain(choices),
          ...(initial === undefined ? {} : { initialValue: initial as string }),
        }),
      )) as T,
    several: async <T extends string>({
      message,
      choices,
      initial,
    }: {
      message: string;
      choices: readonly Choice<T>[];
      initial: readonly T[];
    }): Promise<readonly T[]> =>
      (await run<string[]>("keys", 0, (io) =>
        clack.multiselect({ ...io, message, options: plain(choices), initialValues: [...initial], required: true }),
      )) as T[],
  };
}
