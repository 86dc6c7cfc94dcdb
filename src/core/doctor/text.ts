/** The report for a person: the cause first, then the chain, a line a link. One screen of 80 columns. Pure. */
import type { Advice } from "../advice.ts";
import { CAUSES } from "../diagnosis/causes.ts";
import type { Cause } from "../diagnosis/diagnose.ts";
import { adviceLine } from "./advice.ts";
import { type DoctorReport, type Link, NOT_TAKEN, toolsWords } from "./report.ts";

/** How it is drawn: words alone where there is no colour, ASCII signs where there is no Unicode. */
export interface Drawing {
  readonly sign: Readonly<Record<Link["status"], string>>;
  /** Stands where a text was cut. */
  readonly more: string;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  /** Breaks a line at spaces. */
  readonly wrap: (line: string, width: number) => readonly string[];
  readonly width: number;
}

/** A link as it is shown, where that is not its id. */
const NAMES: Readonly<Partial<Record<Link["link"], string>>> = { setup: "set-up", auth: "token" };
const nameOf = (link: Link["link"]): string => NAMES[link] ?? link;
const INDENT = "    ";
const MOST_TOOLS = 5;
const MOST_OTHERS = 3;

function shorten(text: string, width: number, more: string): string {
  const points = Array.from(text);
  return points.length <= width ? text : `${points.slice(0, Math.max(0, width - more.length)).join("")}${more}`;
}

/** One line a link: its cause if it failed, what was seen in short otherwise; below the entry that is taken those that are not. */
function chain({ links }: DoctorReport, d: Drawing): readonly string[] {
  const isSilent = ({ status, seen }: Link): boolean => status === "skipped" && seen.length === 0;
  const lines = links.flatMap((each) => {
    const { link, status, ms, cause, seen } = each;
    if (isSilent(each)) return [];
    const time = ms >= 1 ? ` ${ms} ms` : "";
    const room = d.width - 12 - time.length;
    const short =
      status === "failed" && cause !== undefined ? cause : (seen[0] ?? (status === "skipped" ? status : "ok"));
    const words = shorten(short, room, d.more);
    const padding = time === "" ? "" : " ".repeat(Math.max(0, room - Array.from(words).length) + 1);
    const isTaken = link === "setup" && cause === undefined;
    const others = isTaken ? seen.slice(1).filter((line) => line.startsWith(NOT_TAKEN)) : [];
    const rest = others.length > MOST_OTHERS ? [`${d.more} and ${others.length - MOST_OTHERS} more`] : [];
    return [
      `${d.sign[status]} ${nameOf(link).padEnd(9)} ${words}${padding}${time && d.dim(time.trim())}`.trimEnd(),
      ...[...others.slice(0, MOST_OTHERS), ...rest].map((line) =>
        d.dim(" ".repeat(12) + shorten(line, d.width - 12, d.more)),
      ),
    ];
  });
  const silent = links.filter(isSilent).map(({ link }) => nameOf(link));
  return silent.length === 0 ? lines : [...lines, `${d.sign.skipped} ${d.dim(`not reached: ${silent.join(", ")}`)}`];
}

/** One word that is wider than the screen, such as the JSON of a server, in pieces; a name or an address stays whole. */
function pieces(line: string, width: number): readonly string[] {
  const points = Array.from(line);
  if (points.length <= width || /^\s*(?:[\w.:/?=&%~@#-]+|\S+ .*)$/u.test(line)) return [line];
  const words = points.slice(INDENT.length);
  const room = width - INDENT.length;
  const count = Math.ceil(words.length / room);
  return Array.from({ length: count }, (_, at) => INDENT + words.slice(at * room, (at + 1) * room).join(""));
}

function block(lines: readonly string[], d: Drawing): readonly string[] {
  return lines.flatMap((line) => d.wrap(INDENT + line, d.width)).flatMap((line) => pieces(line, d.width));
}

/** What is wrong, or that all is well, in one line. */
export function headline({ cause, links, ok, server, toolCount, at, call }: DoctorReport): string {
  if (ok) {
    const name = server === null || server.name === "" ? "the server" : server.name;
    return `Connected to ${name}${server?.version ? ` ${server.version}` : ""}, ${toolsWords(toolCount)}`;
  }
  if (call?.ok === false && links.every(({ status }) => status !== "failed"))
    return `The connection works, but calling the tool "${call.tool}" failed`;
  // ids of the set-up and of the test are partly the same, what they mean is not
  if (at === "setup" || at === "values" || at === "client")
    return (
      links.find(({ link }) => link === at)?.why ?? links.find(({ link }) => link === "url")?.seen[0] ?? "Not connected"
    );
  return cause !== null && Object.hasOwn(CAUSES, cause) ? CAUSES[cause as Cause].title : "Not connected";
}

/** In: the report and how to draw. Out: lines for stdout. Everything in the report is printable and redacted. */
export function toDoctorText(report: DoctorReport, d: Drawing): string {
  const { links, ok, at, cause, cwd, tools, toolCount, call, control } = report;
  const main = links.find(({ link }) => link === at);
  const title = headline(report);
  /** What was seen and what to try. A command stays on one line, whatever its length. */
  const explain = (why: string | undefined, advice: readonly Advice[] = []): readonly string[] => [
    ...(why === undefined ? [] : block([why], d)),
    ...(advice.length === 0 ? [] : [`${INDENT}${d.bold("Try")}`]),
    ...advice.flatMap((each) => {
      const line = `  ${adviceLine(each, cwd)}`;
      return "run" in each ? [INDENT + line] : block([line], d);
    }),
  ];
  const part = (status: Link["status"], link: Link["link"], id: string | undefined): readonly string[] => [
    "",
    `${d.sign[status]} ${d.bold(nameOf(link))}${id === undefined ? "" : ` ${d.dim(id)}`}`,
  ];
  const lines = [...d.wrap(`${d.sign[ok ? (cause === null ? "ok" : "warning") : "failed"]} ${d.bold(title)}`, d.width)];
  if (!ok && cause !== null) lines.push(`${INDENT}${d.dim(`cause: ${cause}, at: ${at === null ? "" : nameOf(at)}`)}`);
  const checked =
    control === "refused"
      ? "Checked: the server refuses the same request without your token."
      : "Could not check whether the server needs the token.";
  if (ok && cause === null) lines.push(...block([checked], d));
  if (main?.cause !== undefined)
    lines.push(...explain(main.why === title ? undefined : (main.why ?? main.seen.at(-1)), main.advice));
  lines.push("", ...chain(report, d));
  for (const each of links)
    if (each !== main && (each.status === "warning" || each.status === "failed"))
      lines.push(...part(each.status, each.link, each.cause), ...explain(each.why ?? each.seen.at(-1), each.advice));
  for (const { link, notes = [] } of links)
    for (const { severity, cause: id, seen, advice } of notes)
      lines.push(...part(severity === "note" ? "skipped" : severity, link, id), ...explain(seen, advice));
  if (tools.length > 0 && ok) {
    const more = toolCount > MOST_TOOLS ? [`${d.more} and ${toolCount - MOST_TOOLS} more`] : [];
    const named = tools.slice(0, MOST_TOOLS).map(({ name }) => name);
    lines.push("", ...d.wrap(`Tools: ${[...named, ...more].join(", ")}`, d.width));
  }
  if (call !== null) {
    const heading = `${d.bold(`Answer of ${call.tool}`)}${call.ok ? "" : " (an error)"}`;
    lines.push("", heading, ...block(call.text.split("\n"), d));
  }
  return `${lines.join("\n")}\n`;
}
