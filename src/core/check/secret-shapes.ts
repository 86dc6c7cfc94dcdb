/**
 * What is a secret and what only looks like one. A rule that cries wolf is switched off, so everything here is judged
 * by where it stands: a known format counts anywhere, a random text only where a name says that a secret is meant.
 * The corpus of ordinary files that must stay silent is test/fixtures/check/halo/shapes.json.
 */

/** A stretch of a text that is a secret, and what kind. */
export interface Shape {
  readonly what: string;
  readonly start: number;
  readonly end: number;
}

/** Formats by their published prefixes (gitleaks, GitHub and vendors' own pages, as of 2026). */
const FORMATS: readonly (readonly [what: string, format: RegExp])[] = [
  ["a private key", /-----BEGIN [A-Z ]*PRIVATE KEY-----/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})/],
  ["a GitLab token", /\bgl(?:pat|ptt|dt|rt|cbt|ft|soat|agent)-[A-Za-z0-9_-]{16,255}/],
  ["an npm token", /\bnpm_[A-Za-z0-9]{30,64}/],
  ["a PyPI token", /\bpypi-[A-Za-z0-9_-]{32,255}/],
  ["a Slack token", /\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,255}/],
  ["a Slack webhook", /hooks\.slack\.com\/(?:services|workflows)\/T[A-Z0-9]{6,}\/[A-Z0-9]{6,}\/[A-Za-z0-9]{16,}/],
  ["an AWS access key", /\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b/],
  ["a Google key", /\b(?:AIza[\w-]{35}|GOCSPX-[\w-]{28}|ya29\.[\w-]{20,})/],
  ["a Stripe key", /\b(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,255}|\bwhsec_[A-Za-z0-9]{24,}/],
  ["a SendGrid key", /\bSG\.[\w-]{16,}\.[\w-]{16,}/],
  ["a JSON web token", /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/],
  ["an API key", /\bsk-(?:proj-|svcacct-|admin-|ant-[a-z0-9]+-|or-v1-|lf-)?(?=[\w-]{0,255}\d)[A-Za-z0-9_-]{20,255}/],
  [
    "an API key",
    /\b(?:gsk_|xai-|pplx-|r8_|hf_|nvapi-|tvly-(?:dev-|prod-)?|ctx7sk-|fc-|jina_|phc_|phx_)[A-Za-z0-9_-]{20,255}/,
  ],
  [
    "an API key",
    /\b(?:lin_api_|figd_|sntry[su]_|glsa_|PMAK-|dop_v1_|sbp_|sb_secret_|shp(?:at|ca|pa|ss)_|dapi|napi_|rnd_)[A-Za-z0-9_-]{20,255}/,
  ],
  ["a Notion token", /\b(?:ntn_|secret_)[A-Za-z0-9]{40,60}\b/],
  ["an Airtable token", /\bpat[A-Za-z0-9]{14}\.[a-f0-9]{40,64}/],
  ["an Atlassian token", /\bATATT3[A-Za-z0-9_=-]{20,255}/],
  ["a Vault token", /\bhv[sb]\.[\w-]{20,255}/],
  ["a Telegram bot's token", /\b\d{8,10}:AA[\w-]{32,34}\b/],
];
/** How one of them begins, so that the list is gone through only where there is something to find: `check` starts in milliseconds. */
const ANY_PREFIX =
  /PRIVATE KEY|gh[pousr]_|gl[a-z]{2,5}-|g(?:sk|lsa)_|[sr]k[-_]|x(?:ai-|ox|app-)|s(?:ntry|bp_|ecret_|hp[a-z]{2}_)|pplx-|npm_|pypi-|hooks\.slack|A[KSBC][IC]A|AIza|GOCSPX|ya29|SG\.|eyJ|r8_|hf_|nvapi-|tvly-|ctx7|fc-|jina_|ph[cx]_|lin_|figd_|PMAK|dop_|dapi|napi_|rnd_|ntn_|pat[A-Za-z0-9]{14}|ATATT|hv[sb]\.|:AA|whsec_|github_pat_|sb_secret_/;

/** No text of a configuration that anything stands in is longer; what follows is not looked at. */
export const LONGEST = 16_384;

