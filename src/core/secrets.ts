/** What may be shown. Every printer passes through these two functions. */

const MASK = "••••";

/**
 * Controls, everything that is drawn as nothing (zero-width, fillers, variation selectors, tags), bidirectional controls,
 * line separators and halves of surrogate pairs: what can lie to a terminal or a reader.
 */
const UNPRINTABLE = String.raw`\p{Cc}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}\u{fff9}-\u{fffb}`;

let unprintable: RegExp | undefined;

/** Made when it is needed: for a literal V8 reads the tables of Unicode with the file, which was 1 ms of every start. */
function withoutUnprintable(text: string): string {
  unprintable ??= new RegExp(`[${UNPRINTABLE}]`, "gu");
  return text.replace(unprintable, "");
}

/** A runner of GitHub Actions takes `##[…]` for a command wherever it stands in a line (ActionCommand.cs of actions/runner). */
function withoutCommand(line: string): string {
  return line.replaceAll("##[", "## [");
}

/** A line of our own that a runner would take for a command of the newer kind: blanks before it do not matter there. */
export function plainLine(line: string): string {
  return withoutCommand(line.replace(/^(\s*:):/, "$1 :"));
}

/** Escape sequences as a whole (CSI, OSC, two-byte), so that "[31m" does not stay behind when ESC is removed. */
const ESCAPES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing escape sequences is the purpose
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-~]/gu;

/**
 * Text from a file or a server, on one line: escape sequences, control and bidirectional characters removed,
 * runs of white space folded, cut to `max` characters with an ellipsis.
 */
export function printable(text: string, max = 300): string {
  // most text: what is below is four tables of Unicode, and to make them costs a hundredth of a start
  if (text.length <= max && /^[!-~]*(?: [!-~]+)*$/.test(text)) return withoutCommand(text.trim());
  const line = text
    .slice(0, max * 16 + 4096)
    .replace(ESCAPES, "")
    .replace(/[\t\n\r\v\f\u0085\u2028\u2029]+/gu, " ");
  const clean = withoutCommand(withoutUnprintable(line).replace(/ {2,}/gu, " ").trim());
  const points = Array.from(clean);
  return points.length <= max ? clean : `${points.slice(0, Math.max(0, max - 1)).join("")}…`;
}

/** Text of our own with lines of its own, in which a word of a file or a server may stand: the same, line by line. */
export function printableLines(text: string): string {
  return text
    .replace(ESCAPES, "")
    .split(/\r?\n/)
    .map((line) => plainLine(withoutUnprintable(line.replace(/\t/g, "  "))))
    .join("\n");
}

/** `••••` and at most the last four characters; a short value shows none, so that most of it stays hidden. */
export function mask(secret: string): string {
  return secret.length >= 16 ? `${MASK}${secret.slice(-4)}` : MASK;
}

/** URL-encoded, with the five characters that encodeURIComponent leaves and a form's encoding does not. */
function urlForms(secret: string): string[] {
  try {
    const url = encodeURIComponent(secret);
    const form = url.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
    const small = (text: string): string => text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
    return [url, form, small(url), small(form)];
  } catch {
    // half a surrogate pair, which a repository's JSON can hold: it has no URL-encoded form
    return [];
  }
}

/** Every form in which a value can turn up in a text: as it is, JSON-escaped (with `\\/` too, as PHP does) or URL-encoded. */
function forms(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1);
  return [...new Set([secret, json, json.replace(/\//g, "\\/"), ...urlForms(secret)])];
}

/**
 * Replaces every secret in a text by its mask. Secrets of fewer than four characters are left alone:
 * replacing them would garble the text and hide nothing that can be guessed anyway.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
  const masks = known.flatMap((secret) => forms(secret).map((form) => ({ form, masked: mask(secret) })));
  return (text) => {
    let out = text;
    for (const { form, masked } of masks) {
      if (!out.includes(form)) continue;
      // the mask's last four may begin the same secret again ("aaaa…"); every round makes the text shorter
      do out = out.split(form).join(masked);
      while (form.length > masked.length && out.includes(form));
    }
    return out;
  };
}

/** By the list of secrets, which is never changed; a set grows. */
const made = new WeakMap<readonly string[], (text: string) => string>();

/** The same for one text. */
export function redact(text: string, secrets: Iterable<string>): string {
  if (!Array.isArray(secrets)) return redactor(secrets)(text);
  const list: readonly string[] = secrets;
  const known = made.get(list) ?? redactor(list);
  made.set(list, known);
  return known(text);
}

/** JSON whose texts hold no secret, and nothing that is drawn as nothing or moves a cursor. Not the JSON is redacted: a secret may be a word of it, such as "true". */
export function redactedJson(value: unknown, secrets: Iterable<string>): string {
  const clean = redactor(secrets);
  const text = JSON.stringify(value, (_, each: unknown) => (typeof each === "string" ? clean(each) : each), 2);
  // JSON may hold them as they are, and somebody may look at it in a terminal
  return text.replace(/[\p{Cf}\p{Zl}\p{Zp}\u{7f}-\u{9f}]/gu, (char) =>
    Array.from({ length: char.length }, (_, at) => `\\u${char.charCodeAt(at).toString(16).padStart(4, "0")}`).join(""),
  );
}

/** Of a secret so many letters and digits in a row are a part of it. */
const PIECE = 5;

/** Whether a text holds parts of a secret, whatever else stands between its letters and digits: tags that were taken out, slashes, spaces. */
export function holdsPieces(text: string, secrets: Iterable<string>): boolean {
  const bare = (any: string): string => any.replace(/[^\p{L}\p{N}]/gu, "");
  const said = bare(text);
  return [...secrets].some((secret) => {
    const whole = bare(secret);
    if (whole.length < 2 * PIECE) return false;
    for (let at = 0; at + PIECE <= said.length; at += 1) if (whole.includes(said.slice(at, at + PIECE))) return true;
    return false;
  });
}
