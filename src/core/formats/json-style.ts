import type { Container, Json, Node } from "./json.ts";
import { isArray } from "./json.ts";

/** How a file is written: what we insert follows it. */
export interface Style {
  readonly eol: string;
  /** One step of indentation. */
  readonly unit: string;
  /** Between key and value: `: ` or `:`. */
  readonly colon: string;
  /** Between two entries on one line: `, ` or `,`. */
  readonly comma: string;
  /** Inside the braces of a one-line object, and the brackets of a one-line array. */
  readonly gap: { readonly object: string; readonly array: string };
  /** The document is one line, so that what is inserted has no line breaks either. An empty document is not. */
  readonly oneLine: boolean;
}

/** How an entry is placed: on lines of its own with this indentation, or on the line that is there. */
export type Layout = { readonly mode: "lines"; readonly indent: string } | { readonly mode: "inline" };

/** What is written when there is no document yet. */
export const NEW_STYLE: Style = {
  eol: "\n",
  unit: "  ",
  colon: ": ",
  comma: ", ",
  gap: { object: "", array: "" },
  oneLine: false,
};

/** Reads the style off a document: the first example of each habit counts. */
export function detectStyle(text: string, root: Node): Style {
  const containers = containersOf(root);
  const oneLine = root.kind !== "scalar" && root.entries.length > 0 && !hasBreak(text.slice(root.start, root.end));
  const member = containers.find((each) => each.kind === "object" && each.entries.length > 0)?.entries[0];
  const colon = member === undefined || isSpace(text[member.colon + 1]) ? ": " : ":";
  return {
    eol: /\r\n|\n|\r/.exec(text)?.[0] ?? "\n",
    unit: detectUnit(text, containers) ?? "  ",
    colon,
    comma: detectComma(text, containers) ?? (colon === ": " ? ", " : ","),
    gap: { object: detectGap(text, containers, "object"), array: detectGap(text, containers, "array") },
    oneLine,
  };
}

/** Blanks at the start of the line that holds the offset. */
export function lineIndent(text: string, offset: number): string {
  let start = offset;
  while (start > 0 && !isBreak(text[start - 1])) start -= 1;
  if (text[start] === "\uFEFF") start += 1;
  return blanksAt(text, start);
}

/** Indentation for a new entry of a container: that of the first entry with a line of its own, or one step in. */
export function entryIndent(text: string, container: Container, style: Style): string {
  return ownIndent(text, container) ?? lineIndent(text, container.start) + style.unit;
}

/** A value as text. With `lines`, `indent` is that of the line the value starts on. */
export function formatJson(value: Json, layout: Layout, style: Style): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const array = isArray(value);
  const inner: Layout = layout.mode === "lines" ? { mode: "lines", indent: layout.indent + style.unit } : layout;
  const parts = array
    ? value.map((item) => formatJson(item, inner, style))
    : Object.entries(value).map(([key, item]) => formatMember(key, formatJson(item, inner, style), style));
  return wrap(array ? "array" : "object", parts, layout, style);
}

/** `"key": value` */
export function formatMember(key: string, value: string, style: Style): string {
  return JSON.stringify(key) + style.colon + value;
}

/** Puts entries, already formatted one step in, between their braces or brackets. `tail` goes before the closing one. */
export function wrap(
  kind: "object" | "array",
  parts: readonly string[],
  layout: Layout,
  style: Style,
  tail = "",
): string {
  const [open, close] = kind === "object" ? ["{", "}"] : ["[", "]"];
  if (parts.length === 0) return open + close;
  if (layout.mode === "inline") {
    const gap = style.gap[kind];
    return open + gap + parts.join(style.comma) + gap + tail + close;
  }
  const { eol, unit } = style;
  const inner = eol + layout.indent + unit;
  return open + inner + parts.join(`,${inner}`) + tail + eol + layout.indent + close;
}

export function isBreak(unit: string | undefined): boolean {
  return unit === "\n" || unit === "\r";
}

export function isBlank(unit: string | undefined): boolean {
  return unit === " " || unit === "\t";
}

function isSpace(unit: string | undefined): boolean {
  return isBlank(unit) || isBreak(unit);
}

export function hasBreak(text: string): boolean {
  return text.includes("\n") || text.includes("\r");
}

/** The spaces and tabs from an offset on. */
export function blanksAt(text: string, offset: number): string {
  let end = offset;
  while (isBlank(text[end])) end += 1;
  return text.slice(offset, end);
}

function containersOf(node: Node): Container[] {
  if (node.kind === "scalar") return [];
  return [node, ...node.entries.flatMap((entry) => containersOf(entry.value))];
}

/** Indentation of the first entry before which its line holds only blanks. */
function ownIndent(text: string, container: Container): string | undefined {
  for (const { start } of container.entries) {
    // only over the blanks before it: in a file of one line, going back to its start would be quadratic
    let before = start;
    while (isBlank(text[before - 1])) before -= 1;
    if (before > container.start && isBreak(text[before - 1])) return text.slice(before, start);
  }
  return undefined;
}

function detectUnit(text: string, containers: readonly Container[]): string | undefined {
  for (const container of containers) {
    const inner = ownIndent(text, container);
    if (inner === undefined) continue;
    const outer = lineIndent(text, container.start);
    if (inner.startsWith(outer) && inner.length > outer.length) return inner.slice(outer.length);
  }
  return undefined;
}

function detectComma(text: string, containers: readonly Container[]): string | undefined {
  for (const { entries } of containers) {
    for (const [index, { comma }] of entries.entries()) {
      const next = entries[index + 1];
      if (comma === undefined || next === undefined || hasBreak(text.slice(comma, next.start))) continue;
      return isBlank(text[comma + 1]) ? ", " : ",";
    }
  }
  return undefined;
}

function detectGap(text: string, containers: readonly Container[], kind: "object" | "array"): string {
  for (const container of containers) {
    const first = container.entries[0];
    if (container.kind !== kind || first === undefined || hasBreak(text.slice(container.start, first.start))) continue;
    return isBlank(text[container.start + 1]) ? " " : "";
  }
  return "";
}
