import type { Edited, JsonObject } from "./json.ts";
export const setTable = (text: string, _p: readonly string[], _v: JsonObject): Edited => ({
  ok: true,
  text,
  changed: false,
});
export const removeTable = (text: string, _p: readonly string[]): Edited => ({ ok: true, text, changed: false });
