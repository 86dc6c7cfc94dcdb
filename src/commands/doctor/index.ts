/** `doctor`: tests every step from the files to the tools, and names the one that fails. */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { type Context, wantsColor } from "../../context.ts";
import { claudeCode } from "../../core/clients/claude-code.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { TITLE } from "../../core/diagnosis/record.ts";
import { toMarkdown } from "../../core/doctor/markdown.ts";
import { type Chain, type DoctorReport, makeReport, type Run } from "../../core/doctor/report.ts";
import type { View } from "../../core/doctor/view.ts";
import { isObject, type JsonObject, jsonIn } from "../../core/formats/json.ts";
import { cleanValue } from "../../core/halo.ts";
import { isClosed } from "../../core/plan/model.ts";
import { mask, printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { errnoOf, findRoot } from "../../io/read.ts";
import { readSecretFile, readStdin } from "../../io/secret-input.ts";
import { createOutput } from "../../ui/output.ts";
import { createPaint } from "../../ui/paint.ts";
import { createShow, type Show } from "../../ui/show.ts";
import { columnsOf, wrap } from "../../ui/wrap.ts";
import { answerLines, runTest, STAGE_TEXT, titleFor } from "../shared/connection-test.ts";
import { connectionOptions, pathOf, seconds } from "../shared/options.ts";
import {
  closerOf,
  connectionsOf,
  examineClient,
  ofOtherClients,
  type Row,
  rowJson,
  tableOf,
  unreadIn,
} from "./connections.ts";
import { ask, look } from "./gather.ts";
import { toDoctorText, toDoctorVerdict } from "./text.ts";

function argsOf(text: string): JsonObject {
  const value = jsonIn(text, { strict: true });
  // the text may contain private data
  if (!isObject(value))
    throw new UsageError("--args takes a JSON object", {
      hint: `npx create-halo-mcp doctor --call <tool> --args '{"question":"…"}'`,
    });
  return value;
}

type Options = ReturnType<typeof readOptions>;

/** Words → options. Throws UsageError before anything is read. */
function readOptions(context: Context, raw: RawOptions) {
  const { call, args, timeout, report } = raw.values;
  if (call === undefined && args !== undefined) throw new UsageError("--args needs --call");
  return {
    ...connectionOptions(context, raw),
    // a tool may be slow
    timeoutMs: seconds(timeout ?? (call === undefined ? undefined : "60")) * 1000,
    call: call === undefined ? undefined : { tool: call, args: argsOf(args ?? "{}") },
    /** One connection, and not all that are here. */
    isOne: ["name", "client", "call", "report"].some((option) => raw.values[option] !== undefined),
    /** Absolute: where the Markdown report goes. */
    report: pathOf(context, report),
  };
}

/** The token of this command line, cleaned; undefined if none was given. */
async function tokenOf(context: Context, options: Options, onWait: Show["waits"]): Promise<string | undefined> {
  const { tokenStdin, tokenFile } = options;
  if (!tokenStdin && tokenFile === undefined) return undefined;
  const patience = { ...options, signal: context.signal, onWait };
  const given =
    tokenFile === undefined ? await readStdin(context.stdin, patience) : await readSecretFile(tokenFile, patience);
  const cleaned = cleanValue("token", given.replace(/\r?\n$/, ""));
  const flag = tokenStdin ? "--token-stdin" : "--token-file";
  if (!cleaned.ok)
    throw new UsageError(`${flag}: ${cleaned.problem}`, undefined, cleaned.store ? "placeholder-sent" : "bad-token");
  context.secrets.add(cleaned.value);
  return cleaned.value;
}

const LEAST_MS = 500;
const MOST_LINES = 40;

/** The tool's answer: cut, without anything that could move a cursor. */
function callOf({ call }: Options, { toSend, from }: View, test: Run["test"]): Run["call"] {
  if (call === undefined) return null;
  const headers = toSend.ok ? toSend.sent.headers : {};
  const lines = test ? answerLines(test.record, { headers, from }, MOST_LINES, 500) : ["there is no connection"];
  const ok = test?.record.outcome.call?.ok === true;
  return { tool: printable(call.tool, 100), ok, text: lines.join("\n") };
}

/** Files → view → connection test → Claude Code's own answer → report, one after the other, under one limit. */
async function walk(context: Context, options: Options, show: Show, token: string | undefined) {
  const started = context.now();
  const left = (): number => Math.round(started + options.timeoutMs - context.now());
  const looked = await look(context, options, token);
  const { view } = looked;
  const { toSend, from } = view;
  const isOne = options.isOne || token !== undefined;
  const [folder = context.cwd] = view.input.above;
  const root = findRoot(folder) ?? folder;
  const around = { context, root, given: view.input.given, valuesFile: options.valuesFile };
  const others = isOne ? [] : await ofOtherClients(context, root);
  const hasOwn = view.contenders.length > 0 || unreadIn(view) !== undefined;
  const [only, more] = others;
  // a repository in which other clients alone have HALO
  if (!hasOwn && only !== undefined)
    return more === undefined
      ? { only: only.file.client }
      : { rows: await connectionsOf(around, view, undefined, others, options.timeoutMs), isShut: false };
  const title = toSend.ok ? titleFor(toSend.sent.url) : TITLE;
  const progress = show.progress(title);
  const onStage = (stage: keyof typeof STAGE_TEXT): void => progress.update(`${title}, ${STAGE_TEXT[stage]}`);
  try {
    const limits = { timeoutMs: Math.max(LEAST_MS, left()), call: options.call, onStage };
    const sent = toSend.ok ? toSend.sent : toSend.url && { url: toSend.url, headers: {}, read: [] };
    const test = sent ? await runTest(context, sent, limits, toSend.ok ? from : undefined) : undefined;
    progress.update("asking Claude Code");
    const asked = await ask(context, looked, test, left());
    const report = makeReport(view, { test, asked, call: callOf(options, view, test) });
    progress.update(`${TITLE}: the other entries`);
    const main = hasOwn ? { report, test } : undefined;
    const rows = isOne ? [] : await connectionsOf(around, view, main, others, options.timeoutMs);
    const isShut = isClosed(view.input.dotenv.state) && view.values.some(({ state }) => state === "unset");
    return { report, isShut, rows };
  } finally {
    progress.end();
  }
}

/** Checks the path of `--report` before anything else. Throws UsageError. */
function checkReport(path: string): void {
  const shown = printable(path, 200);
  if (existsSync(path))
    throw new UsageError(`--report: ${shown} already exists`, { hint: "name another file, or remove it" });
  if (!existsSync(`${dirname(path)}/`)) throw new UsageError(`--report: there is no folder for ${shown}`);
}

/** Never overwrites a file; readable only for its owner, because it names files and hosts. Throws EnvironmentError. */
function writeReport({ version, nodeVersion, platform, arch, secrets }: Context, path: string, report: DoctorReport) {
  const time = new Date().toISOString();
  const machine = { "create-halo-mcp": version, Node: nodeVersion, system: `${platform} ${arch}`, time };
  try {
    writeFileSync(path, mask(toMarkdown(report, machine), secrets), { flag: "wx", mode: 0o600 });
  } catch (error) {
    const code = errnoOf(error) ?? "unknown";
    // an incomplete file would block the next attempt
    if (code !== "EEXIST") rmSync(path, { force: true });
    throw new EnvironmentError(`--report: the file could not be written (${code})`, undefined, "unwritable");
  }
}

/** With colours if stdout supports them. In ASCII, `…` is wider. `next`: what is not tested. */
function textOf(
  { env, stdout, unicode }: Context,
  rows: readonly Row[],
  chain: Chain | undefined,
  { switches }: RawOptions,
  next: readonly string[] = [],
): string {
  const paint = createPaint(wantsColor(env, stdout.isTTY === true, switches.has("no-color")));
  const width = columnsOf(stdout) - (unicode ? 1 : 3);
  const isQuiet = switches.has("quiet") || switches.has("fix");
  const table = rows.length > 1 ? [tableOf(rows, paint, width, isQuiet)] : [];
  if (isQuiet) return table[0] ?? (chain ? toDoctorVerdict(chain, paint, width) : "");
  // of a table the first that needs a look; the steps of one that works are not needed
  const closer = closerOf(rows);
  const detailed = rows.length > 1 ? closer?.chain : chain;
  const below = next.flatMap((line) => wrap(`  ${line}`, width));
  return [
    ...table,
    ...(rows.length > 1 && closer ? [`${closer.name}, ${closer.client}:`] : []),
    ...(detailed ? [toDoctorText(detailed, paint, width)] : []),
    ...(below.length > 0 ? ["Not tested:", ...below] : []),
  ].join("\n");
}

/** `--fix`: after the report the wizard does the one repair, with the values that are here and without a question. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const { values, switches } = raw;
  if (!switches.has("fix")) return await examine(context, raw);
  if (switches.has("json") || switches.has("token-stdin"))
    throw new UsageError("--fix goes without --json and --token-stdin");
  const code = await examine(context, raw);
  if (code > 1) return code;
  const kept = Object.entries(values).filter(([name]) => !["call", "args", "report"].includes(name));
  const repair = { ...raw, values: Object.fromEntries(kept), switches: new Set([...switches, "yes"]) };
  return await (await import("../init/index.ts")).run(context, repair);
}

/** Exit code: 0 connected, 1 not, 3 not, because the file of the values cannot be read. */
async function examine(context: Context, raw: RawOptions): Promise<number> {
  const client = CLIENTS.find(({ id }) => id === raw.values.client);
  const options = readOptions(context, raw);
  if (options.report !== undefined) checkReport(options.report);
  const show = createShow(context, { quiet: options.json || options.quiet, guide: false });
  const output = createOutput(context);
  const walked =
    client !== undefined && client !== claudeCode
      ? { only: client }
      : await walk(context, options, show, await tokenOf(context, options, show.waits));
  if ("only" in walked) {
    const seen = await examineClient(context, options, show, walked.only);
    const { id, label } = walked.only;
    if (seen === undefined) output.result(`${label} is set up by hand: npx create-halo-mcp guide ${id}`);
    else if (options.json) output.json(seen.document);
    else output.result(textOf(context, [], seen.chain, raw, seen.next));
    return seen?.chain.ok === false ? 1 : 0;
  }
  const { report, isShut, rows } = walked;
  const ok = report?.ok !== false && rows.every(({ chain }) => chain.ok);
  // if the disk is full, only that is printed
  if (options.report !== undefined && report !== undefined) writeReport(context, options.report, report);
  const connections = rows.length > 1 ? { connections: rows.map(rowJson) } : {};
  if (options.json) output.json({ version: 1, ...report, ok, ...connections });
  else output.result(textOf(context, rows, report, raw));
  if (options.report !== undefined && !options.quiet) output.say(`The report is in ${printable(options.report, 200)}`);
  return ok ? 0 : isShut ? 3 : 1;
}
