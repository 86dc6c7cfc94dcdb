/** Findings about Claude Code: how it treats the entry, its own answer, and its network settings. */
import { type Advice, run } from "../advice.ts";
import { shown } from "../check/show.ts";
import type { Answer } from "../clients/claude-question.ts";
import { nearApproval } from "../clients/claude-state.ts";
import { printable } from "../secrets.ts";
import { type Found, NEW_TOKEN, note, npx, repair, type Scene, say } from "./finding.ts";
import { VERIFY } from "./view.ts";

export const STATUS_WORDS: Readonly<Record<Answer["status"], string>> = {
  connected: "connected",
  failed: "failed to connect",
  "needs-auth": "needs authentication",
  pending: "still connecting",
  "not-configured": "not configured",
  unknown: "an unknown status",
};

/** Claude Code's own status contradicts the test. It is asked only after a passed test, about the entry that a session would use. */
function* disagreement(v: Scene): Found {
  const { asked, winner, input, shownName, network, client } = v;
  if (asked === undefined || asked.refused !== undefined) return;
  const look = [run("claude"), note(`then type /mcp: it shows the reason for "${shownName}"`)];
  const { status, error = "" } = asked;
  if (status === undefined) yield say.note("client-disagrees")("Claude Code gave no answer in time", look);
  if (status === undefined || status === "connected" || status === "unknown" || status === "pending") return;
  const reason = error === "" || input.token !== undefined ? "" : ` (${printable(error, 120)})`;
  const says = `Claude Code ${client.version ?? ""} reports "${STATUS_WORDS[status]}"${reason}`;
  const [way] = network.filter(({ from, differs, name }) => from !== "environment" && differs && name !== VERIFY);
  const differs = (how: string, advice: readonly Advice[]) => say.failed("client-disagrees")(says + how, advice);
  if (input.token !== undefined)
    yield differs(" with the saved token; this test passed with the token from the command line", [
      repair(v, winner),
      note("and enter the token that works"),
    ]);
  else if (way !== undefined)
    yield differs(` through ${way.name} from ${way.place}; this test connects without it`, [
      note(`correct ${way.name} in ${way.place} or remove it, then`),
      ...look,
    ]);
  else if (status === "needs-auth")
    yield differs(", but this test connects: for 15 minutes it does not try again after a refusal (HTTP 403)", [
      run("claude"),
      note(`then type /mcp, choose "${shownName}" and reconnect`),
    ]);
  else yield differs(", but this test connects: its proxy or its certificates may be the reason", look);
}

/** Whether Claude Code may start the entry that it uses, or one that would replace it. */
function* consent(v: Scene): Found {
  const { approval, winner, waiting, shownName, client } = v;
  const { file = "", key = "" } = approval?.by ?? {};
  if (approval?.state === "disabled")
    yield say.failed("disabled")(`"${shownName}" is disabled in this folder (${key} in ${file})`, [
      run("claude"),
      note("then type /mcp and enable it"),
    ]);
  const reset = run("claude", "mcp", "reset-project-choices");
  if (approval?.state === "rejected")
    yield say.failed("rejected")(`"${shownName}" was rejected in this folder (${key} in ${file})`, [
      file.endsWith("settings.json") ? note(`remove it from ${key} in ${file}`) : reset,
      note("then start claude and choose: Use this MCP server"),
    ]);
  const asked = waiting ?? (approval?.state === "pending" ? winner : undefined);
  if (asked === undefined) return;
  const unapproved = `"${shownName}" in ${asked.file} is not approved in this folder`;
  // one that is not HALO's, leads elsewhere or runs a program: it would get the token, or run as its reader
  if (!v.isFit(asked)) {
    yield say.warning("not-approved")(`${unapproved}: do not approve it as it stands`, [
      note("when Claude Code asks, choose: Continue without using this MCP server"),
    ]);
    return;
  }
  const other = nearApproval(v.state, asked.entry.name);
  const why = other
    ? `${other.place} approves "${shown(v, other.near, 64)}", which is another name`
    : "Claude Code asks first, and its default answer is no";
  // without Claude Code on this computer nobody can have approved it
  const severity = client.program === "none" ? "note" : "failed";
  const approve =
    client.program === "none"
      ? [repair(v, asked), note("saves the approval too")]
      : [run("claude"), note("and choose: Use this MCP server")];
  yield say[waiting === undefined ? severity : "warning"]("not-approved")(`${unapproved}: ${why}`, approve);
}

