import { join } from "node:path";
import type { Context } from "../../context.ts";
import { applyFixes, runRules } from "../../core/check/run.ts";
import { maskFile } from "../../core/check/show.ts";
import { diffTexts } from "../../core/formats/diff.ts";
import type { WriteStep } from "../../core/plan/model.ts";
import { RULES } from "../../core/rules/index.ts";
import { printable } from "../../core/secrets.ts";
import { resolveTarget } from "../../io/read.ts";
import { paintLine } from "../../ui/paint.ts";
import { createShow, type Show } from "../../ui/show.ts";
import { carryOut } from "../shared/carry-out.ts";
import { type Gathered, gather, isAsked } from "./gather.ts";
import type { CheckOptions } from "./options.ts";

/** A fix can make the next one possible: a file without comments is read on. */
const MOST_ROUNDS = 10;

type Step = WriteStep & { readonly name: string };

/** Every fix there is, in memory, until nothing is left to fix; then the files that change. */
function fixAll(gathered: Gathered): readonly Step[] {
  const { subject, parse, root } = gathered;
  let current = subject.documents;
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const found = runRules(RULES, { ...subject, documents: current }).filter(({ path }) => isAsked(gathered, path));
    const next = current.map((document) => {
      const fixes = found.flatMap(({ path, fix }) => (path === document.path && fix !== undefined ? [fix] : []));
      // files with private values are never written here, and invalid bytes would be lost
      if (fixes.length === 0 || document.encoding !== "utf-8" || /^env(?:rc)?$/.test(document.kind)) return document;
      const mended = parse({ ...document, text: applyFixes(document.text, fixes) });
      // a file that a client could read before must stay readable
      return document.tree !== undefined && mended.tree === undefined ? document : mended;
    });
    if (next.every(({ text }, index) => text === current[index]?.text)) break;
    current = next;
  }
  return current.flatMap(({ path: name, text: after }, index): readonly Step[] => {
    const before = subject.documents[index]?.text;
    return before === after ? [] : [{ kind: "write", name, path: join(root, name), before, after }];
  });
}

/** What is written. A link is left out, since it may lead out of the repository, and a file that two clients read: what one needs can break the other. */
function plan(gathered: Gathered, show: Show): readonly Step[] {
  const { root, subject } = gathered;
  const files = subject.documents.map(({ path, kind }) => ({ path, kind, target: resolveTarget(join(root, path)) }));
  return fixAll(gathered).filter(({ name, path }) => {
    const isLink = files.some((each) => each.path === name && each.target !== path);
    const isShared = new Set(files.filter(({ target }) => target === path).map(({ kind }) => kind)).size > 1;
    if (isLink) show.warn(`${printable(name)} is a link and is not changed`);
    else if (isShared) show.warn(`${printable(name)} is read by two clients, through a link, and is not changed`);
    return !isLink && !isShared;
  });
}

/** Fixes what can be fixed, all files or none; skips what must not be written. Out: the files that were, or would be, changed. */
export async function fix(context: Context, options: CheckOptions, first: Gathered): Promise<readonly string[]> {
  const { root, git } = first;
  const show = createShow(context, { quiet: options.quiet || options.format === "json", guide: false });
  const showStep = ({ name, before = "", after = "" }: Step): void => {
    const mask = (text: string): string => maskFile(name, text, [...context.secrets], []);
    show.info(`${show.paint.bold(printable(name))} (changed)`);
    const lines = diffTexts(before, after, { mask, width: show.columns - 6 });
    show.verbatim(lines.map((line) => paintLine(show.paint, line)));
  };
  let steps = plan(first, show);
  const { changed } = await carryOut(
    { steps },
    {
      context,
      place: { root, gitProgram: git?.program, programEnv: git?.env ?? context.env },
      dryRun: options.dryRun,
      show: () => steps.forEach(showStep),
      replan: async (reason) => {
        show.warn(`${reason} It is checked again.`);
        steps = plan(await gather(context, options), show);
        return { steps };
      },
    },
  );
  const what = `${steps.length} file${steps.length === 1 ? "" : "s"}`;
  if (steps.length === 0 || !(changed || options.dryRun)) show.info("Nothing can be fixed automatically.");
  else if (options.dryRun) show.info(`Nothing was written (--dry-run). Without it, ${what} would be fixed.`);
  else show.ok(`Fixed ${what}.`);
  return changed || options.dryRun ? steps.map(({ name }) => name) : [];
}
