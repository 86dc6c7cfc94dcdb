import { fieldRule } from "../check/field-rule.ts";
import { SHAPES } from "../check/shapes.ts";

export const envShape = fieldRule({
  id: "env-shape",
  summary: 'Claude Code skips a program whose "env" is no object of strings',
  fields: { env: SHAPES.env },
});
