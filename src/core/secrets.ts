/** What may be shown: secrets masked, and no character that lies to a terminal or to a reader. */

/** Stands for a value that is not shown at all. */
export const HIDDEN = "••••";

/** `••••` and the last four characters; a value of fewer than 16 shows none, so that most of it stays hidden. */
export function maskOf(secret: string): string {
  return secret.length >= 16 ? `${HIDDEN}${secret.slice(-4)}` : HIDDEN;
}

/** URL-encoded, with the five characters that `encodeURIComponent` leaves and a form's encoding does not; in either case. */
function urlForms(secret: string): string[] {
  // a lone surrogate, which the JSON of a repository can hold, has no URL-encoded form
  if (/\p{Cs}/u.test(secret)) return [];
  const url = encodeURIComponent(secret);
  const form = url.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return [url, form].flatMap((text) => [text, text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())]);
}

/** base64 and base64url, without what depends on the neighbours, for each place that a secret can have in a longer text (`user:password`). */
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

/** The forms in which a value turns up in a text: plain, JSON-escaped (with `\/` too, as PHP writes it), URL-encoded, base64. Longest first. */
function formsOf(secret: string): readonly string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const forms = [secret, json, json.replace(/\//g, "\\/"), ...urlForms(secret), ...base64Forms(secret)];
  return [...new Set(forms)].sort((a, b) => b.length - a.length);
}

type Secrets = readonly string[] | ReadonlySet<string>;

/** Made once for each secret: hundreds of them are looked for in thousands of lines. */
const known = new Map<string, readonly string[]>();

/**
 * The text with every secret replaced by `maskOf` it, whatever its written form. Secrets of fewer than four characters are
 * left alone: replacing them would garble the text and hide nothing that cannot be guessed.
 */
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

/** A value as JSON in which no text holds a secret or an invisible character. The texts are masked, not the JSON: a secret may be the word "true". */
export function maskedJson(value: unknown, secrets: Secrets): string {
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === "string" ? mask(each, secrets) : each), 2);
  // GitHub Actions takes ##[…] for a command
  return text
    .replaceAll("##[", "#\\u0023[")
    .replace(/[\p{Cf}\p{Zl}\p{Zp}\u{7f}-\u{9f}]/gu, (char) =>
      char.replace(/./gs, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`),
    );
}

let unprintable: RegExp | undefined;

/**
 * Without controls, what is drawn as nothing (zero-width, fillers, variation selectors, tags), bidirectional controls, line
 * separators and lone surrogates. The pattern is made when it is needed: as a literal it costs 1 ms of every start.
 */
function withoutUnprintable(text: string): string {
  unprintable ??= /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\u{fff9}-\u{fffb}]/gu;
  return text.replace(unprintable, "");
}

/** Escape sequences as a whole (CSI, OSC, two-byte), so that "[31m" does not stay behind when ESC is removed. */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing escape sequences is the purpose
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/gu;

/** GitHub Actions takes `##[…]` for a command wherever it stands in a line (ActionCommand.cs of actions/runner, 2026). */
const withoutCommand = (line: string): string => line.replaceAll("##[", "## [");

/**
 * Text from a file or a server, on one line: escape sequences, control and bidirectional characters removed,
 * runs of white space folded, cut to `max` characters with an ellipsis.
 */
export function printable(text: string, max = 300): string {
  // most text; the patterns below are four tables of Unicode, and to make them costs a hundredth of a start
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
    // GitHub Actions takes `::` for a command, with or without blanks before it
    return withoutCommand(clean.replace(/^(\s*:):/, "$1 :"));
  };
  const plainPart = (part: string): string => part.replace(ESCAPES, "").split(/\r?\n/).map(plain).join("\n");
  if (!colors) return plainPart(text);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  const parts = text.split(/(\u001b\[\d{1,2}m)/);
  return parts.map((part, index) => (index % 2 === 1 ? part : plainPart(part))).join("");
}
