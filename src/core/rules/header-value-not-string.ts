import { fieldRule } from "../check/field-rule.ts";
import { SHAPES } from "../check/shapes.ts";

/** The fix quotes whole numbers, digit by digit as they stand: an ID may be longer than a number can hold. */
export const headerValueNotString = fieldRule({
  id: "header-value-not-string",
  summary: "Claude Code skips a server with a header that is no string",
  fields: { headers: SHAPES.headerValues },
  fix: (document, { node }) => {
    const text = document.text.slice(node.start, node.end);
    // two quotes, and never the number, which may be a secret
    const quote = { length: 0, text: '"' };
    if (!/^\d+$/.test(text)) return undefined;
    return [
      { offset: node.start, ...quote },
      { offset: node.end, ...quote },
    ];
  },
});