const VERSION = run("claude", "--version");
const PROGRAM = {
  none: say.warning("client-broken")("there is no claude on the PATH, so it was not asked"),
  silent: say.failed("client-broken")("Claude Code is installed, but it does not report its version", [
    VERSION,
    note("shows why; npm install -g @anthropic-ai/claude-code installs it again"),
  ]),
  late: say.warning("client-broken")("Claude Code did not report its version in time, so it was not asked", [
    npx("doctor", "--timeout", "60"),
  ]),
};

/** Network variables with which a session differs from the test, or is unsafe. */
function* ways({ network }: Scene): Found {
  const off = network.find(({ name }) => name === VERIFY);
  if (off !== undefined && off.from !== "project-settings")
    yield say.warning("verification-off")(
      `Certificates are not verified, because ${VERIFY}=0 is set in ${off.place}: others can read the token in transit`,
      [note(`remove ${VERIFY} from ${off.place}; for a CA of your own, set NODE_EXTRA_CA_CERTS=<file>`)],
    );
  // anyone who can commit could redirect the token
  const own = network.filter(({ name, from }) => from === "project-settings" && !/^no_proxy$/i.test(name));
  if (own[0] !== undefined) {
    const has = (kind: RegExp): boolean => own.some(({ name }) => kind.test(name));
    const [{ place }, names] = [own[0], own.map(({ name }) => name).join(", ")];
    const sets = `${place} in the repository sets ${names}`;
    const remove = note(`remove ${names} from ${place}`);
    // a proxy alone sees no header (it is a tunnel); a CA alone needs an attacker on the network path
    yield own.some((each) => each === off) || (has(/_proxy$/i) && has(/cert/i))
      ? say.failed("repository-steers")(`${sets}: anyone who can change that file can read your token`, [
          remove,
          NEW_TOKEN,
        ])
      : say.warning("repository-steers")(`${sets}: everyone who uses this repository connects to HALO that way`, [
          remove,
        ]);
  }
  const differing = network.filter(({ name, differs }) => differs && name !== VERIFY);
  const uses = differing.map(({ name, place }) => `${name} from ${place}`).join(", ");
  if (uses !== "")
    yield say.warning("network-differs")(`Claude Code uses ${uses}; this test uses the environment alone`, [
      note("to test the same way, export these variables, then"),
      npx("doctor"),
    ]);
}

/** CM.com's page tells people to look at `claude mcp list`, which reads no settings of the project. */
function* listing({ winner, missing, values, client, tested, trust, approval }: Scene): Found {
  const unread = values.find(({ variable = "" }) => missing.list.includes(variable));
  // it looks at trust and approval first (2.1.332, measured 2026-11-29)
  const isPending = winner?.scope === "project" && (!trust.trusted || approval?.state === "pending");
  if (unread !== undefined && missing.session.length === 0 && client.program === "found" && tested?.ok === true)
    yield say.note("list-differs")(
      `"claude mcp list" says ${isPending ? '"Pending approval", and then ' : ""}"Failed to connect", as it does not read ${unread.place ?? ""}: type /mcp in claude instead`,
    );
}

export function* clientFindings(v: Scene): Found {
  const { program } = v.client;
  yield* consent(v);
  yield* ways(v);
  yield* listing(v);
  yield* disagreement(v);
  // of the warnings, these two come last: the first is the cause
  if (program !== "found") yield PROGRAM[program];
  if (!v.trust.trusted)
    yield say.warning("not-trusted")(
      "Claude Code asks if you trust this folder, and connects to nothing until you do",
      [run("claude"), note("and choose: Yes, I trust this folder")],
    );
}
