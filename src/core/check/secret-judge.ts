/** Is this text a secret? Its format, its name and its randomness decide; examples and references are none. */
import { hasReference, referencesIn } from "../clients/references.ts";
import { storeOf } from "../halo.ts";
import { isPlaceholder, isWord, isWordy, partsOf } from "../placeholders.ts";

/** Published formats (gitleaks, GitHub, the vendors, 2026). They are joined into one, so no group captures. */
const FORMATS: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})/],
  ["a GitLab token", /\bgl(?:pat|ptt|dt|rt|cbt|ft|soat|agent)-[A-Za-z0-9_-]{16,255}/],
  ["an npm token", /\bnpm_[A-Za-z0-9]{30,64}/],
  ["a PyPI token", /\bpypi-[A-Za-z0-9_-]{32,255}/],
  ["a Slack token", /\b(?:(?:xox[a-ceoprs]|xapp)-[A-Za-z0-9-]{10,255}|xoxd-[\w%/+=.-]{10,255})/],
  ["a Slack webhook", /hooks\.slack\.com\/(?:services|workflows)\/T[A-Z0-9]{6,}\/[A-Z0-9]{6,}\/[A-Za-z0-9]{16,}/],
  ["an AWS access key", /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/],
  ["a Google API key", /\bAIza[\w-]{35}/],
  ["a Google key", /\b(?:GOCSPX-[\w-]{28}|ya29\.[\w-]{20,})/],
  ["a Stripe key", /\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}|\bwhsec_[A-Za-z0-9]{24,}/],
  ["a SendGrid key", /\bSG\.[\w-]{16,}\.[\w-]{16,}/],
  ["a JSON web token", /(?<![\w-])eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/],
  ["an API key", /\bsk-(?=[\w-]{0,255}\d)(?:proj-|svcacct-|admin-|ant-[a-z0-9]+-|or-v1-|lf-)?[A-Za-z0-9_-]{20,255}/],
  ["an API key", /\b(?:gsk_|xai-|pplx-|r8_|hf_|nvapi-|tvly-(?:dev-|prod-)?|ctx7sk-)[A-Za-z0-9_-]{20,255}/],
  ["an API key", /\b(?:fc-|jina_|phx_|lin_api_|figd_|sntry[su]_|glsa_|PMAK-|dop_v1_|sbp_)[A-Za-z0-9_-]{20,255}/],
  ["an API key", /\b(?:sb_secret_|shp(?:at|ca|pa|ss)_|dapi|napi_|rnd_)[A-Za-z0-9_-]{20,255}/],
  ["a Notion token", /\b(?:ntn_|secret_)[A-Za-z0-9]{40,60}\b/],
  ["an Airtable token", /\bpat[A-Za-z0-9]{14}\.[a-f0-9]{40,64}/],
  ["an Atlassian token", /\bATATT3[A-Za-z0-9_=-]{20,255}/],
  ["a Vault token", /\bhv[sb]\.[\w-]{20,255}/],
  ["a Telegram bot's token", /\b\d{8,10}:AA[\w-]{32,34}\b/],
  // Zapier's addresses are keys ("treat it like a password", help.zapier.com)
  ["a secret address", /(?<=\bmcp\.zapier\.com\/api\/mcp\/[as]\/)[\w=+-]{24,255}/],
  ["a secret address", /(?<=\bhooks\.zapier\.com\/hooks\/catch\/\d{4,12}\/)[a-zA-Z0-9]{6,64}/],
  // Make, Discord, Teams and Pipedream: anyone who has the URL can call it
  ["a secret address", /(?<=\bmake\.com\/mcp\/(?:api\/v1\/u\/)?)[0-9a-fA-F-]{32,64}/],
  ["a secret address", /(?<=\bhook\.[\w.]{0,16}(?:make|integromat)\.com\/)[a-zA-Z0-9]{20,64}/],
  ["a secret address", /(?<=\bdiscord(?:app)?\.com\/api\/(?:v\d+\/)?webhooks\/\d{15,20}\/)[\w-]{60,80}/],
  ["a secret address", /(?<=\bwebhook\.office\.com\/webhookb2\/[\w@-]{36,80}\/IncomingWebhook\/)[0-9a-fA-F]{32}/],
  ["the key of an Azure function", /(?<=[?&]code=)[\w%=-]{40,512}/],
  ["a secret in a URL", /(?<=\/[\w.-]{0,64}(?:token|secret|password|api[-_]?key)s?\/)[\w.~%=+-]{8,512}/],
  ["a secret address", /(?<=\bmcp\.pipedream\.net\/)[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}/],
];

