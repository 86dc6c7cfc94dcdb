import { fieldRule } from "../check/field-rule.ts";
import { SHAPES } from "../check/shapes.ts";

export const toolOptions = fieldRule({
  id: "tool-options",
  summary: "Claude Code skips a server whose options about tools do not have the right shape",
  fields: { alwaysLoad: SHAPES.alwaysLoad, tools: SHAPES.tools, toolPermissions: SHAPES.toolPermissions },
});
