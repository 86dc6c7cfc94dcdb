/** The table of findings: what Claude Code does with the entry, its own word, and how it goes to the network. */
import type { Advice } from "../advice.ts";
import type { ClientStatus } from "../clients/claude-code.ts";
import { type Layer, layerOf } from "../clients/claude-state.ts";
import { APPROVE, mendFirst, NEVER_APPROVE, note, npx, repair, run } from "./advice.ts";
import { type Finding, rowOf, type Scene } from "./finding.ts";
import type { NetworkVariable } from "./values.ts";

const client = rowOf("client");
const again = (v: Scene): readonly Advice[] => [repair(v, v.winner)];

/** The entry that is taken, where its approval is in this state. */
const inState = (state: string) => (v: Scene) => (v.approval?.state === state ? [v.approval] : []);

const PROXY = /^https?_proxy$/i;
const CERTIFICATES = /^(?:node_extra_ca_certs|ssl_cert_(?:file|dir))$/i;
const VERIFY = "NODE_TLS_REJECT_UNAUTHORIZED";

/** What the committed settings set: whoever writes in the repository would steer the way that the token takes. */
function steering({ layers }: Scene) {
  const own = layers.find(({ from }) => from === "project-settings");
  const set = Object.keys(own?.env ?? {}).filter((name) => own?.env[name] !== "" && layerOf(layers, name) === own);
  const proxies = set.filter((name) => PROXY.test(name));
  const certificates = set.filter((name) => CERTIFICATES.test(name));
  const off = set.filter((name) => name === VERIFY && own?.env[name] === "0");
  const names = [...proxies, ...certificates, ...off].join(", ");
  // a tunnel alone shows the proxy no header, a CA alone needs somebody on the way
  const isReadable = off.length > 0 || (proxies.length > 0 && certificates.length > 0);
  return own === undefined || names === ""
    ? []
    : [{ place: own.place, names, isReadable, isProxy: proxies.length > 0 }];
}

/** Variables by which a session goes another way than the test, by the file that they stand in. Neither reads ALL_PROXY. */
function otherWays(
  network: readonly NetworkVariable[],
): readonly { readonly place: string; readonly names: readonly string[] }[] {
  const places = new Map<string, string[]>();
  for (const { name, place, differs } of network)
    if (differs && !/^all_proxy$/i.test(name)) places.set(place, [...(places.get(place) ?? []), name]);
  return [...places].map(([place, names]) => ({ place, names }));
}

/** Of the settings `claude mcp get` has the user's own alone. */
const ownWay = ({ network }: Scene) => otherWays(network.filter(({ from }) => from === "user-settings"))[0];
/** The test passed, and Claude Code does not connect. */
const isAlone = ({ asked, tested }: Scene): boolean =>
  tested?.ok === true && (asked?.status === "failed" || asked?.status === "needs-auth");

export const STATUS_WORDS: Readonly<Record<ClientStatus, string>> = {
  connected: "connected",
  failed: "failed to connect",
  "needs-auth": "needs authentication",
  pending: "not approved",
  rejected: "rejected",
  disabled: "disabled",
  "not-configured": "not configured",
  unknown: "an unknown status",
};
const SILENCE = {
  "no-time": "no time was left to ask Claude Code",
  "no-answer": "Claude Code did not answer in time",
  failed: "Claude Code could not be asked",
} as const;
/** By what is wrong with the program: how bad that is, and what is said. */
const BROKEN = {
  silent: ["failed", "claude is installed, but it does not report its version"],
  late: ["warning", "claude did not report its version in time, so it was not asked"],
  none: ["note", "claude is not on the PATH, so it was not asked"],
} as const;

/** Where the word of Claude Code is not what its files, or the connection test, come to. It is asked only about an entry that a session would connect to. */
function disagreement(v: Scene): readonly Pick<Finding, "severity" | "seen" | "advice">[] {
  const { asked, tested, winner, input } = v;
  const status = asked?.status;
  if (status === undefined) return [];
  const says = `Claude Code ${v.client.version ?? ""} reports "${STATUS_WORDS[status]}"`;
  const way = ownWay(v);
  const by = way && `${way.names.join(", ")} from ${way.place}`;
  const ask = [run("claude"), note(`# then type /mcp: it shows the reason for "${v.shownName}"`)];
  const list = run("claude", "mcp", "list");
  const differs = (severity: "failed" | "warning", seen: string, ...advice: readonly Advice[]) => [
    { severity, seen, advice },
  ];
  if (isAlone(v)) {
    if (input.token !== undefined) {
      const seen = `${says} with the saved token; this test passed with the token from the command line`;
      return differs("failed", seen, repair(v, winner), note("# and enter the token that works"));
    }
    if (way !== undefined) {
      const correct = note(`correct ${way.names.join(", ")} in ${way.place} or remove it, then`);
      return differs("failed", `${says} through ${by}; this test connects without it`, correct, ...ask);
    }
    return status === "needs-auth"
      ? differs("failed", `${says}: the server refuses what it sends, but the same values work here`, ...ask)
      : differs(
          "failed",
          `${says}, but this test connects: its proxy, its certificates or another entry may be the reason`,
          ...ask,
        );
  }
  if (asked?.scope !== undefined && asked.scope !== winner?.scope)
    return differs(
      "warning",
      `Claude Code uses its ${asked.scope} entry "${v.shownName}", not the one of the ${winner?.scope ?? ""} scope`,
      list,
    );
  if (["pending", "rejected", "disabled", "not-configured"].includes(status))
    return differs(
      "warning",
      `${says}, but by its files it should connect`,
      list,
      run("claude"),
      note("# then type /mcp"),
    );
  if (status !== "connected" || tested?.ok !== false || input.token !== undefined) return [];
  const why = way === undefined ? "" : `: it connects through ${by}, and this test did not`;
  return differs("warning", `${says}, but the connection test failed${why}`, ...ask);
}

