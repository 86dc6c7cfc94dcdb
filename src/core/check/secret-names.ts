/** Which names say that a secret stands under them. */

/** The one header, and the variables, whose text is a secret whatever it looks like: the token's format is not documented. */
export const TOKEN_ITSELF = /^(?:X[-_]?CM[-_]?PRODUCT[-_]?TOKEN|HALO_(?:\w{1,60}_)?(?:TOKEN|PRODUCTTOKEN))$/i;

const SECRET_NAME =
  /(?:token|secret|password|passwd|passphrase|apikey|authorization|credential|secret_id)$|(?:^|_)(?:auth|pat|jwt|bearer|sig|signature|key|dsn|cookie|session_string)$|(?:api|access|secret|private|account|master|auth|signing|shared|service|app|client)key$|(?<!by|com|tres)pass$|pwd$/;
/** What stands behind the word that says it: `API_KEY_1`, `API_KEY_PROD`, `TOKEN_VALUE`, `GH_TOKEN2`. */
const QUALIFIER =
  /(?:_(?:\d{1,3}|v\d|prod|production|dev|development|stage|staging|test|testing|live|sandbox|value|val|plain|plaintext|raw|base64|b64|hex|encoded|default|main|old|new|backup|eu|us|de|nl|uk|be|fr))+$|\d{1,2}$/;
const PUBLIC_NAME =
  /(?:^|_)(?:public|publishable|anon|site|cache|sort|idempotency|mint|contract|wallet|fingerprint|thumbprint|icon|logo|max|min)(?:_|$)|^(?:vite|react_app|gatsby)_/;
export const ID_NAME =
  /(?:^|_)(?:id|ids|uuid|guid|hash|sha|digest|checksum|url|uri|path|dir|file|name|version|ref|commit|branch|image|host|region|zone|model|sheet|doc|document|address)$/;

/** `X-CM-PRODUCTTOKEN`, `tavilyApiKey`, `--api-key` and the like, as `x_cm_producttoken`, `tavily_api_key`. */
export function snake(name: string): string {
  return name
    .slice(0, 200)
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase();
}

/** Whether everybody may have what is called so: what NEXT_PUBLIC_ and VITE_ give to browsers, a site's key, a limit. */
export function isPublicName(name: string): boolean {
  return PUBLIC_NAME.test(snake(name));
}

/** Whether something of this name holds a secret: TOKEN, SECRETS, PASSWORD, …_KEY_1; not KEY_FILE, TOKEN_URL, PUBLIC_KEY. */
export function isSecretName(name: string): boolean {
  const plain = snake(name);
  if (PUBLIC_NAME.test(plain)) return false;
  const said = plain.replace(QUALIFIER, "");
  return SECRET_NAME.test(plain) || SECRET_NAME.test(said.replace(/s$/, ""));
}
