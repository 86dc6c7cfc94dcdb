import { join } from "node:path";
import type { Context } from "../../context.ts";
import { applyEdits, chooseFixes, type TextEdit } from "../../core/check/edits.ts";
import { maskFile } from "../../core/check/mask-file.ts";
import { runRules } from "../../core/check/run.ts";
import { type DiffLine, diffTexts } from "../../core/formats/diff.ts";
import type { WriteStep } from "../../core/plan/model.ts";
import { RULES } from "../../core/rules/index.ts";
import { printable } from "../../core/secrets.ts";
import { Refusal } from "../../errors.ts";
import { resolveTarget } from "../../io/read.ts";
import { paintLine } from "../../ui/paint.ts";
import { createShow, type Show } from "../../ui/show.ts";
import { carryOut } from "../shared/carry-out.ts";
import { type Asked, assertInside, assertPrivate } from "../shared/privacy.ts";
import { type CheckOptions, type Gathered, gather, isAsked } from "./gather.ts";

/** A fix can make the next one possible: a file without comments is read on. More rounds than this are two rules at odds. */
const MOST_ROUNDS = 10;

/** A file that changes, as it is to be. */
type Step = WriteStep & { readonly name: string };

interface Fixes {
  readonly steps: readonly Step[];
  /** How many findings they mend. */
  readonly count: number;
}

/** Every fix there is but those of the files to be left out, in memory, until nothing is left to fix. */
function fixAll(gathered: Gathered, leftOut: ReadonlySet<string>): Fixes {
  const { subject, parse, root } = gathered;
  let current = subject.documents;
  let count = 0;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const fixes = new Map<string, (readonly TextEdit[])[]>();
    for (const { path, fix = [] } of runRules(RULES, { ...subject, documents: current })) {
      if (fix.length === 0 || leftOut.has(path) || !isAsked(gathered, path)) continue;
      const own = fixes.get(path) ?? [];
      own.push(fix);
      fixes.set(path, own);
    }
    const next = current.map((document) => {
      const own = fixes.get(document.path);
      // a file with values of its own is never written from here, and bytes that are no text would be lost
      if (own === undefined || document.encoding !== "utf-8" || /^env(?:rc)?$/.test(document.kind)) return document;
      const mended = parse({ ...document, text: applyEdits(document.text, chooseFixes(own)) });
      // what a client could read before it must be able to read after
      return document.tree !== undefined && mended.tree === undefined ? document : mended;
    });
    if (next.every(({ text }, index) => text === current[index]?.text)) break;
    if (round === 0) count = [...fixes.values()].flat().length;
    current = next;
  }
  const steps = current.flatMap(({ path: name, text: after, kind }, index): readonly Step[] => {
    const before = subject.documents[index]?.text;
    const secret = kind === "settings-local" ? { secret: true } : {};
    return before === after ? [] : [{ kind: "write", name, path: join(root, name), before, after, ...secret }];
  });
  return { steps, count };
}

/** The fixes of all files that may be written. Says which of the others are left out, and why. */
function plan(gathered: Gathered, place: Asked, show: Show): Fixes {
  const leftOut = new Set<string>();
  const leave = (name: string, reason: string, hint?: string): void => {
    leftOut.add(name);
    show.warn(`${reason}; the file is left as it is`, hint?.split("\n"));
  };
  const names = new Map<string, string>();
  for (const { name, path, secret } of fixAll(gathered, leftOut).steps) {
    const realPath = resolveTarget(path);
    const other = names.get(realPath);
    names.set(realPath, name);
    // of two names of one file, the link is left out
    if (other !== undefined) {
      const link = path === realPath ? other : name;
      leave(link, `${printable(link)} is the same file as ${printable(link === name ? other : name)}`);
    }
    try {
      if (secret === true) assertPrivate(place, { path, realPath }, { ignored: true });
      else assertInside(place.root, { path, realPath });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      leave(name, error.message, error.hint);
    }
  }
  return fixAll(gathered, leftOut);
}

function many(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function showStep(show: Show, context: Context, options: CheckOptions, { name, before, after }: Step): void {
  const lines = diffTexts(before ?? "", after ?? "", {
    mask: (text) => maskFile(name, text, [...context.secrets], []),
    width: show.columns - 6,
  });
  const label = show.paint.bold(printable(name));
  if (options.format === "text") {
    show.info(`${label} (changed)`);
    show.verbatim(lines.map((line) => paintLine(show.paint, line)));
    return;
  }
  // a program reads the report: beside it stands what changes, not how
  const count = (kind: DiffLine["kind"]): number => lines.filter((line) => line.kind === kind).length;
  show.info(`${label} (changed: ${many(count("added"), "line")} added, ${count("removed")} removed)`);
}

/**
 * Mends what can be mended, shown as a diff: all files or none, but for those that must not be written.
 * Out: the files that were changed, or with --dry-run would be.
 */
export async function fix(context: Context, options: CheckOptions, first: Gathered): Promise<readonly string[]> {
  const { root, git } = first;
  const show = createShow(context, { quiet: options.quiet || options.format === "json", guide: false });
  const place = { root, gitProgram: git?.program, programEnv: git?.env ?? context.env };
  let fixes = plan(first, place, show);
  const { changed } = await carryOut(fixes, {
    context,
    place,
    dryRun: options.dryRun,
    show: () => {
      for (const step of fixes.steps) showStep(show, context, options, step);
    },
    replan: async (reason) => {
      show.warn(`${reason} It is checked again.`);
      fixes = plan(await gather(context, options), place, show);
      return fixes;
    },
  });
  if (fixes.steps.length === 0 || !(changed || options.dryRun)) {
    show.info("Nothing can be fixed automatically.");
    return [];
  }
  const what = `${many(fixes.count, "finding")} in ${many(fixes.steps.length, "file")}`;
  if (options.dryRun) show.info(`Nothing was written (--dry-run). Without it, ${what} would be fixed.`);
  else show.ok(`Fixed ${what}.`);
  return fixes.steps.map(({ name }) => name);
}
