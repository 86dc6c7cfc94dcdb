import { fieldRule } from "../check/field-rule.ts";
import { SHAPES } from "../check/shapes.ts";

export const headersHelperValue = fieldRule({
  id: "headers-helper-value",
  summary: 'Claude Code skips a server whose "headersHelper" is no string',
  fields: { headersHelper: SHAPES.headersHelper },
});
