/** `guide`: how one client is connected by hand, or what is left to do in it; the code of an agent, what a team is told, and the check in CI. */
import type { Context } from "../../context.ts";
import { adviceLine } from "../../core/advice.ts";
import { askedId, entryFor, literally, referring } from "../../core/clients/entry.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { type Client, nextOf, startWords } from "../../core/clients/model.ts";
import { storeOf, userFileOf } from "../../core/clients/paths.ts";
import { TOLD, type Told } from "../../core/clients/told.ts";
import { nearest, toSh } from "../../core/command-line.ts";
import { isObject, type JsonObject } from "../../core/formats/json.ts";
import { DEFAULT_NAME, fillFor, HALO_URL, nameProblem, nameWords, urlWords, variablesFor } from "../../core/halo.ts";
import { CI_FILES, type CiKind } from "../../core/plan/ci.ts";
import { questionsFor } from "../../core/plan/clients.ts";
import { printable } from "../../core/secrets.ts";
import { UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { readTemplate } from "../../io/read.ts";
import { createOutput } from "../../ui/output.ts";
import { columnsOf, wrap } from "../../ui/wrap.ts";
import { labelOf } from "../shared/carry-out.ts";
import { shortPath } from "../shared/client-files.ts";
import { nameOf, urlOf } from "../shared/options.ts";
import { ciGuide, setUpOf, teamGuide } from "./team.ts";

const BLANKS = { token: "<your product token>", account: "<your account ID>", profile: "<your profile ID>" };

/** The keys need no quotes. */
function toToml(path: string, table: JsonObject): readonly string[] {
  const lines = Object.entries(table).map(([key, value]) =>
    isObject(value) ? ["", ...toToml(`${path}.${key}`, value)] : [`${key} = ${JSON.stringify(value)}`],
  );
  return [`[${path}]`, ...lines.flat()];
}

/** How a client that takes no token from `.env` gets the values of one. */
function starting(client: Client, options: readonly string[] = []): readonly string[] {
  const { label, reads, asks, blanks } = client;
  if (asks) return [`${label} asks for the three values when it starts the server, and keeps them.`];
  if (reads.includes(".env") && !blanks?.test(variablesFor(DEFAULT_NAME).token)) return [];
  return [`${label} takes no token from .env. To start it with those values:\n   ${toSh(startWords(client, options))}`];
}

/** Where the values come from, a sentence each. */
function valuesOf(client: Client, machine: Context, name: string): readonly string[] {
  const { label, scopes, reads, asks, references } = client;
  const { token, account, profile } = variablesFor(name);
  const [own, store] = [userFileOf(client, machine), storeOf(client, machine)].map(
    (path) => path && shortPath(path, machine),
  );
  const ownValues = store ? `For ${own}, put them into ${store}.` : `Or write the values themselves, into ${own} only.`;
  if (asks)
    return [
      ...starting(client),
      `To take them from its environment instead: ${references.spell?.(token)} in place of ${asks.spell(askedId(token))}.`,
    ];
  return [
    `Set ${token}, ${account} and ${profile}. ${label} takes them from ${["its environment", ...reads].join(" or ")}.`,
    ...(scopes.includes("user") ? [`${ownValues} Let nobody else read that file.`] : []),
    ...starting(client),
  ];
}

/** What is left to do in a client that has an entry here; undefined for one that has none. */
async function leftIn(client: Client, context: Context, raw: RawOptions): Promise<readonly string[] | undefined> {
  const { root, found } = await setUpOf(context, raw);
  const here = found.find(
    (each) =>
      each.client === client &&
      (nameOf(raw) ?? each.entry.name) === each.entry.name &&
      nameProblem(each.entry.name) === undefined,
  );
  if (here === undefined) return undefined;
  const { scope, path, entry } = here;
  const { cwd, "values-file": file } = raw.values;
  const options = [
    ...(file === undefined ? [] : ["--values-file", file]),
    ...(cwd === undefined ? [] : ["--cwd", cwd]),
  ];
  const isOwn = scope === "user" && client.asks === undefined;
  const steps = [
    ...(isOwn ? [] : starting(client, options)),
    ...nextOf({ ...client, isApp: false }, entry.name, scope, !isOwn && client.asks === undefined),
    `To test it:\n   ${toSh(["npx", "create-halo-mcp", "doctor", "--client", client.id, ...nameWords(entry.name), ...urlWords(urlOf(raw) ?? HALO_URL)])}`,
  ];
  const shown = printable(shortPath(labelOf(path, root), context), 200);
  return [
    `${shown} has "${entry.name}". What is left to do:`,
    "",
    ...steps.map((step, index) => `${index + 1}. ${step}`),
  ];
}

/** `command` sets it up; null for a client for which the wizard writes nothing. */
async function guideOf(client: Client, machine: Context, raw: RawOptions) {
  const [name, url, columns] = [nameOf(raw) ?? DEFAULT_NAME, urlOf(raw) ?? HALO_URL, columnsOf(machine.stdout)];
  const { id, label, files, scopes, references, measured: evidence, isProven: proven } = client;
  const isLiteral = scopes.length === 0 || references.spell === undefined;
  const slots = referring(variablesFor(name));
  const { asks } = client;
  const asked = asks && !isLiteral ? { [asks.list]: [...questionsFor(slots)] } : {};
  const entry = entryFor(client, url, isLiteral ? literally(BLANKS) : slots, true);
  const link = (!isLiteral && client.link?.(name, { ...asked, ...entry })) || null;
  const own = shortPath(userFileOf(client, machine), machine);
  const isShared = scopes.includes("project") && !isLiteral;
  const places = [
    ...(isShared ? [`${files.project.join(" or ")}, for everyone in the repository`] : []),
    ...(scopes.includes("user") || !isShared ? [`${own}, for you alone`] : []),
  ];
  const steps = [
    ...(isLiteral
      ? ["Fill in what is in <…>. Let nobody else read the file, and do not put it into a repository."]
      : valuesOf(client, machine, name)),
    ...(client.misreads
      ? [
          `${label} lists ${client.misreads.file} too, and sends its references as text. ${adviceLine(client.misreads.help)}`,
        ]
      : []),
    ...nextOf(client, name, isShared ? "project" : "user", !isLiteral && asks === undefined),
    ...(client.verify ? [`To see its servers: ${client.verify.join(" ").replace(/\bhalo\b/g, name)}`] : []),
    ...(link === null ? [] : [`Instead of the first step you can open this link, which has references only:\n${link}`]),
  ];
  const command = scopes.length === 0 ? null : `npx create-halo-mcp --client ${id}`;
  const say = (text: string) => text.split("\n").flatMap((line) => wrap(line, columns - 2));
  const what = command
    ? `${command}\ndoes this, and tests the connection first. By hand:`
    : `create-halo-mcp writes nothing for ${label}: it is not proven that the headers arrive. By hand:`;
  const left = await leftIn(client, machine, raw);
  const byHand = [
    ...say(what),
    "",
    ...say(`1. Add this to ${places.join(", or to ")}:`),
    "",
    ...(client.format === "toml"
      ? toToml(`${client.servers}.${name}`, entry)
      : [JSON.stringify({ ...asked, [client.servers]: { [name]: entry } }, null, 2)]),
    "",
    ...steps.flatMap((step, index) => say(`${index + 2}. ${step}`)),
  ];
  const text = [
    `${label}\n`,
    ...(left?.flatMap(say) ?? byHand),
    "",
    ...say(`${proven ? "Proven: the three headers arrived" : "Not proven"}. Known from: ${evidence}`),
    client.docs,
  ].join("\n");
  return { id, label, evidence, proven, command, entry, link, text };
}

/** Not the lines of a file to copy. */
const PROSE = /^(?:\d\. | {3})?[A-Za-z"]/;

function toldOf({ isCode, isProven, page: _, ...told }: Told, context: Context, raw: RawOptions) {
  const values = { account: "<your account ID>", profile: "<your profile ID>" };
  const fill = { ...values, ...told, ...fillFor(nameOf(raw) ?? DEFAULT_NAME, urlOf(raw) ?? HALO_URL) };
  const text = readTemplate(context.templates, `guide/${told.id}.txt`, fill);
  const proof = isProven ? "Proven: the three headers arrived" : "Not proven";
  const whole = `${told.label}\n\n${text}\n${proof}. Known from: ${told.evidence}`;
  const columns = columnsOf(context.stdout);
  const lines = whole.split("\n").flatMap((line) => (PROSE.test(line) ? wrap(line, columns) : [line]));
  return { ...told, proven: isProven === true, text: isCode ? text : lines.join("\n") };
}

/** The list of ids, or what is known of the one that was named. Throws UsageError. */
async function answerOf(context: Context, raw: RawOptions) {
  const clients = [...CLIENTS, ...TOLD].map(({ id, label }) => ({ id, label }));
  const [word, ...more] = raw.words;
  if (word === undefined)
    return { clients, text: clients.map(({ id, label }) => `${id.padEnd(18)}${label}`).join("\n") };
  const [client, told] = [CLIENTS.find(({ id }) => id === word), TOLD.find(({ id }) => id === word)];
  const kinds = Object.keys(CI_FILES) as CiKind[];
  const kind = kinds.find((each) => each === more[0]);
  if (word === "team" && more.length === 0) return await teamGuide(context, raw);
  if (word === "ci" && more.length === (kind === undefined ? 0 : 1)) return await ciGuide(context, raw, kind);
  if (client !== undefined && more.length === 0) return await guideOf(client, context, raw);
  if (told !== undefined && more.length === 0) return toldOf(told, context, raw);
  const ids = [...clients.map(({ id }) => id), "team", "ci"];
  if (word === "ci")
    throw new UsageError(`guide ci takes one of ${kinds.join(", ")}`, { hint: "npx create-halo-mcp guide ci" });
  const near = nearest(word, ids);
  const unknown = `unknown client${near ? `: did you mean ${near}?` : ""}`;
  const problem = more.length === 0 ? unknown : "guide takes one client";
  throw new UsageError(problem, { hint: "npx create-halo-mcp guide" });
}

export async function run(context: Context, raw: RawOptions): Promise<number> {
  const [output, answer] = [createOutput(context), await answerOf(context, raw)];
  if (raw.switches.has("json")) output.json({ version: 1, ...answer });
  else output.result(answer.text);
  return 0;
}
