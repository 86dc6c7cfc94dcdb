import type { Context } from "../../context.ts";
import { explainCall, type ProbeStage } from "../../core/diagnosis/diagnose.ts";
import { type CallReport, conclude, type DoctorReport, type Found } from "../../core/doctor/conclude.ts";
import type { ToSend } from "../../core/doctor/sent.ts";
import { isHaloEndpoint } from "../../core/endpoint.ts";
import { cleanValue } from "../../core/halo.ts";
import { printable } from "../../core/secrets.ts";
import { UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { readSecretFile, readStdin } from "../../io/read-secret.ts";
import { createShow } from "../../ui/show.ts";
import { STAGE_TEXT } from "../init/test.ts";
import { runTest } from "../shared/connection-test.ts";
import { type Looked, startLook } from "./look.ts";
import { type DoctorOptions, readOptions } from "./options.ts";
import { openReport, printReport } from "./print.ts";

/** The token of this command line, cleaned; undefined when none was given. */
async function tokenOf(context: Context, options: DoctorOptions): Promise<string | undefined> {
  const given = options.tokenStdin
    ? await readStdin(context.stdin, context.signal)
    : options.tokenFile === undefined
      ? undefined
      : await readSecretFile(options.tokenFile, context.signal);
  if (given === undefined) return undefined;
  const cleaned = cleanValue("token", given.replace(/\r?\n$/, ""));
  if (!cleaned.ok)
    throw new UsageError(
      `${options.tokenStdin ? "--token-stdin" : "--token-file"}: ${cleaned.problem}`,
      undefined,
      "bad-token",
    );
  context.secrets.add(cleaned.value);
  return cleaned.value;
}

/** The least that the connection test gets, whatever was before it, milliseconds. */
const LEAST_MS = 500;

/** The connection test, with what `look` allows to be sent; the connection alone where that lacks a value. Undefined: neither may be. */
async function test(
  context: Context,
  options: DoctorOptions,
  sent: ToSend,
  deadline: number,
  listens: boolean,
  onText: (text: string) => void,
): Promise<Found["test"]> {
  const what = wordsFor(sent);
  const test = sent.ok ? sent.sent : sent.url === undefined ? undefined : { url: sent.url, headers: {}, read: [] };
  if (test === undefined) return undefined;
  const limits = {
    timeoutMs: Math.max(LEAST_MS, Math.round(deadline - context.now())),
    call: options.call,
    listens: listens && sent.ok && sent.as === "entry" && !isHaloEndpoint(test.url),
    reaches: true,
    onStage: (stage: ProbeStage, event: "start" | "ok" | "failed") => {
      if (event === "start") onText(`${what}: ${STAGE_TEXT[stage]}`);
    },
  };
  return await runTest(context, test, limits, sent.ok ? sent.from : undefined);
}

const ASKING = "asking Claude Code";

function wordsFor(sent: ToSend): string {
  const url = sent.ok ? sent.sent.url : sent.url;
  return url === undefined ? ASKING : `testing the connection to ${printable(new URL(url).host, 60)}`;
}

/** The test beside the look at the client, then the client's own word, all under one limit. What fails is thrown when both have ended: no program is left behind. */
async function lookAndTest(
  context: Context,
  options: DoctorOptions,
  token: string | undefined,
): Promise<readonly [Looked, Found["test"]]> {
  const deadline = context.now() + options.timeoutMs;
  let settle: (isPassed: boolean) => void = () => undefined;
  const passed = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const looking = startLook(context, { ...options, token, deadline, passed });
  const show = createShow(context, {
    quiet: options.json || options.quiet,
    guide: false,
  });
  const known = await Promise.race([looking.sent, Promise.resolve().then(() => undefined)]);
  let testing = known?.ok === true ? wordsFor(known) : "";
  let asking = looking.asks ? ASKING : "";
  const words = (): string => [testing, asking].filter((text) => text !== "").join("; ");
  const progress = words() === "" ? undefined : show.progress(words());
  const say = (): void => {
    if (words() !== "") progress?.update(words());
  };
  try {
    const looked = looking.looked.finally(() => {
      asking = "";
      say();
    });
    const tested = looking.sent
      .then((sent) =>
        test(context, options, sent, deadline, looking.asks, (text) => {
          testing = text;
          say();
        }),
      )
      .then((found) => {
        settle(found?.diagnosis.ok === true && found.diagnosis.led === null);
        return found;
      })
      .finally(() => {
        settle(false);
        testing = "";
        say();
      });
    await Promise.allSettled([looked, tested]);
    return [await looked, await tested];
  } finally {
    progress?.end("gone");
  }
}

/** Why the values of the test are not those of a session, in one line. */
function remarkOn({ sent }: Looked, token: string | undefined): string | undefined {
  if (token !== undefined) return "tested with the token of this command line";
  if (!sent.ok) return undefined;
  if (sent.as === "values") return "tested with the values at hand, since no entry of HALO is in force";
  return sent.added.length > 0 ? `tested with ${sent.added.join(", ")} of .env, which no session has` : undefined;
}

const MOST_LINES = 40;

/** The tool's answer: cut, without anything that could move a cursor. */
function callOf(context: Context, options: DoctorOptions, sent: ToSend, found: Found["test"]): CallReport | null {
  if (options.call === undefined) return null;
  const tool = printable(options.call.tool, 100);
  const answer = found?.record.outcome.call;
  if (found === undefined || answer === undefined || answer === null)
    return { tool, ok: false, text: "not called: the connection does not stand" };
  const known = sent.ok ? { headers: sent.sent.headers, from: sent.from } : {};
  const lines = (explainCall(found.record, [...context.secrets], known) ?? answer.text)
    .split("\n")
    .map((line) => printable(line, 500));
  const shown = lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES), "…"];
  return { tool, ok: answer.ok, text: shown.join("\n") };
}

/** Walks the chain and says where it is broken. Exit code: 0 connected, 1 not. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const options = readOptions(context, raw);
  const token = await tokenOf(context, options);
  const { report: path } = options;
  const file = path === undefined ? undefined : openReport(path);
  try {
    const report = await walk(context, options, token);
    // a disk that is full is the outcome then, and the only one that is printed
    file?.write(context, report);
    printReport(context, options, report);
    if (path !== undefined && !options.quiet) context.stderr.write(`The report is in ${printable(path, 200)}\n`);
    return report.ok ? 0 : 1;
  } finally {
    file?.close();
  }
}

async function walk(context: Context, options: DoctorOptions, token: string | undefined): Promise<DoctorReport> {
  const [looked, seen] = await lookAndTest(context, options, token);
  const found = looked.sent.ok ? seen : undefined;
  return conclude({
    view: looked.view,
    links: looked.links,
    client: { version: looked.version ?? null, status: looked.status ?? null },
    test: found,
    unsent: looked.sent.ok ? undefined : looked.sent,
    reached: looked.sent.ok ? undefined : seen,
    remark: remarkOn(looked, token),
    token: { from: looked.tokenFrom, own: token === undefined },
    call: callOf(context, options, looked.sent, found),
  });
}
