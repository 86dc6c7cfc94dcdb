/** How one client is connected by hand, made from its descriptor. */
import { adviceLine } from "../../core/advice.ts";
import { askedId, entryFor, linkFor, referring } from "../../core/clients/entry.ts";
import { type Client, nextOf } from "../../core/clients/model.ts";
import { type Machine, storeOf, userFileOf } from "../../core/clients/paths.ts";
import { isObject, type JsonObject } from "../../core/formats/json.ts";
import { variablesFor } from "../../core/halo.ts";
import { wrap } from "../../ui/wrap.ts";
import { shortPath } from "../shared/found.ts";

const UNSET: Readonly<Record<Client["unset"], string>> = {
  literal: "the reference itself is sent",
  empty: "an empty header is sent",
  absent: "its header is left out",
  unknown: "it is not known what is sent",
};
const BLANKS = {
  token: { literal: "<your product token>" },
  account: { literal: "<your account ID>" },
  profile: { literal: "<your profile ID>" },
};

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
  const asked = asks?.spell(askedId(token));
  return [
    `Set ${token}, ${account} and ${profile}. ${label} takes them from ${["its environment", ...reads].join(" or ")}. If one is not set, ${UNSET[unset]}.`,
    ...(scopes.includes("user") ? [`${ownValues} Let nobody else read that file.`] : []),
    ...(asked
      ? [
          `Or let ${label} ask: ${asked} in place of ${references.spell?.(token)}, and a description in "${asks?.list}".`,
        ]
      : []),
  ];
}

/** `command` sets it up; null for a client for which the wizard writes nothing. */
export function guideOf(client: Client, machine: Machine, name: string, url: string) {
  const { id, label, files, scopes, references, measured: evidence, isProven: proven } = client;
  const isLiteral = scopes.length === 0 || references.spell === undefined;
  const entry = entryFor(client, url, isLiteral ? BLANKS : referring(variablesFor(name)));
  const link = (!isLiteral && linkFor(client, name, url, variablesFor(name))) || null;
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
    // descriptors have the usual name of the server
    ...nextOf(client, !isLiteral).map((advice) => adviceLine(advice).replace(/\bhalo\b/g, name)),
    ...(client.verify ? [`To see its servers: ${client.verify.join(" ").replace(/\bhalo\b/g, name)}`] : []),
    ...(link === null ? [] : [`Instead of the first step you can open this link, which has references only:\n${link}`]),
  ];
  const command = scopes.length === 0 ? null : `npx create-halo-mcp --client ${id}`;
  const say = (text: string) => text.split("\n").flatMap((line) => wrap(line, 78));
  const text = [
    `${label}\n`,
    ...say(
      command
        ? `${command}\ndoes this, and tests the connection first. By hand:`
        : `create-halo-mcp writes nothing for ${label}: it is not proven that the headers arrive. By hand:`,
    ),
    "",
    ...say(`1. Add this to ${places.join(", or to ")}:`),
    "",
    ...(client.format === "toml"
      ? toToml(`${client.servers}.${name}`, entry)
      : [JSON.stringify({ [client.servers]: { [name]: entry } }, null, 2)]),
    "",
    ...steps.flatMap((step, index) => say(`${index + 2}. ${step}`)),
    "",
    ...say(`${proven ? "Proven: the three headers arrived" : "Not proven"}. Known from: ${evidence}`),
    client.docs,
  ].join("\n");
  return { id, label, evidence, proven, command, entry, link, text };
}
