/** Comments and trailing commas of a text that has a tree: where they are, and the edits that take them out. */
import { createScanner } from "jsonc-parser";
import type { Node } from "../formats/json.ts";
import type { Span, TextEdit } from "./model.ts";

/** jsonc-parser's numbers of the tokens (3.3.1): its declarations are ambient const enums, which we cannot import. */
const LINE_COMMENT = 12;
const BLOCK_COMMENT = 13;
const END = 17;

/** The comments of a text, in their order. */
export function commentsOf(text: string): readonly Span[] {
  const scanner = createScanner(text, false);
  if (text.startsWith("\uFEFF")) scanner.setPosition(1);
  const found: Span[] = [];
  for (let token: number = scanner.scan(); token !== END; token = scanner.scan()) {
    if (token !== LINE_COMMENT && token !== BLOCK_COMMENT) continue;
    found.push({ offset: scanner.getTokenOffset(), length: scanner.getTokenLength() });
  }
  return found;
}

/** Takes a comment out: with its lines where it has them to itself, else with the blanks before it when nothing follows. */
export function withoutComment(text: string, { offset, length }: Span): TextEdit {
  const isBlank = (at: number): boolean => text[at] === " " || text[at] === "\t";
  let [start, end] = [offset, offset + length];
  while (isBlank(start - 1)) start -= 1;
  while (isBlank(end)) end += 1;
  const isLast = /^[\r\n]?$/.test(text.slice(end, end + 1));
  if (!isLast) return { offset, length, text: "" };
  if (!/^[\r\n\uFEFF]?$/.test(text.slice(Math.max(0, start - 1), start)))
    return { offset: start, length: offset + length - start, text: "" };
  if (text.startsWith("\r\n", end)) end += 1;
  return { offset: start, length: Math.min(end + 1, text.length) - start, text: "" };
}

/** Offsets of the commas before a closing brace or bracket. */
export function trailingCommasOf(tree: Node): readonly number[] {
  const found: number[] = [];
  const walk = (node: Node): void => {
    if (node.kind === "scalar") return;
    for (const { value } of node.entries) walk(value);
    const comma = node.entries.at(-1)?.comma;
    if (comma !== undefined) found.push(comma);
  };
  walk(tree);
  return found;
}
