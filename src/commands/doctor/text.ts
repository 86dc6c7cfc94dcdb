/** The report for a person: the cause and what to do, then the chain, one line per link. */
import { CAUSES } from "../../core/diagnosis/causes.ts";
import type { Cause } from "../../core/diagnosis/diagnose.ts";
import { STAGES } from "../../core/diagnosis/record.ts";
import { type Chain, headline, isFollowUp, type Link, mainOf } from "../../core/doctor/report.ts";
import type { Paint } from "../../ui/paint.ts";
import { wrap } from "../../ui/wrap.ts";

/** The displayed name of a link, if it differs from its id. */
const NAMES: Readonly<Partial<Record<Link["stage"], string>>> = { setup: "set-up", auth: "token" };
const nameOf = (stage: Link["stage"]): string => NAMES[stage] ?? stage;
const INDENT = "    ";
const COLUMN = 12;
const MOST_TOOLS = 5;

/** What the line of a link says: it needs no paragraph. */
const IN_CHAIN: readonly Link["cause"][] = ["not-trusted", "client-broken"];
/** What the wizard mends with everything else. */
const MENDED: readonly Link["cause"][] = ["not-approved", "list-differs"];
/** A line of advice that is typed as it is: a command, or a URL. Sentences begin with a capital letter, or are comments. */
const isTyped = (line: string): boolean => /^[a-z]/.test(line);
const commandIn = (advice = ""): string | undefined => advice.split("\n").find(isTyped);

/** The marks of a report, and that of the whole. */
function signsOf(report: Chain, { green, yellow, red, dim, sign }: Paint) {
  const signs = { ok: green(sign.ok), warning: yellow(sign.warn), failed: red(sign.bad), skipped: dim("-") };
  const whole = !report.ok ? "failed" : mainOf(report) === undefined ? "ok" : "warning";
  return { ...signs, whole: signs[whole] };
}

const lastOf = ({ why, detail }: Link): string | undefined => why ?? detail?.split("\n").at(-1);

/** What has a paragraph under the chain: not what the chain says, nor what follows from the cause or is mended with it. */
function restOf(report: Chain, main: Link | undefined) {
  const { stages } = report;
  const first = commandIn(main?.tryThis);
  const isWizard = /^npx create-halo-mcp(?: -|$)/.test(first ?? "");
  const warned = stages.filter((each) => each !== main && /warning|failed/.test(each.status));
  const notes = stages.flatMap(({ notes = [] }) => notes);
  const rest = [
    ...warned.filter((each) => !isFollowUp(each, report)).map((each) => ({ ...each, seen: lastOf(each) })),
    ...notes.map(({ severity, link, ...each }) => {
      return { ...each, stage: link, status: severity === "note" ? ("skipped" as const) : severity };
    }),
  ];
  return rest.filter(({ status, cause, tryThis }) => {
    const isMended = first !== undefined && (commandIn(tryThis) === first || (isWizard && MENDED.includes(cause)));
    return (status === "failed" || !IN_CHAIN.includes(cause)) && !isMended;
  });
}

/** A sentence after its mark; wrapped before it is painted, as colours have no width. */
const marked = (mark: string, text: string, { bold }: Paint, width: number): string =>
  `${mark} ${wrap(text, width - 2)
    .map(bold)
    .join("\n  ")}`;

/** The verdict alone: one sentence. */
export const toDoctorVerdict = (report: Chain, paint: Paint, width: number): string =>
  marked(signsOf(report, paint).whole, headline(report), paint, width);

