import { fieldRule } from "../check/field-rule.ts";
import { SHAPES } from "../check/shapes.ts";

export const argsShape = fieldRule({
  id: "args-shape",
  summary: 'Claude Code skips a program whose "args" are no list of strings',
  fields: { args: SHAPES.args },
});