export const CLIENT = [
  client({
    id: "disabled",
    when: inState("disabled"),
    sentence: ({ by }, v) => `"${v.shownName}" is disabled in this folder (${by?.key ?? ""} in ${by?.file ?? ""})`,
    advice: () => [run("claude"), note("# then type /mcp and enable it")],
    ours: true,
  }),
  client({
    id: "rejected",
    when: inState("rejected"),
    sentence: ({ by }, v) => `"${v.shownName}" was rejected in this folder (${by?.key ?? ""} in ${by?.file ?? ""})`,
    advice: ({ by }) =>
      by?.file.endsWith("settings.json") === true
        ? [note(`remove it from disabledMcpjsonServers in ${by.file}`)]
        : [run("claude", "mcp", "reset-project-choices"), ...APPROVE],
    ours: true,
  }),
  client({
    id: "not-approved",
    when: (v) => (v.winner === undefined || v.approval?.state !== "pending" ? [] : [v.winner]),
    // without Claude Code on this computer there is nobody who could have approved it
    severity: (winner, v) => (!v.isFit(winner) ? "warning" : v.client.program === "none" ? "note" : "failed"),
    blocks: true,
    sentence: (winner, v) => {
      const entry = `"${v.shownName}" in ${winner.file}`;
      if (!v.isFit(winner)) return `${entry} is not approved, and should not be approved as it is`;
      if (v.skipped !== undefined) return `the approval cannot be checked: Claude Code ignores ${v.skipped}`;
      return `${entry} is not approved in this folder: Claude Code asks first, and its default answer is no`;
    },
    advice: (winner, v) => {
      if (!v.isFit(winner)) return NEVER_APPROVE;
      if (v.skipped !== undefined) return mendFirst(v);
      return [...APPROVE, ...again(v), note("# saves the approval together with the values")];
    },
  }),
  client<keyof typeof BROKEN>({
    id: "client-broken",
    when: ({ client: { program } }) => (program === "found" ? [] : [program]),
    severity: (program) => BROKEN[program][0],
    blocks: false,
    sentence: (program) => BROKEN[program][1],
    advice: (program) => {
      if (program === "none") return [];
      const longer = [note("# or with a longer limit:"), npx("doctor", "--timeout", "60")];
      const install = [run("npm", "install", "-g", "@anthropic-ai/claude-code")];
      return [run("claude", "--version"), ...(program === "late" ? longer : install)];
    },
  }),
  client({
    id: "not-trusted",
    when: ({ trust }) => (trust.trusted ? [] : [trust]),
    severity: "note",
    sentence: () => "this folder is not trusted yet: Claude Code asks first, and connects to nothing until then",
    advice: () => [run("claude"), note("# and choose: Yes, I trust this folder")],
  }),
  client<ReturnType<typeof steering>[number]>({
    id: "repository-steers",
    when: steering,
    severity: ({ isReadable }) => (isReadable ? "failed" : "warning"),
    blocks: false,
    sentence: ({ place, names, isReadable, isProxy }) => {
      const end = isReadable
        ? "whoever changes that file can read your token on its way"
        : isProxy
          ? "everyone who uses this repository connects to HALO through it"
          : "Claude Code trusts these certificates for everyone who uses this repository";
      return `${place} in the repository sets ${names}: ${end}`;
    },
    advice: ({ place, names, isReadable }) => [
      note(`remove ${names} from ${place}`),
      note("# settings of your own network belong in ~/.claude/settings.json"),
      ...(isReadable ? [note("# and create a new token if Claude Code has run in this folder")] : []),
    ],
  }),
  client<Layer>({
    id: "verification-off",
    when: ({ layers }) => layers.filter(({ from, env }) => from !== "project-settings" && env[VERIFY] === "0"),
    severity: "warning",
    sentence: ({ place }) =>
      `certificates are not verified, because ${VERIFY}=0 is set in ${place}: others can read the token on its way`,
    advice: ({ place }) => [
      note(`remove ${VERIFY} from ${place}`),
      note("# for a CA of your own, set NODE_EXTRA_CA_CERTS=<file>"),
    ],
  }),
  client<{ readonly place: string; readonly names: readonly string[]; readonly over: string }>({
    id: "network-differs",
    when: (v) => {
      const given = v.layers.find(({ from }) => from === "environment")?.env ?? {};
      return otherWays(v.network.filter(({ name }) => name !== VERIFY))
        .filter(({ place }) => !isAlone(v) || v.input.token !== undefined || place !== ownWay(v)?.place)
        .map((way) => ({ ...way, over: way.names.filter((name) => (given[name] ?? "") !== "").join(", ") }));
    },
    severity: "warning",
    sentence: ({ place, names, over }) =>
      `Claude Code uses ${names.join(", ")} from ${place}; this test ${over === "" ? "did not" : `used ${over} from the environment`}`,
    advice: () => [note("# to test the same way, export these variables, then"), npx("doctor")],
  }),
  client<keyof typeof SILENCE>({
    id: "client-disagrees",
    when: ({ asked }) => (asked?.silence === undefined ? [] : [asked.silence]),
    severity: "note",
    sentence: (silence) => SILENCE[silence],
    advice: () => [run("claude", "mcp", "list")],
  }),
  client<ReturnType<typeof disagreement>[number]>({
    id: "client-disagrees",
    when: disagreement,
    severity: ({ severity }) => severity,
    blocks: false,
    sentence: ({ seen }) => seen,
    advice: ({ advice }) => advice,
  }),
];