const ANY_REFERENCE =
  /\$\{\{[^}]{0,256}\}\}|\{\{[^}]{0,256}\}\}|\$\{[^}]{0,256}\}|\{(?:env|file):[^}]{0,256}\}|\$\([^)]{0,256}\)|(?<!\S)\$[A-Za-z_]\w{0,127}(?!\S)|(?<!\S)%\w{1,128}%(?!\S)/g;

/** The variables in a text, in any client's spelling: what they name is not here. */
export function referencesIn(text: string): readonly { readonly text: string; readonly offset: number }[] {
  if (!/[$%{]/.test(text)) return [];
  return [...text.slice(0, LONGEST).matchAll(ANY_REFERENCE)].map((match) => ({ text: match[0], offset: match.index }));
}

export function hasReference(text: string): boolean {
  return referencesIn(text).length > 0;
}

/** A name that stands where its value belongs: somebody left the brackets out. */
export function isVariableName(text: string): boolean {
  return /^[A-Z]{2,20}(?:_[A-Z]{1,20}){1,5}$/.test(text.trim());
}

const MARKED = /^<[^>]*>?$|^\[[^\]]*\]$|^\(.*\)$|^\{.*\}$|<[a-z][\w .-]{0,64}>/i;
const SAYS_SO =
  /(?:^|[^A-Za-z])(?:your?s?|here|example|examples|sample|dummy|fake|placeholder|change[-_ ]?me|change[-_ ]?this|replace[-_ ]?(?:me|with)?|insert|redacted|todo|fixme|undefined|foobar)(?:$|[^A-Za-z])|^your[A-Z_]|EXAMPLE(?:$|KEY)|CHANGEME|REPLACE_?ME|PLACEHOLDER/i;
const RUN =
  /x{4,}|\*{3,}|•{2,}|\.{3}|…|#{3,}|_{4,}|0{8,}|01234567|12345678|87654321|abcdefgh|abc123|deadbeef|123e4567-e89b/i;
const WEAK =
  /^(?:passw(?:or)?d|p[a@]ssw0rd|pass|secret|root|admin|user|guest|test|postgres|mysql|redis|mongo|minio|minioadmin|rabbitmq|neo4j|sa|qwerty|letmein|hunter2|dev|local|none|null|token|key|apikey)[!@#$]?\d{0,4}[!@#$]?$/i;

/** True where a reader sees at once that no secret stands here: a placeholder, an obvious example, a mask. */
export function isObviousExample(text: string): boolean {
  const value = text.trim().replace(/^(?:Bearer|Basic|Token|ApiKey)\s+/i, "");
  if (value === "" || MARKED.test(value) || SAYS_SO.test(value) || RUN.test(value) || WEAK.test(value)) return true;
  return value.length >= 8 && new Set(value.replace(/-/g, "").toLowerCase()).size <= 3;
}

/** A word, a year, a number, `v2`: the parts that people write, as against those that a machine draws. */
function isWord(part: string): boolean {
  if (part.length <= 3 || /^\d{0,4}$/.test(part)) return true;
  const letters = part.replace(/\d{1,4}$/, "");
  if (/^(?:[A-Z]+|[a-z]+)$/.test(letters)) return letters.length <= 24;
  // capitals where a writer puts them, at the head of a word of some length; what is drawn has one at every other place
  const capitals = letters.match(/[A-Z]+/g)?.length ?? 0;
  return /^[A-Za-z]{1,48}$/.test(letters) && !/[A-Z]{6}/.test(letters) && letters.length >= 4.5 * capitals;
}

/** What stands behind a known prefix is drawn unless it is plainly `your-key` or `test_token`. */
function isShortWords(value: string): boolean {
  return value.split(/[^A-Za-z0-9]+/).every((part) => part.length <= 16 && isWord(part));
}

function isWordy(value: string): boolean {
  return value.split(/[^A-Za-z0-9]+/).every(isWord);
}

/** Bits for each character: about 3 to 3.5 for words and hex, above 4 for a drawn base64 text of 32. */
function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const char of text) counts.set(char, (counts.get(char) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

/** What is public by its form whatever it is called: an address, a path, a file, a number, a version, an email, a digest. */
function isPublicForm(value: string): boolean {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(value) || /^(?:\.{0,2}|~)[\\/][\w.@~-]*(?:[\\/]|$)/.test(value)) return true;
  if (
    /^[A-Za-z]:[\\/]/.test(value) ||
    /^[\w./@\\~-]+\.(?:[cm]?[jt]sx?|json[c5]?|ya?ml|toml|pem|key|crt|py|sh|txt|env|md|db|log|sqlite3?|exe)$/i.test(
      value,
    )
  )
    return true;
  if (/^[+-]?[\d.,:_-]+[a-z%]{0,3}$/i.test(value) || /^v?\d+\.\d+/.test(value)) return true;
  if (/^[^\s@]+@[^\s@]+\.[a-z]{2,}$/i.test(value)) return true;
  if (/^@?[\w.-]+\/[\w.-]+(?:@[\w.^~-]+)?$/.test(value) && isWordy(value)) return true;
  return /^(?:sha(?:1|256|384|512)|md5)[-:]/i.test(value) || /@sha256:/.test(value);
}

const SECRET_NAME =
  /(?:token|secret|password|passwd|passphrase|apikey|authorization|credentials?)$|(?:^|_)(?:pwd|pass|auth|pat|jwt|bearer|sig|signature|key|dsn)$/;
const PUBLIC_NAME = /(?:^|_)(?:public|publishable|anon|site)(?:_|$)/;
const ID_NAME =
  /(?:^|_)(?:id|ids|uuid|guid|hash|sha|digest|checksum|url|uri|path|dir|file|name|version|ref|commit|branch|image|host|region|zone|model|sheet|doc|document)$/;

/** `X-CM-PRODUCTTOKEN`, `tavilyApiKey`, `--api-key` and the like, as `x_cm_producttoken`, `tavily_api_key`. */
function snake(name: string): string {
  return name
    .slice(0, 200)
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^A-Za-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "")
    .toLowerCase();
}

