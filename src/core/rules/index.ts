/** Every rule, in report order. A file has the rules that look at the same things. */
import type { Rule } from "../check/model.ts";
import { CLIENT_RULES } from "./clients.ts";
import { HALO_ENTRY_RULES } from "./halo.ts";
import { LOADER_RULES } from "./loader.ts";
import { PROJECT_RULES } from "./project.ts";

export const RULES: readonly Rule[] = [...LOADER_RULES, ...PROJECT_RULES, ...HALO_ENTRY_RULES, ...CLIENT_RULES];
