import { expandEntry, type Sent } from "../../core/clients/claude-code.ts";
import type { Diagnosis } from "../../core/diagnosis/diagnose.ts";
import type { ProbeStage } from "../../core/diagnosis/record.ts";
import { HEADERS, isSafeVariable, VALUES } from "../../core/halo.ts";
import { secretsOf } from "../../core/plan/install.ts";
import { type Target, variablesOf } from "../../core/plan/target.ts";
import { printable } from "../../core/secrets.ts";
import { Refusal } from "../../errors.ts";
import { runTest } from "../shared/connection-test.ts";
import type { Room, Values } from "./values.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** What a target sends with these values: a followed entry as it is written, a new one with the three headers. */
export function sentBy(target: Target, values: Values, env: Env): Sent {
  if (target.mode === "join" && target.entry !== undefined)
    return expandEntry(target.entry, { ...env, ...secretsOf(target, values) });
  const headers = Object.fromEntries(VALUES.map((value) => [HEADERS[value], values[value]]));
  return { url: target.url, headers, missing: [], read: [] };
}

/** What an entry sends beside HALO's own values. Throws Refusal for a variable that is not named for such a purpose. */
export function sentBeside(target: Target, sent: Sent): Sent["read"] {
  const own = new Set(variablesOf(target).map(({ env }) => env));
  const more = sent.read.filter(({ variable }) => !own.has(variable));
  const unsafe = more.find(({ variable }) => !isSafeVariable(variable));
  if (unsafe !== undefined) {
    throw new Refusal(
      `.mcp.json: the header ${printable(unsafe.header, 60)} of "${printable(target.name, 64)}" would send the variable ${unsafe.variable}, which is not HALO's business; nothing was sent`,
      { hint: "correct it, or set HALO up beside it: --name halo-mine" },
      "bad-header",
    );
  }
  return more;
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

/** Runs the connection test with its stages on screen. Throws Cancelled alone. */
export async function testConnection(room: Room, sent: Sent, what: string, listens = false): Promise<Diagnosis> {
  const { context, options, show } = room;
  const host = printable(new URL(sent.url).host, 60);
  const progress = show.progress(`${what}: ${host}`);
  try {
    const { diagnosis } = await runTest(context, sent, {
      timeoutMs: options.timeoutMs,
      listens,
      onStage: (stage, event) => {
        if (event === "start") progress.update(`${what}: ${host}, ${STAGE_TEXT[stage]}`);
      },
    });
    return diagnosis;
  } finally {
    progress.end("gone");
  }
}

const MOST_TOOLS = 8;

/** The outcome for a person: what was proven, or the cause and what to try. `brief` leaves out what was shown before. */
export function showDiagnosis(room: Room, diagnosis: Diagnosis, what: string, brief = false): void {
  const { show } = room;
  const failed = diagnosis.stages.find((stage) => stage.cause !== undefined);
  if (!diagnosis.ok) {
    const passed = diagnosis.stages.filter((stage) => stage.status === "ok").map(({ stage }) => stage);
    show.bad(`${what} failed: ${failed?.detail ?? diagnosis.cause ?? "no reason could be found"}`, [
      ...(failed?.tryThis === undefined ? [] : failed.tryThis.split("\n")),
      `Cause: ${diagnosis.cause ?? "unknown"}, at stage ${diagnosis.at ?? "unknown"}${passed.length > 0 ? ` (passed: ${passed.join(", ")})` : ""}`,
    ]);
    return;
  }
  const { server, tools, toolCount, control } = diagnosis;
  const name = printable(server?.name ?? "the server", 60);
  const width = show.columns - 8;
  const listed = tools.slice(0, MOST_TOOLS).map((tool) => {
    const title = printable(tool.name, 40);
    const line = printable(tool.description, Math.max(10, width - title.length - 2));
    return line === "" ? title : `${title}: ${line}`;
  });
  const more = toolCount > MOST_TOOLS ? [`… and ${toolCount - MOST_TOOLS} more`] : [];
  show.ok(
    `${what}: connected to ${name}${server === null || server.version === "" ? "" : ` ${printable(server.version, 20)}`}, ${toolCount} ${toolCount === 1 ? "tool" : "tools"}`,
    brief ? [] : [...listed, ...more],
  );
  if (brief && control === "refused") return;
  if (control === "refused") show.ok("The same request without the token was refused: the token is what opens it.");
  else if (control === "accepted")
    show.warn(
      failed?.detail ??
        "The same request without the token was accepted too: this success says nothing about the token.",
    );
  else show.warn("Whether the server refuses a request without the token could not be told.");
}
