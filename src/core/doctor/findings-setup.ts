/** Findings about files and entries. */
import { type Advice, run } from "../advice.ts";
import { shown } from "../check/show.ts";
import { property } from "../formats/json.ts";
import { HALO_URL, nameWords } from "../halo.ts";
import type { Server } from "./entries.ts";
import { type Found, linesOf, NEW_TOKEN, note, npx, repair, type Scene, type SetupCause, say } from "./finding.ts";

const remove = (v: Scene, { scope }: Server): Advice => run("claude", "mcp", "remove", "--scope", scope, v.shownName);
const list = (file: string): Advice => run("ls", "-ld", file);
const ANOTHER = npx("--name", "halo-cm");
/** A second command, which is not to be typed with the first. */
const also = ({ given }: Scene, words: string, advice: Advice): Advice => note(`${words}: ${linesOf([advice], given)}`);

/** Something that a session needs is missing: an unreadable file may contain it. */
const lacks = ({ approval, values }: Scene): boolean =>
  approval?.state === "pending" || values.some(({ state }) => state === "unset");

/** Files that cannot be read, or that Claude Code refuses. They matter only if Claude Code uses no other entry. */
function* brokenFiles(v: Scene): Found {
  const { winner, places, state } = v;
  const { store, dotenv, envrc, mcp } = v.input;
  const lost = say[winner === undefined ? "failed" : "warning"]("file-broken");
  const unread = (made: typeof lost, file: string, reason: string) =>
    made(`${file} cannot be read: ${reason}`, [list(file)]);
  if (store.state.kind === "unreadable") yield unread(lost, store.shown, store.state.reason);
  // a folder .env may be a Python environment, which has no values
  for (const { shown: file, state: read } of [dotenv, envrc])
    if (read.kind === "unreadable" && (winner === undefined || lacks(v)))
      yield unread(say.warning("file-broken"), file, read.reason);
  for (const { shown: file, unreadable } of mcp) if (unreadable) yield unread(lost, file, unreadable);
  if (state.storeBroken)
    yield say.failed("file-broken")(
      `${store.shown} is not valid JSON, so every command of Claude Code refuses to run`,
      [note("fix it by hand, or restore the newest copy from ~/.claude/backups")],
    );
  for (const { scope, file, broken } of places) {
    if (scope !== "project" || broken === undefined) continue;
    // no fix takes "servers" away from Visual Studio: the wizard adds the key beside it
    const mend = broken.isMendable ? npx("check", "--fix") : note(`correct ${file} by hand`);
    const fix = broken.rule === "mcp-servers-missing" ? repair(v, undefined) : mend;
    // git restores no file that it could not merge
    const advice =
      broken.rule === "merge-conflict"
        ? [note(`resolve the conflict in ${file} by hand`)]
        : [fix, also(v, "or restore it", run("git", "checkout", "--", file))];
    yield lost(`${file}${broken.at}: ${broken.why}`, advice);
  }
}

/** Keeps a session from starting the entry. A rejection takes precedence over an approval. */
const withdraw = (v: Scene, server: Server): Advice =>
  server.scope === "project"
    ? note(`add "${v.shownName}" to "disabledMcpjsonServers" in ${v.input.localSettings.shown}`)
    : remove(v, server);

/** What Claude Code does with a `headersHelper` and does not report (2.1.332, measured). */
const HELPER = note(
  "Claude Code runs a headersHelper only in a folder that you trust, without HALO_MCP_TOKEN; if the helper fails, Claude Code connects without its headers and does not say so",
);

/** Why the entry in use can never connect, whatever the values, or must not: the first match. */
function* obstacle(v: Scene, server: Server): Found {
  const { toSend, leaks } = v;
  const { entry, file } = server;
  const fail = (cause: SetupCause, words: string, ...advice: readonly Advice[]) =>
    say.failed(cause)(`${file}: ${words}`, advice);
  const replace = repair(v, server, "--url", HALO_URL);
  const { cause, reason = "" } = toSend.ok ? {} : toSend;
  const type = property(entry.raw, "type");
  const reject = leaks ? [withdraw(v, server), NEW_TOKEN] : undefined;
  const sends = "Claude Code sends your token there: reject the entry";
  if (cause === "entry-runs" && /^\s*https?:/i.test(String(property(entry.raw, "command")))) {
    const why = "so Claude Code looks for a program of that name; claude mcp add without --transport http writes that";
    yield fail(cause, `"command" is a URL, ${why}`, remove(v, server), also(v, "then", repair(v, server)));
  } else if (cause === "entry-runs") {
    const other = note("adds HALO under another name; to replace the entry, remove it first");
    const words = "the entry starts a program (headersHelper or command), so what it sends is unknown";
    const isHelped = property(entry.raw, "headersHelper") !== undefined;
    yield fail(cause, words, ...(isHelped ? [HELPER] : []), ANOTHER, other);
  } else if (cause === "endpoint-foreign") {
    const again = npx("doctor", ...nameWords(entry.name), "--url", shown(v, v.session?.url ?? ""));
    const words = `the URL is not HALO's, ${leaks ? `and ${sends}` : "so nothing was sent there"}`;
    const mend = reject ?? [replace, note("replaces it with HALO's URL")];
    yield fail(cause, words, ...mend, also(v, "if you mean that URL", again));
  } else if (type !== "http" && type !== "streamable-http") {
    const words = `"type" is ${shown(v, JSON.stringify(type), 40)}, but HALO needs "http"`;
    yield fail("wrong-type", words, repair(v, server));
  } else if (cause === "bad-url") yield fail(cause, `${reason}${leaks ? `. ${sends}` : ""}`, ...(reject ?? [replace]));
}

