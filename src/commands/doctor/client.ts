/** `doctor --client <id>`: the chain of one client: its file, its entry, its values, the connection, its own program. */
import { join } from "node:path";
import type { Context } from "../../context.ts";
import { adviceLine } from "../../core/advice.ts";
import type { Slots } from "../../core/clients/entry.ts";
import { type Client, nextOf } from "../../core/clients/model.ts";
import { storeOf } from "../../core/clients/paths.ts";
import { diagnosisJson } from "../../core/diagnosis/json.ts";
import { chainOf } from "../../core/doctor/client-chain.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { DEFAULT_NAME, HEADERS, VALUES } from "../../core/halo.ts";
import type { Toml } from "../../core/plan/clients.ts";
import type { RawOptions } from "../../flags.ts";
import { findRoot, isInside, readState } from "../../io/read.ts";
import { createOutput } from "../../ui/output.ts";
import { createShow } from "../../ui/show.ts";
import { columnsOf, wrap } from "../../ui/wrap.ts";
import { showDiagnosis, test } from "../init/test.ts";
import { askProgram, type ProgramAnswer } from "../shared/ask-program.ts";
import { labelOf } from "../shared/carry-out.ts";
import { type ClientHere, clientFiles, loadToml, withEntries } from "../shared/client-files.ts";
import { connectionOptions, seconds } from "../shared/options.ts";
import { programsFor } from "../shared/programs.ts";

/** Its own files, and those of other clients that it reads too. */
export function clientHere(client: Client, context: Context, root: string, name: string, toml: Toml) {
  const own = clientFiles(context, root).filter((file) => file.client === client);
  const also = (client.files.also ?? []).map((path) => join(root, path));
  const files = [...own, ...also.map((path) => ({ client, scope: "project" as const, path, store: undefined }))];
  return withEntries(files, new Map(files.map(({ path }) => [path, readState(path)])), name, toml, []);
}

/** What a client sends for an entry of a file, and what is wrong with it. */
export function lookAt(
  context: Context,
  root: string,
  file: ClientHere,
  name: string,
  { url, valuesFile }: { readonly url: string | undefined; readonly valuesFile: string | undefined },
) {
  const { path, scope, found } = file;
  const store = storeOf(file.client, context);
  const ofRepository = isInside(path, root);
  // the .env of a project is nothing to an entry for every folder
  const values = valuesFile ?? (scope === "project" ? join(root, ".env") : undefined);
  const label = labelOf(path, root);
  const server = found.find(({ entry }) => entry.name === name);
  const chain = chainOf({
    file,
    shown: label,
    name,
    found: server,
    exported: context.env,
    dotenv: values === undefined ? {} : Object.fromEntries(dotenvOf(readState(values))),
    stored: store === undefined ? {} : Object.fromEntries(dotenvOf(readState(store))),
    given: { url, isOwn: !ofRepository },
    ofRepository,
  });
  return { ...chain, label, server };
}

/** Exit code: 0 the client sends what connects, 1 it does not. */
export async function runForClient(context: Context, raw: RawOptions, client: Client): Promise<number> {
  const options = connectionOptions(context, raw);
  const { url, valuesFile, cwd = context.cwd, json, quiet } = options;
  const timeoutMs = seconds(raw.values.timeout) * 1000;
  const show = createShow(context, { quiet: json || quiet, guide: false });
  const root = findRoot(cwd) ?? cwd;
  const toml = await loadToml();
  const here = clientHere(client, context, root, options.name ?? DEFAULT_NAME, toml);
  const names = here.flatMap(({ found }) => found.filter(({ isHalo }) => isHalo).map(({ entry }) => entry.name));
  const usual = names.includes(DEFAULT_NAME) ? DEFAULT_NAME : (names[0] ?? DEFAULT_NAME);
  const { name = usual } = options;
  // the project's entry is the one that a session here takes
  const file = here.find(({ found }) => found.some(({ entry }) => entry.name === name)) ?? here[0];
  const output = createOutput(context);
  if (file === undefined) {
    output.result(`${client.label} is set up by hand: npx create-halo-mcp guide ${client.id}`);
    return 0;
  }
  const { scope } = file;
  const { findings, toSend, unread, label: shown, server } = lookAt(context, root, file, name, { url, valuesFile });
  show.info(`${client.label}: ${shown}`);
  const wrong = findings.find(({ severity }) => severity === "error");
  const isShort = json || quiet;
  for (const { severity, seen, tryThis } of isShort ? [] : findings)
    show[severity === "error" ? "bad" : "warn"](seen, [adviceLine(tryThis)]);
  const page = { context, show, options: { timeoutMs } };
  const sentToken = toSend?.ok ? toSend.sent.headers[HEADERS.token] : undefined;
  if (sentToken) context.secrets.add(sentToken);
  const diagnosis = toSend?.ok ? await test(page, toSend.sent, "Connection test") : undefined;
  if (diagnosis !== undefined && !isShort) showDiagnosis(show, diagnosis, "Connection test");
  const ok = diagnosis?.ok === true && wrong === undefined;
  let asked: ProgramAnswer = "not-asked";
  if (ok && toSend?.ok && server !== undefined) {
    const [token = "", account = "", profile = ""] = VALUES.map((value) => toSend.sent.headers[HEADERS[value]]);
    // a header that is missing is an error above
    const slots = server.entry.values as Slots;
    const target = { name, url: server.entry.url, slots, values: { token, account, profile }, isAsked: false };
    const around = { context, show, root, programs: programsFor(context, root, root), toml, timeoutMs };
    asked = await askProgram(around, file, target);
  }
  const isDown = asked === "failed" || asked === "needs-auth";
  if (json) {
    const said = findings.map(({ tryThis, ...each }) => ({ ...each, tryThis: adviceLine(tryThis) }));
    const about = { client: { id: client.id, scope, path: shown, status: asked }, findings: said };
    output.json({ version: 1, ...(diagnosis && diagnosisJson(diagnosis)), ok: ok && !isDown, ...about });
  } else {
    const connects = unread
      ? [`${unread.why}. Start it with them:`, `  ${adviceLine(unread.start)}`]
      : [`${client.label} sends what connects.`];
    const why = quiet
      ? (wrong?.seen ?? diagnosis?.stages.find((stage) => stage.cause)?.detail ?? "its own program cannot")
      : "see above.";
    const words = ok && !isDown ? connects : [`${client.label} does not connect: ${why}`];
    const next = ok && !quiet ? nextOf(client, name, scope, scope === "project").map((line) => `  ${line}`) : [];
    const lines = [...words, ...(next.length > 0 ? ["What cannot be seen from here:", ...next] : [])];
    output.result(lines.flatMap((line) => wrap(line, columnsOf(context.stdout) - 1)).join("\n"));
  }
  return ok && !isDown ? 0 : 1;
}
