/** One run as one report: the links of the chain, from the files to the tools, each with what was seen and what to do. Pure. */
import type { Advice } from "../advice.ts";
import { shown } from "../check/show.ts";
import { claudeCode, expandEntry } from "../clients/claude-code.ts";
import { sessionEnv } from "../clients/claude-state.ts";
import type { Cause, Diagnosis, StageResult } from "../diagnosis/diagnose.ts";
import { type ProbeRecord, type ProbeStage, STAGES, WAY } from "../diagnosis/record.ts";
import { adviceLine, note, repair } from "./advice.ts";
import type { Server } from "./entries.ts";
import type { Finding, SetupCause, SetupLink } from "./finding.ts";
import { findingsOf, type Verdict } from "./findings.ts";
import { STATUS_WORDS } from "./findings-client.ts";
import { refusedCopy } from "./findings-values.ts";
import type { Asked, View } from "./view.ts";

export interface Link {
  readonly link: SetupLink | ProbeStage;
  readonly status: "ok" | "warning" | "failed" | "skipped";
  readonly ms: number;
  /** What was seen, a line each: the first one in short, for the chain. */
  readonly seen: readonly string[];
  readonly cause?: Cause | SetupCause | undefined;
  /** The one line of `seen` that the cause is about. */
  readonly why?: string | undefined;
  readonly advice?: readonly Advice[] | undefined;
  /** What else there is to say, with what to do. */
  readonly notes?: readonly Finding[];
}

/** What one tool answered, cut and cleaned. */
export interface CallReport {
  readonly tool: string;
  readonly ok: boolean;
  readonly text: string;
}

/** What came after the view. `test`: the connection test, or the way alone where nothing may be sent. `ms`: milliseconds. */
export interface Run {
  readonly test: { readonly diagnosis: Diagnosis; readonly record: ProbeRecord } | undefined;
  readonly asked?: Asked | undefined;
  readonly call: CallReport | null;
  readonly ms: Readonly<Partial<Record<SetupLink, number>>>;
}

export const toolsWords = (count: number): string => `${count} ${count === 1 ? "tool" : "tools"}`;

/** Why an entry is not the one that is taken, in words that go after "not used: ". */
function whyNot({ entry, scope, lost }: Server, { name, winner, places }: View): string {
  if (lost !== undefined)
    return places.some(({ broken }) => broken === lost) ? `the file is not loaded: ${lost.why}` : lost.why;
  if (entry.name !== name) return "another name";
  if (scope === "project" && winner?.scope === "user") return "not approved";
  return `${winner?.file ?? "another file"} comes first`;
}

/** What the JSON output says of the set-up: where everything stands, no value. */
function setupOf(v: View, verdict: Verdict) {
  const { winner, contenders, secrets, session } = v;
  const entries = contenders.map((each) => ({
    name: shown({ secrets }, each.entry.name, 64),
    scope: each.scope,
    file: each.file,
    url: shown({ secrets }, each.entry.url),
    wins: each === winner,
    ...(each === winner ? {} : { why: whyNot(each, v) }),
  }));
  const list = winner && expandEntry(winner.entry, sessionEnv(v.state, v.input.env, "list")).missing;
  return {
    name: v.name,
    entries,
    winner: entries.find(({ wins }) => wins) ?? null,
    values: v.values,
    approval: v.approval ?? null,
    trust: v.trust,
    bridge: v.bridge,
    /** Variables that a session, and `claude mcp list` and `get`, would send as their placeholder. */
    missing: { session: session?.missing ?? [], list: list ?? [] },
    network: v.network,
    verdict: { ...verdict, dialogs: v.dialogs },
    /** The command that sets the entry up again, for its scope and folder. */
    repair: adviceLine(repair(v, winner), v.input.given?.cwd),
  };
}

const FROM: Readonly<Record<string, string>> = {
  literal: "in the entry itself",
  default: "a default in the entry",
  none: "not set",
};
const APPROVAL = { ...STATUS_WORDS, approved: "approved", "not-needed": "no approval needed" };
export const NOT_TAKEN = "not used";

type Setup = ReturnType<typeof setupOf>;

