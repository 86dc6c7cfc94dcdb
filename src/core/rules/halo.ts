/** The rules about HALO's entry, about secrets, about the team and about this machine, in report order. */
import type { Rule } from "../check/model.ts";
import { bridgeMissing } from "./bridge-missing.ts";
import { clientFileBroken } from "./client-file-broken.ts";
import { codexHeaders } from "./codex-headers.ts";
import { committedEnvFile } from "./committed-env-file.ts";
import { committedSecret } from "./committed-secret.ts";
import { envExampleSecret } from "./env-example-secret.ts";
import { envFileNotIgnored } from "./env-file-not-ignored.ts";
import { envFileReadable } from "./env-file-readable.ts";
import { geminiBlankedVariable } from "./gemini-blanked-variable.ts";
import { haloDisabled } from "./halo-disabled.ts";
import { haloEndpoint } from "./halo-endpoint.ts";
import { haloHeaderCase } from "./halo-header-case.ts";
import { haloHeaderMissing } from "./halo-header-missing.ts";
import { haloHeaderName } from "./halo-header-name.ts";
import { haloHeaderValue } from "./halo-header-value.ts";
import { haloHeadersHelper } from "./halo-headers-helper.ts";
import { haloHttp } from "./halo-http.ts";
import { haloMissing } from "./halo-missing.ts";
import { haloReferenceSpelling } from "./halo-reference-spelling.ts";
import { haloRejectedHere } from "./halo-rejected-here.ts";
import { haloSameVariable } from "./halo-same-variable.ts";
import { haloShadowed } from "./halo-shadowed.ts";
import { haloSse } from "./halo-sse.ts";
import { haloSwappedValues } from "./halo-swapped-values.ts";
import { haloTokenDefault } from "./halo-token-default.ts";
import { haloTokenInUrl } from "./halo-token-in-url.ts";
import { haloVariableName } from "./halo-variable-name.ts";
import { opencodeOauth } from "./opencode-oauth.ts";
import { tokenInRepository } from "./token-in-repository.ts";
import { variableNotInExample } from "./variable-not-in-example.ts";
import { vscodeInputMissing } from "./vscode-input-missing.ts";

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
