import type { Context } from "../../context.ts";
import { documentOf } from "../../core/check/documents.ts";
import type { Document, Finding, Rule } from "../../core/check/model.ts";
import { keySpan, member, serversOf } from "../../core/check/servers.ts";
import { type Entry, expandEntry, haloEntries, type Sent } from "../../core/clients/claude-code.ts";
import { parseEndpoint } from "../../core/endpoint.ts";
import { parseDotenv } from "../../core/formats/dotenv-read.ts";
import { toJson } from "../../core/formats/json-tree.ts";
import { jsonOf, property, strings } from "../../core/formats/read-json.ts";
import { DEFAULT_NAME, HALO_URL, isSafeVariable } from "../../core/halo.ts";
import { printable } from "../../core/secrets.ts";
import { EnvironmentError, UsageError } from "../../errors.ts";
import { readState } from "../../io/snapshot.ts";
import { runTest } from "../shared/connection-test.ts";
import type { Gathered } from "./gather.ts";
import type { CheckOptions } from "./options.ts";
import { isAsked } from "./places.ts";

const saysProblem: Rule["message"] = ({ name, problem }) => `server "${name}": ${problem}`;

/** The words of what only `--online` finds. */
export const ONLINE_RULES: readonly Rule[] = [
  {
    id: "online",
    severity: "error",
    summary: "With --online: HALO answers, with the values at hand",
    check: () => [],
    message: saysProblem,
  },
  {
    id: "online-unproven",
    severity: "warning",
    summary: "With --online: HALO refuses the same request without the token",
    check: () => [],
    message: saysProblem,
  },
];

type Env = Readonly<Record<string, string | undefined>>;

/** The values at hand: the environment, then the values file, then the bridge. Names that steer a program are left out. */
function valuesAtHand(context: Context, options: CheckOptions, { documents, places }: Gathered): Env {
  const read = (path: string): string | undefined => documents.find((document) => document.path === path)?.text;
  const textOf = (path: string): string | undefined => read(`${places.start}/${path}`) ?? read(path);
  let values = textOf(".env");
  if (options.valuesFile !== undefined) {
    const state = readState(options.valuesFile);
    if (state.kind === "absent") throw new UsageError(`--values-file: there is no file ${options.valuesFile}`);
    if (state.kind === "unreadable")
      throw new EnvironmentError(`${options.valuesFile} could not be read: ${state.reason}`, undefined, "unreadable");
    values = state.text;
  }
  const bridge = textOf(".claude/settings.local.json");
  const state = bridge === undefined ? undefined : ({ kind: "file", realPath: "", text: bridge, mode: 0 } as const);
  const all = {
    ...strings(property(jsonOf(state, false), "env")),
    ...Object.fromEntries(parseDotenv(values ?? "")),
    ...context.env,
  };
  const safe = Object.entries(all).filter(([name, value]) => isSafeVariable(name) && value !== undefined);
  for (const [name, value] of safe)
    if (/TOKEN|SECRET|KEY/i.test(name) && value !== undefined && value.length >= 8) context.secrets.add(value);
  return Object.fromEntries(safe);
}

/** Why nothing may be sent for this entry, or undefined. */
function obstacle(entry: Entry, sent: Sent, options: CheckOptions): string | undefined {
  if (entry.runs)
    return "not tested: it runs a program of its own (headersHelper or command), which is never done here";
  if (entry.broken !== undefined) return `not tested: Claude Code skips it, ${entry.broken}`;
  const endpoint = parseEndpoint(sent.url);
  if (!endpoint.ok) return `not tested: ${endpoint.problem}`;
  if (sent.url !== HALO_URL && !(options.isUrlGiven && sent.url === options.url)) {
    return `not tested: the token goes to HALO's own endpoint alone, and this leads to ${printable(endpoint.host, 80)}; if that is meant, say it with --url`;
  }
  if (sent.missing.length > 0) {
    const names = sent.missing.map((name) => printable(name, 64)).join(", ");
    return `not tested: no value is at hand for ${names}; set it in the environment or in the values file`;
  }
  return undefined;
}

async function testEntry(
  context: Context,
  options: CheckOptions,
  sent: Sent,
): Promise<{ rule: string; problem: string } | undefined> {
  const { diagnosis } = await runTest(context, sent, { timeoutMs: options.timeoutMs });
  if (diagnosis.cause === null) return undefined;
  const stage = diagnosis.stages.find(({ cause }) => cause !== undefined);
  const detail = stage?.detail ?? "the connection test failed";
  const problem = `${detail} (${diagnosis.cause}, at stage ${stage?.stage ?? "unknown"})`;
  return { rule: diagnosis.ok ? "online-unproven" : "online", problem };
}

/** Tests the connection of every HALO entry of the files, each distinct one once. What would be sent is shown by no finding. */
export async function testOnline(
  context: Context,
  options: CheckOptions,
  gathered: Gathered,
): Promise<readonly Finding[]> {
  const env = valuesAtHand(context, options, gathered);
  const outcomes = new Map<string, { rule: string; problem: string } | undefined>();
  const findings: Finding[] = [];
  for (const document of gathered.documents.filter(({ kind }) => kind === "mcp").map(documentOf)) {
    // a file that is not strict JSON is dropped by Claude Code: its rule says so
    if (document.tree === undefined || document.broken !== undefined || !isAsked(gathered.places, document.path))
      continue;
    const servers = member(document.tree, "mcpServers")?.value;
    for (const entry of haloEntries(servers === undefined ? undefined : toJson(servers), "project", DEFAULT_NAME)) {
      const sent = expandEntry(entry, env);
      const problem = obstacle(entry, sent, options);
      const key = JSON.stringify([problem, sent]);
      if (!outcomes.has(key))
        outcomes.set(
          key,
          problem === undefined ? await testEntry(context, options, sent) : { rule: "online", problem },
        );
      const outcome = outcomes.get(key);
      if (outcome !== undefined) findings.push(findingOf(document, entry.name, outcome.rule, outcome.problem));
    }
  }
  return findings;
}

function findingOf(document: Document, name: string, rule: string, problem: string): Finding {
  const server = serversOf(document).findLast((each) => each.name === name);
  const span = server === undefined ? { offset: 0, length: 0 } : keySpan(document, server.entry);
  return { rule, path: document.path, span, args: { name: printable(name, 64), problem } };
}
