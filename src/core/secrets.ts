/** What may be shown: secrets masked, and no characters that deceive a terminal or a reader. */

export const HIDDEN = "••••";

/** `••••` and the last four characters, or none for fewer than 16, so that most of the value stays hidden. */
export const maskOf = (secret: string): string => (secret.length >= 16 ? `${HIDDEN}${secret.slice(-4)}` : HIDDEN);

/** Which of the tokens in HALO Studio is meant; undefined if that cannot be said. */
export function whichToken(tokens: readonly string[]): string | undefined {
  const ends = tokens.filter(({ length }) => length >= 16).map((token) => token.slice(-4));
  return ends.length === 0
    ? undefined
    : `the one that ends in ${[...new Set(ends)].join(" and the one that ends in ")}`;
}

/** URL-encoded, including the five characters that `encodeURIComponent` leaves; in upper and lower case. */
function urlForms(secret: string): string[] {
  // a lone surrogate, which JSON can contain, has no URL-encoded form
  if (/\p{Cs}/u.test(secret)) return [];
  const url = encodeURIComponent(secret);
  const form = url.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return [url, form].flatMap((text) => [text, text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

/** base64 and base64url for each of the three alignments in a longer text (`user:password`), without the characters that depend on neighbours. */
function base64Forms(secret: string): string[] {
  if (secret.length < 8) return [];
  const bytes = Array.from(new TextEncoder().encode(secret), (byte) => String.fromCharCode(byte)).join("");
  return [0, 1, 2].flatMap((before) => {
    const whole = btoa("\0".repeat(before) + bytes);
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    const own = whole.slice(before === 0 ? 0 : before + 1, end);
    return [own, own.replace(/\+/g, "-").replace(/\//g, "_")];
  });
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** As templates write it into a web page: the named entities alone, and with numbers for other characters. */
function htmlForms(secret: string): string[] {
  const code = (char: string, base: number): string => char.charCodeAt(0).toString(base).toUpperCase();
  const written = (other: (char: string) => string): string =>
    secret.replace(/[&<>"'`=/]/g, (char) => ENTITIES[char] ?? other(char));
  return [
    written((char) => char),
    written((char) => `&#x${code(char, 16)};`),
    written((char) => `&#${code(char, 10)};`),
  ];
}

/** The forms of a value in a text: plain, JSON-escaped (also with `\/`, as PHP writes it), URL-encoded, HTML, base64. Longest first. */
export function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const plain = [secret, json, json.replace(/\//g, "\\/")];
  const forms = [...plain, ...urlForms(secret), ...htmlForms(secret), ...base64Forms(secret)];
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

type Secrets = readonly string[] | ReadonlySet<string>;

/** Computed once for each secret: hundreds of them are searched in thousands of lines. */
const known = new Map<string, readonly string[]>();

/** The text without secrets, in any written form. Fewer than four characters stay: masking them would garble the text and hide nothing. */
export function mask(text: string, secrets: Secrets): string {
  let out = text;
  for (const secret of [...secrets].filter(({ length }) => length >= 4).sort((a, b) => b.length - a.length)) {
    const forms = known.get(secret) ?? formsOf(secret);
    known.set(secret, forms);
    const hidden = maskOf(secret);
    for (const form of forms) {
      if (!out.includes(form)) continue;
      // the mask's last four can complete the same secret again ("aaaa…"); every round makes the text shorter
      do out = out.replaceAll(form, () => hidden);
      while (form.length > hidden.length && out.includes(form));
    }
  }
  return out;
}

/** A value as JSON without secrets and invisible characters in its texts. The texts are masked, not the JSON: a secret may be the word "true". */
export function maskedJson(value: unknown, secrets: Secrets): string {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === "string" ? mask(each, secrets) : each), 2);
  // GitHub Actions reads ##[…] as a command
  return text
    .replaceAll("##[", "#\\u0023[")
    .replace(/[\p{Cf}\p{Zl}\p{Zp}\u{7f}-\u{9f}]/gu, (char) =>
      char.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    );
}

let unprintable: RegExp | undefined;

/** Removes what cannot be seen or printed. The pattern is created lazily: as a literal it costs 1 ms of every start. */
function withoutUnprintable(text: string): string {
  unprintable ??= /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\u{fff9}-\u{fffb}]/gu;
  return text.replace(unprintable, "");
}

/** Escape sequences as a whole (CSI, OSC, two-byte), so that "[31m" does not stay behind when ESC is removed. */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing escape sequences is the purpose
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/gu;

/** GitHub Actions reads `##[…]` as a command anywhere in a line (ActionCommand.cs of actions/runner, 2026). */
const withoutCommand = (line: string): string => line.replaceAll("##[", "## [");

/** Text from a file or a server on one line, without control and bidirectional characters, cut to `max`. */
export function printable(text: string, max = 300): string {
  // the fast path: the patterns below use four Unicode tables, which cost a hundredth of a start
  if (text.length <= max && /^[!-~]*(?: [!-~]+)*$/.test(text)) return withoutCommand(text.trim());
  const line = text
    .slice(0, max * 16 + 4096)
    .replace(ESCAPES, "")
    .replace(/[\t\n\r\v\f\u0085\u2028\u2029]+/gu, " ");
  const clean = withoutCommand(withoutUnprintable(line).replace(/ {2,}/gu, " ").trim());
  const points = Array.from(clean);
  return points.length <= max ? clean : `${points.slice(0, Math.max(0, max - 1)).join("")}…`;
}

/** Text of several lines without control characters; no line is a workflow command. `colors`: our own colour sequences stay. */
export function printableLines(text: string, { colors = false } = {}): string {
  const plain = (line: string): string => {
    const clean = /^[ -~]*$/.test(line) ? line : withoutUnprintable(line.replace(/\t/g, "  "));
    // GitHub Actions reads `::` as a command, with or without spaces before it
    return withoutCommand(clean.replace(/^(\s*:):/, "$1 :"));
  };
  const plainPart = (part: string): string => part.replace(ESCAPES, "").split(/\r?\n/).map(plain).join("\n");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  const parts = colors ? text.split(/(\u001b\[\d{1,2}m)/) : [text];
  return parts.map((part, index) => (index % 2 === 1 ? part : plainPart(part))).join("");
}