/** These formats also have public keys: Firebase's app key, Supabase's site key. */
const MAYBE_PUBLIC: ReadonlySet<string> = new Set(["a Google API key", "a JSON web token"]);

/** Public whatever it is called: keys made for everybody (PostHog, Stripe, Mapbox), addresses, pictures, digests. */
const PUBLIC_FORM =
  /^(?:phc_|pk_(?:live|test)_|pk\.eyJ|0x[0-9a-f]{40}$|data:|iVBORw0KGgo|\/9j\/4AA|R0lGOD|PHN2Zy|[a-z][a-z0-9+.-]*:\/\/)|^(?:sha(?:1|256|384|512)[-:][a-z0-9+/_=-]+|md5[-:][0-9a-f]{32})$|@sha256:[0-9a-f]{64}$/i;

export interface Found {
  readonly what: string;
  readonly start: number;
  readonly end: number;
  /** The name next to it in a text. */
  readonly name?: string;
}

const KIND = "what looks like a secret";

/** The header and the variables whose text is always a secret, because the token's format is not documented. */
const TOKEN_ITSELF = /^(?:X[-_]?CM[-_]?PRODUCT[-_]?TOKEN|HALO_(?:\w{1,60}_)?(?:TOKEN|PRODUCTTOKEN))$/i;
const SECRET_NAME =
  /(?:token|secret|password|passwd|passphrase|apikey|authorization|credential|secret_id)$|(?:^|_)(?:auth|pat|jwt|bearer|sig|signature|key|dsn|cookie|session_string)$|(?:api|access|secret|private|account|master|auth|signing|shared|service|app|client)key$|(?<!by|com|tres)pass$|pwd$/;
/** Endings after the word that says secret: `API_KEY_1`, `API_KEY_PROD`, `TOKEN_VALUE`, `GH_TOKEN2`. */
const QUALIFIER =
  /(?:_(?:\d{1,3}|v\d|prod|production|dev|development|stage|staging|test|testing|live|sandbox|value|val|plain|plaintext|raw|base64|b64|hex|encoded|default|main|old|new|backup|eu|us|de|nl|uk|be|fr))+$|\d{1,2}$/;
/** Names of public values: NEXT_PUBLIC_ and VITE_ (sent to browsers), a limit, names of things (a file, a partition), keys that vendors make for browsers. */
const PUBLIC_NAME =
  /(?:^|_)(?:public|publishable|anon|site|cache|sort|idempotency|mint|contract|wallet|fingerprint|thumbprint|icon|logo|max|min)(?:_|$)|^(?:vite|react_app|gatsby)_|(?:^|_)(?:file|node|project|space|object|partition|base|team|component|write|search_only|search_only_api)_key$|(?:algolia|meili|meilisearch|typesense)_search(?:_api)?_key$|docsearch_(?:api_)?key$|pusher(?:_app)?_key$/;
const ID_NAME =
  /(?:^|_)(?:id|ids|uuid|guid|hash|sha|digest|checksum|url|uri|path|dir|file|name|version|ref|commit|branch|image|host|region|zone|model|sheet|doc|document|address)$/;
/** -u as in curl takes user:password. curl's -k takes no value, so a -k with a value takes a key. */
const FLAGS = /^-{1,2}(?:u|user|k)$/i;

/** `X-CM-PRODUCTTOKEN`, `tavilyApiKey`, `--api-key` and the like, as `x_cm_producttoken`, `tavily_api_key`. */
function snake(name: string): string {
  const words = name
    .slice(0, 200)
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase();
  return words.replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
}