/** What was seen at a link before the network, whatever is wrong with it: the first line in short, for the chain. */
const LINES: Readonly<Record<SetupLink, (v: View, setup: Setup, asked: Asked | undefined) => readonly string[]>> = {
  setup: (_, { entries }) =>
    entries
      .toSorted((a, b) => Number(b.wins) - Number(a.wins))
      .map(({ name, file, scope, url, wins, why }) =>
        wins
          ? `used: "${name}" in ${file} (${scope} scope), ${url}`
          : `${NOT_TAKEN}: "${name}" in ${file} (${scope} scope): ${why ?? ""}`,
      ),
  values: ({ values }) => {
    const where = new Map<string, string[]>();
    for (const { value, from, place } of values) {
      const words = place === undefined ? (FROM[from] ?? "") : `from ${place}`;
      where.set(words, [...(where.get(words) ?? []), value]);
    }
    return values.length === 0 ? [] : [[...where].map(([words, all]) => `${all.join(", ")} ${words}`).join("; ")];
  },
  client: ({ client: { program, version }, approval, trust }, _, asked) => {
    const silence = asked?.silence === "no-answer" ? "did not answer" : "not asked";
    const names = { found: `Claude Code ${version ?? ""}`, none: "Claude Code not found" };
    const words = [
      program === "found" || program === "none" ? names[program] : "Claude Code version unknown",
      trust.trusted ? "trusted" : "folder not trusted yet",
      ...(approval === undefined ? [] : [APPROVAL[approval.state]]),
      ...(program !== "found" ? [] : [asked?.status === undefined ? silence : `reports ${STATUS_WORDS[asked.status]}`]),
    ];
    return [words.join(", ")];
  },
};

/** Notes that say what to do next; the others are small things of files. */
const NEXT: readonly SetupCause[] = ["not-trusted", "not-approved", "no-entry"];
/** The entry that is taken is not one to be filled. */
const NOT_OURS: readonly SetupCause[] = ["no-entry", "entry-runs", "endpoint-foreign"];

/** A link before the network: its first failure is its cause, else its first warning. */
function setupLink(link: SetupLink, v: View, lines: readonly string[], all: readonly Finding[], ms: number): Link {
  const own = all.filter((each) => each.link === link);
  const seen = [...lines, ...own.map((each) => each.seen)];
  if (link === "values" && v.winner === undefined) return { link, status: "skipped", ms, seen };
  if (link === "values" && own.length === 0 && all.some(({ cause }) => NOT_OURS.includes(cause)))
    return { link, status: "skipped", ms, seen: ["not checked: see set-up"] };
  const first = own.find(({ severity }) => severity === "failed") ?? own.find(({ severity }) => severity === "warning");
  const notes = own.filter(
    ({ severity, cause, advice }, at) =>
      own[at] !== first &&
      advice.length > 0 &&
      (severity === "warning" || (severity === "note" && NEXT.includes(cause))),
  );
  return {
    link,
    status: first === undefined ? "ok" : first.severity === "failed" ? "failed" : "warning",
    ms,
    seen,
    ...(first && { cause: first.cause, why: first.seen, advice: first.advice }),
    ...(notes.length === 0 ? {} : { notes }),
  };
}

/** What was seen at a stage that passed and has no words of its own. */
function seenAt(stage: ProbeStage, { server, toolCount, control }: Diagnosis, { endpoint }: ProbeRecord) {
  if (stage === "url") return `${endpoint.origin}${endpoint.path}`;
  if (stage === "mcp")
    return server === null ? undefined : `${server.name} ${server.version}, protocol ${server.protocol}`;
  if (stage === "tools") return toolsWords(toolCount);
  if (stage !== "auth" || control === "accepted") return undefined;
  return control === "refused"
    ? "the same request without the token was refused"
    : "could not check whether the token is needed";
}

function stageLink(
  { stage, status, ms, cause, detail, tryThis }: StageResult,
  diagnosis: Diagnosis,
  record: ProbeRecord,
): Link {
  const isUntold = stage === "auth" && diagnosis.ok && diagnosis.control === "skipped";
  const warns = status === "ok" && (cause !== undefined || tryThis !== undefined || isUntold);
  const seen = detail ?? (status === "ok" ? seenAt(stage, diagnosis, record) : undefined);
  return {
    link: stage,
    status: warns ? "warning" : status,
    ms,
    seen: seen === undefined ? [] : [seen],
    ...(cause === undefined ? {} : { cause, why: detail }),
    ...(tryThis === undefined ? {} : { advice: tryThis }),
  };
}

/** Refused for what was sent: the token, or one of the IDs. */
const REFUSED: readonly Link["cause"][] = ["unauthorized", "forbidden", "rejected-request", "rpc-error"];
const INPUT: readonly Link["cause"][] = ["bad-value", "missing-value", "placeholder-sent"];

