/** `doctor --client <id>`: the chain of one client: its file, its entry, its values, the connection, its own program. */
import { join } from "node:path";
import type { Context } from "../../context.ts";
import type { Sent } from "../../core/clients/claude-code.ts";
import type { Slots } from "../../core/clients/entry.ts";
import { type Client, nextOf } from "../../core/clients/model.ts";
import { storeOf } from "../../core/clients/paths.ts";
import { diagnosisJson } from "../../core/diagnosis/diagnose.ts";
import { lookAtClient } from "../../core/doctor/client-chain.ts";
import type { Given } from "../../core/doctor/entries.ts";
import type { Tested } from "../../core/doctor/report.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { DEFAULT_NAME, HEADERS, VALUES } from "../../core/halo.ts";
import type { Toml } from "../../core/plan/clients.ts";
import { printable } from "../../core/secrets.ts";
import { findRoot, isInside, readState } from "../../io/read.ts";
import type { Show } from "../../ui/show.ts";
import { askProgram } from "../shared/ask-program.ts";
import { labelOf } from "../shared/carry-out.ts";
import { type ClientHere, clientFiles, loadToml, withEntries } from "../shared/client-files.ts";
import { runTest } from "../shared/connection-test.ts";
import type { connectionOptions } from "../shared/options.ts";
import { programsFor } from "../shared/programs.ts";
import { givenOf } from "./gather.ts";

type Options = ReturnType<typeof connectionOptions> & { readonly timeoutMs: number };

/** What the looks at several entries share. `test`: tests what is sent. */
export interface Surroundings {
  readonly context: Context;
  readonly root: string;
  readonly given: Given;
  /** Absolute. */
  readonly valuesFile: string | undefined;
  readonly test: (sent: Sent) => Promise<Tested>;
}

/** Its own files, and those of other clients that it reads too. */
export function clientHere(client: Client, context: Context, root: string, name: string, toml: Toml) {
  const own = clientFiles(context, root).filter((file) => file.client === client);
  const also = (client.files.also ?? []).map((path) => join(root, path));
  const files = [...own, ...also.map((path) => ({ client, scope: "project" as const, path, store: undefined }))];
  return withEntries(files, new Map(files.map(({ path }) => [path, readState(path)])), name, toml, []);
}

/** What a client sends for an entry of a file, whether that connects, and what is wrong with it. `ask`: what its own program says. */
export async function examineEntry(
  { context, root, given, valuesFile, test }: Surroundings,
  file: ClientHere,
  name: string,
  ask: (sent: Sent) => Promise<string> = async () => "not-asked",
) {
  const store = storeOf(file.client, context);
  const ofRepository = isInside(file.path, root);
  // the .env of a project is nothing to an entry for every folder
  const values = valuesFile ?? (file.scope === "project" ? join(root, ".env") : undefined);
  const shown = labelOf(file.path, root);
  const looked = lookAtClient({
    file,
    shown,
    dotenvFile: labelOf(values ?? join(root, ".env"), root),
    name,
    found: file.found.find(({ entry }) => entry.name === name),
    exported: context.env,
    dotenv: values === undefined ? {} : Object.fromEntries(dotenvOf(readState(values))),
    stored: store === undefined ? {} : Object.fromEntries(dotenvOf(readState(store))),
    given,
    ofRepository,
  });
  const { toSend, findings } = looked;
  const token = toSend?.ok ? toSend.sent.headers[HEADERS.token] : undefined;
  if (token) context.secrets.add(token);
  const tested = toSend?.ok ? await test(toSend.sent) : undefined;
  const isRight = tested?.diagnosis.ok === true && findings.every(({ severity }) => severity !== "failed");
  const status = isRight && toSend?.ok ? await ask(toSend.sent) : "not-asked";
  return { shown, findings, diagnosis: tested?.diagnosis, status, chain: looked.chain(tested, status) };
}

/** The chain of a client; undefined if it is set up by hand. `next`: what cannot be seen from here; `document`: for `--json`. */
export async function examineClient(context: Context, options: Options, show: Show, client: Client) {
  const { cwd = context.cwd, valuesFile, timeoutMs } = options;
  const root = findRoot(cwd) ?? cwd;
  const test = async (sent: Sent) => {
    const progress = show.progress(`testing the connection to ${printable(new URL(sent.url).host, 60)}`);
    return await runTest(context, sent, { timeoutMs }).finally(progress.end);
  };
  const toml = await loadToml();
  const here = clientHere(client, context, root, options.name ?? DEFAULT_NAME, toml);
  const names = here.flatMap(({ found }) => found.filter(({ isHalo }) => isHalo).map(({ entry }) => entry.name));
  const usual = names.includes(DEFAULT_NAME) ? DEFAULT_NAME : (names[0] ?? DEFAULT_NAME);
  const { name = usual } = options;
  // the project's entry is the one that a session here takes
  const file = here.find(({ found }) => found.some(({ entry }) => entry.name === name)) ?? here[0];
  if (file === undefined) return undefined;
  const { scope } = file;
  const ask = async ({ headers }: Sent): Promise<string> => {
    const entry = file.found.find((each) => each.entry.name === name)?.entry;
    if (entry === undefined) return "not-asked";
    const [token = "", account = "", profile = ""] = VALUES.map((value) => headers[HEADERS[value]]);
    // no header is missing: that would have been found before
    const slots = entry.values as Slots;
    const target = { name, url: entry.url, slots, values: { token, account, profile }, isAsked: false };
    const silent = () => {};
    // a line of the chain says what it answers
    const quiet = { ...show, ok: silent, warn: silent, bad: silent };
    const page = { context, show: quiet, root, programs: programsFor(context, root, root), toml, timeoutMs };
    return await askProgram(page, file, target);
  };
  const around = { context, root, given: givenOf(context, options, cwd), valuesFile, test };
  const { shown, findings, diagnosis, status, chain } = await examineEntry(around, file, name, ask);
  const found = findings.map(({ severity, seen, tryThis }) => {
    return { severity: severity === "failed" ? "error" : severity, seen, tryThis };
  });
  const about = { client: { id: client.id, scope, path: shown, status }, findings: found };
  const document = { version: 1, ...(diagnosis && diagnosisJson(diagnosis)), ok: chain.ok, ...about };
  return { chain, document, next: chain.ok ? nextOf(client, name, scope, scope === "project") : [] };
}
