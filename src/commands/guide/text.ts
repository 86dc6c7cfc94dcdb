/** How one client is connected by hand, made from its descriptor; or what is left to do, where it has an entry. */
import { join, resolve } from "node:path";
import type { Context } from "../../context.ts";
import { adviceLine } from "../../core/advice.ts";
import { askedId, entryFor, literally, referring } from "../../core/clients/entry.ts";
import { type Client, nextOf, startWords } from "../../core/clients/model.ts";
import { storeOf, userFileOf } from "../../core/clients/paths.ts";
import { toSh } from "../../core/command-line.ts";
import { haloEntries } from "../../core/doctor/entries.ts";
import { isObject, type JsonObject, jsonOf, property } from "../../core/formats/json.ts";
import { DEFAULT_NAME, HALO_URL, nameProblem, nameWords, variablesFor } from "../../core/halo.ts";
import { questionsFor } from "../../core/plan/clients.ts";
import { printable } from "../../core/secrets.ts";
import type { RawOptions } from "../../flags.ts";
import { findRoot, readState } from "../../io/read.ts";
import { columnsOf, wrap } from "../../ui/wrap.ts";
import { labelOf } from "../shared/carry-out.ts";
import { clientFiles, loadToml, shortPath, withEntries } from "../shared/client-files.ts";
import { nameOf, urlOf } from "../shared/options.ts";

const UNSET: Readonly<Record<Client["unset"], string>> = {
  literal: "the reference itself is sent",
  empty: "an empty header is sent",
  absent: "its header is left out",
  unknown: "it is not known what is sent",
};
const BLANKS = { token: "<your product token>", account: "<your account ID>", profile: "<your profile ID>" };

/** The keys need no quotes. */
function toToml(path: string, table: JsonObject): readonly string[] {
  const lines = Object.entries(table).map(([key, value]) =>
    isObject(value) ? ["", ...toToml(`${path}.${key}`, value)] : [`${key} = ${JSON.stringify(value)}`],
  );
  return [`[${path}]`, ...lines.flat()];
}

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

/** How a client that takes no token from `.env` gets the values of one. */
function starting(client: Client, options: readonly string[] = []): readonly string[] {
  const { label, reads, asks, blanks } = client;
  if (asks) return [`${label} asks for the three values when it starts the server, and keeps them.`];
  if (reads.includes(".env") && !blanks?.test(variablesFor(DEFAULT_NAME).token)) return [];
  return [`${label} takes no token from .env. To start it with those values:\n   ${toSh(startWords(client, options))}`];
}

/** Where the values come from, a sentence each. */
function valuesOf(client: Client, machine: Context, name: string): readonly string[] {
  const { label, scopes, reads, asks, references, unset } = client;
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
    `Set ${token}, ${account} and ${profile}. ${label} takes them from ${["its environment", ...reads].join(" or ")}. If one is not set, ${UNSET[unset]}.`,
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
    `To test it:\n   ${toSh(["npx", "create-halo-mcp", "doctor", "--client", client.id, ...nameWords(entry.name)])}`,
  ];
  const shown = printable(shortPath(labelOf(path, root), context), 200);
  return [
    `${shown} has "${entry.name}". What is left to do:`,
    "",
    ...steps.map((step, index) => `${index + 1}. ${step}`),
  ];
}

/** `command` sets it up; null for a client for which the wizard writes nothing. */
export async function guideOf(client: Client, machine: Context, raw: RawOptions) {
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
