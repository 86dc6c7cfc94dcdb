/** The commands that a run prints: what repeats it, and what is about its connection or its files. */
import { realpathSync } from "node:fs";
import { relative } from "node:path";
import { toSh } from "../../core/command-line.ts";
import { HALO_URL, nameWords, urlWords, type Value } from "../../core/halo.ts";
import { attempt } from "../../errors.ts";
import { isInside } from "../../io/read.ts";
import { labelOf } from "../shared/carry-out.ts";
import type { Choice } from "../shared/client-files.ts";
import type { Page, Values } from "./survey.ts";

/** The defaults, which a command omits. */
const USUAL = ["--client claude-code", "--scope project", "--bridge claude-settings", "--timeout 15"];

/** A command of this program. */
export const command = (words: readonly string[]): string => toSh(["npx", "create-halo-mcp", ...words]);

/** What leads a command to the connection of this run. */
export const connectionWords = ({ target, url }: Page): readonly string[] => [
  ...nameWords(target.name),
  ...urlWords(url),
];

/** Whether a person is in another folder than the root. */
export const isElsewhere = ({ context, here }: Pick<Page, "context" | "here">): boolean =>
  (attempt(() => realpathSync(context.cwd)) ?? context.cwd) !== here.root;

/** What leads a command to the files of this run, wherever it is typed. */
export function placeWords(page: Page): readonly string[] {
  const { here, options } = page;
  const file = options.valuesFile;
  return [
    ...(file === undefined || !isInside(file, here.root) ? [] : ["--values-file", labelOf(file, here.root)]),
    ...(isElsewhere(page) ? ["--cwd", here.root] : []),
  ];
}

/**
 * The command for sh that repeats this run; the parser accepts it. `values`: those of a completed run, which is repeated
 * in a clone; without them, the options of this run, with a placeholder for each `missing` ID. The token comes from its
 * variable, or the way it came. `isResolved`: another program sets the variable.
 */
export function commandFor(
  page: Page,
  { clients, scopes }: Choice,
  values?: Partial<Values>,
  missing: readonly Value[] = [],
  isResolved = false,
) {
  const { context, options, here, target, url } = page;
  const { said, valuesFile, tokenFile } = options;
  const isDone = values !== undefined;
  const isNew = target.mode === "new";
  const given = { account: said["account-id"], profile: said["profile-id"] };
  const idFor = (which: "account" | "profile"): string | undefined =>
    missing.includes(which) ? `${which.toUpperCase()}_ID` : (values ?? given)[which];
  const [, name] = isNew ? nameWords(target.name) : [];
  const words: Readonly<Record<string, string | boolean | undefined>> = {
    "account-id": idFor("account"),
    "profile-id": idFor("profile"),
    "studio-url": isDone ? undefined : said["studio-url"],
    name: said.name ?? name,
    url: said.url ?? (isDone && url !== HALO_URL ? url : undefined),
    client: clients.join(","),
    scope: scopes.join(",") || said.scope,
    bridge: said.bridge,
    ci: isDone ? undefined : options.ci,
    "values-file": valuesFile && (relative(isDone ? here.root : context.cwd, valuesFile) || valuesFile),
    timeout: said.timeout,
    "skip-test": options.skipTest,
    "no-share-ids": !options.sharesIds,
    "own-credentials": isNew && options.ownCredentials,
    cwd: isDone ? undefined : options.cwd && here.root,
    "token-file": tokenFile,
    "token-stdin": options.tokenStdin,
  };
  const flags = Object.entries(words).flatMap(([name, word = ""]) => {
    if (word === true) return [`--${name}`];
    if (word === false || word === "" || USUAL.includes(`--${name} ${word}`)) return [];
    // a value that begins with a dash needs the form with `=`
    return word.startsWith("-") ? [`--${name}=${word}`] : [`--${name}`, word];
  });
  const mode = options.dryRun && !isDone ? "--dry-run" : "--yes";
  const slot = target.slots.token;
  const fromVariable = "env" in slot && tokenFile === undefined && !options.tokenStdin && !isResolved;
  return `${fromVariable ? `${slot.env}=… ` : ""}${toSh(["npx", "create-halo-mcp", mode, ...flags])}`;
}
