import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../context.ts";
import type { Document, Finding, Subject, TextEdit } from "../../core/check/model.ts";
import { applyFixes, runRules } from "../../core/check/run.ts";
import { maskFile } from "../../core/check/show.ts";
import { CLIENTS, clientOf, kindOfClient } from "../../core/clients/index.ts";
import { diffTexts } from "../../core/formats/diff.ts";
import type { WriteStep } from "../../core/plan/model.ts";
import { RULES } from "../../core/rules/index.ts";
import { printable } from "../../core/secrets.ts";
import { clearStaleLock } from "../../io/lock.ts";
import { resolveTarget } from "../../io/read.ts";
import { paintLine } from "../../ui/paint.ts";
import { createShow, type Show } from "../../ui/show.ts";
import { carryOut } from "../shared/carry-out.ts";
import { assertInside } from "../shared/privacy.ts";
import { type CheckOptions, type Gathered, gather, isAsked } from "./gather.ts";

/** A fix can make the next one possible: a file without comments is read on. */
const MOST_ROUNDS = 10;

type Step = WriteStep & { readonly name: string };
type Fix = readonly TextEdit[];
/** Is told of a fix that would harm another reader of the file: which rule would find something there. */
type Skip = (file: Document, reader: Document, rule: string) => void;

const mendable = (subject: Subject): readonly Finding[] =>
  runRules(RULES, subject).filter(({ fix }) => fix !== undefined);

/** Whoever else reads a file: under another name, or another client under the same name. */
function otherReaders(documents: readonly Document[], file: Document): readonly Document[] {
  const clients = CLIENTS.filter(({ files }) => files.also?.includes(file.path));
  const names = documents.filter(({ target }) => target === file.path);
  return [...names, ...clients.map((client) => ({ ...file, kind: kindOfClient(client) }))];
}

/** The fixes of a file that cause no finding for anybody else who reads it. */
function harmless({ parse }: Gathered, subject: Subject, file: Document, fixes: readonly Fix[], skip: Skip) {
  const rest = subject.documents.filter(({ path, target = path }) => target !== file.path);
  const found = (reader: Document, taken: readonly Fix[]) => {
    const read = parse({ ...reader, text: applyFixes(file.text, taken), target: undefined });
    const all = runRules(RULES, { ...subject, documents: [...rest, read] });
    return all.filter(({ path }) => path === reader.path).map(({ rule }) => rule);
  };
  const readers = fixes.length === 0 ? [] : otherReaders(subject.documents, file);
  const before = readers.map((reader) => ({ reader, rules: found(reader, []) }));
  const count = (list: readonly string[], rule: string) => list.filter((each) => each === rule).length;
  const harmOf = (taken: readonly Fix[]) => {
    const harms = before.map(({ reader, rules }) => {
      return { reader, rule: found(reader, taken).find((rule, _, all) => count(all, rule) > count(rules, rule)) };
    });
    return harms.find(({ rule }) => rule !== undefined);
  };
  // each answer takes a run of the rules
  if (harmOf(fixes) === undefined) return fixes;
  const taken: Fix[] = [];
  for (const each of fixes) {
    const harm = harmOf([...taken, each]);
    if (harm?.rule === undefined) taken.push(each);
    else skip(file, harm.reader, harm.rule);
  }
  return taken;
}

/** The documents after all fixes that can be made at once; the same ones if there is none. */
function fixOnce(gathered: Gathered, documents: readonly Document[], skip: Skip): readonly Document[] {
  const { parse, root } = gathered;
  const subject = { ...gathered.subject, documents };
  const found = mendable(subject).filter(({ path }) => isAsked(gathered, path));
  const texts = new Map<string, string>();
  const created: Document[] = [];
  for (const file of documents) {
    // a link may lead out of the repository, files with private values are never written here, and invalid bytes would be lost
    const isPrivate = file.path.startsWith("../") || /^env(?:rc)?$/.test(file.kind);
    if (isPrivate || file.target !== undefined || file.encoding !== "utf-8") continue;
    const own = found.filter(({ path }) => path === file.path);
    const isFree = ({ path }: { readonly path: string }): boolean =>
      isAsked(gathered, path) &&
      // a link that leads nowhere is there
      lstatSync(join(root, path), { throwIfNoEntry: false }) === undefined &&
      [...documents, ...created].every((each) => each.path !== path);
    // a move alone: nothing may come between its two files
    const move = own.find(({ creates }) => creates !== undefined && isFree(creates));
    const fixes = move === undefined ? own.filter(({ creates }) => creates === undefined) : [move];
    const edits = fixes.flatMap(({ fix = [] }) => [fix]);
    const taken = harmless(gathered, subject, file, edits, skip);
    const mended = parse({ ...file, text: applyFixes(file.text, taken) });
    const isMoved = move?.creates !== undefined && taken.length > 0;
    if (isMoved) created.push(parse({ ...file, kind: "mcp", tracked: false, ...move.creates }));
    // a file that a client could read before must stay readable
    if (isMoved || file.tree === undefined || mended.tree !== undefined) texts.set(file.path, mended.text);
  }
  const next = documents.map((document) => {
    const text = texts.get(document.target ?? document.path) ?? document.text;
    return text === document.text ? document : parse({ ...document, text });
  });
  return created.length === 0 && next.every((each, index) => each === documents[index])
    ? documents
    : [...created, ...next];
}

