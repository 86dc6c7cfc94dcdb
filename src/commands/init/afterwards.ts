/** What a person is offered after the verdict: a first call, the start of the client, the steps in a browser. Each after a yes. */
import { claudeCode } from "../../core/clients/claude-code.ts";
import { CLIENTS } from "../../core/clients/index.ts";
import { TOLD, type Told } from "../../core/clients/told.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import { HEADERS } from "../../core/halo.ts";
import { secretsOf } from "../../core/plan/install.ts";
import type { Plan } from "../../core/plan/model.ts";
import { printable } from "../../core/secrets.ts";
import { Cancelled } from "../../errors.ts";
import { clipboardOf, give, openerOf, osc52 } from "../../io/desktop.ts";
import { startChild } from "../../io/start.ts";
import type { Ask } from "../../ui/ask.ts";
import { carry } from "./carry.ts";
import { buildValues } from "./plan.ts";
import type { Decided, Page } from "./survey.ts";
import { sentOf } from "./test.ts";

const CALL_MS = 60_000;
const MOST_LINES = 8;

const desktopOf = ({ context: { platform, env }, here: { programs } }: Page) => ({
  platform,
  env,
  find: programs.find,
});

/** The chosen web clients. */
const webOf = ({ choice }: Decided): readonly Told[] =>
  TOLD.filter(({ id, page }) => page !== undefined && choice.clients.some((each) => each === id));

/** The ids of the web clients whose steps are gone through together: they need not be printed. */
export const handedOver = (page: Page, decided: Decided): readonly string[] =>
  page.decides === undefined || clipboardOf(desktopOf(page)) === undefined ? [] : webOf(decided).map(({ id }) => id);

/** Calls one tool that only reads. */
async function tryOut(page: Page, ask: Ask, { values }: Decided, tool: string): Promise<void> {
  const { context, show } = page;
  const name = printable(tool, 60);
  if (!(await ask.confirm({ message: `Try it now? This calls ${name}, which only reads.`, initial: true }))) return;
  const { answerLines, runTest } = await import("../shared/connection-test.ts");
  const progress = show.progress(`calling ${name}`);
  const sent = sentOf(page, values);
  const call = { tool, args: {}, onlyReads: true };
  const { record } = await runTest(context, sent, { timeoutMs: CALL_MS, call }).finally(progress.end);
  const lines = answerLines(record, { headers: sent.headers }, MOST_LINES, show.columns - 8);
  if (record.outcome.call?.ok) show.ok(`${name} answered:`, lines);
  else show.warn(`${name} gave no answer.`, lines);
}

/** The first chosen client that runs in a terminal, with what it needs in its environment. */
function startable({ options, here, target }: Page, { values, choice }: Decided) {
  if (choice.scopes.length > 0) {
    const isBridged = options.bridge === "claude-settings" || !choice.scopes.includes("project");
    const more = isBridged ? {} : secretsOf(target, values);
    return here.claude && { label: claudeCode.label, path: here.claude.path, env: { ...here.programEnv, ...more } };
  }
  for (const { id, label, isApp, programs } of CLIENTS) {
    const path = programs.map(here.programs.find).find((each) => each !== undefined);
    if (path === undefined || isApp || !choice.places.some((each) => each.id === id)) continue;
    return { label, path, env: { ...here.programEnv, ...secretsOf(target, values) } };
  }
  return undefined;
}

async function start(page: Page, ask: Ask, decided: Decided): Promise<void> {
  const { context, here, show } = page;
  const client = context.stdout.isTTY === true ? startable(page, decided) : undefined;
  if (client === undefined) return;
  if (!(await ask.confirm({ message: `Start ${client.label} here now?`, initial: true }))) return;
  const around = { cwd: here.root, env: client.env, platform: context.platform };
  // as a child: this process has made the terminal non-blocking, and a program in its place would get that
  const ended = await startChild([client.path], around);
  if (typeof ended === "string") show.warn(`${client.label} could not be started (${ended}).`);
}

/** A web client alone writes no file, and HALO shows a token once. */
async function keep(page: Page, ask: Ask, decided: Decided): Promise<void> {
  const where = await ask.select({
    message: "HALO shows your token only once. Keep your values?",
    choices: [
      { value: "nowhere", label: "No" },
      { value: "file", label: "Yes, in a private file here", hint: "ignored by git" },
    ],
  });
  if (where === "file") await carry({ ...page, decides: undefined }, decided, (now) => buildValues(now, decided));
}

/** Opens the settings and copies the fields, one on each Enter. The token is copied and not shown. */
async function handOver(
  page: Page,
  ask: Ask,
  { values }: Decided,
  { label, page: settings }: Told,
  lines: readonly string[],
) {
  const { context, here, show, url } = page;
  const desktop = desktopOf(page);
  const [clipboard, opener] = [clipboardOf(desktop), openerOf(desktop)];
  if (clipboard === undefined || settings === undefined) return;
  const open = opener === undefined ? "" : " Opens your browser.";
  if (!(await ask.confirm({ message: `${label}: go through its fields?${open}`, initial: true })))
    return show.info(`${label}: finish in your browser`, lines);
  if (opener === undefined || !(await give([...opener, settings], here.programEnv))) show.info(`Open ${settings}`);
  show.info(`${label}, step by step`, lines);
  const fields: readonly (readonly [string, string])[] = [
    ["the URL", url],
    ...(["token", "account", "profile"] as const).flatMap((value) => [
      [`the header's name ${HEADERS[value]}`, HEADERS[value]] as const,
      [`its value, ${value === "token" ? "your token" : `the ${value} ID`}`, values[value]] as const,
    ]),
  ];
  for (const [field, value] of fields) {
    if (!(await ask.confirm({ message: `Copy ${field}?`, initial: true }))) return;
    if (clipboard === "terminal") context.stderr.write(osc52(value));
    else if (!(await give(clipboard, here.programEnv, value))) return show.warn("The clipboard could not be filled.");
  }
  show.ok(`${label}: that was the last field. Save there.`);
}

/** All offers, after a proven set-up. A no, or Ctrl-C, is the end of them: everything is done already. */
export async function offerMore(
  page: Page,
  decided: Decided,
  plan: Plan,
  proven: Diagnosis | undefined,
): Promise<void> {
  const { decides: ask } = page;
  if (ask === undefined || proven?.ok !== true) return;
  const web = webOf(decided);
  const isWebAlone = decided.choice.scopes.length + decided.choice.places.length === 0;
  try {
    if (isWebAlone && web.length > 0) await keep(page, ask, decided);
    for (const told of web) {
      const step = plan.steps.find((each) => each.kind === "tell" && each.guide === told.id);
      await handOver(page, ask, decided, told, step?.kind === "tell" ? step.lines : []);
    }
    if (proven.harmless !== null && !isWebAlone) await tryOut(page, ask, decided, proven.harmless);
    await start(page, ask, decided);
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
  }
}
