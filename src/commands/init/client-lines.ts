/** What the wizard says at its end about the clients besides Claude Code. */
import { claudeCode } from "../../core/clients/claude-code.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { nextOf, startWords } from "../../core/clients/model.ts";
import { toSh } from "../../core/command-line.ts";
import { DEFAULT_NAME, nameWords, VALUES, variablesFor } from "../../core/halo.ts";
import { variablesOf } from "../../core/plan/target.ts";
import { wrap } from "../../ui/wrap.ts";
import { type Choice, type ClientHere, chosenFiles } from "../shared/client-files.ts";
import { command, connectionWords, placeWords } from "./repeat.ts";
import type { Page } from "./survey.ts";
import type { ClientProof } from "./test.ts";

const isBlanked = ({ client }: ClientHere): boolean =>
  VALUES.some((value) => client.blanks?.test(variablesFor(DEFAULT_NAME)[value]));

/** Whether the client asks a person for the values. */
const isAsked = ({ client, scope }: ClientHere, { options }: Page): boolean =>
  client.asks !== undefined && (scope === "user" || options.bridge === "claude-settings");

/** Whether the client needs the values in its environment: it does not take them from `.env`, and does not ask. */
const needsThem = (file: ClientHere, page: Page): boolean =>
  file.client !== claudeCode &&
  file.scope === "project" &&
  !isAsked(file, page) &&
  (!file.client.reads.includes(".env") || isBlanked(file));

/** Whether nothing gives the client its values. */
export const lacksValues = (file: ClientHere, page: Page): boolean =>
  needsThem(file, page) &&
  page.options.bridge !== "direnv" &&
  variablesOf(page.target.slots).some(({ env }) => page.context.env[env] === undefined);

/** A label and a command, on two lines where one would be too long. */
export const labelled = ({ show }: Page, label: string, command: string): readonly string[] =>
  label.length + command.length < show.columns ? [`${label} ${command}`] : [label, `  ${command}`];

export const indented = ({ show }: Pick<Page, "show">, lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => wrap(line, show.columns - 2).map((part) => `  ${part}`));

/** The command that says more about a client. It finds the URL in the entry. */
const guideFor = (page: Page, id: string): string =>
  command(["guide", id, ...nameWords(page.target.name), ...placeWords(page)]);

const whyNotRead = (file: ClientHere): string =>
  `${file.client.label} ${isBlanked(file) ? "takes no token from" : "does not read"} .env`;

const startFor = ({ client }: ClientHere, page: Page): string => toSh(startWords(client, placeWords(page)));

/** Of each client that lacks its values, how it gets them. */
export const lackLines = (page: Page, choice: Choice): readonly string[] =>
  chosenFiles(page.here, choice)
    .filter((file) => lacksValues(file, page))
    .flatMap((file) => labelled(page, `${whyNotRead(file)}. To start it:`, startFor(file, page)));

/** What is left to do in a client, the command that gives it the values first. What is longer, `guide` says. */
function inFull(file: ClientHere, page: Page): readonly string[] {
  const { client, scope } = file;
  const { label, id } = client;
  const needs = needsThem(file, page);
  const isDirenv = page.options.bridge === "direnv";
  // an app that is started so sees the variables
  const steps = nextOf({ ...client, isApp: false }, page.target.name, scope, needs);
  const more = isAsked(file, page) ? [`${label} then asks for the three values, and keeps them itself.`] : [];
  const why = isDirenv
    ? `Then start ${label} in this folder.`
    : `${whyNotRead(file)}: this starts it with your values.`;
  const lines = indented(page, [...(needs ? [why] : []), ...steps, ...more]);
  const first = isDirenv ? "Next: direnv allow" : `Next: ${startFor(file, page)}`;
  const most = needs ? 2 : 3;
  const rest = lines.length > most ? labelled(page, "  More:", guideFor(page, id)) : lines.slice(most - 1);
  return [needs ? first : `Next, in ${label}:`, ...lines.slice(0, most - 1), ...rest];
}

/** The clients that list the file of another one, and cannot use it. */
function misreading(page: Page, choice: Choice, others: readonly ClientHere[]): readonly string[] {
  const files = chosenFiles(page.here, choice);
  const entries = page.here.clients.filter(
    (file) => file.scope === "project" && (file.found.length > 0 || files.includes(file)),
  );
  return CLIENTS.flatMap(({ id, label, misreads, files: { project } }) => {
    const isUsed = page.here.installed.has(id) || choice.places.some((each) => each.id === id);
    const isThere = entries.some(({ client }) => misreads && client.files.project.includes(misreads.file));
    // its own line leads to the same page
    if (misreads === undefined || !isUsed || !isThere || others.some(({ client }) => client.id === id)) return [];
    const hasOwn = entries.some(({ client }) => client.files.project === project);
    const help = hasOwn ? guideFor(page, id) : command(["--client", id, ...connectionWords(page)]);
    return labelled(page, `${label} lists ${misreads.file} too, and cannot use it:`, help);
  });
}

/**
 * What is left to do in each chosen client, and what to know of those that read the file of another one: the first in full if
 * `isFirst`, a line for each of the others.
 */
export function clientLines(page: Page, choice: Choice, isFirst: boolean): readonly (readonly string[])[] {
  const files = chosenFiles(page.here, choice);
  const own = files.filter(({ client }) => client !== claudeCode);
  const others = own.slice(isFirst ? 1 : 0);
  const sharing = CLIENTS.filter(
    (client) => choice.places.some(({ id }) => id === client.id) && files.every((file) => file.client !== client),
  );
  const brief = others.map((file) =>
    lacksValues(file, page)
      ? labelled(page, `${whyNotRead(file)}. To start it:`, startFor(file, page))
      : labelled(page, `To do in ${file.client.label}:`, guideFor(page, file.client.id)),
  );
  const names = others.map(({ client }) => client.label).join(", ");
  return [
    ...own.slice(0, isFirst ? 1 : 0).map((file) => inFull(file, page)),
    ...(brief.length > 3
      ? [wrap(`To do in ${names}: ${guideFor(page, others[0]?.client.id ?? "")} and so on`, page.show.columns - 2)]
      : brief),
    ...sharing.map(({ label, files: { also = [] } }) => [`${label} reads ${also.join(", ")}, which has the entry.`]),
    misreading(page, choice, others),
  ];
}

/** Whose own program connected; the others were tested from here only, or do not get their values. */
export function othersWords(others: readonly ClientProof[]): string {
  const said = (words: string, is: (each: ClientProof) => boolean): readonly string[] => {
    const labels = [...new Set(others.filter(is).map(({ label }) => label))];
    return labels.length > 0 ? [`${words}: ${labels.join(", ")}.`] : [];
  };
  return [
    ...said("Connected, by the program itself with this entry", (each) => !each.lacks && each.client === "connected"),
    ...said("Tested from here as each would send it", (each) => !each.lacks && each.client !== "connected"),
    ...said("Not yet connected", ({ lacks }) => lacks),
  ].join(" ");
}
