/** The connection test as every command runs it: through the environment's proxy, whose password is never shown. */
import { resolve } from "node:path";
import type { Context } from "../../context.ts";
import type { Sent } from "../../core/clients/claude-code.ts";
import { causeOf } from "../../core/diagnosis/cause-of.ts";
import { type Diagnosis, diagnose, type Known } from "../../core/diagnosis/diagnose.ts";
import type { ProbeRecord } from "../../core/diagnosis/record.ts";
import { HEADERS } from "../../core/halo.ts";
import { networkOf, proxySecrets } from "../../core/proxy.ts";
import { type ProbeRequest, probe } from "../../io/probe/probe.ts";
import { secretsIn } from "../../io/probe/probe-input.ts";

/** The header that carries the token, as it is spelled here. */
function tokenHeaderOf(headers: Sent["headers"]): string {
  return Object.keys(headers).find((name) => name.toLowerCase() === HEADERS.token.toLowerCase()) ?? HEADERS.token;
}

/** The file of NODE_EXTRA_CA_CERTS, looked at only where a certificate is not trusted. */
async function extraCasOf({ env, cwd }: Context, record: ProbeRecord): Promise<Known["extraCas"]> {
  const file = env.NODE_EXTRA_CA_CERTS;
  if (file === undefined || file === "" || causeOf(record) !== "tls-untrusted") return undefined;
  const { readExtraCas } = await import("../../io/probe/extra-cas.ts");
  return { ...readExtraCas(resolve(cwd, file)), file };
}

/** In: what is sent and how long it may take, milliseconds; where the IDs come from, in words. Out: what was seen, and what it means. Throws Cancelled alone. */
export async function runTest(
  context: Context,
  { url, headers, read }: Pick<Sent, "url" | "headers" | "read">,
  limits: Pick<ProbeRequest, "timeoutMs" | "onStage" | "call" | "listens" | "reaches">,
  from?: Known["from"],
): Promise<{ readonly record: ProbeRecord; readonly diagnosis: Diagnosis }> {
  const tokenHeader = tokenHeaderOf(headers);
  // not what an entry says in so many words, such as "claude-code": that may stand in a text of ours
  const filledIn = Object.entries(headers).filter(([name]) => read.some(({ header }) => header === name));
  const secrets = secretsIn(Object.fromEntries(filledIn), tokenHeader);
  for (const secret of [...proxySecrets(context.env), ...secrets]) context.secrets.add(secret);
  const record = await probe({
    ...limits,
    url,
    headers,
    tokenHeader,
    version: context.version,
    signal: context.signal,
    network: (target) => networkOf(context.env, target),
  });
  const extraCas = await extraCasOf(context, record);
  return { record, diagnosis: diagnose(record, [...context.secrets], { headers, from, extraCas }) };
}
