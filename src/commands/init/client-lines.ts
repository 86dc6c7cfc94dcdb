/** What the wizard says at its end about the clients besides Claude Code. */
import { claudeCode } from "../../core/clients/claude-code.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { nextOf } from "../../core/clients/model.ts";
import { DEFAULT_NAME, VALUES, variablesFor } from "../../core/halo.ts";
import { wrap } from "../../ui/wrap.ts";
import { type Choice, type ClientHere, chosenFiles } from "../shared/client-files.ts";
import type { Page } from "./survey.ts";
import type { ClientProof } from "./test.ts";

const isBlanked = ({ client }: ClientHere): boolean =>
  VALUES.some((value) => client.blanks?.test(variablesFor(DEFAULT_NAME)[value]));

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
    const lines = stepsFor(file, page).flatMap((line) => wrap(line, 76).map((part) => `  ${part}`));
    const all = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES - 1), `  More: ${guide(id)}`] : lines;
    return [`Next, in ${label}:`, ...all];
  });
  const brief = others.map(({ client: { id, label } }) => [`To do in ${label}: ${guide(id)}`]);
  const names = others.map(({ client }) => client.label).join(", ");
  return [
    ...inFull,
    ...(brief.length > 3 ? [wrap(`To do in ${names}: ${guide(others[0]?.client.id ?? "")} and so on`, 78)] : brief),
    ...sharing.map(({ label, files: { also = [] } }) => [`${label} reads ${also.join(", ")}, which has the entry.`]),
    ...misread,
  ];
}

/** Whose own program connected; the others were tested from here only. */
export function othersWords(others: readonly ClientProof[]): string {
  const labels = (is: (each: ClientProof) => boolean) =>
    [...new Set(others.filter(is).map(({ label }) => label))].join(", ");
  const connected = labels(({ client }) => client === "connected");
  const tested = labels(({ client }) => client !== "connected");
  return [
    connected && `Connected, by the program itself with this entry: ${connected}.`,
    tested && `Tested from here as each would send it: ${tested}.`,
  ]
    .filter(Boolean)
    .join(" ");
}
