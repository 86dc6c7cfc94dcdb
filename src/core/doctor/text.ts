/** The report for a person: the cause first, then the chain, a line a link. One screen of 80 columns. Pure. */
import { CAUSES } from "../diagnosis/causes.ts";
import type { Cause } from "../diagnosis/diagnose.ts";
import { type DoctorReport, type Link, toolsWords } from "./report.ts";

/** How it is drawn: words alone where there is no colour, ASCII signs where there is no Unicode. */
export interface Drawing {
  readonly sign: Readonly<Record<Link["status"], string>>;
  /** Stands where a text was cut. */
  readonly more: string;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  /** Breaks a line at spaces, save one that is to be copied. */
  readonly wrap: (line: string, width: number) => readonly string[];
  readonly width: number;
}

/** A link as it is shown, where that is not its id. */
const NAMES: Readonly<Partial<Record<Link["stage"], string>>> = { setup: "set-up", auth: "token" };
const nameOf = (stage: Link["stage"]): string => NAMES[stage] ?? stage;
const INDENT = "    ";
const MOST_TOOLS = 5;

/** One line a link: its cause if it failed, what was seen in short otherwise. */
function chain({ stages }: DoctorReport, d: Drawing): readonly string[] {
  const isSilent = ({ status, detail }: Link): boolean => status === "skipped" && detail === undefined;
  const lines = stages.flatMap((each) => {
    if (isSilent(each)) return [];
    const { stage, status, ms, cause, detail } = each;
    const time = ms >= 1 ? ` ${ms} ms` : "";
    const room = d.width - 12 - time.length;
    const seen = Array.from(status === "failed" && cause !== undefined ? cause : (detail?.split("\n")[0] ?? "ok"));
    const words = seen.length <= room ? seen.join("") : `${seen.slice(0, room - d.more.length).join("")}${d.more}`;
    const padding = " ".repeat(Math.max(0, room - seen.length));
    return `${d.sign[status]} ${nameOf(stage).padEnd(9)} ${words}${time && padding + d.dim(time)}`;
  });
  const silent = stages.filter(isSilent).map(({ stage }) => nameOf(stage));
  return silent.length === 0 ? lines : [...lines, `${d.sign.skipped} ${d.dim(`not reached: ${silent.join(", ")}`)}`];
}

const block = (text: string, { wrap, width }: Drawing): readonly string[] =>
  text.split("\n").flatMap((line) => wrap(INDENT + line, width));

/** What is wrong, or that all is well, in one line. */
export function headline({ cause, stages, ok, server, toolCount, at, call }: DoctorReport): string {
  if (ok) {
    const name = server === null || server.name === "" ? "the server" : server.name;
    return `Connected to ${name}${server?.version ? ` ${server.version}` : ""}, ${toolsWords(toolCount)}`;
  }
  if (call?.ok === false && stages.every(({ status }) => status !== "failed"))
    return `The connection works, but calling the tool "${call.tool}" failed`;
  // ids of the set-up and of the test are partly the same, what they mean is not
  if (at === "setup" || at === "values" || at === "client") {
    const of = (name: Link["stage"]) => stages.find(({ stage }) => stage === name);
    return of(at)?.why ?? of("url")?.detail ?? "Not connected";
  }
  return cause !== null && Object.hasOwn(CAUSES, cause) ? CAUSES[cause as Cause].title : "Not connected";
}

/** In: the report and how to draw. Out: lines for stdout. Everything in the report is printable and redacted. */
export function toDoctorText(report: DoctorReport, d: Drawing): string {
  const { stages, ok, at, cause, tools, toolCount, call, control } = report;
  const main = stages.find(({ stage }) => stage === at);
  const title = headline(report);
  const lastOf = ({ why, detail }: Link): string | undefined => why ?? detail?.split("\n").at(-1);
  /** What was seen and what to try. */
  const explain = (seen: string | undefined, advice = ""): readonly string[] => [
    ...(seen === undefined ? [] : block(seen, d)),
    ...(advice === "" ? [] : [`${INDENT}${d.bold("Try")}`, ...block(advice.replace(/^/gm, "  "), d)]),
  ];
  const part = (status: Link["status"], stage: Link["stage"], id = ""): readonly string[] => [
    "",
    `${d.sign[status]} ${d.bold(nameOf(stage))}${id && ` ${d.dim(id)}`}`,
  ];
  const lines = [...d.wrap(`${d.sign[ok ? (cause === null ? "ok" : "warning") : "failed"]} ${d.bold(title)}`, d.width)];
  if (!ok && cause !== null) lines.push(`${INDENT}${d.dim(`cause: ${cause}, at: ${at === null ? "" : nameOf(at)}`)}`);
  const checked =
    control === "refused"
      ? "Checked: the server refuses the same request without your token."
      : "Could not check whether the server needs the token.";
  if (ok && cause === null) lines.push(...block(checked, d));
  if (main?.cause !== undefined) lines.push(...explain(main.why === title ? undefined : lastOf(main), main.tryThis));
  lines.push("", ...chain(report, d));
  for (const each of stages)
    if (each !== main && (each.status === "warning" || each.status === "failed"))
      lines.push(...part(each.status, each.stage, each.cause), ...explain(lastOf(each), each.tryThis));
  for (const { link, severity, cause: id, seen, tryThis } of stages.flatMap(({ notes = [] }) => notes))
    lines.push(...part(severity === "note" ? "skipped" : severity, link, id), ...explain(seen, tryThis));
  if (tools.length > 0 && ok) {
    const more = toolCount > MOST_TOOLS ? [`${d.more} and ${toolCount - MOST_TOOLS} more`] : [];
    const named = tools.slice(0, MOST_TOOLS).map(({ name }) => name);
    lines.push("", ...d.wrap(`Tools: ${[...named, ...more].join(", ")}`, d.width));
  }
  if (call !== null) {
    const heading = `${d.bold(`Answer of ${call.tool}`)}${call.ok ? "" : " (an error)"}`;
    lines.push("", heading, ...block(call.text, d));
  }
  return `${lines.join("\n")}\n`;
}
