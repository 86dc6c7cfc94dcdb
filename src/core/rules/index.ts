/** Every rule, in report order. A file has the rules that look at the same things. */
import type { Rule } from "../check/model.ts";
import { CLIENT_RULES } from "./clients.ts";
import { ENTRY_RULES } from "./entries.ts";
import { FILE_RULES } from "./files.ts";
import { ADDRESS_RULES } from "./halo-address.ts";
import { HEADER_RULES } from "./halo-headers.ts";
import { LOADING_RULES } from "./halo-loading.ts";
import { VALUE_RULES } from "./halo-values.ts";
import { LEAK_RULES } from "./leaks.ts";
import { PLACE_RULES } from "./places.ts";
import { TEXT_RULES } from "./texts.ts";
import { USABLE_RULES } from "./usable.ts";
import { variableNotInExample } from "./variable-not-in-example.ts";

export const LOADER_RULES: readonly Rule[] = [...FILE_RULES, ...ENTRY_RULES, ...USABLE_RULES];

export const HALO_RULES: readonly Rule[] = [
  ...LEAK_RULES,
  ...ADDRESS_RULES,
  ...HEADER_RULES,
  ...VALUE_RULES,
  variableNotInExample,
  ...LOADING_RULES,
  ...CLIENT_RULES,
].toSorted((a, b) => Number(a.localOnly ?? false) - Number(b.localOnly ?? false));

export const RULES: readonly Rule[] = [...LOADER_RULES, ...TEXT_RULES, ...PLACE_RULES, ...HALO_RULES];
