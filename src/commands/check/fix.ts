import { join } from "node:path";
import type { Context } from "../../context.ts";
import type { RawDocument } from "../../core/check/documents.ts";
import { applyEdits, chooseFixes, type TextEdit } from "../../core/check/edits.ts";
import type { Subject } from "../../core/check/model.ts";
import { runRules } from "../../core/check/run.ts";
import { type DiffLine, diffTexts } from "../../core/formats/diff.ts";
import { HALO_URL } from "../../core/halo.ts";
import type { WriteStep } from "../../core/plan/model.ts";
import { RULES } from "../../core/rules/index.ts";
import { printable } from "../../core/secrets.ts";
import { Refusal } from "../../errors.ts";
import { resolveTarget } from "../../io/read.ts";
import { paintLine } from "../../ui/paint.ts";
import { createShow, type Show } from "../../ui/show.ts";
import { carryOut } from "../shared/carry-out.ts";
import { type Asked, assertInside, assertPrivate } from "../shared/privacy.ts";
import { type Gathered, gather, subjectOf } from "./gather.ts";
import type { CheckOptions } from "./options.ts";
import { isAsked } from "./places.ts";

/** A fix can make the next one possible: a file without comments is read on. More rounds than this are two rules at odds. */
const MOST_ROUNDS = 10;

interface Fixed {
  /** The text of every file that changes, as it is to be. */
  readonly texts: ReadonlyMap<string, string>;
  readonly count: number;
}

/** Applies the fixes of one round; a file that a client could read before and not after is left as it was. */
function mend(document: RawDocument, fixes: readonly (readonly TextEdit[])[], parse: Gathered["parse"]): RawDocument {
  const mended = { ...document, text: applyEdits(document.text, chooseFixes(fixes)) };
  const isWorse = parse(document).tree !== undefined && parse(mended).tree === undefined;
  return isWorse ? document : mended;
}

/** Every fix there is but those of the files to be left out, in memory, until nothing is left to fix. */
function fixAll(subject: Subject, gathered: Gathered, leftOut: ReadonlySet<string>): Fixed {
  const texts = new Map<string, string>();
  let current: readonly RawDocument[] = gathered.documents;
  let count = 0;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const fixes = new Map<string, (readonly TextEdit[])[]>();
    let found = 0;
    for (const { path, fix } of runRules(RULES, { ...subject, documents: current.map(gathered.parse) })) {
      if (fix === undefined || fix.length === 0 || leftOut.has(path) || !isAsked(gathered.places, path)) continue;
      found += 1;
      const own = fixes.get(path);
      if (own === undefined) fixes.set(path, [fix]);
      else own.push(fix);
    }
    const next = current.map((document) => {
      const own = fixes.get(document.path);
      // a file with values of its own is never written from here, and bytes that are no text would be lost
      const isOurs = document.encoding === "utf-8" && !/^env(?:rc)?$/.test(document.kind);
      return own !== undefined && isOurs ? mend(document, own, gathered.parse) : document;
    });
    const changed = next.filter(({ text }, index) => text !== current[index]?.text);
    if (changed.length === 0) break;
    for (const { path, text } of changed) texts.set(path, text);
    if (round === 0) count = found;
    current = next;
  }
  return { texts, count };
}

function showStep(show: Show, context: Context, options: CheckOptions, path: string, step: WriteStep): void {
  const lines = diffTexts(step.before ?? "", step.after ?? "", {
    secrets: [...context.secrets],
    shown: ["http", HALO_URL, options.url],
    format: /\.jsonc?$/.test(path) ? "json" : /(?:^|\/)\.env/.test(path) ? "dotenv" : "lines",
    width: show.columns - 6,
  });
  const name = show.paint.bold(printable(path));
  if (options.format === "text") {
    show.info(`${name} (changed)`);
    show.verbatim(lines.map((line) => paintLine(show.paint, line)));
    return;
  }
  // a program reads the report: beside it stands what changes, not how
  const count = (kind: DiffLine["kind"]): number => lines.filter((line) => line.kind === kind).length;
  show.info(`${name} (changed: ${many(count("added"), "line")} added, ${count("removed")} removed)`);
}

function many(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

function stepsOf(gathered: Gathered, texts: Fixed["texts"]): readonly (WriteStep & { readonly name: string })[] {
  const documents = new Map(gathered.documents.map((document) => [document.path, document]));
  return [...texts].map(([name, after]) => {
    const document = documents.get(name);
    const secret = document?.kind === "settings-local" ? { secret: true } : {};
    return { kind: "write", name, path: join(gathered.places.root, name), before: document?.text, after, ...secret };
  });
}

interface Mending {
  readonly steps: ReturnType<typeof stepsOf>;
  /** "3 findings in 2 files". */
  readonly what: string;
}

/** What can be mended. A file that must not be written is left out, and named. */
function planFixes(show: Show, asked: Asked, subject: Subject, gathered: Gathered): Mending {
  const leftOut = new Set<string>();
  const targets = new Map<string, string>();
  for (const { name, path, secret } of stepsOf(gathered, fixAll(subject, gathered, leftOut).texts)) {
    const place = { path, realPath: resolveTarget(path) };
    const other = targets.get(place.realPath);
    targets.set(place.realPath, name);
    try {
      if (other !== undefined) throw new Refusal(`${name} is the same file as ${other}`);
      if (secret === true) assertPrivate(asked, place, { ignored: true });
      else assertInside(asked.root, place);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      leftOut.add(name);
      show.warn(`${error.message}; the file is left as it is`, error.hint?.split("\n"));
    }
  }
  const { texts, count } = fixAll(subject, gathered, leftOut);
  const steps = stepsOf(gathered, texts);
  return { steps, what: `${many(count, "finding")} in ${many(steps.length, "file")}` };
}

/** Mends what can be mended, shown as a diff: all files or none. Out: the files that were changed, or with --dry-run would be. */
export async function fix(context: Context, options: CheckOptions, gathered: Gathered): Promise<readonly string[]> {
  const { root, git } = gathered.places;
  const show = createShow(context, {
    quiet: options.quiet || options.format === "json",
    guide: false,
  });
  const asked = { root, gitProgram: git?.program, programEnv: git?.env ?? context.env };
  const look = (now: Gathered): Mending => planFixes(show, asked, subjectOf(context, options, now), now);
  let mending = look(gathered);
  const { changed } = await carryOut(mending, {
    context,
    place: asked,
    dryRun: options.dryRun,
    show: () => {
      for (const step of mending.steps) showStep(show, context, options, step.name, step);
    },
    onStale: (reason) => show.warn(`${reason} It is checked again.`),
    replan: async () => {
      mending = look(await gather(context, options));
      return mending;
    },
  });
  const { steps, what } = mending;
  if (steps.length === 0 || !(changed || options.dryRun)) {
    show.info("There is nothing to mend.");
    return [];
  }
  if (options.dryRun) show.info(`Nothing was written (--dry-run). Without it, ${what} would be mended.`);
  else show.ok(`Mended ${what}.`);
  return steps.map(({ name }) => name);
}
