import { fieldRule } from "../check/field-rule.ts";
import { SHAPES } from "../check/shapes.ts";

export const oauthShape = fieldRule({
  id: "oauth-shape",
  summary: 'Claude Code skips a server whose "oauth" does not have the right shape',
  fields: { oauth: SHAPES.oauth },
});
