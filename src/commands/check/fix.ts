import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { Context } from "../../context.ts";
import type { Document, TextEdit } from "../../core/check/model.ts";
import { applyFixes, runRules } from "../../core/check/run.ts";
import { maskFile } from "../../core/check/show.ts";
import { CLIENTS, clientOf, kindOfClient } from "../../core/clients/index.ts";
import { diffTexts } from "../../core/formats/diff.ts";
import type { Node } from "../../core/formats/json.ts";
import { winners } from "../../core/formats/nodes.ts";
import type { WriteStep } from "../../core/plan/model.ts";
import { RULES } from "../../core/rules/index.ts";
import { printable } from "../../core/secrets.ts";
import { clearStaleLock } from "../../io/lock.ts";
import { resolveTarget } from "../../io/read.ts";
import { paintLine } from "../../ui/paint.ts";
import { createShow, type Show } from "../../ui/show.ts";
import { carryOut } from "../shared/carry-out.ts";
import { assertInside } from "../shared/privacy.ts";
import { type Gathered, gather, isAsked } from "./gather.ts";
import type { CheckOptions } from "./options.ts";

/** A fix can make the next one possible: a file without comments is read on. */
const MOST_ROUNDS = 10;

type Step = WriteStep & { readonly name: string };
type Fix = readonly TextEdit[];
type Refuse = (reader: Document, rule: string) => void;

/** Whoever else reads a file: under another name, or another client under the same name. */
function otherReaders(documents: readonly Document[], file: Document): readonly Document[] {
  const clients = CLIENTS.filter(({ files }) => files.also?.includes(file.path));
  const names = documents.filter(({ target }) => target === file.path);
  return [...names, ...clients.map((client) => ({ ...file, kind: kindOfClient(client) }))];
}

/** How many properties a later one with the same name replaces. */
function repeated(node: Node | undefined): number {
  if (node === undefined || node.kind === "scalar") return 0;
  const here = node.kind === "object" ? node.entries.length - winners(node).length : 0;
  return node.entries.reduce((sum, { value }) => sum + repeated(value), here);
}

/** The fixes of a file that make no key a second time, and no finding for anybody else who reads it. `refuse` is told of the others. */
function harmless(
  { subject, parse }: Pick<Gathered, "subject" | "parse">,
  file: Document,
  fixes: Fix[],
  refuse: Refuse,
) {
  const rest = subject.documents.filter(({ path, target = path }) => target !== file.path);
  const found = (reader: Document, taken: readonly Fix[]) => {
    const read = parse({ ...reader, text: applyFixes(file.text, taken), target: undefined });
    const all = runRules(RULES, { ...subject, documents: [...rest, read] });
    return all.filter(({ path }) => path === reader.path).map(({ rule }) => rule);
  };
  const readers = fixes.length === 0 ? [] : otherReaders(subject.documents, file);
  const before = readers.map((reader) => ({ reader, rules: found(reader, []) }));
  const harmOf = (taken: readonly Fix[]) => {
    const { tree } = parse({ ...file, text: applyFixes(file.text, taken) });
    if (file.tree !== undefined && repeated(tree) > repeated(file.tree)) return { reader: file, rule: "duplicate-key" };
    const count = (list: readonly string[], rule: string) => list.filter((each) => each === rule).length;
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
    else refuse(harm.reader, harm.rule);
  }
  return taken;
}

