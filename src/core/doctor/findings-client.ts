/** What is found about Claude Code: what it does with the entry, its own word, and how it goes to the network. */
import type { Advice } from "../advice.ts";
import type { ClientStatus } from "../clients/claude-code.ts";
import { layerOf } from "../clients/claude-state.ts";
import { APPROVE, NEVER_APPROVE, NEW_TOKEN, note, npx, repair, run } from "./advice.ts";
import { type Found, type Scene, say } from "./finding.ts";
import type { NetworkVariable } from "./values.ts";

const PROXY = /^https?_proxy$/i;
const CERTIFICATES = /^(?:node_extra_ca_certs|ssl_cert_(?:file|dir))$/i;
const VERIFY = "NODE_TLS_REJECT_UNAUTHORIZED";

/** Variables by which a session goes another way than the test, by the file that they stand in. Neither reads ALL_PROXY. */
function otherWays(network: readonly NetworkVariable[]) {
  const differing = network.filter(({ name, differs }) => differs && !/^all_proxy$/i.test(name));
  return [...new Set(differing.map(({ place }) => place))].map((place) => ({
    place,
    names: differing.flatMap((each) => (each.place === place ? [each.name] : [])),
  }));
}

/** The test passed, and Claude Code does not connect with the same token. */
const isAlone = ({ asked, tested, input }: Scene): boolean =>
  tested?.ok === true && input.token === undefined && (asked?.status === "failed" || asked?.status === "needs-auth");

/** Why, where its settings say so: of them `claude mcp get` has the user's own alone. */
const ownWay = (v: Scene) =>
  isAlone(v) ? otherWays(v.network.filter(({ from }) => from === "user-settings"))[0] : undefined;

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

/** Where the word of Claude Code is not what its files, or the connection test, come to. It is asked only about an entry that a session would connect to, after a test that passed. */
function* disagreement(v: Scene): Found {
  const { asked, tested, winner, shownName } = v;
  if (asked?.silence !== undefined)
    yield say.note("client-disagrees", SILENCE[asked.silence], run("claude", "mcp", "list"));
  const status = asked?.status;
  if (status === undefined) return;
  const says = `Claude Code ${v.client.version ?? ""} reports "${STATUS_WORDS[status]}"`;
  const failed = (seen: string, ...advice: readonly Advice[]) => say.failed("client-disagrees", says + seen, ...advice);
  const warning = (seen: string, ...advice: readonly Advice[]) =>
    say.warning("client-disagrees", seen, run("claude", "mcp", "list"), ...advice);
  const ask = [run("claude"), note(`# then type /mcp: it shows the reason for "${shownName}"`)];
  const way = ownWay(v);
  const names = way?.names.join(", ") ?? "";
  if (way !== undefined)
    yield failed(
      ` through ${names} from ${way.place}; this test connects without it`,
      note(`correct ${names} in ${way.place} or remove it, then`),
      ...ask,
    );
  else if (isAlone(v) && status === "needs-auth")
    yield failed(": the server refuses what it sends, but the same values work here", ...ask);
  else if (isAlone(v))
    yield failed(", but this test connects: its proxy, its certificates or another entry may be the reason", ...ask);
  else if (tested?.ok === true && (status === "failed" || status === "needs-auth"))
    yield failed(
      " with the saved token; this test passed with the token from the command line",
      repair(v, winner),
      note("# and enter the token that works"),
    );
  else if (asked?.scope !== undefined && asked.scope !== winner?.scope)
    yield warning(
      `Claude Code uses its ${asked.scope} entry "${shownName}", not the one of the ${winner?.scope ?? ""} scope`,
    );
  else if (["pending", "rejected", "disabled", "not-configured"].includes(status))
    yield warning(`${says}, but by its files it should connect`, run("claude"), note("# then type /mcp"));
}

