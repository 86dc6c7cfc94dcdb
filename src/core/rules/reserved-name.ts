import { entriesOf } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { keySpan } from "../formats/nodes.ts";

/** As 2.1.330 has them; 2.1.197 knows the first three, to the letter. */
const RESERVED: readonly string[] = [
  "claude-in-chrome",
  "workspace",
  "computer-use",
  "Claude_in_Chrome",
  "Claude_Preview",
  "Claude_Browser",
];

/**
 * The part of `mcp__<name>__<tool>` up to the next `__`, with `_` for every other character, is what counts (measured:
 * "workspace", "workspace " and "workspace__x" are reserved, "workspace_x" is not). Case counts.
 */
function isReserved(name: string): boolean {
  if (name === "__proto__") return true;
  const [first = ""] = `${name.replace(/[^A-Za-z0-9_-]/g, "_")}__`.split("__");
  return RESERVED.includes(first);
}

export const reservedName: Rule = {
  id: "reserved-name",
  severity: "error",
  summary: "Claude Code does not load a server with a name of its own",
  check: (subject) =>
    entriesOf(subject)
      .filter(({ name }) => isReserved(name))
      .map(({ document, name, entry }) =>
        finding(subject, "reserved-name", document, keySpan(document, entry), { name }),
      ),
  message: ({ name }) =>
    `"${name}" is a name that Claude Code reserves, so the server is not loaded; allowed: another name`,
};
