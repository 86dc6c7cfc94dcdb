import { serverObjects, type Transport } from "../check/loader.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { member, spanOf, textOf } from "../formats/nodes.ts";

/** Why Claude Code will not even try this URL, as far as that is certain; one with a variable may be anything. */
function problemOf(url: string, transport: Transport): string | undefined {
  const text = url.trim();
  if (text === "") return 'empty, which Claude Code lists as "Not configured"';
  if (text.includes("$")) return undefined;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return "no URL: it does not begin with https://";
  const web = ["http", "https"].includes(scheme);
  if (!web && !(transport === "ws" && ["ws", "wss"].includes(scheme)))
    return `of the scheme "${scheme}:", to which Claude Code does not connect`;
  const host =
    text
      .slice(scheme.length + 1)
      .replace(/^[\\/]+/, "")
      .split(/[\\/?#]/)[0] ?? "";
  if (host === "" || /\s/.test(host)) return "no URL: its host is missing or has a blank";
  const port = /:(\d+)$/.exec(host)?.[1];
  return port !== undefined && Number(port) > 65_535 ? "no URL: its port is above 65535" : undefined;
}

/** The server loads and can never connect ("'url' is not a valid URL", "its address is not http or https"; 2.1.330). */
export const unusableUrl: Rule = {
  id: "unusable-url",
  severity: "warning",
  summary: "A URL to which Claude Code cannot connect, whatever the network",
  check: (subject) =>
    serverObjects(subject).flatMap(({ document, name, node, transport }) => {
      const value = member(node, "url")?.value;
      const url = textOf(value);
      if (value === undefined || url === undefined || transport === undefined || transport === "stdio") return [];
      const problem = problemOf(url, transport);
      return problem === undefined
        ? []
        : [finding(subject, "unusable-url", document, spanOf(value), { name, problem })];
    }),
  message: ({ name, problem }) => `server "${name}": "url" is ${problem}; allowed: https://…`,
};
