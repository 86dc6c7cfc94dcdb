import { PassThrough } from "node:stream";
import type { Input } from "../context.ts";

/** What a prompt reads: free text, or keys that select. */
export type Reads = "text" | "keys";

const CTRL_C = "\u0003";

/** Everything except letters: spaces, control characters, and terminal keys; on a slow line, only the end of a key may arrive. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the keys of a terminal
const NO_LETTERS = /\u001b?\[[\d;]*[A-Za-z~]?|\u001bO[A-Za-z]?|[\s\p{Cc}]/gu;

/**
 * Makes what a person types or pastes safe for one prompt:
 * - a line break inside a paste is not Enter (the rest would answer the next question, visibly);
 * - a pasted word is not a series of key strokes in a selection;
 * - Ctrl-D is Ctrl-C (readline closes on it and the prompt would never settle);
 * - Ctrl-Z is nothing (readline stops the process, and does not read on afterwards).
 */
export function guardInput(chunk: string, reads: Reads, pastedBreak: string, isPaste = false): string {
  // a paste presses no key
  if (isPaste && reads === "text")
    return chunk
      .trimEnd()
      .replace(/[\r\n]+/g, pastedBreak)
      .replace(/\p{Cc}/gu, " ");
  const text = chunk.replaceAll("\u0004", CTRL_C).replaceAll("\u001a", "");
  if (reads === "keys") return text.includes(CTRL_C) || text.replace(NO_LETTERS, "").length <= 1 ? text : "";
  const body = text.replace(/[\r\n]+$/, "");
  return body.replace(/[\r\n]+/g, pastedBreak) + (body === text ? "" : "\r");
}

/** What a terminal puts around a paste, if it is asked to. */
const [PASTE_START, PASTE_END] = ["\u001b[200~", "\u001b[201~"];
export const [MARK_PASTES, MARK_NO_PASTES] = ["\u001b[?2004h", "\u001b[?2004l"];

/** Gives each chunk to `pass`, a marked paste as one, however many chunks it came in. */
function pastes(pass: (text: string, isPaste: boolean) => void) {
  let held: string | undefined;
  return (chunk: string): void => {
    // Ctrl-C, though the end of the paste never came
    const isHeld = held !== undefined && chunk !== CTRL_C;
    const text = isHeld ? held + chunk : chunk;
    held = undefined;
    const start = isHeld ? 0 : text.indexOf(PASTE_START);
    if (start < 0) {
      pass(text, false);
      return;
    }
    const body = isHeld ? text : text.slice(start + PASTE_START.length);
    if (start > 0) pass(text.slice(0, start), false);
    const end = body.indexOf(PASTE_END);
    if (end < 0) held = body;
    else {
      pass(body.slice(0, end), true);
      if (body.length > end + PASTE_END.length) pass(body.slice(end + PASTE_END.length), false);
    }
  };
}

/** A stream for one prompt with the real input, filtered by `guardInput`. A closed input ends the prompt like Ctrl-C. */
export function openPromptInput(input: Input, reads: Reads, pastedBreak: string) {
  const setRawMode = (raw: boolean): unknown => input.setRawMode?.(raw);
  const stream = Object.assign(new PassThrough(), { isTTY: true, setRawMode });
  let isOpen = true;
  const onData = pastes((chunk, isPaste) => {
    const text = guardInput(chunk, reads, pastedBreak, isPaste);
    if (isOpen && text !== "") stream.write(text);
  });
  const onEnd = (): void => void (isOpen && stream.write(CTRL_C));
  const ends = ["end", "close", "error"] as const;
  input.setEncoding("utf8").on("data", onData);
  // not once: a terminal that is gone emits an error again when it is reset
  for (const name of ends) input.on(name, onEnd);
  input.resume();
  if (input.readableEnded || input.destroyed) queueMicrotask(onEnd);
  return {
    stream,
    /** Stops reading. Discards input of the next `drainMs` milliseconds: the end of a paste. */
    close: async (drainMs: number): Promise<void> => {
      isOpen = false;
      if (drainMs > 0) {
        setRawMode(true);
        await new Promise((resolve) => setTimeout(resolve, drainMs));
        setRawMode(false);
      }
      input.off("data", onData);
      for (const name of ends) input.off(name, onEnd);
      input.pause();
      stream.destroy();
    },
  };
}
