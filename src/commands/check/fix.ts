import { join } from "node:path";
import type { Context } from "../../context.ts";
import { applyFixes } from "../../core/check/edits.ts";
import type { TextEdit } from "../../core/check/model.ts";
import { runRules } from "../../core/check/run.ts";
import { maskFile } from "../../core/check/show.ts";
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
import { type Gathered, gather, isAsked } from "./gather.ts";
import type { CheckOptions } from "./options.ts";

/** A fix can make the next one possible: a file without comments is read on. More rounds than this are two rules at odds. */
const MOST_ROUNDS = 10;

/** A file that changes, as it is to be, and how many findings that mends. */
type Step = WriteStep & { readonly name: string; readonly count: number };

/** Every fix there is, in memory, until nothing is left to fix. */
function fixAll(gathered: Gathered): readonly Step[] {
  const { subject, parse, root } = gathered;
  let current = subject.documents;
  const counts = new Map<string, number>();
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const fixes = new Map<string, (readonly TextEdit[])[]>();
    for (const { path, fix = [] } of runRules(RULES, { ...subject, documents: current })) {
      if (fix.length > 0 && isAsked(gathered, path)) fixes.set(path, [...(fixes.get(path) ?? []), fix]);
    }
    const next = current.map((document) => {
      const own = fixes.get(document.path);
      // a file with values of its own is never written from here, and bytes that are no text would be lost
      if (own === undefined || document.encoding !== "utf-8" || /^env(?:rc)?$/.test(document.kind)) return document;
      if (round === 0) counts.set(document.path, own.length);
      const mended = parse({ ...document, text: applyFixes(document.text, own) });
      // what a client could read before it must be able to read after
      return document.tree !== undefined && mended.tree === undefined ? document : mended;
    });
    if (next.every(({ text }, index) => text === current[index]?.text)) break;
    current = next;
  }
  return current.flatMap(({ path: name, text: after, kind }, index): readonly Step[] => {
    const before = subject.documents[index]?.text;
    const secret = kind === "settings-local" ? { secret: true } : {};
    const step = { kind: "write", name, path: join(root, name), before, after, count: counts.get(name) ?? 0 } as const;
    return before === after ? [] : [{ ...step, ...secret }];
  });
}

/** The files that may be written; says which of the others are left out, and why. */
function plan(gathered: Gathered, place: Asked, show: Show): readonly Step[] {
  const seen = new Set<string>();
  return fixAll(gathered).filter(({ path, secret }) => {
    const realPath = resolveTarget(path);
    try {
      if (secret === true) assertPrivate(place, { path, realPath }, { ignored: true });
      else assertInside(place.root, { path, realPath });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      show.warn(`${error.message}; the file is left as it is`, error.hint?.split("\n"));
      return false;
    }
    // a link to a file of the repository: mended once, under its first name
    const isNew = !seen.has(realPath);
    seen.add(realPath);
    return isNew;
  });
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
  let steps = plan(first, place, show);
  const { changed } = await carryOut(
    { steps },
    {
      context,
      place,
      dryRun: options.dryRun,
      show: () => {
        for (const step of steps) showStep(show, context, options, step);
      },
      replan: async (reason) => {
        show.warn(`${reason} It is checked again.`);
        steps = plan(await gather(context, options), place, show);
        return { steps };
      },
    },
  );
  if (steps.length === 0 || !(changed || options.dryRun)) {
    show.info("Nothing can be fixed automatically.");
    return [];
  }
  const findings = steps.reduce((sum, { count }) => sum + count, 0);
  const what = `${many(findings, "finding")} in ${many(steps.length, "file")}`;
  if (options.dryRun) show.info(`Nothing was written (--dry-run). Without it, ${what} would be fixed.`);
  else show.ok(`Fixed ${what}.`);
  return steps.map(({ name }) => name);
}
