/** What was seen at a stage of the network that passed, and where a client would be led after a test that passed. */
import type { Advice } from "../advice.ts";
import { printable } from "../secrets.ts";
import { proxyAddress } from "./facts.ts";
import type { ProbeRecord, ProbeStage, TlsFacts } from "./record.ts";

interface Words {
  readonly detail?: string;
  readonly tryThis?: readonly Advice[];
}

function wayOf({ proxy, addresses }: ProbeRecord): string {
  if (proxy !== null && proxy.bypassedBy === null) {
    const trust = proxy.systemCas ? ", trusted through the system's certificates alone" : "";
    return `through the proxy ${proxyAddress(proxy)} (${proxy.variable})${trust}`;
  }
  const parts: string[] = [];
  for (const { address, family, outcome } of addresses)
    if (outcome === "connected") parts.push(`${address} (IPv${family})`);
  for (const { address, family, outcome, code } of addresses)
    if (outcome === "failed") parts.push(`${address} (IPv${family}) failed: ${code ?? "unknown"}`);
  if (proxy?.bypassedBy === "loopback") parts.push("directly: plain http: does not leave this computer");
  else if (proxy !== null) parts.push(`directly: ${proxy.bypassedBy} excepts it from ${proxy.variable}`);
  return parts.join(", ");
}

/** What Node's own list does not know and the system's does: said, since the client may read the first alone. */
const SYSTEM_ONLY = {
  note: "Only this system's own certificates vouch for the server; Node's list does not. A client that does not read them refuses it: start the client with NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem, or, where it runs on Node 22.15 or later, with NODE_OPTIONS=--use-system-ca.",
};
const UNVERIFIED = {
  note: "In this environment NODE_TLS_REJECT_UNAUTHORIZED=0 is set: no certificate is verified, and the token goes to whoever answers. Unset it, and let Node know a company's certificate with NODE_EXTRA_CA_CERTS=/path/to/company-ca.pem.",
};

function tlsWords(tls: TlsFacts, isOff: boolean): Words {
  const days = tls.daysLeft === null ? [] : [`${tls.daysLeft} ${Math.abs(tls.daysLeft) === 1 ? "day" : "days"} left`];
  const parts = [tls.protocol ?? "TLS", `issued by ${tls.issuer || "no name"}`, ...days];
  if (tls.systemCas === "helped") parts.push("trusted through the system's certificates alone");
  if (isOff) parts.push(`not verified${tls.error === null ? "" : `: ${tls.error}`}`);
  const advice = isOff ? UNVERIFIED : tls.systemCas === "helped" ? SYSTEM_ONLY : undefined;
  return { detail: printable(parts.join(", ")), ...(advice === undefined ? {} : { tryThis: [advice] }) };
}

/** What was seen at a stage of the network that passed; nothing for other stages. */
export function detailOf(stage: ProbeStage, record: ProbeRecord): Words {
  const isProxied = record.proxy !== null && record.proxy.bypassedBy === null;
  const found = record.addresses.map(({ address }) => address).join(", ");
  const name = isProxied && found !== "" ? `of the proxy: ${found}` : found;
  const detail = stage === "dns" ? name : stage === "tcp" ? wayOf(record) : "";
  if (stage === "tls" && record.tls !== null) return tlsWords(record.tls, record.verification === "off");
  return detail === "" ? {} : { detail: printable(detail) };
}

export const LED = [
  { note: "Whoever runs that server can answer a GET with 405, as one does that has no such stream." },
];

/** Where a client would be led that opens its stream, or ends its session, after a test that passed; null where nowhere, or not tried. */
export function ledWords({ exchanges }: ProbeRecord): string | null {
  const found = exchanges.find(
    // one that gets no answer for a while is a stream with nothing to say yet
    ({ phase, end }) =>
      end === "redirect" ? phase === "listen" || phase === "close" : phase === "listen" && end === "status",
  );
  if (found === undefined) return null;
  const { phase, end, status, location } = found;
  const what = phase === "close" ? "The end of the session (DELETE)" : "A GET, with which a client opens its stream,";
  const where = location === null ? "" : ` to ${printable(location)}`;
  const words =
    end === "redirect"
      ? `is redirected${where}: a client that follows takes the token along`
      : `is refused (HTTP ${status}): a client starts a sign-in then${where === "" ? "" : `, led${where}`}, and takes the token along`;
  return `${what} ${words}. Claude Code was not asked.`;
}
