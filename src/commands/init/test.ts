/** The connection test: what may be sent, the test itself, and what came of it on the screen. */

import type { Context } from "../../context.ts";
import { adviceLine } from "../../core/advice.ts";
import { expandEntry, type Sent } from "../../core/clients/claude-code.ts";
import type { Env } from "../../core/clients/claude-state.ts";
import { references } from "../../core/clients/references.ts";
import { toSh } from "../../core/command-line.ts";
import { mayReceive, type ToSend, whatToSend } from "../../core/connection.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import type { ProbeStage } from "../../core/diagnosis/record.ts";
import { HEADERS, VALUES } from "../../core/halo.ts";
import { secretsOf } from "../../core/plan/install.ts";
import { type Target, variablesOf } from "../../core/plan/target.ts";
import { printable } from "../../core/secrets.ts";
import { Refusal } from "../../errors.ts";
import type { Ask } from "../../ui/ask.ts";
import type { Show } from "../../ui/show.ts";
import { runTest } from "../shared/connection-test.ts";
import type { Values } from "./values.ts";

const BESIDE = "set up HALO under another name: --name halo-mine";

/**
 * The URL of a target, fit to receive a token. One that comes from a file of the repository and is not HALO's own needs
 * `--url` with that very URL, or a yes that was shown the host (nobody to ask: no yes). One that is put together from
 * variables is never offered for a yes: it would show, and send, what they hold. Throws Refusal; nothing was sent by then.
 */
export async function agreeOnUrl(
  target: Target,
  env: Env,
  given: string | undefined,
  show: Show,
  ask: Ask | undefined,
): Promise<string> {
  const { entry, url: written } = target;
  if (target.mode === "new" || entry === undefined) return written;
  const named = `the URL of "${printable(target.name, 64)}"`;
  const refusal = (code: string, why: string, hint = `correct it, or ${BESIDE}`): Refusal =>
    new Refusal(`.mcp.json: ${named} ${why}; nothing was sent`, { hint }, code);
  const own = variablesOf(target).map(({ env: variable }) => variable);
  if (references(written).some((variable) => own.includes(variable)))
    throw refusal("bad-url", "is built from HALO's own values");
  const { url } = expandEntry({ url: written, headers: {} }, env);
  const permission = mayReceive(url, { url: given });
  if (permission.ok) return url;
  if (written.includes("${")) {
    const why = "is built from variables and is not HALO's own endpoint";
    const hint = `correct it, ${BESIDE}, or name the whole address with --url`;
    throw refusal("endpoint-foreign", `${why}: ${printable(written, 200)}`, hint);
  }
  if (permission.cause === "bad-url") throw refusal("bad-url", `cannot be used: ${permission.problem}`);
  const { host } = new URL(url);
  const why = `leads to ${host}, which is not HALO's own endpoint`;
  if (ask === undefined)
    throw refusal("endpoint-foreign", why, `if this host may have your token, name it:\n${toSh(["--url", url])}`);
  show.warn(`Careful: ${named} in .mcp.json ${why}.`, [
    `URL: ${printable(url, 200)}`,
    `It would receive: ${[...new Set(Object.values(entry.headers).flatMap(references))].join(", ")}`,
    "Say yes only if your team told you about this host (a gateway of yours, say).",
  ]);
  if (await ask.confirm({ message: `Send your token to ${host}?`, initial: false })) return url;
  throw refusal("endpoint-foreign", why, `ask whoever changed .mcp.json, or ${BESIDE}`);
}

/** Says what a followed entry sends beside the three headers. */
export function warnOfHeaders(target: Target, env: Env, show: Show): void {
  if (target.mode !== "join" || target.entry === undefined) return;
  const own = variablesOf(target).map(({ env: variable }) => variable);
  const more = expandEntry(target.entry, env).read.filter(({ variable }) => !own.includes(variable));
  const lines = more.map(({ header, variable }) => `${printable(header, 60)}, from ${variable}`);
  if (lines.length > 0) show.warn("This entry sends more than the three HALO headers:", lines);
}

/** What may be sent. Throws Refusal with the reason why nothing is. `where`: what holds the entry. */
export function permitted(judged: ToSend, where: string, hint: string): Sent {
  if (judged.ok) return judged.sent;
  const [code, why] = {
    "entry-runs": ["refused", `${judged.reason}; nothing was sent`],
    "bad-url": ["bad-url", `${judged.reason}; nothing was sent`],
    "endpoint-foreign": ["endpoint-foreign", "the URL leads elsewhere than agreed; nothing was sent"],
    "bad-value": ["bad-header", `${judged.reason}; nothing was sent`],
    "missing-value": ["placeholder-sent", `${judged.reason}, so Claude Code would send the placeholder itself`],
  }[judged.cause];
  throw new Refusal(`${where}: ${why}`, { hint }, code);
}

