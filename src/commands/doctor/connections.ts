/** The connections of other clients, alone (`doctor --client`) and all of a repository as a table. What two of them send alike is tested once. */
import { join } from "node:path";
import type { Context } from "../../context.ts";
import { shown as shownIn } from "../../core/check/show.ts";
import { claudeCode, type Sent } from "../../core/clients/claude-code.ts";
import type { Slots } from "../../core/clients/entry.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { type Client, nextOf } from "../../core/clients/model.ts";
import { storeOf } from "../../core/clients/paths.ts";
import { diagnosisJson } from "../../core/diagnosis/json.ts";
import { lookAtClient } from "../../core/doctor/client-chain.ts";
import type { Given } from "../../core/doctor/entries.ts";
import {
  type Chain,
  headline,
  isUnread,
  type Link,
  makeReport,
  type Run,
  type Tested,
  toolsWords,
} from "../../core/doctor/report.ts";
import { type View, viewSetup } from "../../core/doctor/view.ts";
import { dotenvOf } from "../../core/formats/dotenv.ts";
import { equalJson } from "../../core/formats/json.ts";
import { DEFAULT_NAME, HEADERS, VALUES } from "../../core/halo.ts";
import type { Toml } from "../../core/plan/clients.ts";
import { findRoot, isInside, readState } from "../../io/read.ts";
import type { Paint } from "../../ui/paint.ts";
import type { Show } from "../../ui/show.ts";
import { wrap } from "../../ui/wrap.ts";
import { askProgram } from "../shared/ask-program.ts";
import { labelOf } from "../shared/carry-out.ts";
import { type ClientHere, clientFiles, loadToml, withEntries } from "../shared/client-files.ts";
import { runTest, titleFor } from "../shared/connection-test.ts";
import type { connectionOptions } from "../shared/options.ts";
import { programsFor } from "../shared/programs.ts";
import { givenOf } from "./gather.ts";

type Options = ReturnType<typeof connectionOptions> & { readonly timeoutMs: number };

/** What the looks at several entries share. `test`: tests what is sent. */
interface Surroundings {
  readonly context: Context;
  readonly root: string;
  readonly given: Given;
  /** Absolute. */
  readonly valuesFile: string | undefined;
  readonly test: (sent: Sent) => Promise<Tested>;
}

/** Its own files, and those of other clients that it reads too. */
function clientHere(client: Client, context: Context, root: string, name: string, toml: Toml) {
  const own = clientFiles(context, root).filter((file) => file.client === client);
  const also = (client.files.also ?? []).map((path) => join(root, path));
  const files = [...own, ...also.map((path) => ({ client, scope: "project" as const, path, store: undefined }))];
  return withEntries(files, new Map(files.map(({ path }) => [path, readState(path)])), name, toml, []);
}

