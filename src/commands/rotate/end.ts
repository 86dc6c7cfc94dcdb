/** What a person reads before and after a rotation; the same as JSON; and where the old token leaked to. */
import { basename } from "node:path";
import { adviceLine } from "../../core/advice.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { toSh } from "../../core/command-line.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { formsOf, maskOf, printable, whichToken } from "../../core/secrets.ts";
import { gitFolderOf } from "../../io/git.ts";
import { type Leak, searchHistory } from "../../io/history.ts";
import { findSpills } from "../../io/list.ts";
import { wrap } from "../../ui/wrap.ts";
import type { carry } from "../init/carry.ts";
import { conclude } from "../init/screens.ts";
import type { Decided } from "../init/survey.ts";
import type { Proof } from "../init/test.ts";
import { labelOf } from "../shared/carry-out.ts";
import { ENV_FILE, type Folder, type Look } from "./places.ts";

/** What stays as it is, and why. */
export function warn(folders: readonly Folder[], { exposed, elsewhere, stored }: Look): void {
  const [{ page }] = folders as [Folder];
  const where = (path: string): string => printable(labelOf(path, page.here.root), 200);
  for (const path of exposed)
    page.show.warn(`${where(path)} has a token in plain text, and git takes this file: it stays there.`, [
      ENV_FILE.test(basename(path))
        ? `To untrack it: ${toSh(["git", "rm", "--cached", where(path)])}`
        : "To replace it by a reference: npx create-halo-mcp",
    ]);
  for (const { path, what } of elsewhere)
    page.show.warn(`${where(path)}: ${printable(what, 100)} belongs to another account and stays.`);
  for (const { path, what } of stored)
    page.show.warn(`${where(path)}: ${printable(what, 100)} refers to a secret store. Replace the token there.`);
  if (folders.some(({ isHelped }) => isHelped))
    page.show.warn("An entry has a program that brings the token. Replace the token where that program takes it from.");
}

/** Where git has an old token: in tracked files, and in everything that it stores. */
export async function findLeaks(folders: readonly Folder[], old: readonly string[], token: string) {
  const [{ page }] = folders as [Folder];
  const exported = page.context.env.HALO_MCP_TOKEN ?? "";
  const suspects = new Set([...old, ...(exported === "" || exported === token ? [] : [exported])]);
  const forms = [...suspects].flatMap(formsOf);
  /** `files`: that git tracks. */
  const leaks = { complete: true, files: [] as string[], history: [] as Leak[] };
  const searched = new Set<string>();
  for (const {
    page: { here },
  } of forms.length === 0 ? [] : folders) {
    const { gitProgram: program, programEnv: env, signal, folder } = here;
    if (program === undefined || folder.gitRoot === undefined) continue;
    const options = { program, cwd: folder.gitRoot, env, signal };
    leaks.files.push(
      ...(await findSpills(options, forms)).map(({ path }) => labelOf(`${options.cwd}/${path}`, page.here.root)),
    );
    const store = gitFolderOf(options.cwd) ?? options.cwd;
    if (searched.has(store)) continue;
    searched.add(store);
    const progress = page.show.progress("searching the history of git");
    const { complete, leaks: found } = await searchHistory(options, forms).finally(progress.end);
    leaks.history.push(...found);
    if (!complete) leaks.complete = false;
  }
  return leaks;
}

type Leaks = Awaited<ReturnType<typeof findLeaks>>;

function leakLines({ files, history, complete }: Leaks): readonly string[] {
  const ofCommit = ({ commit, path }: Leak): string => {
    if (commit === null) return "an object that no branch or tag reaches";
    return `${commit} ${path === null ? "(the message)" : printable(path, 200)}`;
  };
  const isNone = files.length + history.length === 0;
  return [
    isNone ? "The old token is not in git" : "The old token is in git: anybody with a copy can read it",
    ...files.map((path) => `  now: ${printable(path, 200)}`),
    ...[...new Set(history.map(ofCommit))].map((line) => `  commit ${line}`.replace("commit an", "an")),
    ...(complete ? [] : ["  Not everything was searched: there is too much of it."]),
  ];
}

interface Outcome extends Awaited<ReturnType<typeof carry>> {
  readonly old: readonly string[];
  readonly tested: Diagnosis | undefined;
  readonly proofs: readonly Proof[];
  readonly leaks: Leaks | undefined;
  /** No folder was left out or refused. */
  readonly isComplete: boolean;
}

/** The end of a run. Out: the exit code. */
export function end(folders: readonly Folder[], decided: Decided, outcome: Outcome): number {
  const [{ page }] = folders as [Folder];
  const { plan, statuses, changed, old, tested, proofs, leaks, isComplete } = outcome;
  const failed = proofs.find((proof) => !proof.ok);
  const ok = failed === undefined && isComplete;
  const done = changed ? "is in every place" : "was in every place already";
  const works = ok ? `works and ${done}` : "is in place, but does not work everywhere: see above";
  const headline = `The ${old.length > 0 ? "new " : ""}token (${maskOf(decided.values.token)}) ${works}.`;
  const next = page.options.dryRun ? [] : nextOf(folders, old, ok);
  const all = [...next, ...(leaks ? [leakLines(leaks)] : [])];
  return conclude(page, decided, {
    ...{ ok, plan, statuses, tested, proof: failed ?? proofs.at(-1) },
    ...(page.options.dryRun ? {} : { headline }),
    ending: { next: all.flatMap((lines) => ["", ...lines]).slice(1) },
    more: { next: next.map((lines) => lines.join("\n")), leaks: leaks ?? null },
  });
}

/** What is left for a person. */
function nextOf(folders: readonly Folder[], old: readonly string[], ok: boolean): readonly (readonly string[])[] {
  const [{ page }] = folders as [Folder];
  const { env } = page.context;
  const places = folders
    .flatMap((folder) => folder.page.options.choice.places)
    .filter(({ scope }) => scope === "project");
  const asked = CLIENTS.flatMap(({ id, label, newToken }) => {
    if (newToken === undefined || places.every((each) => each.id !== id)) return [];
    const advice = adviceLine(newToken).replace(/(?<![\w-])halo(?![\w-])/g, page.target.name);
    return [[`${label} needs this after a new token`, ...wrap(`  ${advice}`, page.show.columns)]];
  });
  const stale = Object.keys(env).filter((name) => old.includes(env[name] ?? ""));
  const which = whichToken(old);
  if (old.length === 0) return [["To replace it, give another one: --token-file <file>, or --token-stdin."]];
  return [
    ...(stale.length > 0 ? [["This shell still has the old token", `  ${toSh(["unset", ...stale])}`]] : []),
    ...asked,
    ["Where else HALO needs the new token", "  your other computers, CI, Claude.ai, ChatGPT"],
    ...(ok
      ? [[`Then delete the old token${which ? `, ${which}` : ""}`, "  HALO Studio > Settings > Product Tokens"]]
      : []),
  ];
}
