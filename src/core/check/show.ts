/** Findings, whose words are fit to be shown: whatever a rule quotes passes through here. */
import { HIDDEN, mask, maskOf, printable } from "../secrets.ts";
import { maskFile } from "./mask-file.ts";
import type { Document, Finding, Span, Subject, TextEdit } from "./model.ts";
import { isUnfitToShow, secretsInText, shownName, WORD } from "./secret-judge.ts";

function hidden(secrets: readonly string[], text: string): string {
  const known = mask(text, secrets);
  const found = secretsInText(known).toReversed();
  const plain = found.reduce((left, { start, end }) => left.slice(0, start) + HIDDEN + left.slice(end), known);
  return plain.replace(WORD, (word) => (isUnfitToShow(word) ? maskOf(word) : word));
}

/** A file → how to get at a line, from 1: as it is, and as it may be shown. Nothing of a file that is private as a whole. */
export function linesToShow(document: Document, secrets: readonly string[]) {
  if (document.kind === "env" || document.kind === "envrc") return () => undefined;
  const linesOf = (whole: string): readonly string[] => whole.replace(/^\uFEFF/, "").split(/\r\n?|\n/);
  const [plain, masked] = [document.text, maskFile(document.path, document.text, secrets, [])].map(linesOf);
  return (line: number) => ({ text: plain?.[line - 1] ?? "", shown: hidden(secrets, masked?.[line - 1] ?? "") });
}

/** Nothing in the text had to be masked. */
export function isFitToShow(subject: Pick<Subject, "secrets">, text: string): boolean {
  return text.length <= 4096 && hidden(subject.secrets, text) === text;
}

/** A text of a file as a message may quote it: printable, and every stretch that could be a secret masked. */
export function shown(subject: Pick<Subject, "secrets">, text: string, max = 200): string {
  // printable first: what is drawn as nothing would part a token
  return printable(hidden(subject.secrets, printable(text.slice(0, 4096), 4096)), max);
}

/** The arguments that are a name of the file and nothing else. */
const NAMES: ReadonlySet<string> = new Set(["name", "header", "key", "found"]);

/** A finding whose arguments are all fit to be shown. */
export function finding(
  subject: Subject,
  rule: string,
  document: Pick<Document, "path">,
  span: Span,
  args: Readonly<Record<string, string>>,
  fix?: readonly TextEdit[],
): Finding {
  const safe = Object.fromEntries(
    Object.entries(args).map(([name, text]) => [name, shown(subject, NAMES.has(name) ? shownName(text) : text)]),
  );
  return { rule, path: document.path, span, args: safe, ...(fix === undefined ? {} : { fix }) };
}
