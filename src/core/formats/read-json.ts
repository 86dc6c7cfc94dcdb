/** What a file that was read holds, as data. */
import { isObject } from "../clients/claude-code.ts";
import type { FileState } from "../plan/model.ts";
import { parseDotenv } from "./dotenv-read.ts";
import { type Json, parseDocument } from "./json-edit.ts";

/** The value of a JSON file; undefined when it is absent, blank or broken (what is broken is refused elsewhere). */
export function jsonOf(state: FileState | undefined, strict: boolean): Json | undefined {
  if (state?.kind !== "file" || state.text.trim() === "") return undefined;
  const parsed = parseDocument(state.text, { strict });
  return parsed.ok ? parsed.value : undefined;
}

/** The value under a row of keys; undefined when one of them is not there. */
export function property(value: Json | undefined, ...keys: readonly string[]): Json | undefined {
  return keys.reduce<Json | undefined>(
    (at, key) => (isObject(at) && Object.hasOwn(at, key) ? at[key] : undefined),
    value,
  );
}

/** The entries of an object whose values are strings. */
export function strings(value: Json | undefined): Readonly<Record<string, string>> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === "string"),
  );
}

/** The assignments of a dotenv file; none when it is absent. */
export function dotenvOf(state: FileState | undefined): ReadonlyMap<string, string> {
  return state?.kind === "file" ? parseDotenv(state.text) : new Map();
}
