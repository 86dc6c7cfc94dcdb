/** The connection test of every command: through the environment's proxy; the result contains no secrets. */
import type { Context } from "../../context.ts";
import type { Sent } from "../../core/clients/claude-code.ts";
import { type Diagnosis, diagnose, explainCall, type Known } from "../../core/diagnosis/diagnose.ts";
import { caFileOf } from "../../core/diagnosis/network-causes.ts";
import { cleaned, type ProbeRecord, type ProbeStage, TITLE } from "../../core/diagnosis/record.ts";
import { HEADERS } from "../../core/halo.ts";
import { networkOf, proxySecrets } from "../../core/proxy.ts";
import { printable } from "../../core/secrets.ts";
import { type ProbeRequest, probe } from "../../io/probe/probe.ts";
import { readLatin1 } from "../../io/read.ts";

/** The activity of a stage, for the progress display. */
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

/** The test of a URL, on screen. */
export const titleFor = (url: string, title = TITLE): string => `${title}: ${printable(new URL(url).host, 60)}`;

/** The name of the token's header, as it is spelled here. */
const tokenHeaderOf = (headers: Sent["headers"]): string =>
  Object.keys(headers).find((name) => name.toLowerCase() === HEADERS.token.toLowerCase()) ?? HEADERS.token;

const IDS = /^cm-(?:account|profile)-id$/iu;
const PUBLIC = /^(?:accept|accept-language|content-type|user-agent|mcp-protocol-version)$/iu;

/** A distinctive word, not one that may be in any answer, such as "Bearer", "prod", 443 or a date. */
const isMadeUp = (word: string): boolean =>
  (word.length >= 8 && !/^\d{4}-\d\d-\d\d$/.test(word)) || (word.length >= 4 && /\d/.test(word) && /[a-z]/i.test(word));

/** The token, and the words of other headers: an entry may send its own secrets, under any name. */
export function secretsIn(headers: Sent["headers"]): readonly string[] {
  const tokenHeader = tokenHeaderOf(headers);
  const all = Object.entries(headers);
  const ids = new Set(all.filter(([name]) => IDS.test(name)).map(([, value]) => value));
  return all.flatMap(([name, value]) => {
    if (name === tokenHeader) return [value];
    if (IDS.test(name) || PUBLIC.test(name)) return [];
    return value.split(/[\s;,]+/).filter((word) => isMadeUp(word) && !ids.has(word));
  });
}

/** Tests what is sent. `from`: where the IDs come from, in words. Throws only Cancelled. */
export async function runTest(
  context: Context,
  { url, headers, read }: Pick<Sent, "url" | "headers" | "read">,
  limits: Pick<ProbeRequest, "timeoutMs" | "onStage" | "call">,
  from?: Known["from"],
): Promise<{ readonly record: ProbeRecord; readonly diagnosis: Diagnosis }> {
  // not plain text of an entry, such as "claude-code": it may be in a text of ours
  const filledIn = Object.entries(headers).filter(([name]) => read.some(({ header }) => header === name));
  for (const secret of [...proxySecrets(context.env), ...secretsIn(Object.fromEntries(filledIn))])
    context.secrets.add(secret);
  const seen = await probe({
    ...limits,
    url,
    headers,
    tokenHeader: tokenHeaderOf(headers),
    version: context.version,
    signal: context.signal,
    network: (target) => networkOf(context.env, target),
  });
  const secrets = [...context.secrets, ...secretsIn(headers)];
  const record = cleaned(seen, secrets);
  const { NODE_EXTRA_CA_CERTS: file } = context.env;
  const extraCas = file ? caFileOf(file, readLatin1(file)) : undefined;
  const known = cleaned({ headers, from, extraCas }, secrets);
  // mask again: HTML and JSON escapes are decoded now
  return { record, diagnosis: cleaned(diagnose(record, known), secrets) };
}

/** A tool's answer, or why there is none: cut, without anything that could move a cursor. */
export function answerLines(record: ProbeRecord, known: Known, most: number, width: number): readonly string[] {
  const said = explainCall(record, known) ?? record.outcome.call?.text ?? "there is no connection";
  const lines = said.split("\n").map((line) => printable(line, width));
  return lines.length <= most ? lines : [...lines.slice(0, most), "…"];
}
