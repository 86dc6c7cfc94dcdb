/**
 * Every rule, in report order: first what Claude Code's loader makes of a `.mcp.json`, then HALO's entry, secrets, the team
 * and this machine. A file has the rules that look at the same things; a rule with much to it has a file of its own.
 */
import type { Rule } from "../check/model.ts";
import { CLIENT_RULES, clientFileBroken } from "./clients.ts";
import { ENTRY_RULES } from "./entries.ts";
import { FIELD_RULES } from "./fields.ts";
import { FILE_RULES } from "./files.ts";
import { ADDRESS_RULES } from "./halo-address.ts";
import { HEADER_RULES } from "./halo-headers.ts";
import { bridgeMissing, haloDisabled, haloRejectedHere, haloShadowed } from "./halo-loading.ts";
import { VALUE_RULES } from "./halo-values.ts";
import { envFileReadable, LEAK_RULES } from "./leaks.ts";
import { USABLE_RULES } from "./usable.ts";
import { variableNotInExample } from "./variable-not-in-example.ts";

/** Claude Code's measured loader is the specification. */
export const LOADER_RULES: readonly Rule[] = [...FILE_RULES, ...ENTRY_RULES, ...FIELD_RULES, ...USABLE_RULES];

export const HALO_RULES: readonly Rule[] = [
  ...LEAK_RULES,
  ...ADDRESS_RULES,
  ...HEADER_RULES,
  ...VALUE_RULES,
  // what the others do not get
  clientFileBroken,
  variableNotInExample,
  haloDisabled,
  haloShadowed,
  ...CLIENT_RULES,
  // this machine
  envFileReadable,
  bridgeMissing,
  haloRejectedHere,
];

export const RULES: readonly Rule[] = [...LOADER_RULES, ...HALO_RULES];
