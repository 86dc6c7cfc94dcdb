/** What is found about files and entries. */
import type { Advice } from "../advice.ts";
import { shown } from "../check/show.ts";
import { equalJson, isObject, parseDocument } from "../formats/json.ts";
import { placeWords } from "../formats/lines.ts";
import { HALO_URL } from "../halo.ts";
import { APPROVE, NEVER_APPROVE, NEW_TOKEN, nameWords, note, npx, repair, run } from "./advice.ts";
import type { Server } from "./entries.ts";
import { type Found, type Scene, say } from "./finding.ts";

const remove = (v: Scene, { scope }: Server): Advice => run("claude", "mcp", "remove", "--scope", scope, v.shownName);

/** Files that cannot be read, or that Claude Code refuses. What is lost with one matters only where nothing else is taken. */
function* brokenFiles({ input, state, places, winner, values }: Scene): Found {
  const { store, dotenv, envrc, mcp } = input;
  const lost = say[winner === undefined ? "failed" : "warning"];
  // a folder .env may be somebody's Python, and nobody misses its values
  const filled = say[winner === undefined || values.some((each) => each.state === "unset") ? "warning" : "note"];
  const unread = (made: typeof lost, file: string, reason: string) =>
    made("file-broken", `${file} cannot be read: ${reason}`, run("ls", "-ld", file));
  for (const file of [store, dotenv, envrc])
    if (file.state.kind === "unreadable") yield unread(file === store ? lost : filled, file.shown, file.state.reason);
  for (const { shown: file, unreadable } of mcp) if (unreadable) yield unread(lost, file, unreadable);
  if (state.storeBroken && store.state.kind === "file") {
    const { text } = store.state;
    const parsed = parseDocument(text, { strict: true });
    yield say.failed(
      "file-broken",
      `${store.shown}${parsed.ok ? "" : placeWords(text, parsed.refused.offset)} is not valid JSON, so every command of Claude Code refuses to run`,
      note("fix it by hand, or restore the newest copy from ~/.claude/backups"),
    );
  }
  for (const { scope, file, broken } of places)
    if (scope === "project" && broken !== undefined) {
      const byHand = [note(`fix ${file} by hand, or restore it from git:`), run("git", "checkout", "--", file)];
      const advice = broken.fixable ? [npx("check", "--fix")] : byHand;
      yield lost("file-broken", `${file}${broken.at}: ${broken.why}`, ...advice);
    }
}

/** Takes the consent to an entry back, whoever gave it, where a session already sends the token to a foreign address. */
function reject(v: Scene, server: Server): readonly Advice[] {
  if (!v.leaks) return [];
  const { store, localSettings } = v.input;
  const { key, file = "" } = v.approval?.by ?? {};
  if (server.scope !== "project") return [remove(v, server), NEW_TOKEN];
  // it clears the lists of these two files (claude-code facts, section 3); a rejection wins over an approval elsewhere
  const clears = key === "enabledMcpjsonServers" && [store.shown, localSettings.shown].includes(file);
  const byHand = note(`add "${v.shownName}" to "disabledMcpjsonServers" in ${localSettings.shown}`);
  return clears
    ? [
        run("claude", "mcp", "reset-project-choices"),
        note("# then claude, and choose: Continue without using this MCP server"),
        NEW_TOKEN,
      ]
    : [byHand, NEW_TOKEN];
}

/** Why the entry that is taken can never connect, whatever the values, or must not: the first that fits. */
function* obstacle(v: Scene, server: Server): Found {
  const { toSend } = v;
  const { entry, file, scope, stuck } = server;
  const again = repair(v, server);
  const { cause, reason = "" } = toSend.ok ? {} : toSend;
  const type = (isObject(entry.raw) ? entry.raw.type : undefined) ?? "stdio";
  const end = v.leaks ? "Claude Code sends your token there: reject the entry" : "";
  if (cause === "entry-runs")
    yield say.failed(
      cause,
      `${file}: the entry starts a program (headersHelper or command), so what it sends is unknown`,
      npx("--name", "halo-cm"),
      note("# adds HALO under another name; or, to replace the entry:"),
      scope === "project" ? note(`remove the entry from ${file}, then`) : remove(v, server),
      again,
    );
  else if (cause === "endpoint-foreign") {
    const url = v.session?.url ?? "";
    // one that is long, or holds a secret, is in no command
    const isWhole = shown(v, url, 120) === url;
    const mean = [npx("doctor", ...nameWords(entry.name), "--url", url), note("# only if you mean that URL")];
    yield say.failed(
      cause,
      `${file}: the URL is not HALO's, ${v.leaks ? `and ${end}` : "so nothing was sent there"}`,
      // both, so that a slash or a capital is seen
      note(`# its URL:    ${shown(v, url, 120)}`),
      note(`# HALO's URL: ${HALO_URL}`),
      ...reject(v, server),
      repair(v, server, "--url", HALO_URL),
      note("# replaces it with HALO's URL"),
      ...(isWhole ? mean : []),
    );
  } else if (type !== "http" && type !== "streamable-http")
    yield say.failed(
      "wrong-type",
      `${file}: "type" is ${shown(v, JSON.stringify(type), 40)}, but HALO needs "http"`,
      again,
    );
  else if (cause === "bad-url")
    yield say.failed(
      cause,
      `${file}: ${reason}${end && `. ${end}`}`,
      ...reject(v, server),
      repair(v, server, "--url", HALO_URL),
    );
  else if (stuck !== undefined) yield say.failed("bad-value", `${file}: ${stuck}`, again);
}

