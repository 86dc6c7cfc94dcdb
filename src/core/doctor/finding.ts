/** One finding of `doctor`: why a set-up does not connect, or a remark; and what to type next. */
import { type Advice, run } from "../advice.ts";
import { quoteSh } from "../command-line.ts";
import { DEFAULT_NAME, nameWords, urlWords, type Value } from "../halo.ts";
import type { Given, Server } from "./entries.ts";
import type { Asked, View } from "./view.ts";

/** Why a set-up does not connect, by the link that reports it. The ids are part of the JSON contract, like the causes of a probe. */
const CAUSES_AT = {
  setup:
    "no-entry file-broken settings-broken entry-skipped entry-runs wrong-type bad-url endpoint-foreign shadowed store-readable",
  values: "missing-value bad-value placeholder-sent no-bridge stale-value token-in-repository",
  client:
    "not-trusted not-approved rejected disabled client-broken client-disagrees network-differs list-differs verification-off repository-steers",
} as const;
type Words<Text> = Text extends `${infer First} ${infer Rest}` ? First | Words<Rest> : Text;
export type SetupLink = keyof typeof CAUSES_AT;
export type SetupCause = Words<(typeof CAUSES_AT)[SetupLink]>;
export const SETUP_LINKS: readonly SetupLink[] = ["setup", "values", "client"];
export const linkOf = (cause: SetupCause): SetupLink =>
  SETUP_LINKS.find((link) => CAUSES_AT[link].split(" ").includes(cause)) ?? "setup";

export interface Finding {
  readonly link: SetupLink;
  readonly cause: SetupCause;
  /** `warning`: it works anyway, or `doctor` cannot know. */
  readonly severity: "failed" | "warning" | "note";
  /** One sentence: what was seen, with its file. No secret, printable. */
  readonly seen: string;
  readonly tryThis: string;
  readonly about?: Value;
}

export type Found = Iterable<Omit<Finding, "link" | "tryThis"> & { readonly advice: readonly Advice[] }>;

export type Scene = View & {
  readonly asked?: Asked | undefined;
  readonly tested?: { readonly ok: boolean; readonly cause: string | null } | undefined;
};

const make =
  (severity: Finding["severity"]) =>
  (cause: SetupCause) =>
  (seen: string, advice: readonly Advice[] = []) => ({ cause, severity, seen, advice });
/** A cause, then one sentence and the advice → a finding of that severity. */
export const say = { failed: make("failed"), warning: make("warning"), note: make("note") } as const;

/** Findings as they are reported. */
export const finish = (found: Found, given: Given): readonly Finding[] =>
  [...found].map(({ advice, ...rest }) => ({ link: linkOf(rest.cause), ...rest, tryThis: linesOf(advice, given) }));

/** A comment for a shell: it may be pasted together with the commands beside it. */
export const note = (text: string): Advice => ({ note: `# ${text}` });
export const npx = (...words: readonly string[]): Advice => run("npx", "create-halo-mcp", ...words);

export const NEW_TOKEN = note("and create a new token if Claude Code has run in this folder");

/** The wizard's command for the scope and the folder of an entry. */
export function repair({ input, given, state }: View, target: Server | undefined, ...more: readonly string[]): Advice {
  const { above } = input;
  const { scope = "project", file = "", entry } = target ?? {};
  // path prefixes from the folder: where the wizard writes by default, and where it must write
  const root = "../".repeat(above.indexOf(state.project.root));
  const beside = scope === "project" && file.endsWith(".mcp.json") ? file.slice(0, -".mcp.json".length) : root;
  // not above the repository, where no session in this folder reads the values; some read them only in their own folder
  const isElsewhere = scope === "project" && file !== "" && state.project.local.length === 1;
  const home = isElsewhere ? "" : root.startsWith(beside) ? beside : root;
  const folder = given.cwd === undefined || /^[~/]/.test(home) ? home : `${given.cwd}/${home}`;
  return npx(
    ...(scope === "project" ? [] : ["--scope", scope]),
    ...nameWords(entry?.name ?? DEFAULT_NAME),
    ...(given.cwd === undefined && home === root ? [] : ["--cwd", folder.replace(/(?<=.)\/$/, "") || "."]),
    ...more,
  );
}

/** A new token in place of a refused one. `isKept`: it is saved in files of the person's own, where `rotate` replaces it. */
export const replaceToken = (isKept: boolean, name: string, mend: Advice): readonly Advice[] => [
  note("Make a new token (type MCP) in HALO Studio > Settings > Product Tokens, then:"),
  isKept ? npx("rotate", ...nameWords(name)) : mend,
];

/** A word for a shell, which expands the `~` before a path. */
const wordOf = (word: string): string =>
  word === "~" ? word : word.startsWith("~/") ? `~/${quoteSh(word.slice(2))}` : quoteSh(word);

/** The options that a command of this program does not have. */
const LACKS: Readonly<Record<string, readonly string[]>> = { check: ["--values-file"], run: ["--url"] };

/** A command with the options of this command line that it needs too, unless it has them. */
function again(argv: readonly string[], { cwd, url, valuesFile }: Given): readonly string[] {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length;
  const options = { "--values-file": valuesFile, "--url": url && urlWords(url)[1], "--cwd": cwd };
  const words = Object.entries(options).flatMap(([option, value]) =>
    value === undefined || argv.includes(option) || LACKS[argv[2] ?? ""]?.includes(option) ? [] : [option, value],
  );
  return [...argv.slice(0, end), ...words, ...argv.slice(end)];
}

/** Advice as lines for the folder in which the options were typed. */
export function linesOf(advice: readonly Advice[], given: Given): string {
  const { cwd } = given;
  const lineOf = (each: Advice): string => {
    if ("note" in each) return each.note;
    if (each.run[0] === "npx") return again(each.run, given).map(wordOf).join(" ");
    const line = each.run.map(wordOf).join(" ");
    return cwd === undefined ? line : `cd ${wordOf(cwd)} && ${line}`;
  };
  return advice.map(lineOf).join("\n");
}