/** Whether Claude Code may start the entry that is taken. */
function* consent(v: Scene): Found {
  const { approval, winner, shownName, skipped } = v;
  const { file = "", key = "" } = approval?.by ?? {};
  if (approval?.state === "disabled")
    yield say.failed(
      "disabled",
      `"${shownName}" is disabled in this folder (${key} in ${file})`,
      run("claude"),
      note("# then type /mcp and enable it"),
    );
  if (approval?.state === "rejected")
    yield say.failed(
      "rejected",
      `"${shownName}" was rejected in this folder (${key} in ${file})`,
      ...(file.endsWith("settings.json")
        ? [note(`remove it from disabledMcpjsonServers in ${file}`)]
        : [run("claude", "mcp", "reset-project-choices"), ...APPROVE]),
    );
  if (approval?.state !== "pending" || winner === undefined) return;
  const entry = `"${shownName}" in ${winner.file}`;
  // without Claude Code on this computer there is nobody who could have approved it
  const pending = say[v.client.program === "none" ? "note" : "failed"];
  if (!v.isFit(winner))
    yield say.warning(
      "not-approved",
      `${entry} is not approved, and should not be approved as it is`,
      ...NEVER_APPROVE,
    );
  else if (skipped !== undefined)
    yield pending(
      "not-approved",
      `the approval cannot be checked: Claude Code ignores ${skipped}`,
      note(`# first fix ${skipped}: see set-up`),
    );
  else
    yield pending(
      "not-approved",
      `${entry} is not approved in this folder: Claude Code asks first, and its default answer is no`,
      ...APPROVE,
      repair(v, winner),
      note("# saves the approval together with the values"),
    );
}

/** The program, and whether it may connect from this folder at all. */
function* program({ client, trust }: Scene): Found {
  const version = run("claude", "--version");
  if (client.program === "silent")
    yield say.failed(
      "client-broken",
      "claude is installed, but it does not report its version",
      version,
      run("npm", "install", "-g", "@anthropic-ai/claude-code"),
    );
  if (client.program === "late")
    yield say.warning(
      "client-broken",
      "claude did not report its version in time, so it was not asked",
      version,
      note("# or with a longer limit:"),
      npx("doctor", "--timeout", "60"),
    );
  if (client.program === "none") yield say.note("client-broken", "claude is not on the PATH, so it was not asked");
  if (!trust.trusted)
    yield say.note(
      "not-trusted",
      "this folder is not trusted yet: Claude Code asks first, and connects to nothing until then",
      run("claude"),
      note("# and choose: Yes, I trust this folder"),
    );
}

/** What the committed settings set: whoever writes in the repository would steer the way that the token takes. */
function* steering({ layers }: Scene): Found {
  const own = layers.find(({ from }) => from === "project-settings");
  if (own === undefined) return;
  const set = Object.keys(own.env).filter((name) => own.env[name] !== "" && layerOf(layers, name) === own);
  const proxies = set.filter((name) => PROXY.test(name));
  const certificates = set.filter((name) => CERTIFICATES.test(name));
  const off = set.filter((name) => name === VERIFY && own.env[name] === "0");
  const names = [...proxies, ...certificates, ...off].join(", ");
  if (names === "") return;
  // a tunnel alone shows the proxy no header, a CA alone needs somebody on the way
  const isReadable = off.length > 0 || (proxies.length > 0 && certificates.length > 0);
  const end = isReadable
    ? "whoever changes that file can read your token on its way"
    : proxies.length > 0
      ? "everyone who uses this repository connects to HALO through it"
      : "Claude Code trusts these certificates for everyone who uses this repository";
  yield say[isReadable ? "failed" : "warning"](
    "repository-steers",
    `${own.place} in the repository sets ${names}: ${end}`,
    note(`remove ${names} from ${own.place}`),
    note("# settings of your own network belong in ~/.claude/settings.json"),
    ...(isReadable ? [NEW_TOKEN] : []),
  );
}

/** By which way a session goes to the network, where that is another one than the test's, or an unsafe one. */
function* ways(v: Scene): Found {
  for (const { from, env, place } of v.layers)
    if (from !== "project-settings" && env[VERIFY] === "0")
      yield say.warning(
        "verification-off",
        `certificates are not verified, because ${VERIFY}=0 is set in ${place}: others can read the token on its way`,
        note(`remove ${VERIFY} from ${place}`),
        note("# for a CA of your own, set NODE_EXTRA_CA_CERTS=<file>"),
      );
  const given = v.layers.find(({ from }) => from === "environment")?.env ?? {};
  for (const { place, names } of otherWays(v.network.filter(({ name }) => name !== VERIFY))) {
    // the disagreement speaks of it
    if (place === ownWay(v)?.place) continue;
    const over = names.filter((name) => (given[name] ?? "") !== "").join(", ");
    yield say.warning(
      "network-differs",
      `Claude Code uses ${names.join(", ")} from ${place}; this test ${over === "" ? "did not" : `used ${over} from the environment`}`,
      note("# to test the same way, export these variables, then"),
      npx("doctor"),
    );
  }
}

export function* clientFindings(v: Scene): Found {
  yield* consent(v);
  yield* program(v);
  yield* steering(v);
  yield* ways(v);
  yield* disagreement(v);
}
