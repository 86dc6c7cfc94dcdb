/** What was seen at a stage of the network that passed. */
import type { Advice } from "../advice.ts";
import { printable } from "../secrets.ts";
import { proxyAddress } from "./facts.ts";
import type { ProbeRecord, ProbeStage, TlsFacts } from "./record.ts";

interface Words {
  readonly detail?: string;
  readonly tryThis?: readonly Advice[];
}

const VOUCHED = "trusted through the system's certificates alone";

function wayOf({ proxy, addresses }: ProbeRecord): string {
  if (proxy?.bypassedBy === null)
    return `through the proxy ${proxyAddress(proxy)} (${proxy.variable})${proxy.systemCas ? `, ${VOUCHED}` : ""}`;
  const tried = (wanted: "connected" | "failed", words: (code: string | null) => string) =>
    addresses
      .filter(({ outcome }) => outcome === wanted)
      .map(({ address, family, code }) => `${address} (IPv${family})${words(code)}`);
  const parts = [...tried("connected", () => ""), ...tried("failed", (code) => ` failed: ${code ?? "unknown"}`)];
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

function tlsWords({ protocol, issuer, daysLeft, systemCas, error }: TlsFacts, isOff: boolean): Words {
  const parts = [protocol ?? "TLS", `issued by ${issuer || "no name"}`];
  if (daysLeft !== null) parts.push(`${daysLeft} ${Math.abs(daysLeft) === 1 ? "day" : "days"} left`);
  if (systemCas === "helped") parts.push(VOUCHED);
  if (isOff) parts.push(`not verified${error === null ? "" : `: ${error}`}`);
  const tryThis = isOff ? [UNVERIFIED] : systemCas === "helped" ? [SYSTEM_ONLY] : undefined;
  return { detail: printable(parts.join(", ")), ...(tryThis && { tryThis }) };
}

/** What was seen at a stage of the network that passed; nothing for other stages. */
export function detailOf(stage: ProbeStage, record: ProbeRecord): Words {
  const { proxy, addresses, tls, verification } = record;
  if (stage === "tls" && tls !== null) return tlsWords(tls, verification === "off");
  const found = addresses.map(({ address }) => address).join(", ");
  const name = proxy?.bypassedBy === null && found !== "" ? `of the proxy: ${found}` : found;
  const detail = stage === "dns" ? name : stage === "tcp" ? wayOf(record) : "";
  return detail === "" ? {} : { detail: printable(detail) };
}
