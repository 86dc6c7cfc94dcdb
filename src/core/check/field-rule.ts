/** The rules about the shape of a field: they differ in the field, not in what they do. */

import { member, spanOf } from "../formats/nodes.ts";
import type { TextEdit } from "./edits.ts";
import { serverObjects } from "./loader.ts";
import type { Document, Rule } from "./model.ts";
import { FIELDS, type Misfit, type Shape } from "./shapes.ts";
import { finding } from "./show.ts";

interface FieldRule {
  readonly id: string;
  readonly summary: string;
  /** Key → the shape of its value. */
  readonly fields: Readonly<Record<string, Shape>>;
  readonly fix?: (document: Document, misfit: Misfit) => readonly TextEdit[] | undefined;
}

/** An error, since Claude Code skips the entry; a transport that does not read the field does not care. */
export function fieldRule({ id, summary, fields, fix }: FieldRule): Rule {
  return {
    id,
    severity: "error",
    summary,
    check: (subject) => {
      const shapes = Object.entries(fields);
      return serverObjects(subject).flatMap(({ document, name, node, transport }) =>
        shapes.flatMap(([key, shape]) => {
          const value = member(node, key)?.value;
          if (value === undefined || transport === undefined || !FIELDS[transport].includes(key)) return [];
          return shape(value).map((misfit) => {
            const args = { name, key: key + misfit.at, got: misfit.got, allowed: misfit.allowed };
            return finding(subject, id, document, spanOf(misfit.node), args, fix?.(document, misfit));
          });
        }),
      );
    },
    message: ({ name, key, got, allowed }) =>
      `server "${name}": "${key}" is ${got}, so Claude Code skips the server; allowed: ${allowed}`,
  };
}
