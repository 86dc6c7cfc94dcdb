/**
 * Proxies and certificates as a session has them: its settings win over the environment, which is all that the connection
 * test uses. Their values are never said: a proxy may hold a password.
 */
import { type Layer, layerOf } from "./layers.ts";
import type { NetworkVariable, Remark } from "./model.ts";

const PROXY = /^https?_proxy$/i;
const CERTIFICATES = /^(?:node_extra_ca_certs|ssl_cert_(?:file|dir))$/i;
const VERIFY = "NODE_TLS_REJECT_UNAUTHORIZED";
/** Neither the test nor Node's fetch reads it. */
const IGNORED = /^all_proxy$/i;

const quoted = (names: readonly string[]): string => names.join(", ");

/** By the file that they stand in, in its order. */
function byPlace(variables: readonly NetworkVariable[]): ReadonlyMap<string, readonly NetworkVariable[]> {
  const places = new Map<string, NetworkVariable[]>();
  for (const variable of variables) places.set(variable.place, [...(places.get(variable.place) ?? []), variable]);
  return places;
}

/** The variables of settings that make a session go another way than the test, in words: "uses HTTP_PROXY of …". */
export function otherWay(network: readonly NetworkVariable[]): string | undefined {
  const places = byPlace(network.filter(({ name, differs }) => differs && !IGNORED.test(name)));
  if (places.size === 0) return undefined;
  return [...places].map(([place, all]) => `${quoted(all.map(({ name }) => name))} of ${place}`).join(" and ");
}

function differing(layers: readonly Layer[], network: readonly NetworkVariable[]): readonly Remark[] {
  const given = layers.find(({ from }) => from === "environment")?.env ?? {};
  const wanted = network.filter(({ name, differs }) => differs && !IGNORED.test(name) && name !== VERIFY);
  return [...byPlace(wanted)].map(([place, all]): Remark => {
    const names = all.map(({ name }) => name);
    const overridden = names.filter((name) => (given[name] ?? "") !== "");
    const end = overridden.length === 0 ? "did not" : `used ${quoted(overridden)} of the environment`;
    return {
      cause: "network-differs",
      severity: "warning",
      seen: `Claude Code uses ${quoted(names)} of ${place}; this test ${end}`,
      tryThis: ["# to test its way, export what stands there, then", "npx create-halo-mcp doctor"],
    };
  });
}

function unverified(layers: readonly Layer[]): readonly Remark[] {
  return layers
    .filter(({ from, env }) => from !== "project-settings" && env[VERIFY] === "0")
    .map(({ place }) => ({
      cause: "verification-off",
      severity: "warning",
      seen: `certificates are not verified, by ${VERIFY}=0 in ${place}: whoever is on the way can read the token`,
      tryThis: [`take ${VERIFY} out of ${place}`, "# for a CA of your own: NODE_EXTRA_CA_CERTS=<its file>"],
    }));
}

/** What the committed settings set: whoever writes in the repository would steer the way that the token takes. */
function steered(layers: readonly Layer[]): readonly Remark[] {
  const own = layers.find(({ from }) => from === "project-settings");
  if (own === undefined) return [];
  const set = Object.keys(own.env).filter((name) => own.env[name] !== "" && layerOf(layers, name) === own);
  const proxies = set.filter((name) => PROXY.test(name));
  const certificates = set.filter((name) => CERTIFICATES.test(name));
  const off = set.filter((name) => name === VERIFY && own.env[name] === "0");
  const names = [...proxies, ...certificates, ...off];
  if (names.length === 0) return [];
  // a tunnel alone shows the proxy no header, a CA alone needs somebody on the way
  const readable = off.length > 0 || (proxies.length > 0 && certificates.length > 0);
  const end = readable
    ? "whoever writes there can read your token on its way"
    : proxies.length > 0
      ? "the connection to HALO goes through it, for everybody who uses this repository"
      : "Claude Code trusts its certificates, for everybody who uses this repository";
  return [
    {
      cause: "repository-steers",
      severity: readable ? "failed" : "warning",
      seen: `${own.place}, a file of the repository, sets ${quoted(names)}: ${end}`,
      tryThis: [
        `take ${quoted(names)} out of ${own.place}`,
        "# what your network needs belongs in ~/.claude/settings.json",
        ...(readable ? ["# and make a new token if you have started Claude Code here"] : []),
      ],
    },
  ];
}

/** In: the layers of a session, and what of them counts. */
export function remarksOnNetwork(layers: readonly Layer[], network: readonly NetworkVariable[]): readonly Remark[] {
  return [...steered(layers), ...unverified(layers), ...differing(layers, network)];
}