/** What a client sends for an entry of a file, whether that connects, and what is wrong with it. `ask`: what its own program says. */
async function examineEntry(
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

/** The chain of a client; undefined if it is set up by hand. `next`: what is not tested; `document`: for `--json`. */
export async function examineClient(context: Context, options: Options, show: Show, client: Client) {
  const { cwd = context.cwd, valuesFile, timeoutMs } = options;
  const root = findRoot(cwd) ?? cwd;
  const test = async (sent: Sent) => {
    const progress = show.progress(titleFor(sent.url));
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

export interface Row {
  readonly name: string;
  /** The id of the client. */
  readonly client: string;
  readonly file: string;
  readonly chain: Chain;
}

const NETWORK: readonly unknown[] = ["dns", "tcp", "tls"];

/** Tests what is sent, the same only once. A failure of the network is the same for every connection to this URL. */
function tester(context: Context, timeoutMs: number, all: { readonly sent: Sent; readonly test: Tested }[]) {
  return async (sent: Sent): Promise<Tested> => {
    const known = all.find(
      (each) =>
        each.sent.url === sent.url &&
        (equalJson(each.sent.headers, sent.headers) || NETWORK.includes(each.test.diagnosis.at)),
    );
    const test = known?.test ?? (await runTest(context, sent, { timeoutMs }));
    if (known === undefined) all.push({ sent, test });
    return test;
  };
}

/** The entries for HALO in the files of the other clients in this repository. A file that two of them read counts once. */
export async function ofOtherClients(context: Context, root: string) {
  const toml = await loadToml();
  const read = new Set([join(root, ".mcp.json")]);
  return CLIENTS.flatMap((client) =>
    clientHere(client, context, root, "", toml).flatMap((file) => {
      if (file.scope !== "project" || read.has(file.path)) return [];
      read.add(file.path);
      return file.found.filter(({ isHalo }) => isHalo).map(({ entry: { name } }) => ({ file, name }));
    }),
  );
}

/** The first `.mcp.json` of which nothing can be read, if any: it may be the one with HALO. */
export const unreadIn = ({ places, input }: View): string | undefined =>
  places.find(({ scope, broken, servers }) => scope === "project" && broken && servers.length === 0)?.file ??
  input.mcp.find(({ unreadable }) => unreadable)?.shown;

/** `main`: the connection that was tested already, with its report. */
export async function connectionsOf(
  around: Omit<Surroundings, "test">,
  view: View,
  main: { readonly report: Chain; readonly test: Run["test"] } | undefined,
  others: Awaited<ReturnType<typeof ofOtherClients>>,
  timeoutMs: number,
): Promise<readonly Row[]> {
  const { context } = around;
  const first = view.toSend.ok && main?.test ? [{ sent: view.toSend.sent, test: main.test }] : [];
  const test = tester(context, timeoutMs, first);
  const rows: Row[] = [];
  const ofClaude = (v: View, chain: Chain) => {
    const file = v.contenders.find(({ entry }) => entry.name === v.name)?.file ?? unreadIn(v) ?? "";
    rows.push({ name: v.shownName, client: claudeCode.id, file, chain });
  };
  if (main !== undefined) ofClaude(view, main.report);
  const names = new Set(view.contenders.filter(({ isHalo }) => isHalo).map(({ entry }) => entry.name));
  for (const name of [...names].filter((each) => each !== view.name)) {
    const v = viewSetup({ ...view.input, name }, view.client.program, view.client.version);
    for (const secret of v.secrets) context.secrets.add(secret);
    const { toSend } = v;
    ofClaude(v, makeReport(v, { test: toSend.ok ? await test(toSend.sent) : undefined, call: null }));
  }
  for (const { file, name } of others) {
    const { shown: label, chain } = await examineEntry({ ...around, test }, file, name);
    rows.push({ name: shownIn(view, name, 64), client: file.client.id, file: label, chain });
  }
  return rows;
}

/** What it needs yet although it works; without Claude Code here, nothing is wrong with any of them. */
const warningIn = ({ ok, stages }: Chain): Link | undefined =>
  ok ? stages.find(({ status, cause }) => status === "warning" && cause !== "client-broken") : undefined;

/** The result in words. */
function resultOf({ chain }: Row): string {
  const why = warningIn(chain)?.why;
  return chain.ok ? [toolsWords(chain.toolCount), ...(why ? [why] : [])].join(": ") : headline(chain);
}

/** A row for `--json`. */
export function rowJson(row: Row) {
  const { name, client, file, chain } = row;
  return { name, client, file, ok: chain.ok, cause: chain.cause, toolCount: chain.toolCount, seen: resultOf(row) };
}

/** The first that needs a look, if one does. */
export const closerOf = (rows: readonly Row[]): Row | undefined =>
  rows.find(({ chain }) => !chain.ok) ?? rows.find(({ chain }) => isUnread(chain));

/** The rows as a table, or its title alone. In: how to paint, and columns. */
export function tableOf(rows: readonly Row[], paint: Paint, width: number, isShort: boolean): string {
  const { green, red, yellow, bold, sign } = paint;
  const bad = rows.filter(({ chain }) => !chain.ok).length;
  const unread = rows.filter(({ chain }) => isUnread(chain)).length;
  const of = (count: number): string => `${count} of ${rows.length} connections`;
  const title =
    bad > 0
      ? `${red(sign.bad)} ${bold(`${of(bad)} ${bad === 1 ? "does" : "do"} not work`)}`
      : unread > 0
        ? `${yellow(sign.warn)} ${bold(`${of(unread)} ${unread === 1 ? "needs its" : "need their"} values`)}`
        : `${green(sign.ok)} ${bold(`All ${rows.length} connections work`)}`;
  if (isShort) return title;
  const columns = (["name", "client"] as const).map((key) => Math.max(...rows.map((row) => row[key].length)));
  const [nameWidth = 0, clientWidth = 0] = columns;
  const used = nameWidth + clientWidth + 6;
  const lines = rows.map((row) => {
    const { name, client, chain } = row;
    const mark = warningIn(chain) ? yellow(sign.warn) : chain.ok ? green(sign.ok) : red(sign.bad);
    // with long names, the result is below them
    const [indent, gap] = width - used < 24 ? ["    ", "\n    "] : [" ".repeat(used), "  "];
    const result = wrap(resultOf(row), width - indent.length).join(`\n${indent}`);
    return `${mark} ${name.padEnd(nameWidth)}  ${client.padEnd(clientWidth)}${gap}${result}`;
  });
  return [title, "", ...lines, ""].join("\n");
}