/** Whether something of this name holds a secret: TOKEN, SECRET, PASSWORD, …_KEY; not KEY_FILE, TOKEN_URL, PUBLIC_KEY. */
export function isSecretName(name: string): boolean {
  const plain = snake(name);
  return SECRET_NAME.test(plain) && !PUBLIC_NAME.test(plain);
}

/** The first stretch that has a known format and is no example of one. */
function knownFormat(text: string): Shape | undefined {
  // the shortest format has 16 characters
  if (text.length < 16) return undefined;
  const part = text.slice(0, LONGEST);
  if (!ANY_PREFIX.test(part)) return undefined;
  for (const [what, format] of FORMATS) {
    for (const match of part.matchAll(new RegExp(format.source, "g"))) {
      const value = match[0];
      const rest = value.replace(/^[A-Za-z]{2,6}[-_.](?:[a-z]{2,6}[-_])?/, "");
      if (what !== "a private key" && (isObviousExample(value) || isShortWords(rest))) continue;
      return { what, start: match.index, end: match.index + value.length };
    }
  }
  return undefined;
}

/** `scheme://user:password@host` with a password that is meant, and a host that is not this machine. */
function passwordInUrl(text: string): Shape | undefined {
  if (!text.includes("://") || !text.includes("@")) return undefined;
  const match = /\b[a-z][a-z0-9+.-]{1,30}:\/\/([^\s:/@?#]{0,256}):([^\s/@?#]{1,512})@([^\s/:?#,]{1,256})/i.exec(text);
  if (match === null) return undefined;
  const [, user = "", password = "", host = ""] = match;
  // a name without a dot is a service of docker compose; its password is in the same repository anyway
  if (
    !host.includes(".") ||
    /^(?:127\.|0\.0\.0\.0|host\.docker\.internal$|.*\.(?:local|localhost|test|example|internal)$)/i.test(host)
  )
    return undefined;
  if (password === user || isObviousExample(password) || hasReference(password)) return undefined;
  const start = match.index + match[0].indexOf(`:${password}@`, user.length) + 1;
  return { what: "a password in a URL", start, end: start + password.length };
}

/** `?api_key=…`, `#access_token=…`: a parameter with a secret's name and a drawn value. */
function secretInQuery(text: string): Shape | undefined {
  if (!text.includes("=") || !/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return undefined;
  for (const match of text.matchAll(/[?&#;]([\w.-]{1,64})=([^&#;\s]{1,4096})/g)) {
    const [whole, name = "", value = ""] = match;
    const found = isSecretName(name) ? drawnValue(value) : undefined;
    if (found === undefined) continue;
    const start = match.index + whole.length - value.length;
    return { what: `the value of "${name}" in a URL`, start, end: start + value.length };
  }
  return undefined;
}

/** A value under a secret's name: anything that a machine drew. Words, paths, numbers and examples are none. */
function drawnValue(text: string): Shape | undefined {
  const head = /^\s*(?:(?:Bearer|Basic|Token|ApiKey)\s+)?/i.exec(text)?.[0].length ?? 0;
  const value = text.slice(head, LONGEST).trimEnd();
  if (value.length < 8 || /\s/.test(value) || isPublicForm(value)) return undefined;
  if (isObviousExample(value) || isWordy(value)) return undefined;
  return { what: "what looks like a secret", start: head, end: head + value.length };
}

/** Under a name that says nothing: long, of all kinds of characters, and drawn. Hex, GUIDs and digests are IDs there. */
function dense(value: string): Shape | undefined {
  if (value.length < 32 || value.length > 4096 || !/^[A-Za-z0-9+/_=.~-]+$/.test(value)) return undefined;
  if (!/[a-z]/.test(value) || !/[A-Z]/.test(value) || !/\d/.test(value) || isPublicForm(value)) return undefined;
  if ((value.match(/[/._-]/g)?.length ?? 0) > 3 || isObviousExample(value) || isWordy(value) || entropy(value) < 4.2)
    return undefined;
  return { what: "what looks like a secret", start: 0, end: value.length };
}

/** The secret in a text that stands under a name: `undefined` when it is a reference, an example, or nothing of the kind. */
export function secretIn(text: string, name: string): Shape | undefined {
  if (text.length < 8) return undefined;
  const found = knownFormat(text) ?? passwordInUrl(text.slice(0, LONGEST)) ?? secretInQuery(text.slice(0, LONGEST));
  if (found !== undefined) return found;
  if (hasReference(text)) return inDefault(text, name);
  const inside = /^\s*\{/.test(text) ? inObject(text) : undefined;
  if (inside !== undefined) return inside;
  if (isSecretName(name)) return drawnValue(text);
  return ID_NAME.test(snake(name)) || PUBLIC_NAME.test(snake(name)) || /\s/.test(text.trim()) ? undefined : dense(text);
}

/** `${TOKEN:-…}`: the default is as good as the value. */
function inDefault(text: string, name: string): Shape | undefined {
  for (const match of text.slice(0, LONGEST).matchAll(/\$\{([\w:. ]{1,128}?)(:?[-=+])([^}$]{1,4096})\}/g)) {
    const [whole, variable = "", , fallback = ""] = match;
    const found = isSecretName(variable) || isSecretName(name) ? drawnValue(fallback) : undefined;
    if (found === undefined) continue;
    const start = match.index + whole.length - 1 - fallback.length + found.start;
    return { what: "the default of a variable", start, end: start + found.end - found.start };
  }
  return undefined;
}

/** JSON inside a string, as OPENAPI_MCP_HEADERS has it: `{"Authorization": "Bearer …"}`. */
function inObject(text: string): Shape | undefined {
  for (const match of text.slice(0, LONGEST).matchAll(/["']([\w-]{1,64})["']\s*:\s*["']([^"'\\]{1,4096})["']/g)) {
    const [whole, name = "", value = ""] = match;
    const found = isSecretName(name) && !hasReference(value) ? drawnValue(value) : undefined;
    if (found === undefined) continue;
    const start = match.index + whole.length - 1 - value.length + found.start;
    return { ...found, start, end: start + found.end - found.start };
  }
  return undefined;
}

/** Whether a stretch is drawn densely enough that it is not to be printed, whatever it stands under. */
export function isUnfitToShow(word: string): boolean {
  if (knownFormat(word) !== undefined) return true;
  if (/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i.test(word)) return true;
  return word.split(/[^A-Za-z0-9]+/).some((part) => part.length >= 14 && !isWord(part));
}
