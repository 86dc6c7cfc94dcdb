/** The rules about loading: Claude Code's measured loader is the specification. In report order. */
import type { Rule } from "../check/model.ts";
import { argsShape } from "./args-shape.ts";
import { comments } from "./comments.ts";
import { duplicateKey } from "./duplicate-key.ts";
import { duplicateServer } from "./duplicate-server.ts";
import { emptyFile } from "./empty-file.ts";
import { entryNotObject } from "./entry-not-object.ts";
import { envShape } from "./env-shape.ts";
import { fileTooBig } from "./file-too-big.ts";
import { headerCase } from "./header-case.ts";
import { headerValueNotString } from "./header-value-not-string.ts";
import { headersHelperValue } from "./headers-helper-value.ts";
import { headersShape } from "./headers-shape.ts";
import { httpUrlWithoutType } from "./http-url-without-type.ts";
import { ignoredKey } from "./ignored-key.ts";
import { mcpServersMissing } from "./mcp-servers-missing.ts";
import { mcpServersNotObject } from "./mcp-servers-not-object.ts";
import { mergeConflict } from "./merge-conflict.ts";
import { missingCommand } from "./missing-command.ts";
import { missingUrl } from "./missing-url.ts";
import { misspelledKey } from "./misspelled-key.ts";
import { notAFile } from "./not-a-file.ts";
import { notUtf8 } from "./not-utf-8.ts";
import { oauthShape } from "./oauth-shape.ts";
import { padding } from "./padding.ts";
import { reservedName } from "./reserved-name.ts";
import { rootNotObject } from "./root-not-object.ts";
import { syntax } from "./syntax.ts";
import { timeoutValue } from "./timeout-value.ts";
import { tooDeep } from "./too-deep.ts";
import { toolOptions } from "./tool-options.ts";
import { trailingCommas } from "./trailing-commas.ts";
import { unknownType } from "./unknown-type.ts";
import { unsendableHeader } from "./unsendable-header.ts";
import { unusableName } from "./unusable-name.ts";
import { unusableUrl } from "./unusable-url.ts";
import { utf16 } from "./utf-16.ts";

export const LOADER_RULES: readonly Rule[] = [
  notAFile,
  fileTooBig,
  utf16,
  notUtf8,
  emptyFile,
  mergeConflict,
  syntax,
  comments,
  trailingCommas,
  tooDeep,
  rootNotObject,
  mcpServersMissing,
  mcpServersNotObject,
  duplicateServer,
  duplicateKey,
  entryNotObject,
  unknownType,
  httpUrlWithoutType,
  missingUrl,
  missingCommand,
  argsShape,
  envShape,
  headersShape,
  headerValueNotString,
  headersHelperValue,
  oauthShape,
  timeoutValue,
  toolOptions,
  reservedName,
  unusableName,
  unusableUrl,
  unsendableHeader,
  headerCase,
  padding,
  misspelledKey,
  ignoredKey,
];
