/** A file as a plan may show it: every line as it is, but for secrets. */
import { assignments } from "../formats/dotenv.ts";
import { spanOf } from "../formats/nodes.ts";
import { HIDDEN, mask, maskOf } from "../secrets.ts";
import { documentOf, kindOf } from "./documents.ts";
import type { Span } from "./model.ts";
import { secretsInText } from "./secret-judge.ts";
import { secretsIn } from "./secret-places.ts";

/** What stands in the place of a secret: of ours its last four, in the quotes that are there; as many lines as before. */
function maskPlace(place: string, secrets: readonly string[]): string {
  const [, quote = "", inner = ""] = /^(["'`]?)(.*)\1$/.exec(place) ?? [];
  if (secrets.includes(inner)) return quote + maskOf(inner) + quote;
  return inner === "" ? place.replace(/[^\r\n]+/g, HIDDEN) : quote + HIDDEN + quote;
}

/** A text with these stretches masked. */
function maskSpans(text: string, spans: readonly Span[], secrets: readonly string[]): string {
  let [masked, at] = ["", 0];
  for (const { offset, length } of spans) {
    if (offset < at) continue;
    masked += text.slice(at, offset) + maskPlace(text.slice(offset, offset + length), secrets);
    at = offset + length;
  }
  return masked + text.slice(at);
}

/**
 * The text of a file with secrets masked: `secrets`, which are known, and what the judge of secrets finds. As many lines as
 * before. The values of `.env` are private, whatever they look like, but for those of `shown`.
 */
export function maskFile(path: string, text: string, secrets: readonly string[], shown: readonly string[]): string {
  const kind = kindOf(path) ?? "mcp";
  if (kind === "env") {
    const values = assignments(text).filter(({ value }) => value !== "" && !shown.includes(value));
    const spans = values.map(({ rawStart, rawEnd }) => spanOf({ start: rawStart, end: rawEnd }));
    const rest = maskSpans(text, spans, secrets);
    return mask(maskSpans(rest, secretsInText(rest).map(spanOf), secrets), secrets);
  }
  const document = documentOf({ path, kind, text, encoding: "utf-8", tracked: false, ignored: false, mode: undefined });
  const spans = secretsIn(document).map(({ span }) => span);
  return mask(maskSpans(text, spans, secrets), secrets);
}
