import { settingsVariables } from "../check/env-files.ts";
import { remoteHaloServers, valueHeaders } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { finding } from "../check/show.ts";
import { variablesIn } from "../clients/client-syntax.ts";
import { assignments } from "../formats/dotenv.ts";

const ID = "bridge-missing";

/**
 * Claude Code reads no `.env` (2.1.197 and 2.1.330, measured): it sends `${HALO_MCP_TOKEN}` as it stands. What carries
 * the values is `env` in `.claude/settings.local.json`, direnv, or the shell that starts it; only the first two can be seen.
 */
export const bridgeMissing: Rule = {
  id: ID,
  severity: "note",
  summary: "The values are in .env, which Claude Code does not read",
  localOnly: true,
  check: (subject) => {
    const byPath = (path: string) => subject.documents.find((document) => document.path === path);
    const env = byPath(".env");
    const settings = byPath(".claude/settings.local.json");
    const envrc = byPath(".envrc")?.text ?? "";
    if (env === undefined || /^[ \t]*(?:dotenv|source_env|source|\.|export[ \t]+HALO_)/m.test(envrc)) return [];
    const carried = settings === undefined ? new Map<string, string>() : settingsVariables(settings);
    const given = new Map(assignments(env.text).map((each) => [each.name, each] as const));
    const servers = remoteHaloServers(subject).filter(({ document }) => document.path === ".mcp.json");
    const needed = servers.flatMap((server) =>
      valueHeaders(server).flatMap(({ text }) => variablesIn(text ?? "", server.syntax)),
    );
    const lost = [...new Set(needed.map(({ name }) => name))].filter(
      (name) => (given.get(name)?.value ?? "") !== "" && !carried.has(name),
    );
    const first = given.get(lost[0] ?? "");
    if (first === undefined) return [];
    return [
      finding(
        subject,
        ID,
        env,
        { offset: first.start, length: first.nameEnd - first.start },
        { names: lost.join(", ") },
      ),
    ];
  },
  message: ({ names }) =>
    `Claude Code does not read .env, and nothing that can be seen carries ${names} to it; run npx create-halo-mcp, or export them in the shell that starts it`,
};