/** Every fix there is, in memory, until nothing is left to fix; then the files that change. */
function fixAll(gathered: Gathered, refuse: (file: Document, reader: Document, rule: string) => void): readonly Step[] {
  const { subject, parse, root } = gathered;
  let current = subject.documents;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const now = { ...subject, documents: current };
    const found = runRules(RULES, now).filter(({ path, fix }) => fix !== undefined && isAsked(gathered, path));
    const texts = new Map<string, string>();
    const created: Document[] = [];
    for (const file of current) {
      // a link may lead out of the repository, files with private values are never written here, and invalid bytes would be lost
      const isPrivate = file.path.startsWith("../") || /^env(?:rc)?$/.test(file.kind);
      if (isPrivate || file.target !== undefined || file.encoding !== "utf-8") continue;
      const own = found.filter(({ path }) => path === file.path);
      const isFree = ({ path }: { readonly path: string }): boolean =>
        isAsked(gathered, path) &&
        // a link that leads nowhere is there
        lstatSync(join(root, path), { throwIfNoEntry: false }) === undefined &&
        [...current, ...created].every((each) => each.path !== path);
      // a move alone: nothing may come between its two files
      const move = own.find(({ creates }) => creates !== undefined && isFree(creates));
      const fixes = move === undefined ? own.filter(({ creates }) => creates === undefined) : [move];
      const edits = fixes.flatMap(({ fix = [] }) => [fix]);
      const taken = harmless({ subject: now, parse }, file, edits, (...why) => refuse(file, ...why));
      const mended = parse({ ...file, text: applyFixes(file.text, taken) });
      const isMoved = move?.creates !== undefined && taken.length > 0;
      if (isMoved) created.push(parse({ ...file, kind: "mcp", tracked: false, ...move.creates }));
      // a file that a client could read before must stay readable
      if (isMoved || file.tree === undefined || mended.tree !== undefined) texts.set(file.path, mended.text);
    }
    const next = current.map((document) => {
      const text = texts.get(document.target ?? document.path) ?? document.text;
      return text === document.text ? document : parse({ ...document, text });
    });
    if (created.length === 0 && next.every((document, index) => document === current[index])) break;
    current = [...created, ...next];
  }
  const texts = new Map(subject.documents.map(({ path, text }) => [path, text]));
  return current.flatMap(({ path: name, text, target, kind, mode }): readonly Step[] => {
    const before = texts.get(name);
    if (target !== undefined || before === text) return [];
    // a file from which everything was moved is removed
    const after = kind === "misplaced" && text === "" ? undefined : text;
    const path = join(root, name);
    assertInside(root, { path, realPath: resolveTarget(path) });
    return [{ kind: "write", name, path, before, after, mode }];
  });
}

/** What is written. A link is left out: its file is fixed under its own name, if `check` reads that. */
function plan(gathered: Gathered, show: Show): readonly Step[] {
  const { subject } = gathered;
  const why = new Set<string>();
  const steps = fixAll(gathered, (file, { path, kind }, rule) => {
    const who = `${clientOf(kind)?.label ?? "another client"}${path === file.path ? "" : `, as ${path},`}`;
    const isOther = path !== file.path || kind !== file.kind;
    const other = `${who} reads this file too, and it would cause [${rule}] there`;
    const harm = isOther ? other : "the file would have a key twice";
    why.add(`${file.path}: one fix was skipped: ${harm}`);
  });
  const links = subject.documents.filter(({ path, target }) => target !== undefined && isAsked(gathered, path));
  const found = links.length === 0 ? [] : runRules(RULES, subject).filter(({ fix }) => fix !== undefined);
  for (const { path, target } of links)
    if (found.some((each) => each.path === path) && steps.every(({ name }) => name !== target))
      why.add(`${path} is a link and is not changed`);
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
  if (!options.dryRun) for (const lock of locks) clearStaleLock(join(root, lock.replace(/\.lock$/, "")));
  const show = createShow(context, { quiet: options.quiet || options.format === "json", guide: false });
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
  const how = { context, place, dryRun: options.dryRun, show: () => steps.forEach(showStep), confirm, replan };
  const { changed } = await carryOut({ steps }, how);
  const what = `${steps.length} file${steps.length === 1 ? "" : "s"}`;
  if (steps.length === 0 || !(changed || options.dryRun)) show.info("Nothing can be fixed automatically.");
  else if (options.dryRun) show.info(`Nothing was written (--dry-run). Without it, ${what} would be fixed.`);
  else show.ok(`Fixed ${what}.`);
  return changed || options.dryRun ? steps.map(({ name }) => name) : [];
}