/** What a target sends with these values to the URL that was agreed on: a followed entry as it is written, a new one with the three headers. */
export function sentBy(target: Target, values: Values, env: Env, url: string): Sent {
  if (target.mode === "join" && target.entry !== undefined)
    return permitted(
      whatToSend(target.entry, env, secretsOf(target, values), { url }),
      ".mcp.json",
      `correct it, or ${BESIDE}`,
    );
  return {
    url,
    headers: Object.fromEntries(VALUES.map((value) => [HEADERS[value], values[value]])),
    missing: [],
    read: [],
  };
}

export const STAGE_TEXT: Readonly<Record<ProbeStage, string>> = {
  url: "looking at the URL",
  dns: "looking the host up",
  tcp: "connecting",
  tls: "securing the connection",
  http: "sending the first request",
  auth: "checking the token",
  mcp: "speaking MCP",
  tools: "listing the tools",
};

/** Runs the connection test with its stages on screen. `what`: the title of the test. Throws Cancelled alone. */
export async function testConnection(
  context: Context,
  show: Show,
  sent: Sent,
  what: string,
  limits: { readonly timeoutMs: number; readonly listens?: boolean },
): Promise<Diagnosis> {
  const title = `${what}: ${printable(new URL(sent.url).host, 60)}`;
  const progress = show.progress(title);
  try {
    const onStage = (stage: ProbeStage): void => {
      progress.update(`${title}, ${STAGE_TEXT[stage]}`);
    };
    return (await runTest(context, sent, { ...limits, onStage })).diagnosis;
  } finally {
    progress.end();
  }
}

const MOST_TOOLS = 8;

/** The outcome for a person: what was proven, or the cause and what to try. `brief` leaves out what was shown before. */
export function showDiagnosis(show: Show, diagnosis: Diagnosis, what: string, brief = false): void {
  const { ok, cause, at, stages, server, tools, toolCount, control } = diagnosis;
  const failed = stages.find((stage) => stage.cause !== undefined);
  if (!ok) {
    const passed = stages.filter(({ status }) => status === "ok").map(({ stage }) => stage);
    show.bad(`${what} failed: ${failed?.detail ?? cause ?? "no reason could be found"}`, [
      ...(failed?.tryThis ?? []).map(adviceLine),
      `Cause: ${cause ?? "unknown"}, at stage ${at ?? "unknown"}${passed.length > 0 ? ` (passed: ${passed.join(", ")})` : ""}`,
    ]);
    return;
  }
  const name = [printable(server?.name ?? "the server", 60), printable(server?.version ?? "", 20)].join(" ").trim();
  const listed = tools.slice(0, MOST_TOOLS).map((tool) => {
    const title = printable(tool.name, 40);
    const line = printable(tool.description, Math.max(10, show.columns - 10 - title.length));
    return line === "" ? title : `${title}: ${line}`;
  });
  const more = toolCount > MOST_TOOLS ? [`… and ${toolCount - MOST_TOOLS} more`] : [];
  const count = `${toolCount} ${toolCount === 1 ? "tool" : "tools"}`;
  show.ok(`${what}: connected to ${name}, ${count}`, brief ? [] : [...listed, ...more]);
  if (brief && control === "refused") return;
  if (control === "refused") show.ok("Checked: HALO refuses the same request without your token.");
  else if (control === "skipped")
    show.warn("It could not be tested whether the server refuses a request without your token.");
  else
    show.warn(
      failed?.detail ??
        "The same request without the token was accepted too: this success says nothing about the token.",
    );
}

/** A failed test where nobody can correct it: exit 1 with the cause, and how to write all the same. */
export function testFailed({ stages, cause }: Diagnosis): Refusal {
  const failed = stages.find((stage) => stage.cause !== undefined);
  return new Refusal(
    `the connection test failed, so nothing was written: ${failed?.detail ?? cause ?? "unknown"}`,
    { hint: [...(failed?.tryThis ?? []).map(adviceLine), "to write untested: --skip-test"].join("\n") },
    cause ?? "test-failed",
  );
}
