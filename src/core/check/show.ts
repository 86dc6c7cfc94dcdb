/** What may be shown of a file: as a whole in a plan, line by line, and in the words of a finding. */
import { isKeyPath } from "../clients/claude-settings.ts";
import { assignments } from "../formats/dotenv.ts";
import { isObjectNode, member, spanOf } from "../formats/nodes.ts";
import { HIDDEN, mask, maskOf, printable } from "../secrets.ts";
import { documentOf, kindOf } from "./documents.ts";
import type { Span, Subject } from "./model.ts";
import { isUnfitToShow, secretsInText, WORD } from "./secret-judge.ts";
import { secretsIn } from "./secret-places.ts";

/** The mask for a secret: its last four characters if it is ours; quotes and the number of lines stay. */
function maskPlace(place: string, secrets: readonly string[]): string {
  return place.replace(/^(["'`]?)(.+)\1$|[^\r\n]+/g, (_, quote = "", inner = "") => {
    return quote + (secrets.includes(inner) ? maskOf(inner) : HIDDEN) + quote;
  });
}

function maskSpans(text: string, spans: readonly Span[], secrets: readonly string[]): string {
  let [masked, at] = ["", 0];
  for (const { offset, length } of spans) {
    if (offset < at) continue;
    masked += text.slice(at, offset) + maskPlace(text.slice(offset, offset + length), secrets);
    at = offset + length;
  }
  return masked + text.slice(at);
}

/** The text of a file with `secrets` and those of secret-judge.ts masked, line by line; of `.env` and of a root "env" all values but `shown`. */
export function maskFile(path: string, text: string, secrets: readonly string[], shown: readonly string[]): string {
  const kind = kindOf(path) ?? "mcp";
  const document = documentOf({ path, kind, text, encoding: "utf-8", tracked: false, ignored: false, mode: undefined });
  const found = secretsIn(document).map(({ span }) => span);
  const values = kind === "env" ? assignments(text).filter(({ value }) => value !== "" && !shown.includes(value)) : [];
  const env = member(document.whole ?? document.tree, "env")?.value;
  const texts = (isObjectNode(env) ? env.entries : [])
    .map(({ value }) => value)
    .filter((value) => value.kind === "scalar" && !["", ...shown].includes(String(value.value)));
  const all = [
    ...values.map(({ rawStart: start, rawEnd: end }) => spanOf({ start, end })),
    ...texts.map(spanOf),
    ...found,
  ];
  const spans = all.toSorted((a, b) => a.offset - b.offset);
  return mask(maskSpans(text, spans, secrets), secrets);
}

function hidden(secrets: readonly string[], text: string): string {
  const known = mask(text, secrets);
  const plain = maskSpans(known, secretsInText(known).map(spanOf), []);
  return plain.replace(WORD, (word) => (isUnfitToShow(word) && !isKeyPath(word) ? maskOf(word) : word));
}

export const isFitToShow = ({ secrets }: Pick<Subject, "secrets">, text: string): boolean =>
  text.length <= 4096 && hidden(secrets, text) === text;

/** A text of a file as a message may quote it: printable, and every stretch that could be a secret masked. */
export function shown(subject: Pick<Subject, "secrets">, text: string, max = 200): string {
  // printable first: an invisible character could split a token
  return printable(hidden(subject.secrets, printable(text.slice(0, 4096), 4096)), max);
}

/** A character in quotes, or by its code if nobody can see it. */
export const signOf = (sign: string): string =>
  sign <= " " || (sign.trim() !== "" && printable(sign) === sign)
    ? JSON.stringify(sign)
    : `U+${sign.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}`;
