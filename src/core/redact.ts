/** What may be shown. Every printer passes through these two functions. */

const MASK = "••••";

/** C0/C1 controls, zero-width and bidirectional characters, line separators, BOM, tags: what can lie to a terminal or a reader. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing control characters is the purpose
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** Escape sequences as a whole (CSI, OSC, two-byte), so that "[31m" does not stay behind when ESC is removed. */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing escape sequences is the purpose
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/gu;

/**
 * Text from a file or a server, on one line: escape sequences, control and bidirectional characters removed,
 * runs of white space folded, cut to `max` characters with an ellipsis.
 */
export function printable(text: string, max = 300): string {
  const clean = text
    .slice(0, max * 16 + 4096)
    .replace(ESCAPES, "")
    .replace(/[\t\n\r\v\f\u0085\u2028\u2029]+/gu, " ")
    .replace(UNPRINTABLE, "")
    .replace(/ {2,}/gu, " ")
    .trim();
  const points = Array.from(clean);
  return points.length <= max ? clean : `${points.slice(0, Math.max(0, max - 1)).join("")}…`;
}

/** `••••` and at most the last four characters; a short value shows none, so that most of it stays hidden. */
export function mask(secret: string): string {
  return secret.length >= 16 ? `${MASK}${secret.slice(-4)}` : MASK;
}

/** Every form in which a value can turn up in a text: as it is, JSON-escaped or URL-encoded. */
function forms(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(secret);
  return [...new Set([secret, json, url])];
}

/**
 * Replaces every secret in `text` by its mask. Secrets of fewer than four characters are left alone:
 * replacing them would garble the text and hide nothing that can be guessed anyway.
 */
export function redact(text: string, secrets: Iterable<string>): string {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
  let out = text;
  for (const secret of known) {
    for (const form of forms(secret)) out = out.split(form).join(mask(secret));
  }
  return out;
}
