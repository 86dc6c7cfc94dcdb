import { fieldRule } from "../check/field-rule.ts";
import { SHAPES } from "../check/shapes.ts";

export const headersShape = fieldRule({
  id: "headers-shape",
  summary: 'Claude Code skips a server whose "headers" are no object',
  fields: { headers: SHAPES.headers },
});