/** In: the report, how to paint, and columns. Out: lines for stdout. Everything in the report is printable and redacted. */
export function toDoctorText(report: Chain, paint: Paint, width: number): string {
  const { stages, ok, tools, toolCount, call, control, clients } = report;
  const { bold, dim } = paint;
  const sign = signsOf(report, paint);

  // a word wider than the screen, such as a server's JSON, is split; a name, a URL or a command is not, but in the chain
  const isWhole = /^\s*(?:[\w.:/?=&%~@#-]+|\S+ .*)$/u;
  const block = (text: string, indent = INDENT): readonly string[] => {
    const pieces = new RegExp(`.{1,${width - indent.length}}`, "gsu");
    return text
      .split("\n")
      .flatMap((line) => wrap(indent + line, width))
      .flatMap((line) =>
        indent.length < COLUMN && isWhole.test(line)
          ? line
          : (line.trim().match(pieces) ?? [""]).map((piece) => indent + piece),
      );
  };
  const tried = (line: string): readonly string[] => {
    if (isTyped(line)) return [`${INDENT}  ${bold(line)}`];
    // a second command, in a comment for whoever pastes all of it
    const [, words = line, command] = /^(# .*:) ((?:npx|git|claude) .*)$/.exec(line) ?? [];
    const said = block(words.replace(/^# /, ""), `${INDENT}  `);
    return command === undefined ? said : [...said, `${INDENT}    ${bold(command)}`];
  };
  const explain = (seen: string | undefined, advice = ""): readonly string[] => [
    ...(seen === undefined ? [] : block(seen)),
    ...(advice === "" ? [] : [`${INDENT}${bold("Try")}`, ...advice.split("\n").flatMap(tried)]),
  ];
  /** One line per link: why it failed, or a short result; of the client also how it was asked. */
  const lineOf = ({ stage, status, ms, cause: own, detail }: Link): readonly string[] => {
    const isTest = STAGES.some((each) => each === stage);
    const short = detail?.split("\n")[0] ?? "ok";
    const title =
      isTest && status === "failed" && !/^nothing was sent/.test(short) ? CAUSES[own as Cause].title : short;
    const again = status === "failed" ? "failed" : "see above";
    const said = title === headline(report) ? again : title;
    const [first = "", ...more] = block(said + (ms >= 1 ? `, ${ms} ms` : ""), " ".repeat(COLUMN));
    const remarks = stage === "client" ? (clients?.[0]?.remarks ?? []) : [];
    return [
      `${sign[status]} ${nameOf(stage).padEnd(COLUMN - 2)}${first.trimStart()}`,
      ...more,
      ...remarks.flatMap((remark) => block(remark, " ".repeat(COLUMN))),
    ];
  };

  const main = mainOf(report);
  const lines = [toDoctorVerdict(report, paint, width)];
  const checked =
    control === "refused"
      ? "Checked: the server refuses the same request without your token."
      : "Could not check whether the server needs the token.";
  if (ok && main === undefined) lines.push(...block(checked));
  if (main?.cause !== undefined)
    lines.push(...explain(main.why === headline(report) ? undefined : lastOf(main), main.tryThis));
  const reached = stages.filter(({ status, detail }) => status !== "skipped" || detail !== undefined);
  lines.push("", ...reached.flatMap(lineOf));
  // what was passed over on the way, such as TLS, was not needed
  const silent = stages.slice(stages.findLastIndex(({ status }) => status !== "skipped") + 1);
  const names = silent.filter((each) => !reached.includes(each)).map(({ stage }) => nameOf(stage));
  if (names.length > 0) lines.push(`${sign.skipped} ${dim(`not reached: ${names.join(", ")}`)}`);

  for (const { stage, status, seen = nameOf(stage), tryThis } of restOf(report, main))
    lines.push("", marked(sign[status], seen, paint, width), ...explain(undefined, tryThis));
  if (tools.length > 0 && ok) {
    const named = tools.slice(0, MOST_TOOLS).map(({ name }) => name);
    if (toolCount > MOST_TOOLS) named.push(`… and ${toolCount - MOST_TOOLS} more`);
    lines.push("", ...wrap(`Tools: ${named.join(", ")}`, width));
  }
  if (call !== null)
    lines.push("", `${bold(`Answer of ${call.tool}`)}${call.ok ? "" : " (an error)"}`, ...block(call.text));
  return `${lines.join("\n")}\n`;
}
