/** The servers that a settings file of Claude Code switches off. */
import type { Entry } from "../formats/json.ts";
import type { Document } from "./model.ts";
import { member, textOf } from "./servers.ts";

/** The items of `disabledMcpjsonServers` that name one of these. It wins over `enabledMcpjsonServers` (Claude Code 2.1.330). */
export function disabledIn(
  document: Document,
  names: ReadonlySet<string>,
): readonly { readonly name: string; readonly entry: Entry }[] {
  const list = member(document.tree, "disabledMcpjsonServers")?.value;
  if (list?.kind !== "array") return [];
  return list.entries.flatMap((entry) => {
    const name = textOf(entry.value);
    return name !== undefined && names.has(name) ? [{ name, entry }] : [];
  });
}
