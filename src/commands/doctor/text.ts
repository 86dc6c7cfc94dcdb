/** The report for a person: the cause first, then the chain, one line per link. One screen of 80 columns. */
import { type DoctorReport, headline, type Link } from "../../core/doctor/report.ts";
import type { Paint } from "../../ui/paint.ts";
import { wrap } from "../../ui/wrap.ts";

/** The displayed name of a link, if it differs from its id. */
const NAMES: Readonly<Partial<Record<Link["stage"], string>>> = { setup: "set-up", auth: "token" };
const nameOf = (stage: Link["stage"]): string => NAMES[stage] ?? stage;
const INDENT = "    ";
const MOST_TOOLS = 5;

/** In: the report, how to paint, and columns. Out: lines for stdout. Everything in the report is printable and redacted. */
export function toDoctorText(report: DoctorReport, paint: Paint, width: number): string {
  const { stages, ok, at, cause, tools, toolCount, call, control, clients } = report;
  const { bold, dim, green, yellow, red } = paint;
  const sign = {
    ok: green(paint.sign.ok),
    warning: yellow(paint.sign.warn),
    failed: red(paint.sign.bad),
    skipped: dim("-"),
  };

  // a word wider than the screen, such as a server's JSON, is split; a name, a URL or a command is not
  const isWhole = /^\s*(?:[\w.:/?=&%~@#-]+|\S+ .*)$/u;
  const pieces = new RegExp(`.{1,${width - INDENT.length}}`, "gsu");
  const block = (text: string): readonly string[] =>
    text
      .split("\n")
      .flatMap((line) => wrap(INDENT + line, width))
      .flatMap((line) =>
        isWhole.test(line) ? line : (line.trim().match(pieces) ?? [""]).map((piece) => INDENT + piece),
      );
  const explain = (seen: string | undefined, advice = ""): readonly string[] => [
    ...(seen === undefined ? [] : block(seen)),
    ...(advice === "" ? [] : [`${INDENT}${bold("Try")}`, ...block(advice.replace(/^/gm, "  "))]),
  ];
  const lastOf = ({ why, detail }: Link): string | undefined => why ?? detail?.split("\n").at(-1);
  const part = (status: Link["status"], stage: Link["stage"], id = ""): readonly string[] => [
    "",
    `${sign[status]} ${bold(nameOf(stage))}${id && ` ${dim(id)}`}`,
  ];
  /** One line per link: its cause if it failed, otherwise a short result; of the client also how it was asked. */
  const lineOf = ({ stage, status, ms, cause: own, detail }: Link): readonly string[] => {
    const time = ms >= 1 ? ` ${ms} ms` : "";
    const room = width - 12 - time.length;
    const seen = Array.from(status === "failed" && own !== undefined ? own : (detail?.split("\n")[0] ?? "ok"));
    const words = seen.length <= room ? seen.join("") : `${seen.slice(0, room - 1).join("")}…`;
    const padding = " ".repeat(Math.max(0, room - seen.length));
    const remarks = stage === "client" ? (clients[0]?.remarks ?? []) : [];
    return [
      `${sign[status]} ${nameOf(stage).padEnd(9)} ${words}${time && padding + dim(time)}`,
      ...remarks.flatMap(block),
    ];
  };

  const main = stages.find(({ stage }) => stage === at);
  const title = headline(report);
  const lines = [...wrap(`${sign[ok ? (cause === null ? "ok" : "warning") : "failed"]} ${bold(title)}`, width)];
  if (!ok && cause !== null) lines.push(`${INDENT}${dim(`cause: ${cause}, at: ${at === null ? "" : nameOf(at)}`)}`);
  const checked =
    control === "refused"
      ? "Checked: the server refuses the same request without your token."
      : "Could not check whether the server needs the token.";
  if (ok && cause === null) lines.push(...block(checked));
  if (main?.cause !== undefined) lines.push(...explain(main.why === title ? undefined : lastOf(main), main.tryThis));
  const silent = stages.filter(({ status, detail }) => status === "skipped" && detail === undefined);
  lines.push("", ...stages.filter((each) => !silent.includes(each)).flatMap(lineOf));
  const names = silent.map(({ stage }) => nameOf(stage)).join(", ");
  if (names !== "") lines.push(`${sign.skipped} ${dim(`not reached: ${names}`)}`);
  for (const each of stages)
    if (each !== main && (each.status === "warning" || each.status === "failed"))
      lines.push(...part(each.status, each.stage, each.cause), ...explain(lastOf(each), each.tryThis));
  for (const { link, severity, cause: id, seen, tryThis } of stages.flatMap(({ notes = [] }) => notes))
    lines.push(...part(severity === "note" ? "skipped" : severity, link, id), ...explain(seen, tryThis));
  if (tools.length > 0 && ok) {
    const named = tools.slice(0, MOST_TOOLS).map(({ name }) => name);
    if (toolCount > MOST_TOOLS) named.push(`… and ${toolCount - MOST_TOOLS} more`);
    lines.push("", ...wrap(`Tools: ${named.join(", ")}`, width));
  }
  if (call !== null)
    lines.push("", `${bold(`Answer of ${call.tool}`)}${call.ok ? "" : " (an error)"}`, ...block(call.text));
  return `${lines.join("\n")}\n`;
}