/** The entry that is taken; or why there is none. */
function* takenEntry(v: Scene): Found {
  const { winner, ours, contenders, places, name, input, shownName } = v;
  if (ours !== undefined) yield* obstacle(v, ours);
  else if (winner !== undefined)
    yield say.failed(
      "no-entry",
      `"${shownName}" in ${winner.file} is another server, not HALO`,
      npx("--name", "halo-cm"),
    );
  if (winner !== undefined) return;
  const named = contenders.filter(({ entry }) => entry.name === name);
  if (named.length === 0) {
    const others = [...new Set(contenders.map(({ entry }) => shown(v, entry.name, 64)))];
    // with --url an address is tested that need not be set up
    yield say[input.url === undefined ? "failed" : "note"](
      "no-entry",
      `no entry "${shownName}" in a .mcp.json of this folder or a folder above, nor in ${input.store.shown}`,
      ...others.flatMap((other) => [npx("doctor", "--name", other), note("# an entry with this name exists")]),
      repair(v, undefined),
    );
  }
  const skipped = named.find(({ lost }) => lost !== undefined);
  const lost = skipped?.lost;
  if (skipped !== undefined && lost !== undefined && !places.some(({ broken }) => broken === lost))
    yield say.failed(
      "entry-skipped",
      `${skipped.file}${lost.at}: ${lost.why}`,
      skipped.scope === "project" ? npx("check", "--fix") : remove(v, skipped),
      repair(v, skipped),
    );
}

/** Entries of the same name that are not taken: the reader may look at a file that is not the one that counts. */
function* otherEntries(v: Scene): Found {
  const { winner, waiting, contenders, name, shownName } = v;
  if (winner === undefined) return;
  const taken = `Claude Code uses the ${winner.scope} entry in ${winner.file}`;
  if (waiting !== undefined)
    yield say.warning(
      "not-approved",
      `"${shownName}" in ${waiting.file} is not approved yet; until then ${taken}`,
      ...(v.isFit(waiting) ? APPROVE : NEVER_APPROVE),
    );
  for (const other of contenders) {
    if (other === winner || other === waiting || other.entry.name !== name || other.lost !== undefined) continue;
    const isHarmless = equalJson(other.entry.raw, winner.entry.raw) || other.scope === "user";
    const canBeTaken = winner.scope !== "project" && v.isFit(other);
    yield say[isHarmless ? "note" : "warning"](
      "shadowed",
      `"${shownName}" is also in ${other.file} (${other.scope} scope); ${taken}`,
      ...(canBeTaken ? [remove(v, winner), note("# then Claude Code uses the other entry")] : []),
    );
  }
}

/** Files that hold the token, and that their group or everybody may read. Claude Code keeps the mode that its store has: one that was 0644 once stays so. */
function* openFiles({ input, secrets }: Scene): Found {
  const { store, userSettings, localSettings, rootLocalSettings: root, dotenv, hasModes } = input;
  const held = secrets.map((secret) => JSON.stringify(secret).slice(1, -1));
  for (const file of [store, userSettings, localSettings, ...(root ? [root] : []), dotenv]) {
    const { shown: path, state } = file;
    if (!hasModes || state.kind !== "file" || (state.mode & 0o077) === 0) continue;
    if (held.some((secret) => state.text.includes(secret)))
      yield say.warning(
        "store-readable",
        `${path} contains the token, and other users of this computer can read it`,
        run("chmod", "600", path),
        ...(file === dotenv ? [npx("check"), note("# also says whether git tracks it")] : []),
      );
  }
}

export function* setupFindings(v: Scene): Found {
  yield* brokenFiles(v);
  yield* takenEntry(v);
  // it is why something is missing, if anything is: that is what stops a session
  for (const { file, broken } of v.state.settings)
    if (broken !== undefined)
      yield say.failed(
        "settings-broken",
        `${file.shown}${broken.at}: Claude Code ignores the whole file: ${broken.reason}`,
        file.state.kind === "unreadable"
          ? run("ls", "-ld", file.shown)
          : note(`fix ${file.shown}: it must be JSON without comments or trailing commas`),
      );
  yield* otherEntries(v);
  yield* openFiles(v);
}
