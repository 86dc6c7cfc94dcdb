/** `doctor` over every connection to HALO of a repository: one row each. What two of them send alike is tested once. */
import { join } from "node:path";
import type { Context } from "../../context.ts";
import { shown } from "../../core/check/show.ts";
import { claudeCode, type Sent } from "../../core/clients/claude-code.ts";
import { CLIENTS } from "../../core/clients/index.ts";
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
import { equalJson } from "../../core/formats/json.ts";
import type { Paint } from "../../ui/paint.ts";
import { wrap } from "../../ui/wrap.ts";
import { loadToml } from "../shared/client-files.ts";
import { runTest } from "../shared/connection-test.ts";
import { clientHere, examineEntry, type Surroundings } from "./client.ts";

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
    rows.push({ name: shown(view, name, 64), client: file.client.id, file: label, chain });
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
