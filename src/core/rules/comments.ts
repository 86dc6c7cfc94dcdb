import { mcpDocuments } from "../check/loader.ts";
import { commentsOf, withoutComment } from "../check/loose-json.ts";
import type { Rule, Span } from "../check/model.ts";
import { secretsIn } from "../check/secret-places.ts";
import { finding } from "../check/show.ts";

function holdsOne({ offset, length }: Span, places: readonly number[]): boolean {
  return places.some((place) => place >= offset && place < offset + length);
}

/** One finding a file: the first comment is enough to lose everything. The fix takes all of them out. */
export const comments: Rule = {
  id: "comments",
  severity: "error",
  summary: "One comment, and Claude Code refuses the whole file",
  check: (subject) =>
    mcpDocuments(subject).flatMap((document) => {
      if (document.broken?.kind !== "loose") return [];
      const found = commentsOf(document.text);
      const [first] = found;
      if (first === undefined) return [];
      // what was pushed with a secret in it needs more than a deletion, and this may be the only copy
      const secrets = secretsIn(document).map(({ span }) => span.offset);
      const plain = secrets.length === 0 ? found : found.filter((comment) => !holdsOne(comment, secrets));
      const fix = plain.length === 0 ? undefined : plain.map((comment) => withoutComment(document.text, comment));
      const args = { count: String(found.length), kept: plain.length === found.length ? "" : "yes" };
      return [finding(subject, "comments", document, first, args, fix)];
    }),
  message: ({ count, kept }) =>
    `a comment${count === "1" ? "" : ` (${count} in the file)`}: Claude Code takes strict JSON only and loads none of the servers${kept === "yes" ? "; one that holds a secret is not taken out by --fix: revoke the secret, then delete it yourself" : ""}`,
};