/** What is written, until nothing is left to fix. A link is left out: its file is fixed under its own name, if `check` reads that. */
function plan(gathered: Gathered, show: Show): readonly Step[] {
  const { subject, root } = gathered;
  const why = new Set<string>();
  const skip: Skip = (file, { path, kind }, rule) => {
    const who = `${clientOf(kind)?.label ?? "another client"}${path === file.path ? "" : `, as ${path},`}`;
    why.add(`${file.path}: one fix was skipped: ${who} reads this file too, and it would cause [${rule}] there`);
  };
  let current = subject.documents;
  for (let round = 0, last: unknown; round < MOST_ROUNDS && current !== last; round += 1) {
    last = current;
    current = fixOnce(gathered, current, skip);
  }
  const texts = new Map(subject.documents.map(({ path, text }) => [path, text]));
  const steps = current.flatMap(({ path: name, text, target, kind, mode }): readonly Step[] => {
    const before = texts.get(name);
    if (target !== undefined || before === text) return [];
    // a file from which everything was moved is removed
    const after = kind === "misplaced" && text === "" ? undefined : text;
    const path = join(root, name);
    assertInside(root, { path, realPath: resolveTarget(path) });
    return [{ kind: "write", name, path, before, after, mode }];
  });
  const links = subject.documents.filter(({ path, target }) => target !== undefined && isAsked(gathered, path));
  const found = new Set(links.length === 0 ? [] : mendable(subject).map(({ path }) => path));
  for (const { path, target } of links)
    if (found.has(path) && steps.every(({ name }) => name !== target)) why.add(`${path} is a link and is not changed`);
  for (const each of why) show.warn(printable(each, 500));
  return steps;
}

/** Fixes what can be fixed, after `confirm`, all files or none; skips what must not be written. Out: the files that were, or would be, changed. */
export async function fix(
  context: Context,
  options: CheckOptions,
  first: Gathered,
  confirm?: () => Promise<void>,
): Promise<readonly string[]> {
  const { root, git, locks } = first;
  const { dryRun, quiet, format } = options;
  if (!dryRun) for (const lock of locks) clearStaleLock(join(root, lock.replace(/\.lock$/, "")));
  const show = createShow(context, { quiet: quiet || format === "json", guide: false });
  const showStep = ({ name, before, after }: Step): void => {
    const mask = (text: string): string => maskFile(name, text, [...context.secrets], []);
    const what = before === undefined ? "new" : after === undefined ? "removed" : "changed";
    show.info(`${show.paint.bold(printable(name))} (${what})`);
    const lines = diffTexts(before ?? "", after ?? "", { mask, width: show.columns - 6 });
    show.verbatim(lines.map((line) => paintLine(show.paint, line)));
  };
  let steps = plan(first, show);
  const replan = async (reason: string) => {
    show.warn(`${reason} It is checked again.`);
    steps = plan(await gather(context, options), show);
    return { steps };
  };
  const place = { root, gitProgram: git?.program, programEnv: git?.env ?? context.env, signal: context.signal };
  const how = { context, place, dryRun, show: () => steps.forEach(showStep), confirm, replan };
  const { changed } = await carryOut({ steps }, how);
  const what = `${steps.length} file${steps.length === 1 ? "" : "s"}`;
  if (steps.length === 0 || !(changed || dryRun)) show.info("Nothing can be fixed automatically.");
  else if (dryRun) show.info(`Nothing was written (--dry-run). Without it, ${what} would be fixed.`);
  else show.ok(`Fixed ${what}.`);
  return changed || dryRun ? steps.map(({ name }) => name) : [];
}