/** No entry for HALO of this name, or one that Claude Code skips; where else HALO is. */
function* noEntry(v: Scene): Found {
  const { contenders, name, input, given } = v;
  const skipped = contenders.find(({ entry }) => entry.name === name);
  if (skipped?.lost?.isFile === false) {
    const { scope, file, lost } = skipped;
    const mend = scope === "project" && lost.isMendable ? npx("check", "--fix") : repair(v, skipped);
    const advice = scope === "project" ? [mend] : [remove(v, skipped), also(v, "then", mend)];
    yield say.failed("entry-skipped")(`${file}${lost.at}: ${lost.why}`, advice);
  }
  if (skipped !== undefined) return;
  const [unread, folders] = [input.misplaced ?? [], input.below ?? []].map((paths) =>
    paths.map((each) => shown(v, each)),
  );
  const [folder, other] = [folders?.[0], contenders[0] && shown(v, contenders[0].entry.name, 64)];
  const isIn = (files: readonly string[] = [], more = "") =>
    files.length === 0 ? "" : `; HALO is in ${files.join(", ")}${more}`;
  const files = folders?.map((each) => `${each}/.mcp.json`);
  const elsewhere = isIn(unread, ", which Claude Code does not read") + isIn(files);
  const start = given.cwd === undefined ? "" : `${given.cwd}/`;
  const found = [
    ...(unread?.length ? [[npx("check", "--fix"), note("moves it to .mcp.json, or says what to do")]] : []),
    ...(folder === undefined ? [] : [[npx("doctor", "--cwd", start + folder), note("looks at that folder")]]),
    ...(other === undefined ? [] : [[npx("doctor", "--name", other), note("looks at the entry of that name")]]),
  ][0];
  const add = repair(v, undefined);
  // with --url, the URL is tested even without an entry
  yield say[input.url === undefined ? "failed" : "warning"]("no-entry")(
    `There is no "${v.shownName}" in a .mcp.json of this folder or a folder above, nor in ${input.store.shown}${elsewhere}`,
    found === undefined ? [add] : [...found, also(v, "or, to add it here", add)],
  );
}

/** Files with the token that their group or everybody may read. Claude Code does not change the mode of its store. */
function* openFiles({ input, state, secrets }: Scene): Found {
  for (const { shown: file, state: read } of [input.store, ...state.settings.map((each) => each.file), input.dotenv]) {
    if (!input.hasModes || read.kind !== "file" || (read.mode & 0o077) === 0) continue;
    if (secrets.some((secret) => read.text.includes(secret)))
      yield say.warning("store-readable")(`${file} contains the token, and other users of this computer can read it`, [
        run("chmod", "600", file),
      ]);
  }
}

export function* setupFindings(v: Scene): Found {
  const { winner, ours, shownName } = v;
  yield* brokenFiles(v);
  if (winner === undefined) yield* noEntry(v);
  else if (ours !== undefined) yield* obstacle(v, ours);
  else yield say.failed("no-entry")(`"${shownName}" in ${winner.file} is another server, not HALO`, [ANOTHER]);
  for (const { file, broken } of v.state.settings) {
    if (broken === undefined) continue;
    const fix = broken.isShape
      ? note(`correct that value in ${file.shown}, or remove its key`)
      : note(`fix ${file.shown}: it must be strict JSON`);
    yield say[lacks(v) ? "failed" : "warning"]("settings-broken")(
      `${file.shown}${broken.at}: Claude Code ignores the whole file: ${broken.reason}`,
      [file.state.kind === "unreadable" ? list(file.shown) : fix],
    );
  }
  for (const other of v.kept) {
    if (winner === undefined || other === winner || other === v.waiting) continue;
    const isFreed = winner.scope !== "project" && v.isFit(other);
    // the reader may be looking at another file than the one in use
    yield say[other.scope === "user" ? "note" : "warning"]("shadowed")(
      `"${shownName}" is also in ${other.file} (${other.scope} scope); Claude Code uses the ${winner.scope} entry in ${winner.file}`,
      isFreed ? [remove(v, winner), note("then Claude Code uses the other entry")] : [],
    );
  }
  yield* openFiles(v);
}
