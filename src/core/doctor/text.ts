/** The report for a person: the cause first, then the chain, a line a link. One screen of 80 columns. Pure. */
import type { DoctorReport } from "./conclude.ts";
import { headline } from "./conclude.ts";
import { NOT_TAKEN } from "./lines-of.ts";
import type { LinkResult } from "./model.ts";

/** How it is drawn: words alone where there is no colour, ASCII signs where there is no Unicode. */
export interface Drawing {
  readonly sign: Readonly<Record<LinkResult["status"], string>>;
  /** Stands where a text was cut. */
  readonly more: string;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  /** Breaks a line at spaces; a command stays whole. */
  readonly wrap: (line: string, width: number) => readonly string[];
  readonly width: number;
}

const NAMES: Readonly<Record<LinkResult["link"], string>> = {
  setup: "set-up",
  values: "values",
  client: "client",
  url: "url",
  dns: "dns",
  tcp: "tcp",
  tls: "tls",
  http: "http",
  auth: "token",
  mcp: "mcp",
  tools: "tools",
};
const INDENT = "    ";
const MOST_TOOLS = 5;

/** What is said beside a link's name: its cause if it has one, what was seen in short otherwise. */
function shortOf(link: LinkResult): string {
  if (link.status === "skipped") return link.seen[0] ?? "skipped";
  if (link.cause !== undefined && link.status === "failed") return link.cause;
  return link.seen[0] ?? "ok";
}

function shorten(text: string, width: number, more: string): string {
  const points = Array.from(text);
  return points.length <= width ? text : `${points.slice(0, Math.max(0, width - more.length)).join("")}${more}`;
}

const MOST_OTHERS = 3;

/** The entries that are not taken, below the one that is: whoever changes one of them changes nothing. */
function others({ seen }: LinkResult, d: Drawing): readonly string[] {
  const lines = seen.slice(1).filter((line) => line.startsWith(NOT_TAKEN));
  const more = lines.length - MOST_OTHERS;
  return [...lines.slice(0, MOST_OTHERS), ...(more > 0 ? [`${d.more} and ${more} more`] : [])].map((line) =>
    d.dim(`${" ".repeat(12)}${shorten(line, d.width - 12, d.more)}`),
  );
}

function chain(report: DoctorReport, d: Drawing): readonly string[] {
  const skipped = report.links.filter(({ status, seen }) => status === "skipped" && seen.length === 0);
  const shown = report.links.filter((link) => !skipped.includes(link));
  const lines = shown.flatMap((link) => {
    const time = link.ms >= 1 ? `${link.ms} ms` : "";
    const room = d.width - 12 - (time === "" ? 0 : time.length + 1);
    const words = shorten(shortOf(link), room, d.more);
    const padded =
      time === "" ? words : `${words}${" ".repeat(Math.max(1, room - Array.from(words).length + 1))}${d.dim(time)}`;
    const line = `${d.sign[link.status]} ${NAMES[link.link].padEnd(9)} ${padded}`.trimEnd();
    return [line, ...(link.link === "setup" && link.cause === undefined ? others(link, d) : [])];
  });
  if (skipped.length > 0) {
    const names = skipped.map(({ link }) => NAMES[link]).join(", ");
    lines.push(`${d.sign.skipped} ${d.dim(`not reached, or not there: ${names}`)}`);
  }
  return lines;
}

/** One word that is wider than the screen, such as the JSON of a server, in pieces; a name or an address stays whole. */
function pieces(line: string, width: number): readonly string[] {
  const points = Array.from(line);
  if (points.length <= width || /^\s*(?:[\w.:/?=&%~@#-]+|\S+ .*)$/u.test(line)) return [line];
  const room = width - INDENT.length;
  const words = points.slice(INDENT.length);
  return Array.from(
    { length: Math.ceil(words.length / room) },
    (_, at) => INDENT + words.slice(at * room, (at + 1) * room).join(""),
  );
}

function block(lines: readonly string[], d: Drawing): readonly string[] {
  return lines.flatMap((line) => d.wrap(INDENT + line, d.width)).flatMap((line) => pieces(line, d.width));
}

/** What a link that is not as it should be has to say: what was seen, what to try. */
function explain(link: LinkResult, d: Drawing, withWhy: boolean): readonly string[] {
  const why = link.why ?? link.seen.at(-1);
  const advice = link.tryThis ?? [];
  return [
    ...(withWhy && why !== undefined ? block([why], d) : []),
    ...(advice.length === 0
      ? []
      : [
          `${INDENT}${d.bold("Try")}`,
          ...block(
            advice.map((line) => `  ${line}`),
            d,
          ),
        ]),
  ];
}

/** In: the report and how to draw. Out: lines for stdout. Everything in the report is printable and redacted. */
export function toDoctorText(report: DoctorReport, d: Drawing): string {
  const { links, ok, at } = report;
  const main = links.find(({ link }) => link === at);
  const title = headline(report);
  const lines = [
    ...d.wrap(`${d.sign[ok ? (report.cause === null ? "ok" : "warning") : "failed"]} ${d.bold(title)}`, d.width),
  ];
  if (!ok && report.cause !== null)
    lines.push(`${INDENT}${d.dim(`cause: ${report.cause}, at: ${at === null ? "" : NAMES[at]}`)}`);
  if (main !== undefined && main.cause !== undefined) lines.push(...explain(main, d, main.why !== title));
  lines.push("", ...chain(report, d));
  const others = links.filter((link) => link !== main && (link.status === "warning" || link.status === "failed"));
  for (const link of others)
    lines.push(
      "",
      `${d.sign[link.status]} ${d.bold(NAMES[link.link])}${link.cause === undefined ? "" : ` ${d.dim(link.cause)}`}`,
      ...explain(link, d, true),
    );
  // nothing is wrong with such a link, or it is not all that there is
  for (const { link, notes = [] } of links)
    for (const { cause, severity, seen, tryThis } of notes)
      lines.push(
        "",
        `${severity === "note" ? d.sign.skipped : d.sign.warning} ${d.bold(NAMES[link])} ${d.dim(cause)}`,
        ...explain({ link, status: "warning", ms: 0, seen: [], why: seen, tryThis }, d, true),
      );
  if (report.tools.length > 0 && ok) {
    const named = report.tools.slice(0, MOST_TOOLS).map(({ name }) => name);
    const more = report.toolCount > MOST_TOOLS ? [`${d.more} and ${report.toolCount - MOST_TOOLS} more`] : [];
    lines.push("", ...d.wrap(`Tools: ${[...named, ...more].join(", ")}`, d.width));
  }
  if (report.call !== null)
    lines.push(
      "",
      `${d.bold(`Answer of ${report.call.tool}`)}${report.call.ok ? "" : " (an error)"}`,
      ...block(report.call.text.split("\n"), d),
    );
  return `${lines.join("\n")}\n`;
}
