/** A file as a plan may show it: every line as it is, but for secrets. */
import { assignments } from "../formats/dotenv.ts";
import { HIDDEN, mask, maskOf } from "../secrets.ts";
import { documentOf, kindOf } from "./documents.ts";
import type { Document, Span } from "./model.ts";
import { secretsIn } from "./secret-places.ts";

/** Where the secrets of a file stand. The values of `.env` are private, whatever they look like, but for those of `shown`. */
function placesOf(document: Document, shown: readonly string[]): readonly Span[] {
  const found = secretsIn(document).map(({ span }) => span);
  if (document.kind !== "env") return found;
  const values = assignments(document.text).filter(({ value }) => value !== "" && !shown.includes(value));
  const spans = values.map(({ rawStart, rawEnd }) => ({ offset: rawStart, length: rawEnd - rawStart }));
  return [...spans, ...found].toSorted((a, b) => a.offset - b.offset);
}

/** What stands in the place of a secret: of ours its last four, in the quotes that are there; as many lines as before. */
function maskPlace(place: string, secrets: readonly string[]): string {
  const [, quote = "", inner = ""] = /^(["'`]?)(.*)\1$/.exec(place) ?? [];
  if (secrets.includes(inner)) return quote + maskOf(inner) + quote;
  return inner === "" ? place.replace(/[^\r\n]+/g, HIDDEN) : quote + HIDDEN + quote;
}

/** The text of a file with secrets masked: `secrets`, which are known, and what the judge of secrets finds. As many lines as before. */
export function maskFile(path: string, text: string, secrets: readonly string[], shown: readonly string[]): string {
  const kind = kindOf(path) ?? "mcp";
  const document = documentOf({ path, kind, text, encoding: "utf-8", tracked: false, ignored: false, mode: undefined });
  let [masked, at] = ["", 0];
  for (const { offset, length } of placesOf(document, shown)) {
    if (offset < at) continue;
    masked += text.slice(at, offset) + maskPlace(text.slice(offset, offset + length), secrets);
    at = offset + length;
  }
  return mask(masked + text.slice(at), secrets);
}
