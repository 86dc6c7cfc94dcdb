/**
 * Every rule, in report order: first what Claude Code's loader makes of a `.mcp.json`, then HALO's entry, secrets, the team
 * and this machine. A file has the rules that look at the same things; a rule with much to it has a file of its own.
 */
import type { Rule } from "../check/model.ts";
import { clientFileBroken, codexHeaders, geminiBlankedVariable, opencodeOauth, vscodeInputMissing } from "./clients.ts";
import { committedEnvFile } from "./committed-env-file.ts";
import { committedSecret } from "./committed-secret.ts";
import { ENTRY_RULES } from "./entries.ts";
import { envExampleSecret } from "./env-example-secret.ts";
import { envFileNotIgnored } from "./env-file-not-ignored.ts";
import { envFileReadable } from "./env-file-readable.ts";
import { FIELD_RULES } from "./fields.ts";
import { FILE_RULES } from "./files.ts";
import { haloEndpoint, haloHttp, haloTokenInUrl } from "./halo-address.ts";
import { haloHeaderCase, haloHeaderMissing, haloHeaderName, haloHeadersHelper, haloSse } from "./halo-headers.ts";
import { bridgeMissing, haloDisabled, haloMissing, haloRejectedHere, haloShadowed } from "./halo-loading.ts";
import { haloTokenDefault } from "./halo-token-default.ts";
import {
  haloHeaderValue,
  haloReferenceSpelling,
  haloSameVariable,
  haloSwappedValues,
  haloVariableName,
} from "./halo-values.ts";
import { tokenInRepository } from "./token-in-repository.ts";
import { USABLE_RULES } from "./usable.ts";
import { variableNotInExample } from "./variable-not-in-example.ts";

/** Claude Code's measured loader is the specification. */
export const LOADER_RULES: readonly Rule[] = [...FILE_RULES, ...ENTRY_RULES, ...FIELD_RULES, ...USABLE_RULES];

export const HALO_RULES: readonly Rule[] = [
  // what leaks
  tokenInRepository,
  committedSecret,
  committedEnvFile,
  envFileNotIgnored,
  envExampleSecret,
  // what sends the token elsewhere, or in the open
  haloEndpoint,
  haloHttp,
  haloTokenInUrl,
  haloTokenDefault,
  haloHeadersHelper,
  // what does not connect
  haloMissing,
  haloSse,
  haloHeaderMissing,
  haloHeaderName,
  haloHeaderCase,
  haloReferenceSpelling,
  haloHeaderValue,
  haloSameVariable,
  haloSwappedValues,
  haloVariableName,
  // what the others do not get
  clientFileBroken,
  variableNotInExample,
  haloDisabled,
  haloShadowed,
  vscodeInputMissing,
  codexHeaders,
  geminiBlankedVariable,
  opencodeOauth,
  // this machine
  envFileReadable,
  bridgeMissing,
  haloRejectedHere,
];

export const RULES: readonly Rule[] = [...LOADER_RULES, ...HALO_RULES];
