import type { Edited } from "../../src/core/formats/json.ts";

/** The text of an edit that was not refused. */
export function textOf(edited: Edited): string {
  if (!edited.ok) throw new Error(`refused at ${edited.refused.offset}: ${edited.refused.reason}`);
  return edited.text;
}
