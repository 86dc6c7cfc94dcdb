/** `clients`: every client, which of them are here, and what is known of each. */
import { parse } from "node:path";
import type { Context } from "../../context.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { userFileOf } from "../../core/clients/paths.ts";
import { TOLD } from "../../core/clients/told.ts";
import type { RawOptions } from "../../flags.ts";
import { exec } from "../../io/programs.ts";
import { findRoot } from "../../io/read.ts";
import { createOutput } from "../../ui/output.ts";
import { createShow } from "../../ui/show.ts";
import { columnsOf, wrap } from "../../ui/wrap.ts";
import { findClients, shortPath } from "../shared/client-files.ts";
import { pathOf } from "../shared/options.ts";
import { programsFor } from "../shared/programs.ts";

/** After this long a program is ended. */
const LIMIT_MS = 3000;
/** Of the columns; with two spaces after each, 60 at most. */
const WIDTHS = [14, 13, 12, 11];

/** A program and its version, "?" if it prints none in time. */
async function versionOf(program: string, { find, env }: ReturnType<typeof programsFor>, { cwd, signal }: Context) {
  const how = { cwd: parse(cwd).root, env, timeoutMs: LIMIT_MS, graceMs: 300, signal };
  const { exitCode, stdout } = await exec([find(program) ?? program, "--version"], how);
  return { program, version: (exitCode === 0 && /\d+\.\d+[\w.+-]{0,20}/.exec(stdout)?.[0]) || "?" };
}

async function look(context: Context, root: string) {
  const programs = programsFor(context, root, findRoot(root) ?? root);
  const found = findClients(context, root, programs.find);
  const rows = CLIENTS.map(async (client) => {
    const { id, label, scopes, files, entry, references, measured: evidence, isProven: proven } = client;
    const { by = null, shows = "" } = found.get(id) ?? {};
    const asked = by === "program" ? await versionOf(shows, programs, context) : undefined;
    const isKnown = references.expands !== undefined || entry.names !== undefined;
    const reference = (isKnown && references.spell?.("NAME")) || null;
    const paths = { project: files.project, user: userFileOf(client, context) };
    return { id, label, found: by, ...asked, scopes, paths, reference, evidence, proven };
  });
  return await Promise.all(rows);
}

const line = (...cells: readonly string[]): string =>
  cells.map((cell, index) => cell.slice(0, WIDTHS[index]).padEnd((WIDTHS[index] ?? 0) + 2)).join("");

function rowsOf(client: Awaited<ReturnType<typeof look>>[number], context: Context, width: number) {
  const { id, found, program, version = "", scopes, paths, reference, evidence, proven } = client;
  const where = { project: paths.project.join(" or "), user: shortPath(paths.user, context) };
  const files = scopes.map((scope) => `${scope}: ${where[scope]}`);
  const proof = `${proven ? "proven" : "not proven"} ${/\d{4}-\d{2}/.exec(evidence)?.[0]}`;
  const all = [proof, ...(files.length > 0 ? files : [`by hand: npx create-halo-mcp guide ${id}`])];
  const below = all.join(", ").length < width ? [all.join(", ")] : all;
  return [line(id, program ?? found ?? "-", version, reference ?? "-"), ...below.map((text) => `  ${text}`)];
}

export async function run(context: Context, raw: RawOptions): Promise<number> {
  const isJson = raw.switches.has("json");
  const show = createShow(context, { quiet: isJson || raw.switches.has("quiet"), guide: false });
  const progress = show.progress("asking the programs for their versions");
  const root = pathOf(context, raw.values.cwd) ?? findRoot(context.cwd) ?? context.cwd;
  const clients = await look(context, root).finally(progress.end);
  const told = [
    "To connect one: npx create-halo-mcp --client <client>",
    `By hand (npx create-halo-mcp guide <client>): ${TOLD.map(({ id }) => id).join(", ")}`,
  ];
  const width = columnsOf(context.stdout) - 2;
  const head = line("client", "found", "version", "reference");
  const rows = [head, ...clients.flatMap((each) => rowsOf(each, context, width))];
  if (isJson) createOutput(context).json({ version: 1, clients });
  else
    createOutput(context).result(
      [...rows.map((row) => row.trimEnd()), "", ...told.flatMap((each) => wrap(each, width))].join("\n"),
    );
  return 0;
}