/** A stage with what is known of the values: where the refused token comes from, and what comes before a new one. */
function withSource(link: Link, v: View, copy: View["values"][number] | undefined, values: Link | undefined): Link {
  const { cause, advice: given = [], seen, why } = link;
  if (INPUT.includes(cause) && values?.status === "failed") {
    const unsent = "nothing was sent: see values";
    return { ...link, cause: values.cause, seen: [unsent], why: unsent, advice: [] };
  }
  if (!REFUSED.includes(cause)) return link;
  const advice = (): readonly Advice[] => {
    if (values?.status === "failed" && INPUT.includes(values.cause))
      return [note("# first correct the values: see values")];
    const agree = "# first make the copies match: see values";
    if (copy?.value === "token")
      return [
        note(`${agree}; if it is still refused:`),
        note("# HALO Studio > Settings > Product Tokens > + > type MCP"),
      ];
    if (copy !== undefined) return [note(agree)];
    const isFixed =
      v.winner?.scope === "project" && v.values.some(({ value, from }) => value === "token" && from === "literal");
    const isOurs = v.input.token === undefined && v.winner !== undefined && !isFixed;
    return isOurs ? [...given, repair(v, v.winner), note("# and choose: Change values")] : given;
  };
  const { token } = v.sending.from;
  if ((cause !== "unauthorized" && cause !== "forbidden") || token === undefined) return { ...link, advice: advice() };
  const tested = `Tested with ${token}.`;
  return { ...link, advice: advice(), why: why === undefined ? tested : `${why} ${tested}`, seen: [...seen, tested] };
}

/** Why the values of the test are not those of a session, in one line. */
function testedWith({ input, sending: { toSend, as, added } }: View): string | undefined {
  if (input.token !== undefined) return "tested with the token from the command line";
  if (!toSend.ok) return undefined;
  if (as === "values") return "tested with your values: Claude Code uses no HALO entry here";
  return added.length > 0 ? `tested with ${added.join(", ")} from .env, which Claude Code does not read` : undefined;
}

/** The stages of the test; where nothing was sent, why, and what there is of the way. */
function networkLinks(
  v: View,
  test: Run["test"],
  copy: View["values"][number] | undefined,
  values: Link | undefined,
): readonly Link[] {
  const { toSend } = v.sending;
  if (!toSend.ok || test === undefined) {
    const isUrl = !toSend.ok && (toSend.cause === "endpoint-foreign" || toSend.cause === "bad-url");
    const why = `nothing was sent: ${isUrl || toSend.ok ? "see set-up" : toSend.reason}`;
    return STAGES.map((stage) => {
      const seen = test?.diagnosis.stages.find((each) => each.stage === stage && WAY.includes(stage));
      if (test !== undefined && seen !== undefined) return stageLink(seen, test.diagnosis, test.record);
      return { link: stage, status: "skipped", ms: 0, seen: stage === "url" ? [why] : [] };
    });
  }
  const remark = testedWith(v);
  return test.diagnosis.stages.map((stage) => {
    const link = withSource(stageLink(stage, test.diagnosis, test.record), v, copy, values);
    return link.link === "auth" && remark !== undefined && link.status !== "skipped"
      ? { ...link, seen: [remark, ...link.seen] }
      : link;
  });
}

export type DoctorReport = ReturnType<typeof makeReport>;

/** The report of a run. `ok`: no link failed, and the connection stood. */
export function makeReport(v: View, run: Run) {
  const { toSend } = v.sending;
  const { diagnosis, record } = (toSend.ok ? run.test : undefined) ?? {};
  const exchanges = record?.exchanges ?? [];
  const scene = { ...v, asked: run.asked, tested: diagnosis };
  const { findings, verdict } = findingsOf(scene);
  const setup = setupOf(v, verdict);
  const before = (["setup", "values", "client"] as const).map((link) =>
    setupLink(link, v, LINES[link](v, setup, run.asked), findings, run.ms[link] ?? 0),
  );
  const links = [...before, ...networkLinks(v, run.test, refusedCopy(scene), before[1])];
  const failed = links.find(({ status }) => status === "failed");
  const ok = failed === undefined && diagnosis?.ok === true && run.call?.ok !== false;
  const unproven = ok && diagnosis.cause === "unproven-token";
  const cause = failed?.cause ?? (unproven ? "unproven-token" : toSend.ok ? null : toSend.cause);
  return {
    ok,
    /** The first link that failed; `unproven-token` goes with `ok: true`. */
    cause: cause as Cause | SetupCause | null,
    at: failed?.link ?? (unproven ? "auth" : toSend.ok ? null : "values"),
    control: diagnosis?.control ?? "skipped",
    links,
    server: diagnosis?.server ?? null,
    tools: diagnosis?.tools ?? [],
    toolCount: diagnosis?.toolCount ?? 0,
    call: run.call,
    client: {
      id: claudeCode.id,
      version: v.client.version ?? null,
      status: run.asked?.status ?? null,
      wouldConnect: verdict.wouldConnect,
      reason: verdict.reason,
    },
    setup,
    /** Every request of the test; no body, no header. */
    requests: exchanges.map(({ method, phase, status, end, codes, ms }) => {
      // each has a connection of its own, on which nothing is sent twice
      return { method, control: phase === "control", status, end, codes, ms: Math.round(ms), repeated: 0 };
    }),
    /** Where the advice is to be typed, see `adviceLine`. */
    cwd: v.input.given?.cwd,
  };
}
