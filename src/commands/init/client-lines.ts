/** What the wizard says at its end about the clients besides Claude Code. */
import { claudeCode } from "../../core/clients/claude-code.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { nextOf } from "../../core/clients/model.ts";
import { DEFAULT_NAME, VALUES, variablesFor } from "../../core/halo.ts";
import { variablesOf } from "../../core/plan/target.ts";
import { wrap } from "../../ui/wrap.ts";
import { type Choice, type ClientHere, chosenFiles } from "../shared/client-files.ts";
import type { Page } from "./survey.ts";
import type { ClientProof } from "./test.ts";

const isBlanked = ({ client }: ClientHere): boolean =>
  VALUES.some((value) => client.blanks?.test(variablesFor(DEFAULT_NAME)[value]));

/** Whether nothing gives the client its values: it does not take them from `.env`, does not ask, and nothing exports them. */
export function lacksValues(file: ClientHere, { context, options, target }: Page): boolean {
  const { client, scope } = file;
  if (client === claudeCode || scope !== "project" || options.bridge === "direnv") return false;
  if (client.asks !== undefined && options.bridge === "claude-settings") return false;
  const isRead = client.reads.includes(".env") && !isBlanked(file);
  return !isRead && variablesOf(target.slots).some(({ env }) => context.env[env] === undefined);
}

/** The clients that still need their values, a line each. */
export const lackLines = (page: Page, choice: Choice, guide: (id: string) => string): readonly string[] =>
  chosenFiles(page.here, choice)
    .filter((file) => lacksValues(file, page))
    .flatMap(({ client: { id, label } }) => labelled(page, `${label} still needs its values:`, guide(id)));

/** A label and a command, on two lines where one would be too long. */
export const labelled = ({ show }: Page, label: string, command: string): readonly string[] =>
  label.length + command.length < show.columns ? [`${label} ${command}`] : [label, `  ${command}`];

/** How the client gets the values of `.env`, then what a person does in it. */
function stepsFor(file: ClientHere, { options, target }: Page): readonly string[] {
  const { client, scope } = file;
  const isAsked = client.asks !== undefined && options.bridge === "claude-settings";
  const readsEnv = client.reads.includes(".env") && !isBlanked(file);
  const refers = scope === "project" && !isAsked;
  const next = nextOf(client, target.name, scope, refers);
  if (refers && options.bridge === "direnv") return ["Once: direnv allow. Start it in this folder.", ...next];
  if (isAsked || (client.asks !== undefined && scope === "user"))
    return [...next, `${client.label} then asks for the three values, and keeps them itself.`];
  if (!refers || readsEnv) return next;
  const why = isBlanked(file)
    ? "It empties a token that comes from .env, because of its name."
    : "It does not read .env.";
  return [
    `${why} Start it with the values:`,
    `  npx create-halo-mcp run -- ${client.programs[0] ?? "<program>"}`,
    ...next,
  ];
}

/** The lines that a person must read in full: as a paragraph, or by `guide`. */
const MOST_LINES = 5;

/**
 * What is left to do in each chosen client, and what to know of those that read the file of another one: the first in full if
 * `isFirst`, a line for each of the others. `guide`: the command that says more about a client.
 */
export function clientLines(
  page: Page,
  choice: Choice,
  isFirst: boolean,
  guide: (id: string) => string,
): readonly (readonly string[])[] {
  const { here } = page;
  const files = chosenFiles(here, choice);
  const own = files.filter(({ client }) => client !== claudeCode);
  const others = own.slice(isFirst ? 1 : 0);
  const sharing = CLIENTS.filter(
    (client) => choice.places.some(({ id }) => id === client.id) && files.every((file) => file.client !== client),
  );
  const entries = here.clients.filter(
    (file) => file.scope === "project" && (file.found.length > 0 || files.includes(file)),
  );
  const misread = CLIENTS.flatMap(({ id, label, misreads, files: { project } }) => {
    const isUsed = here.installed.has(id) || choice.places.some((each) => each.id === id);
    const isThere = entries.some(({ client }) => misreads && client.files.project.includes(misreads.file));
    if (misreads === undefined || !isUsed || !isThere) return [];
    // its own line leads to the same page
    if (others.some(({ client }) => client.id === id)) return [];
    const hasOwn = entries.some(({ client }) => client.files.project === project);
    const help = hasOwn ? guide(id) : `npx create-halo-mcp --client ${id}`;
    return [[`${label} lists ${misreads.file} too, and cannot use it:`, `  ${help}`]];
  });
  const inFull = own.slice(0, isFirst ? 1 : 0).map((file) => {
    const { label, id } = file.client;
    const lines = stepsFor(file, page).flatMap((line) => wrap(line, page.show.columns - 4).map((part) => `  ${part}`));
    const all =
      lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES - 1), ...labelled(page, "  More:", guide(id))] : lines;
    return [`Next, in ${label}:`, ...all];
  });
  const brief = others.map((file) => {
    const { id, label } = file.client;
    const what = lacksValues(file, page) ? `${label} still needs its values:` : `To do in ${label}:`;
    return labelled(page, what, guide(id));
  });
  const names = others.map(({ client }) => client.label).join(", ");
  return [
    ...inFull,
    ...(brief.length > 3
      ? [wrap(`To do in ${names}: ${guide(others[0]?.client.id ?? "")} and so on`, page.show.columns - 2)]
      : brief),
    ...sharing.map(({ label, files: { also = [] } }) => [`${label} reads ${also.join(", ")}, which has the entry.`]),
    ...misread,
  ];
}

/** Whose own program connected; the others were tested from here only, or do not get their values. */
export function othersWords(others: readonly ClientProof[]): string {
  const labels = (is: (each: ClientProof) => boolean) => [...new Set(others.filter(is).map(({ label }) => label))];
  const lacking = labels(({ lacks }) => lacks);
  const connected = labels(({ lacks, client }) => !lacks && client === "connected");
  const tested = labels(({ lacks, client }) => !lacks && client !== "connected");
  return [
    connected.length > 0 && `Connected, by the program itself with this entry: ${connected.join(", ")}.`,
    tested.length > 0 && `Tested from here as each would send it: ${tested.join(", ")}.`,
    lacking.length > 0 && `Not yet connected: ${lacking.join(", ")}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
