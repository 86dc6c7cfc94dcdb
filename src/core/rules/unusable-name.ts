import { entriesOf } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { keySpan } from "../formats/nodes.ts";

/** The file's loader takes any name; `claude mcp add` and `add-json` take only these, and `claude mcp get -x` takes it for an option. */
const USABLE = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/;

export const unusableName: Rule = {
  id: "unusable-name",
  severity: "warning",
  summary: "A name that Claude Code's own commands refuse",
  check: (subject) =>
    entriesOf(subject)
      .filter(({ name }) => !USABLE.test(name) && name !== "__proto__")
      .map(({ document, name, entry }) =>
        finding(subject, "unusable-name", document, keySpan(document, entry), { name }),
      ),
  message: ({ name }) =>
    `Claude Code's commands refuse the name "${name}"; allowed: letters, digits, "_" and "-", not "-" first`,
};
