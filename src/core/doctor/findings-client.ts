/** Findings about Claude Code: how it treats the entry, its own answer, and its network settings. */
import type { Advice } from "../advice.ts";
import { shown } from "../check/show.ts";
import type { ClientStatus } from "../clients/claude-code.ts";
import { nearApproval } from "../clients/claude-state.ts";
import { type Found, NEW_TOKEN, note, npx, repair, run, type Scene, say } from "./finding.ts";
import { VERIFY } from "./values.ts";

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

/** Claude Code's own status contradicts its files or the test. It is asked only after a passed test, about an entry that a session would use. */
function* disagreement(v: Scene): Found {
  const { asked, tested, winner, input } = v;
  if (asked === undefined) return;
  const list = run("claude", "mcp", "list");
  const { status = "unknown", scope } = asked;
  if (asked.status === undefined) yield say.note("client-disagrees", "Claude Code gave no answer in time", list);
  const says = `Claude Code ${v.client.version ?? ""} reports "${STATUS_WORDS[status]}"`;
  // `claude mcp get` reads only the user's own settings
  const way = v.network.filter(({ name, from, differs }) => from === "user-settings" && differs && name !== VERIFY);
  const names = way.map(({ name }) => name).join(", ");
  const isOther = scope !== undefined && scope !== winner?.scope;
  if (tested?.ok === true && (status === "failed" || status === "needs-auth"))
    if (input.token === undefined)
      yield say.failed(
        "client-disagrees",
        way[0] === undefined
          ? `${says}, but this test connects: its proxy, its certificates or another entry may be the reason`
          : `${says} through ${names} from ${way[0].place}; this test connects without it`,
        ...(way[0] === undefined ? [] : [note(`correct ${names} in ${way[0].place} or remove it, then`)]),
        run("claude"),
        note(`# then type /mcp: it shows the reason for "${v.shownName}"`),
      );
    else
      yield say.failed(
        "client-disagrees",
        `${says} with the saved token; this test passed with the token from the command line`,
        repair(v, winner),
        note("# and enter the token that works"),
      );
  else if (isOther || !["connected", "failed", "needs-auth", "unknown"].includes(status))
    yield say.warning(
      "client-disagrees",
      `${says}${isOther ? ` for its ${scope} entry` : ""}, but according to its files it should connect with the one in ${winner?.file ?? ""}`,
      list,
    );
}

/** Starts Claude Code, which may have to be installed first. */
const start = ({ client }: Scene): readonly Advice[] =>
  client.program === "none"
    ? [run("npm", "install", "-g", "@anthropic-ai/claude-code"), run("claude")]
    : [run("claude")];

/** Whether Claude Code may start the entry that it uses, or one that would replace it. */
function* consent(v: Scene): Found {
  const { approval, winner, waiting, shownName, client } = v;
  const { file = "", key = "" } = approval?.by ?? {};
  const approve = [...start(v), note("# and choose: Use this MCP server")];
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
      file.endsWith("settings.json")
        ? note(`remove it from ${key} in ${file}, then`)
        : run("claude", "mcp", "reset-project-choices"),
      ...approve,
    );
  const asked = waiting ?? (approval?.state === "pending" ? winner : undefined);
  if (asked === undefined) return;
  const isFit = v.isFit(asked);
  const other = nearApproval(v.state, asked.entry.name);
  const named = other && `${other.place} approves "${shown(v, other.near, 64)}", which is another name`;
  // without Claude Code on this computer nobody can have approved it
  const severity = client.program === "none" ? "note" : "failed";
  yield say[isFit && waiting === undefined ? severity : "warning"](
    "not-approved",
    `"${shownName}" in ${asked.file} is not approved in this folder: ${
      isFit ? (named ?? "Claude Code asks first, and its default answer is no") : "it should not be approved as it is"
    }`,
    ...(isFit
      ? [...approve, repair(v, asked), note("# saves the approval together with the values")]
      : // one that is not HALO's, leads elsewhere or runs a program: it would get the token, or run as its reader
        [note("do not approve it; when Claude Code asks,"), note("choose: Continue without using this MCP server")]),
  );
}

const PROGRAM = {
  none: say.note("client-broken", "claude is not on the PATH, so it was not asked"),
  silent: say.failed(
    "client-broken",
    "claude is installed, but it does not report its version",
    run("claude", "--version"),
    run("npm", "install", "-g", "@anthropic-ai/claude-code"),
  ),
  late: say.warning(
    "client-broken",
    "claude did not report its version in time, so it was not asked",
    run("claude", "--version"),
    note("# or with a longer limit:"),
    npx("doctor", "--timeout", "60"),
  ),
} as const;

/** Network variables with which a session differs from the test, or is unsafe. */
function* ways({ network }: Scene): Found {
  const off = network.find(({ name }) => name === VERIFY);
  if (off !== undefined && off.from !== "project-settings")
    yield say.warning(
      "verification-off",
      `certificates are not verified, because ${VERIFY}=0 is set in ${off.place}: others can read the token in transit`,
      note(`remove ${VERIFY} from ${off.place}`),
      note("# for a CA of your own, set NODE_EXTRA_CA_CERTS=<file>"),
    );
  // anyone who can commit could redirect the token
  const own = network.filter(({ name, from }) => from === "project-settings" && !/^no_proxy$/i.test(name));
  if (own[0] !== undefined) {
    const has = (kind: RegExp): boolean => own.some(({ name }) => kind.test(name));
    // a proxy alone sees no header (it is a tunnel); a CA alone needs an attacker on the network path
    const isReadable = own.some((each) => each === off) || (has(/_proxy$/i) && has(/cert/i));
    const names = own.map(({ name }) => name).join(", ");
    yield say[isReadable ? "failed" : "warning"](
      "repository-steers",
      `${own[0].place} in the repository sets ${names}: ${
        isReadable
          ? "anyone who can change that file can read your token"
          : "everyone who uses this repository connects to HALO that way"
      }`,
      note(`remove ${names} from ${own[0].place}`),
      ...(isReadable ? [NEW_TOKEN] : []),
    );
  }
  const differing = network.filter(({ name, differs }) => differs && name !== VERIFY);
  if (differing.length > 0)
    yield say.warning(
      "network-differs",
      `Claude Code uses ${differing.map(({ name, place }) => `${name} from ${place}`).join(", ")}; this test uses the environment alone`,
      note("# to test the same way, export these variables, then"),
      npx("doctor"),
    );
}

export function* clientFindings(v: Scene): Found {
  const { program } = v.client;
  yield* consent(v);
  if (program !== "found") yield PROGRAM[program];
  if (!v.trust.trusted)
    yield say.note(
      "not-trusted",
      "this folder is not trusted yet: Claude Code asks first, and connects to nothing until then",
      ...start(v),
      note("# and choose: Yes, I trust this folder"),
    );
  yield* ways(v);
  yield* disagreement(v);
}
