import { fieldRule } from "../check/field-rule.ts";
import { SHAPES } from "../check/shapes.ts";

export const timeoutValue = fieldRule({
  id: "timeout-value",
  summary: 'Claude Code skips a server whose "timeout" is no whole number above 0',
  fields: { timeout: SHAPES.timeout },
});
