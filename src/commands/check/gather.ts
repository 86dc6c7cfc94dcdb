import { join } from "node:path";
import type { Context } from "../../context.ts";
import {
  AT_ROOT,
  BESIDE_MCP,
  documentOf,
  kindOf,
  mcpFolderOf,
  PATHSPECS,
  type RawDocument,
} from "../../core/check/documents.ts";
import type { Document, Subject } from "../../core/check/model.ts";
import { cleanValue } from "../../core/halo.ts";
import { printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import { discover, findSpills, type Spill } from "../../io/list.ts";
import { readDocument } from "../../io/read.ts";
import type { CheckOptions } from "./options.ts";
import { findPlaces, isAsked, type Places } from "./places.ts";

/** All that was read. */
export interface Gathered {
  readonly places: Places;
  readonly documents: readonly RawDocument[];
  /** A file as the rules look at it. */
  readonly parse: (raw: RawDocument) => Document;
  readonly spills: readonly Spill[];
  readonly secrets: readonly string[];
  /** Folders that were asked for and hold no file to check, as they were typed. */
  readonly empty: readonly string[];
}

/** A machine that builds: nobody's own files are there. Read by hand, since a package for it would cost a tenth of the start. */
function isCi(env: Context["env"]): boolean {
  if (/^(?:false|0|no|off)$/i.test(env.CI ?? "")) return false;
  const names = [
    "CI",
    "CONTINUOUS_INTEGRATION",
    "GITHUB_ACTIONS",
    "TF_BUILD",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "CODEBUILD_BUILD_ID",
  ];
  return names.some((name) => (env[name] ?? "") !== "");
}

const SHORTEST_SECRET = 8;
const MOST_FOLDERS = 20_000;

/** The token of the environment, if it is one: a placeholder is in many a file. */
function secretsOf(env: Context["env"]): readonly string[] {
  const token = env.HALO_MCP_TOKEN;
  if (token === undefined) return [];
  const cleaned = cleanValue("token", token);
  return cleaned.ok && cleaned.value.length >= SHORTEST_SECRET ? [cleaned.value] : [];
}

/** Finds and reads every file that matters. Throws EnvironmentError (exit 3) for what cannot be read. */
export async function gather(context: Context, options: CheckOptions): Promise<Gathered> {
  const secrets = secretsOf(context.env);
  for (const secret of secrets) context.secrets.add(secret);
  const places = findPlaces(context, options);
  const { root, git } = places;
  const found = discover({
    root,
    git,
    within: places.asked,
    isWanted: (path) => kindOf(path) !== undefined,
    asFolder: mcpFolderOf,
    isHome: (path) => kindOf(path) === "mcp",
    maxFolders: MOST_FOLDERS,
    patterns: PATHSPECS,
    atRoot: AT_ROOT,
    beside: BESIDE_MCP,
  });
  const documents: RawDocument[] = [];
  const unreadable: string[] = [];
  for (const { path, tracked, ignored } of found) {
    const reading = readDocument(join(root, path));
    const kind = kindOf(path);
    if (reading.kind === "unreadable") unreadable.push(`${printable(path)}: ${reading.reason}`);
    if (reading.kind === "not-a-file") {
      // what Claude Code makes of it is known; of the others nothing is
      if (kind === "mcp")
        documents.push({ path, kind, text: "", encoding: reading.kind, tracked, ignored, mode: undefined });
      else unreadable.push(`${printable(path)}: it is no regular file`);
    }
    if (reading.kind !== "read" || kind === undefined) continue;
    const { text, raw, encoding } = reading;
    const mode = context.platform === "win32" ? undefined : reading.mode;
    documents.push({ path, kind, text, ...(raw === undefined ? {} : { raw }), encoding, tracked, ignored, mode });
  }
  if (unreadable.length > 0) {
    throw new EnvironmentError(
      [
        `could not read ${unreadable.length === 1 ? "a file" : `${unreadable.length} files`} of ${printable(root)}`,
        ...unreadable.slice(0, 10).map((line) => `  - ${line}`),
      ].join("\n"),
      { hint: "nothing was checked: make them readable, then run this again" },
      "unreadable",
    );
  }
  const empty: string[] = [];
  for (const [index, each] of places.asked.entries()) {
    const one: Places = { ...places, asked: [each] };
    if (documents.some(({ path }) => isAsked(one, path))) continue;
    const word = options.paths[index] ?? each.path;
    // the folders that a hook or a workflow passes on may hold no such file today; a file that is named is meant
    if (!each.isFolder) throw new UsageError(`there is no file ${printable(word, 200)}`);
    empty.push(word);
  }
  const known = new Set(documents.map(({ path }) => path));
  const spills = git === undefined ? [] : findSpills(git, secrets).filter(({ path }) => !known.has(path));
  // the parser costs a third of the start, and few repositories have such a file
  const isToml = documents.some(({ path }) => path.endsWith(".toml"));
  const parseToml = isToml ? (await import("../../core/formats/toml.ts")).parseToml : undefined;
  const parse = (raw: RawDocument): Document => documentOf(raw, parseToml);
  return { places, documents, parse, spills, secrets, empty };
}

/** What the rules look at. */
export function subjectOf(context: Context, options: CheckOptions, gathered: Gathered): Subject {
  return {
    documents: gathered.documents.map(gathered.parse),
    inRepository: gathered.places.git !== undefined,
    url: options.url,
    allowMissing: options.allowMissing,
    local: !isCi(context.env),
    secrets: gathered.secrets,
    spilled: gathered.spills.map(({ path, offset, length }) => ({ path, offset, length })),
  };
}
