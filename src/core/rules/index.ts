/** Every rule, in report order. */
import type { Rule } from "../check/model.ts";
import { HALO_RULES } from "./halo.ts";
import { LOADER_RULES } from "./loader.ts";

export const RULES: readonly Rule[] = [...LOADER_RULES, ...HALO_RULES];
