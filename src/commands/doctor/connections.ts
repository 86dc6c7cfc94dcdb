/** `doctor` over every connection to HALO of a repository: one row each. What two of them send alike is tested once. */
import { join } from "node:path";
import type { Context } from "../../context.ts";
import { shown } from "../../core/check/show.ts";
import { claudeCode, type Sent } from "../../core/clients/claude-code.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { type DoctorReport, headline, type Link, makeReport, type Run, toolsWords } from "../../core/doctor/report.ts";
import { type View, viewSetup } from "../../core/doctor/view.ts";
import { equalJson } from "../../core/formats/json.ts";
import { HEADERS } from "../../core/halo.ts";
import { printable } from "../../core/secrets.ts";
import type { Paint } from "../../ui/paint.ts";
import { loadToml } from "../shared/client-files.ts";
import { runTest } from "../shared/connection-test.ts";
import { clientHere, lookAt } from "./client.ts";

export interface Row {
  readonly name: string;
  /** The id of the client. */
  readonly client: string;
  readonly file: string;
  readonly ok: boolean;
  readonly cause: string | null;
  readonly toolCount: number;
  /** The result in words. */
  readonly seen: string;
  /** It works from here, and needs something yet. `unread`: the client does not get the values. */
  readonly lacks?: "unread" | "warning" | undefined;
  /** Of Claude Code's connections. */
  readonly report?: DoctorReport;
}

type Tested = NonNullable<Run["test"]>;
const NETWORK: readonly unknown[] = ["dns", "tcp", "tls"];

/** Tests what is sent. A failure of the network is the same for every connection to this URL. */
function tester(
  context: Context,
  timeoutMs: number,
  first: { readonly sent: Sent; readonly test: Tested } | undefined,
) {
  const all = first === undefined ? [] : [first];
  return async (sent: Sent): Promise<Tested> => {
    const isSame = (each: Sent): boolean => each.url === sent.url && equalJson(each.headers, sent.headers);
    const known = all.find(
      (each) => isSame(each.sent) || (each.sent.url === sent.url && NETWORK.includes(each.test.diagnosis.at)),
    );
    const test = known?.test ?? (await runTest(context, sent, { timeoutMs }));
    if (known === undefined) all.push({ sent, test });
    return test;
  };
}

/** The entries for HALO in the files of the other clients in this repository. A file that two of them read counts once. */
export async function ofOtherClients(context: Context, root: string, valuesFile?: string) {
  const toml = await loadToml();
  const read = new Set([join(root, ".mcp.json")]);
  return CLIENTS.flatMap((client) =>
    clientHere(client, context, root, "", toml).flatMap((file) => {
      if (file.scope !== "project" || read.has(file.path)) return [];
      read.add(file.path);
      return file.found.filter(({ isHalo }) => isHalo).map(({ entry: { name } }) => ({ file, name, valuesFile }));
    }),
  );
}

type OfOthers = Awaited<ReturnType<typeof ofOtherClients>>;

/** The first `.mcp.json` of which nothing can be read, if any: it may be the one with HALO. */
export const unreadIn = ({ places, input }: View): string | undefined =>
  places.find(({ scope, broken, servers }) => scope === "project" && broken && servers.length === 0)?.file ??
  input.mcp.find(({ unreadable }) => unreadable)?.shown;