/** Whether something of this name holds a secret: TOKEN, SECRETS, PASSWORD, …_KEY_1; not KEY_FILE, TOKEN_URL, PUBLIC_KEY. */
function saysSecret(name: string): boolean {
  const plain = snake(name);
  if (PUBLIC_NAME.test(plain)) return false;
  return SECRET_NAME.test(plain) || SECRET_NAME.test(plain.replace(QUALIFIER, "").replace(/s$/, ""));
}

/** The same of a variable: the shell's own PWD is a folder. In a connection string, it is a password. */
export const isSecretName = (name: string): boolean => !/^(?:OLD)?PWD$/.test(name) && saysSecret(name);

const holdsDrawn = (value: string): boolean => partsOf(value).some((part) => part.length >= 8 && !isWord(part));

/** A strong password as people make it: with four kinds of characters. */
const isStrongPassword = (value: string): boolean =>
  /^.{8,128}$/s.test(value) && [/[!#$^&*?]/, /\d/, /[a-z]/, /[A-Z]/].every((sign) => sign.test(value));

/** Bits per character: about 3 to 3.5 for words and hex, above 4 for 32 random base64 characters. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  return [...counts.values()].reduce((bits, count) => bits - (count / text.length) * Math.log2(count / text.length), 0);
}

/** The decoded base64 text, or "" if it is not base64 or not ASCII. */
function fromBase64(word: string): string {
  try {
    const text = atob(word.replace(/-/g, "+").replace(/_/g, "/"));
    return /^[ -~]*$/.test(text) ? text : "";
  } catch {
    return "";
  }
}

/** Base64 of text that a person wrote. */
function isEncodedText(value: string): boolean {
  const text = value.length < 16 || value.length > 4096 ? "" : fromBase64(value);
  return text !== "" && isWordy(text);
}

/** Before the value of a header. */
const SCHEME = /^\s*(?:Bearer|Basic|Token|Api-?Key|SharedKey)\s/i;

/** A variable name in place of a value: somebody forgot the brackets. */
export const isVariableName = (text: string): boolean => /^[A-Z]{2,20}(?:_[A-Z]{1,20}){1,5}$/.test(text.trim());

const SERIES =
  /•{2,}|0{8,}|01234567|12345678|87654321|abcdef|a1b2c3|abc123|deadbeef|123e4567-e89b-12d3-a456-\d+|123e4567-e89b/gi;
/** The words that examples consist of, also without separators: `mytoken123abc`. */
const VOCABULARY =
  /my|your|our|super|private|public|token|secret|passw(?:or)?d|pass|key|api|test|demo|dummy|fake|mock|sample|example|default|dev|local|client|access|auth|bearer|user|admin|value|string|abc|xyz|1234?5?6?7?8?9?0?/gi;

export function isObviousExample(text: string): boolean {
  const value = text.trim();
  if (value === "" || /EXAMPLE(?:KEY)?$/.test(value) || isPlaceholder(value.replace(SERIES, "****"))) return true;
  const unknown = value.replace(VOCABULARY, " ");
  return 2 * unknown.replace(/\s/g, "").length <= value.length && isWordy(unknown);
}

/** Whether a value under a secret's name looks random. Words, paths, numbers and examples do not. */
function drawnValue(text: string): Found | undefined {
  if (text.length < 8) return undefined;
  // the cheap tests first: most values are words, and some patterns take a millisecond to compile
  const drawn = [...text.matchAll(/[^\s"'`]{8,8192}/g)].filter(({ 0: word }) => {
    const isDrawn = isStrongPassword(word) || !(isWordy(word) || isEncodedText(word));
    return isDrawn && !PUBLIC_FORM.test(word) && !isObviousExample(word);
  });
  const [first, last] = [drawn[0], drawn.at(-1)];
  if (first === undefined || last === undefined || isObviousExample(text)) return undefined;
  return { what: KIND, start: first.index, end: last.index + last[0].length };
}

/** The secret in a value with a name. Of references only the text around them counts, and what refers to a store is none. */
function valueUnder(text: string, name: string, isQuoted: boolean): Found | undefined {
  const value = text.trim();
  if (storeOf(value.replace(SCHEME, "")) !== undefined) return undefined;
  const references = referencesIn(text);
  const isReference = references.length > 0;
  const isToken = isQuoted && !isReference && value.length >= 8 && TOKEN_ITSELF.test(name.trim());
  const begin = text.indexOf(value);
  if (isToken && !isObviousExample(value) && !isVariableName(value))
    return { what: "the product token", start: begin, end: begin + value.length };
  if (saysSecret(name) || /^-{1,2}k$/.test(name) || SCHEME.test(text)) {
    if (!isReference) return drawnValue(text);
    const rest = references.reduce((left, { text: each }) => left.replace(each, ""), text);
    return drawnValue(rest) && { what: KIND, start: 0, end: text.length };
  }
  if (isReference || !FLAGS.test(name) || !text.includes(":")) return undefined;
  const start = text.indexOf(":") + 1;
  const found = drawnValue(text.slice(start));
  return found && { ...found, start: start + found.start, end: start + found.end };
}

/** Under any other name: long, with all kinds of characters, and random. Hex, GUIDs and digests count as IDs there. */
function dense(value: string, name: string): Found | undefined {
  if (value.length < 32 || !/^[A-Za-z0-9+/_=.~-]+$/.test(value)) return undefined;
  if (ID_NAME.test(snake(name)) || PUBLIC_NAME.test(snake(name)) || PUBLIC_FORM.test(value)) return undefined;
  if (!/[a-z]/.test(value) || !/[A-Z]/.test(value) || !/\d/.test(value)) return undefined;
  if (isObviousExample(value) || isWordy(value) || isEncodedText(value)) return undefined;
  return entropy(value) < 4.2 ? undefined : { what: KIND, start: 0, end: value.length };
}

let anyFormat: RegExp | undefined;

const isOfWords = (text: string): boolean => partsOf(text).every((part) => part.length <= 16 && isWord(part));

/** Every stretch with a published format that is not an example. `name`: the name of the text. */
function formatsIn(text: string, name = ""): readonly Found[] {
  // most repositories have short texts of words, and the pattern takes milliseconds to compile
  if (text.length <= 1000 && !text.includes("-----BEGIN") && isOfWords(text)) return [];
  anyFormat ??= new RegExp(FORMATS.map(([, { source }]) => `(${source})`).join("|"), "g");
  return [...text.matchAll(anyFormat)].flatMap((match) => {
    const [value, ...groups] = match;
    const what = FORMATS[groups.findIndex((group) => group !== undefined)]?.[0] ?? KIND;
    const found = { what, start: match.index, end: match.index + value.length };
    // a private key is never an example
    if (/^-----BEGIN/.test(value)) return [found];
    if (isObviousExample(value) || isOfWords(value)) return [];
    // Supabase (supabase.com/docs/guides/api/api-keys): the key of a site is public, the one of the service never
    const role = /"role":"(anon|service_role)"/.exec(fromBase64(value.split(".")[1] ?? ""))?.[1];
    const isPublic = MAYBE_PUBLIC.has(what) && PUBLIC_NAME.test(snake(name));
    return role === "anon" || (isPublic && role === undefined) ? [] : [found];
  });
}

const LOCAL_HOST = /^(?:\[::1\]|127\.|0\.0\.0\.0|localhost$|host\.docker\.internal$|.*\.(?:localhost|test|example)$)/i;

/** `scheme://user:password@host` with a real password and a host that is not this machine; or a user that is a key. */
function passwordsIn(text: string): readonly Found[] {
  if (!text.includes("://") || !text.includes("@")) return [];
  const urls =
    /\b[a-z][a-z0-9+.-]{1,30}:\/\/([^\s:/@?#]{0,256})(?::([^\s/@?#]{0,512}))?@(\[[\da-f:.]{2,64}\]|[^\s/:?#,]{1,256})/gi;
  return [...text.matchAll(urls)].flatMap((match) => {
    const [whole, user = "", password = "", host = ""] = match;
    if (LOCAL_HOST.test(host)) return [];
    const isKey = password === "";
    // the address of a Sentry project is not a secret (docs.sentry.io, "DSN explainer")
    if (isKey && (/(?:^|\.)sentry\.io$/i.test(host) || drawnValue(user) === undefined)) return [];
    if (!isKey && (isObviousExample(password) || hasReference(password))) return [];
    // a host without a dot can be a docker compose service, whose password is usually made up for development
    if (!isKey && !host.includes(".") && !holdsDrawn(password)) return [];
    const start = match.index + (isKey ? whole.indexOf("://") + 3 : whole.lastIndexOf(`:${password}@`) + 1);
    return [{ what: "a password in a URL", start, end: start + (isKey ? user : password).length }];
  });
}

/** A name and the separator before its value: `"name": "`, `name = `, `name=`, `--name `, `"--name", "`. */
const NAME =
  /(?<![\w$.-])(-{0,2}[A-Za-z_][\w.-]{0,99})(\]?\\{0,3}["'`]?\s{0,64}(?:=>|[:=])[\s/#[]{0,64}|["']?[\s,]{1,64})/g;
/** The value: up to its closing quote (TOML's `"""` too), or one word, after an optional `Bearer`. */
const VALUE =
  /(\\{0,3}(?:"""|'''|["'`]))\\?\s{0,64}((?:(?!\1)(?:\\.|[^\\\r\n])){1,4096})|(?:(?:Bearer|Basic|Token|ApiKey)\s{1,9})?[^\s"'`,;<>{}[\]]{1,4096}/iy;

/** Values next to a name that says secret, anywhere in a text: a shell command, JSON in a string, a query, a cookie. */
function pairsIn(text: string): readonly Found[] {
  const found: Found[] = [];
  NAME.lastIndex = 0;
  for (let match = NAME.exec(text); match !== null; match = NAME.exec(text)) {
    const [whole, name = "", sign = ""] = match;
    if (!/[:=]/.test(sign) && !name.startsWith("-")) continue;
    if (!saysSecret(name) && !FLAGS.test(name)) continue;
    VALUE.lastIndex = match.index + whole.length;
    const [all = "", quote, value = all] = VALUE.exec(text) ?? [];
    // do not read a value again that was judged already
    NAME.lastIndex += all.length;
    const start = match.index + whole.length + all.length - value.length;
    const isInUrl = /[?&#;]/.test(text[match.index - 1] ?? "");
    const shape = valueUnder(isInUrl ? value.replace(/[&#].*/s, "") : value, name, quote !== undefined);
    if (shape === undefined) continue;
    const what = isInUrl ? `the value of "${name}" in a URL` : shape.what;
    found.push({ what, start: start + shape.start, end: start + shape.end, name: name.replace(/^-+/, "") });
  }
  return found;
}

/** The secret in a text with a name; `undefined` for a reference, an example or anything else. */
export function secretIn(text: string, name: string): Found | undefined {
  if (text.length < 8) return undefined;
  const format = formatsIn(text, name)[0];
  if (format !== undefined) return format;
  const found = passwordsIn(text)[0] ?? valueUnder(text, name, true) ?? pairsIn(text)[0] ?? dense(text, name);
  // of a command, the options may hold secrets
  return found && (storeOf(text) === undefined || /\s-/.test(text)) ? found : undefined;
}

/** The secret in a setting, whose name says nothing to us: with a published format, or HALO's own token. */
export function secretInSetting(text: string, name: string): Found | undefined {
  if (text.length < 8) return undefined;
  const own = TOKEN_ITSELF.test(name.trim()) ? valueUnder(text, name, true) : undefined;
  return own ?? formatsIn(text, name)[0] ?? pairsIn(text).find((pair) => TOKEN_ITSELF.test(pair.name ?? ""));
}

/** Every secret of an unparsed text, in order, without overlaps, with the name next to it. */
export function secretsInText(text: string): readonly Found[] {
  // a match with a name comes first: it says more than a format
  const all = [...pairsIn(text), ...formatsIn(text), ...passwordsIn(text)].toSorted((a, b) => a.start - b.start);
  let last = -1;
  return all.filter(({ start, end }) => {
    const isNew = start >= last;
    if (isNew) last = end;
    return isNew;
  });
}

/** Whether a stretch is so random that it must not be printed under any name. */
export function isUnfitToShow(word: string): boolean {
  if (/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i.test(word)) return true;
  return holdsDrawn(word) || formatsIn(word).length > 0;
}

/** A stretch that could be a secret as a whole. */
export const WORD = /[A-Za-z0-9_+/=.~-]{8,}/g;
