/** How one client is connected by hand, made from its descriptor. */
import { adviceLine } from "../../core/advice.ts";
import { askedId, entryFor, literally, referring } from "../../core/clients/entry.ts";
import { type Client, nextOf } from "../../core/clients/model.ts";
import { type Machine, storeOf, userFileOf } from "../../core/clients/paths.ts";
import { isObject, type JsonObject } from "../../core/formats/json.ts";
import { variablesFor } from "../../core/halo.ts";
import { questionsFor } from "../../core/plan/clients.ts";
import { wrap } from "../../ui/wrap.ts";
import { shortPath } from "../shared/client-files.ts";

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

/** Where the values come from, a sentence each. */
function valuesOf(client: Client, machine: Machine, name: string): readonly string[] {
  const { label, scopes, reads, asks, references, unset } = client;
  const { token, account, profile } = variablesFor(name);
  const [own, store] = [userFileOf(client, machine), storeOf(client, machine)].map(
    (path) => path && shortPath(path, machine),
  );
  const ownValues = store ? `For ${own}, put them into ${store}.` : `Or write the values themselves, into ${own} only.`;
  if (asks)
    return [
      `${label} asks for the three values when it starts the server, and keeps them.`,
      `To take them from its environment instead: ${references.spell?.(token)} in place of ${asks.spell(askedId(token))}.`,
    ];
  return [
    `Set ${token}, ${account} and ${profile}. ${label} takes them from ${["its environment", ...reads].join(" or ")}. If one is not set, ${UNSET[unset]}.`,
    ...(scopes.includes("user") ? [`${ownValues} Let nobody else read that file.`] : []),
    ...(reads.includes(".env") && !client.blanks?.test(token)
      ? []
      : [
          `${label} takes no token from a .env. To start it with the values of one:\nnpx create-halo-mcp run -- ${client.programs[0] ?? "<program>"}`,
        ]),
  ];
}

/** `command` sets it up; null for a client for which the wizard writes nothing. */
export function guideOf(client: Client, machine: Machine, name: string, url: string, columns: number) {
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
  const text = [
    `${label}\n`,
    ...say(what),
    "",
    ...say(`1. Add this to ${places.join(", or to ")}:`),
    "",
    ...(client.format === "toml"
      ? toToml(`${client.servers}.${name}`, entry)
      : [JSON.stringify({ ...asked, [client.servers]: { [name]: entry } }, null, 2)]),
    "",
    ...steps.flatMap((step, index) => say(`${index + 2}. ${step}`)),
    "",
    ...say(`${proven ? "Proven: the three headers arrived" : "Not proven"}. Known from: ${evidence}`),
    client.docs,
  ].join("\n");
  return { id, label, evidence, proven, command, entry, link, text };
}