/** `main`: the connection that was tested already, with its report. */
export async function connectionsOf(
  context: Context,
  view: View,
  main: { readonly report: DoctorReport; readonly test: Run["test"] } | undefined,
  others: OfOthers,
  { timeoutMs, url, root }: { readonly timeoutMs: number; readonly url: string | undefined; readonly root: string },
): Promise<readonly Row[]> {
  const first = view.toSend.ok && main?.test ? { sent: view.toSend.sent, test: main.test } : undefined;
  const test = tester(context, timeoutMs, first);
  const rows: Row[] = [];
  const ofClaude = (v: View, report: DoctorReport): Row => {
    const { ok, cause, toolCount } = report;
    // without Claude Code here, nothing is wrong with any of them
    const isOwn = ({ status, cause: why }: Link): boolean => status === "warning" && why !== "client-broken";
    const warned = ok ? report.stages.find(isOwn) : undefined;
    const seen = ok ? [toolsWords(toolCount), ...(warned?.why ? [warned.why] : [])].join(": ") : headline(report);
    const file = v.contenders.find(({ entry }) => entry.name === v.name)?.file ?? unreadIn(v) ?? "";
    return {
      name: v.shownName,
      client: claudeCode.id,
      file,
      ok,
      cause,
      toolCount,
      seen,
      lacks: warned && "warning",
      report,
    };
  };
  if (main !== undefined) rows.push(ofClaude(view, main.report));
  const names = new Set(view.contenders.filter(({ isHalo }) => isHalo).map(({ entry }) => entry.name));
  for (const name of [...names].filter((each) => each !== view.name)) {
    const v = viewSetup({ ...view.input, name }, view.client.program, view.client.version);
    for (const secret of v.secrets) context.secrets.add(secret);
    const { toSend } = v;
    rows.push(ofClaude(v, makeReport(v, { test: toSend.ok ? await test(toSend.sent) : undefined, call: null })));
  }
  for (const { file, name, valuesFile } of others) {
    const { label, findings, toSend, unread } = lookAt(context, root, file, name, { url, valuesFile });
    const token = toSend?.ok ? toSend.sent.headers[HEADERS.token] : undefined;
    if (token) context.secrets.add(token);
    const diagnosis = toSend?.ok ? (await test(toSend.sent)).diagnosis : undefined;
    const wrong = findings.find(({ severity }) => severity === "error");
    const ok = diagnosis?.ok === true && wrong === undefined;
    const cause = diagnosis === undefined ? (toSend?.ok === false ? toSend.cause : null) : diagnosis.cause;
    const failed = diagnosis?.stages.find((stage) => stage.cause !== undefined)?.detail ?? cause ?? "";
    const toolCount = diagnosis?.toolCount ?? 0;
    const seen = ok ? (unread?.why ?? toolsWords(toolCount)) : shown(view, wrong?.seen ?? failed);
    const lacks = ok && unread ? "unread" : undefined;
    rows.push({ name: shown(view, name, 64), client: file.client.id, file: label, ok, cause, toolCount, seen, lacks });
  }
  return rows;
}

/** The rows as a table, or its title alone. In: how to paint, and columns. */
export function tableOf(rows: readonly Row[], paint: Paint, width: number, isShort: boolean): string {
  const { green, red, yellow, bold, sign } = paint;
  const [bad, unread] = [rows.filter(({ ok }) => !ok).length, rows.filter(({ lacks }) => lacks === "unread").length];
  const of = (count: number): string => `${count} of ${rows.length} connections to HALO`;
  const title =
    bad > 0
      ? `${red(sign.bad)} ${bold(`${of(bad)} ${bad === 1 ? "does" : "do"} not work`)}`
      : unread > 0
        ? `${yellow(sign.warn)} ${bold(`${of(unread)} still ${unread === 1 ? "needs its" : "need their"} values`)}`
        : `${green(sign.ok)} ${bold(`All ${rows.length} connections to HALO work`)}`;
  if (isShort) return title;
  const columns = (["name", "client"] as const).map((key) => Math.max(...rows.map((row) => row[key].length)));
  const [nameWidth = 0, clientWidth = 0] = columns;
  const room = Math.max(20, width - nameWidth - clientWidth - 8);
  const lines = rows.map(({ name, client, ok, seen, lacks }) => {
    const mark = lacks ? yellow(sign.warn) : ok ? green(sign.ok) : red(sign.bad);
    return `${mark} ${name.padEnd(nameWidth)}  ${client.padEnd(clientWidth)}  ${printable(seen.split("\n")[0] ?? "", room)}`;
  });
  return [title, "", ...lines, ""].join("\n");
}
