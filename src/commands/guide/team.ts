/** `guide team` and `guide ci`: texts about this repository's set-up. They read its files, and know no secret. */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import type { Context } from "../../context.ts";
import { EXAMPLES } from "../../core/check/documents.ts";
import { toSh } from "../../core/command-line.ts";
import { haloEntries } from "../../core/doctor/entries.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { jsonOf, property } from "../../core/formats/json.ts";
import { DEFAULT_NAME, endpointProblem, HALO_URL, nameWords, storeOf, urlWords } from "../../core/halo.ts";
import { CI_FILES, type CiKind } from "../../core/plan/ci.ts";
import { printable } from "../../core/secrets.ts";
import { attempt } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { run as runGit } from "../../io/git.ts";
import { findRoot, readState, readTemplate } from "../../io/read.ts";
import { clientFiles, loadToml, withEntries } from "../shared/client-files.ts";
import { checkOptions, nameOf, urlOf } from "../shared/options.ts";
import { programsFor } from "../shared/programs.ts";

/** The entries for HALO here, those of the repository and of that name first, and the folder. */
export async function setUpOf(context: Context, raw: RawOptions) {
  const folder = resolve(context.cwd, raw.values.cwd ?? ".");
  const root = raw.values.cwd === undefined ? (findRoot(folder) ?? folder) : folder;
  const name = nameOf(raw) ?? DEFAULT_NAME;
  const files = clientFiles(context, root);
  const snapshot = new Map(files.map(({ path }) => [path, readState(path)] as const));
  const servers = property(jsonOf(snapshot.get(join(root, ".mcp.json")), true), "mcpServers");
  const found = withEntries(files, snapshot, name, await loadToml(), haloEntries(servers, "project", name)).flatMap(
    ({ client, scope, path, found }) =>
      found.filter(({ isHalo }) => isHalo !== false).map(({ entry }) => ({ client, scope, path, entry })),
  );
  return { root, found };
}

/** The committed entries for HALO, and the folder. */
async function sharedOf(context: Context, raw: RawOptions) {
  const { root, found } = await setUpOf(context, raw);
  return { root, found: found.filter(({ scope }) => scope === "project") };
}

/** Where the repository is cloned from, without credentials; undefined if that is not known. */
async function remoteOf(context: Context, root: string): Promise<string | undefined> {
  const programs = programsFor(context, root, findRoot(root) ?? root);
  const program = programs.find("git");
  if (program === undefined) return undefined;
  const git = { program, cwd: root, env: programs.env, signal: context.signal };
  const { stdout } = await runGit(git, ["remote", "get-url", "origin"], [0, 2, 128]);
  const said = stdout.trim();
  const url = attempt(() => new URL(said));
  const isWeb = url !== undefined && /^https?:$/.test(url.protocol);
  const remote = isWeb
    ? `${url.origin}${url.pathname}`
    : /^(?:ssh:\/\/)?\w[\w.-]*@\w[\w.-]*[:/][\w./~-]+$/.exec(said)?.[0];
  // a credential in the path; a folder that the shell or git takes for an option, or that is above
  const isUnfit = (isWeb && /@|%40/.test(url.pathname)) || /[:/](?:-|\.\.(?:\/|$))/.test(remote ?? "");
  return isUnfit ? undefined : remote;
}

/** The URL of the set-up, if it is not HALO's own and may get a token: people type it, or copy it into a file that runs. */
function ownUrl(found: Awaited<ReturnType<typeof setUpOf>>["found"]): string | undefined {
  const { url = HALO_URL } = found[0]?.entry ?? {};
  return url === HALO_URL || endpointProblem(url) !== undefined ? undefined : url;
}

const listed = new Intl.ListFormat("en-GB");

export async function teamGuide(context: Context, raw: RawOptions) {
  const { root, found } = await sharedOf(context, raw);
  const remote = await remoteOf(context, root);
  const folder = remote === undefined ? basename(root) : basename(remote, ".git");
  const example = dotenvOf(
    readState(join(root, EXAMPLES.find((name) => existsSync(join(root, name))) ?? ".env.example")),
  );
  const { account, profile } = found[0]?.entry.values ?? {};
  const isKnown = [account, profile].every((slot) => {
    const value = slot !== undefined && "env" in slot ? example.get(slot.env) : undefined;
    return value !== undefined && value !== "" && storeOf(value) === undefined;
  });
  const { name, "values-file": file } = raw.values;
  const url = ownUrl(found);
  const options = (folder: string): string => {
    const words = [...nameWords(name ?? DEFAULT_NAME), ...(url === undefined ? [] : urlWords(url))];
    const values = file === undefined ? "" : ` --values-file ${folder}${toSh([file])}`;
    return (words.length > 0 ? ` ${toSh(words)}` : "") + values;
  };
  const steps = readTemplate(context.templates, "token-steps.txt", { example: "Claude Code – Anna" });
  const text = readTemplate(context.templates, "team.txt", {
    repository: found.length === 0 ? "our repository" : printable(folder, 100),
    clients: listed.format(new Set(found.map(({ client }) => client.label))) || "Claude Code",
    clone:
      remote === undefined ? "git clone <its URL>" : `${toSh(["git", "clone", remote])} && ${toSh(["cd", folder])}`,
    token: steps.trimEnd().replace(/^/gm, "   "),
    options: options(""),
    elsewhere: options("<clone>/"),
    asks: isKnown ? "that token" : "that token and the URL of the profile in HALO Studio",
    host:
      url === undefined ? "" : `\n   The token goes to ${new URL(url).host}, which this repository names, not HALO.`,
  });
  return { id: "team", text: text.trimEnd() };
}

/** Without a kind the command and the files that can run it; with one the lines of its file. */
export async function ciGuide(context: Context, raw: RawOptions, kind?: CiKind) {
  const { found } = await sharedOf(context, raw);
  const given = urlOf(raw);
  const url = given ?? ownUrl(found) ?? HALO_URL;
  const options = checkOptions(url);
  const isTheirs = given === undefined && url !== HALO_URL;
  const from = isTheirs ? `The URL is from this repository, not HALO's: ${new URL(url).host}` : "";
  if (kind !== undefined) {
    const fill = { version: context.version, options };
    const text = readTemplate(context.templates, `ci/${CI_FILES[kind].template}`, fill).trimEnd();
    return { id: "ci", kind, text: isTheirs ? `# ${from}\n${text}` : text };
  }
  const file = raw.values["values-file"];
  const more = file === undefined ? "" : ` --values-file ${toSh([file])}`;
  const command = `npx create-halo-mcp check${options}`;
  const kinds = Object.entries(CI_FILES).flatMap(([id, { files, needs }]) => [
    `npx create-halo-mcp --ci ${id}${more}`,
    `  writes ${files[0]}${needs === undefined ? "" : `\n  ${needs}`}`,
  ]);
  const lines = [
    ...[command, "  finds mistakes, secrets and missing variables. It needs no token, no network."],
    ...(isTheirs ? [`  ${from}`, ""] : [""]),
    ...["To have it run before a merge or a commit, one of these:", "", ...kinds, ""],
    ...["To see the lines of such a file:", "", "npx create-halo-mcp guide ci github"],
  ];
  return { id: "ci", command, text: lines.join("\n") };
}
