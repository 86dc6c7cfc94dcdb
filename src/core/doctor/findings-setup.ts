/** Findings about files and entries. */
import { type Advice, run } from "../advice.ts";
import { shown } from "../check/show.ts";
import { property } from "../formats/json.ts";
import { HALO_URL, nameWords } from "../halo.ts";
import type { Server } from "./entries.ts";
import { type Found, linesOf, NEW_TOKEN, note, npx, repair, type Scene, say } from "./finding.ts";

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

function withdraw(v: Scene, server: Server): readonly Advice[] {
  const { store, localSettings } = v.input;
  const { key, file = "" } = v.approval?.by ?? {};
  if (server.scope !== "project") return [remove(v, server)];
  // it clears the lists of the store and of the settings.local.json that wins (2.1.332, measured); a rejection takes precedence over an approval
  if (key === "enabledMcpjsonServers" && [store.shown, v.state.settings.at(-1)?.place].includes(file))
    return [
      run("claude", "mcp", "reset-project-choices"),
      note("then claude, and choose: Continue without using this MCP server"),
    ];
  return [note(`add "${v.shownName}" to "disabledMcpjsonServers" in ${localSettings.shown}`)];
}

/** What Claude Code does with a \`headersHelper\` and does not report (2.1.332, measured). */
function helperLimits({ trust: { trusted } }: Scene, { entry, scope }: Server): readonly Advice[] {
  if (property(entry.raw, "headersHelper") === undefined) return [];
  return [
    ...(scope === "user" || trusted ? [] : [note("Claude Code runs it only after you trust this folder")]),
    ...(scope === "project" ? [note("it does not get HALO_MCP_TOKEN, nor other names of secrets")] : []),
    note("if it fails, Claude Code connects without its headers, silently"),
  ];
}

/** Why the entry in use can never connect, whatever the values, or must not: the first match. */
function* obstacle(v: Scene, server: Server): Found {
  const { toSend, leaks } = v;
  const { entry, file } = server;
  const mend = repair(v, server);
  const replace = repair(v, server, "--url", HALO_URL);
  const { cause, reason = "" } = toSend.ok ? {} : toSend;
  const type = property(entry.raw, "type");
  const reject = leaks ? [...withdraw(v, server), NEW_TOKEN] : [];
  const sends = "Claude Code sends your token there: reject the entry";
  const isUrl = /^\s*https?:/i.test(String(property(entry.raw, "command")));
  if (cause === "entry-runs" && isUrl) {
    const why = "so Claude Code looks for a program of that name; claude mcp add without --transport http writes that";
    yield say.failed(cause)(`${file}: "command" is a URL, ${why}`, [remove(v, server), also(v, "then", mend)]);
  } else if (cause === "entry-runs")
    yield say.failed(cause)(
      `${file}: the entry starts a program (headersHelper or command), so what it sends is unknown`,
      [
        ...helperLimits(v, server),
        ANOTHER,
        note("adds HALO under another name; to replace the entry, remove it first"),
      ],
    );
  else if (cause === "endpoint-foreign")
    yield say.failed(cause)(`${file}: the URL is not HALO's, ${leaks ? `and ${sends}` : "so nothing was sent there"}`, [
      ...(leaks ? reject : [replace, note("replaces it with HALO's URL")]),
      also(v, "if you mean that URL", npx("doctor", ...nameWords(entry.name), "--url", shown(v, v.session?.url ?? ""))),
    ]);
  else if (type !== "http" && type !== "streamable-http")
    yield say.failed("wrong-type")(`${file}: "type" is ${shown(v, JSON.stringify(type), 40)}, but HALO needs "http"`, [
      mend,
    ]);
  else if (cause === "bad-url")
    yield say.failed(cause)(`${file}: ${reason}${leaks ? `. ${sends}` : ""}`, leaks ? reject : [replace]);
}

function* noEntry(v: Scene): Found {
  const { contenders, name, input, given } = v;
  const { below = [], misplaced = [], url } = input;
  const skipped = contenders.find(({ entry }) => entry.name === name);
  if (skipped?.lost?.isFile === false) {
    const { scope, file, lost } = skipped;
    const mend = repair(v, skipped);
    const replace = scope === "project" ? [mend] : [remove(v, skipped), also(v, "then", mend)];
    const advice = scope === "project" && lost.isMendable ? [npx("check", "--fix")] : replace;
    yield say.failed("entry-skipped")(`${file}${lost.at}: ${lost.why}`, advice);
  }
  if (skipped !== undefined) return;
  const others = [...new Set(contenders.map(({ entry }) => shown(v, entry.name, 64)))];
  const folders = below.map((folder) => shown(v, folder));
  const start = given.cwd === undefined ? "" : `${given.cwd}/`;
  const isIn = (files: readonly string[]) => (files.length === 0 ? "" : `; HALO is in ${files.join(", ")}`);
  const unread = misplaced.map((file) => shown(v, file));
  const elsewhere = [
    isIn(unread) && `${isIn(unread)}, which Claude Code does not read`,
    isIn(folders.map((each) => `${each}/.mcp.json`)),
  ];
  const add = repair(v, undefined);
  const [folder, other] = [folders[0], others[0]];
  const found =
    unread.length > 0
      ? [npx("check", "--fix"), note("moves it to .mcp.json, or says what to do")]
      : folder !== undefined
        ? [npx("doctor", "--cwd", start + folder), note("looks at that folder")]
        : other !== undefined
          ? [npx("doctor", "--name", other), note("looks at the entry of that name")]
          : undefined;
  // with --url, the URL is tested even without an entry
  yield say[url === undefined ? "failed" : "warning"]("no-entry")(
    `There is no "${v.shownName}" in a .mcp.json of this folder or a folder above, nor in ${input.store.shown}${elsewhere.join("")}`,
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
