/** The table of findings: files and entries. */
import type { Advice } from "../advice.ts";
import { isFitToShow, shown } from "../check/show.ts";
import { isObject } from "../clients/claude-code.ts";
import { type NamedFile, placeWords, type Settings } from "../clients/claude-state.ts";
import { equalJson, parseDocument } from "../formats/json.ts";
import { HALO_URL } from "../halo.ts";
import { printable } from "../secrets.ts";
import { APPROVE, NEVER_APPROVE, nameWords, note, npx, repair, run } from "./advice.ts";
import type { Place, Server } from "./entries.ts";
import { firstOf, rowOf, type Scene } from "./finding.ts";

const list = (file: string): Advice => run("ls", "-ld", file);
const again = (server: Server, v: Scene): readonly Advice[] => [repair(v, server)];
const remove = (v: Scene, { scope }: Server): Advice => run("claude", "mcp", "remove", "--scope", scope, v.shownName);
const typeOf = ({ entry: { raw } }: Server): unknown => (isObject(raw) ? raw.type : undefined) ?? "stdio";

/** `:line:column` of the first thing that makes it no JSON. */
function whereBroken({ state }: NamedFile): string {
  if (state.kind !== "file") return "";
  const parsed = parseDocument(state.text, { strict: true });
  return parsed.ok ? "" : placeWords(state.text, parsed.refused.offset);
}

type Address = NonNullable<Scene["address"]>;
const isBad = ({ missing, permission }: Address): boolean =>
  missing.length === 0 && !permission.ok && permission.cause === "bad-url";

/** The entry that is taken, where it fits. Another server of the name is nobody's business, unless it gets the token. */
const takenIf =
  (fits: (winner: Server, address: Address) => boolean) =>
  ({ winner, address, input }: Scene): readonly Server[] =>
    winner !== undefined &&
    address !== undefined &&
    (winner.isHalo || input.url !== undefined || (address.foreign && address.carries)) &&
    fits(winner, address)
      ? [winner]
      : [];

/** Takes the consent to an entry back, whoever gave it, where a session already sends the token to a foreign address. */
function reject(v: Scene, { scope, entry }: Server): readonly Advice[] {
  if (!v.leaks) return [];
  const { store, localSettings } = v.input;
  const by = v.approval?.by;
  // it clears the lists of these two files (claude-code facts, section 3); a rejection wins over an approval elsewhere
  const clears = by?.key === "enabledMcpjsonServers" && [store.shown, localSettings.shown].includes(by.file);
  const ways: readonly Advice[] = clears
    ? [
        run("claude", "mcp", "reset-project-choices"),
        note("# then claude, and choose: Continue without using this MCP server"),
      ]
    : [note(`add "${printable(entry.name, 64)}" to "disabledMcpjsonServers" in ${localSettings.shown}`)];
  return [
    ...(scope === "project" ? ways : [run("claude", "mcp", "remove", "--scope", scope, v.shownName)]),
    note("# and create a new token if Claude Code has run in this folder"),
  ];
}

/** What to do about an address that is not HALO's: both, so that a slash or a capital is seen, then how to reject or mean it. */
function foreignAdvice(server: Server, v: Scene): readonly Advice[] {
  const url = v.address?.url ?? "";
  const isWhole = isFitToShow(v, url) && printable(url, 4096) === url;
  return [
    note(`# its URL:    ${shown(v, url, 120)}`),
    note(`# HALO's URL: ${HALO_URL}`),
    ...reject(v, server),
    repair(v, server, "--url", HALO_URL),
    note("# replaces it with HALO's URL"),
    ...(isWhole
      ? [npx("doctor", ...nameWords(server.entry.name), "--url", url), note("# only if you mean that URL")]
      : []),
  ];
}

/** Files that hold the token, which their group or everybody may read. */
function openFiles({ input, secrets }: Scene): readonly NamedFile[] {
  const { store, userSettings, localSettings, rootLocalSettings: root, dotenv, hasModes } = input;
  return [store, userSettings, localSettings, ...(root ? [root] : []), dotenv].filter(
    ({ state }) =>
      hasModes &&
      state.kind === "file" &&
      (state.mode & 0o077) !== 0 &&
      // its beginning says enough: a long one of a single character would be looked for at every place, all of it
      secrets.some((secret) => state.text.includes(JSON.stringify(secret.slice(0, 64)).slice(1, -1))),
  );
}

/** What is lost with a file matters only where nothing else is taken. */
const unlessTaken = (_: unknown, { winner }: Scene) => (winner === undefined ? "failed" : "warning");
const setup = rowOf("setup");

export const SETUP = [
  setup<{ readonly file: string; readonly reason: string; readonly isOwn: boolean }>({
    id: "file-broken",
    when: ({ input: { store, dotenv, envrc, mcp } }) => [
      ...[store, dotenv, envrc].flatMap(({ shown: file, state }) =>
        state.kind === "unreadable" ? [{ file, reason: state.reason, isOwn: file !== store.shown }] : [],
      ),
      ...mcp.flatMap(({ shown: file, unreadable: reason }) => (reason ? [{ file, reason, isOwn: false }] : [])),
    ],
    // a folder .env may be somebody's Python, and nobody misses its values
    severity: ({ isOwn }, v) =>
      !isOwn
        ? unlessTaken(undefined, v)
        : v.winner === undefined || v.values.some(({ state }) => state === "unset")
          ? "warning"
          : "note",
    sentence: ({ file, reason }) => `${file} cannot be read: ${reason}`,
    advice: ({ file }) => [list(file)],
  }),
  setup<NamedFile>({
    id: "file-broken",
    when: ({ state: { storeBroken }, input: { store } }) => (storeBroken ? [store] : []),
    sentence: (store) =>
      `${store.shown}${whereBroken(store)} is not valid JSON, so every command of Claude Code refuses to run`,
    advice: () => [note("fix it by hand, or restore the newest copy from ~/.claude/backups")],
  }),
  setup<Place>({
    id: "file-broken",
    when: ({ places }) => places.filter(({ scope, broken }) => scope === "project" && broken !== undefined),
    severity: unlessTaken,
    sentence: ({ file, broken }) => `${file}${broken?.at ?? ""}: ${broken?.why ?? ""}`,
    advice: ({ file, broken }) =>
      broken?.fixable === true
        ? [npx("check", "--fix")]
        : [note(`fix ${file} by hand, or restore it from git:`), run("git", "checkout", "--", file)],
  }),
  setup<Server>({
    id: "no-entry",
    when: ({ winner, input }) => (winner === undefined || winner.isHalo || input.url !== undefined ? [] : [winner]),
    sentence: ({ file }, v) => `"${v.shownName}" in ${file} is another server, not HALO`,
    advice: () => [npx("--name", "halo-cm")],
  }),
  setup<Server>({
    id: "entry-skipped",
    when: ({ winner, contenders, places, name }) =>
      contenders
        .filter(({ entry, lost }) => winner === undefined && entry.name === name && lost !== undefined)
        .slice(0, 1)
        .filter(({ file, lost }) => !places.some((place) => place.file === file && place.broken === lost)),
    sentence: ({ file, lost }) => `${file}${lost?.at ?? ""}: ${lost?.why ?? ""}`,
    advice: (lost, v) => [lost.scope === "project" ? npx("check", "--fix") : remove(v, lost), repair(v, lost)],
  }),
  setup<readonly string[]>({
    id: "no-entry",
    when: ({ winner, contenders, name, secrets }) => {
      if (winner !== undefined || contenders.some(({ entry }) => entry.name === name)) return [];
      return [[...new Set(contenders.map(({ entry }) => shown({ secrets }, entry.name, 64)))]];
    },
    // with --url an address is tested that need not be set up
    severity: (_, { input }) => (input.url === undefined ? "failed" : "note"),
    blocks: true,
    sentence: (_, v) =>
      `no entry "${v.shownName}" in a .mcp.json of this folder or a folder above, nor in ${v.input.store.shown}`,
    advice: (others, v) => [
      ...others.flatMap((other) => [npx("doctor", "--name", other), note("# an entry with this name exists")]),
      repair(v, undefined),
    ],
  }),
  // why the entry that is taken can never connect, whatever the values, or must not: the first that fits
  firstOf(
    setup<Server>({
      id: "entry-runs",
      when: takenIf(({ entry }) => entry.runs),
      sentence: ({ file }) =>
        `${file}: the entry starts a program (headersHelper or command), so what it sends is unknown`,
      advice: (server, v) => [
        npx("--name", "halo-cm"),
        note("# adds HALO under another name; or, to replace the entry:"),
        server.scope === "project" ? note(`remove the entry from ${server.file}, then`) : remove(v, server),
        repair(v, server),
      ],
    }),
    setup<Server>({
      id: "endpoint-foreign",
      when: takenIf((_, address) => address.foreign && address.missing.length === 0 && !isBad(address)),
      blocks: false,
      sentence: ({ file }, { leaks }) =>
        leaks
          ? `${file}: the URL is not HALO's, and Claude Code sends your token there: reject the entry`
          : `${file}: the URL is not HALO's, so nothing was sent there`,
      advice: foreignAdvice,
    }),
    setup<Server>({
      id: "wrong-type",
      when: takenIf((server) => typeOf(server) !== "http" && typeOf(server) !== "streamable-http"),
      sentence: (server, v) =>
        `${server.file}: "type" is ${shown(v, JSON.stringify(typeOf(server)), 40)}, but HALO needs "http"`,
      advice: again,
    }),
    setup<Server>({
      id: "bad-url",
      when: takenIf((_, { missing }) => missing.length > 0),
      sentence: ({ file }, v) => `${file}: the URL uses ${v.address?.missing.join(", ") ?? ""}, which is not set`,
      advice: again,
    }),
    setup<Server>({
      id: "bad-url",
      when: takenIf((_, address) => isBad(address)),
      sentence: ({ file }, { address, leaks }) => {
        const problem = address === undefined || address.permission.ok ? "" : address.permission.problem;
        return `${file}: ${problem}${leaks ? ". Claude Code sends your token there: reject the entry" : ""}`;
      },
      advice: (server, v) => [...reject(v, server), repair(v, server, "--url", HALO_URL)],
    }),
    setup<Server>({
      id: "bad-value",
      when: takenIf(({ stuck }) => stuck !== undefined),
      sentence: ({ file, stuck }) => `${file}: ${stuck ?? ""}`,
      advice: again,
    }),
  ),
  setup<Settings>({
    id: "settings-broken",
    when: ({ state }) => state.settings.filter(({ broken }) => broken !== undefined),
    // it is why something is missing, if anything is: that is what stops a session
    blocks: false,
    sentence: ({ file, broken }) =>
      `${file.shown}${broken?.at ?? ""}: Claude Code ignores the whole file: ${broken?.reason ?? ""}`,
    advice: ({ file: { shown, state } }) =>
      state.kind === "unreadable"
        ? [list(shown)]
        : [note(`fix ${shown}: it must be JSON without comments or trailing commas`)],
  }),
  setup<Server>({
    id: "not-approved",
    when: ({ waiting }) => (waiting === undefined ? [] : [waiting]),
    severity: "warning",
    sentence: ({ file }, { shownName, winner }) =>
      `"${shownName}" in ${file} is not approved yet; until then Claude Code uses the ${winner?.scope ?? ""} entry in ${winner?.file ?? ""}`,
    advice: (server, v) => (v.isFit(server) ? APPROVE : NEVER_APPROVE),
  }),
  // the reader may look at a file that is not the one that counts
  setup<{ readonly other: Server; readonly winner: Server }>({
    id: "shadowed",
    when: ({ winner, waiting, contenders, name }) =>
      contenders
        .filter((each) => each !== winner && each !== waiting && each.entry.name === name && each.lost === undefined)
        .flatMap((other) => (winner === undefined ? [] : [{ other, winner }])),
    severity: ({ other, winner }) =>
      equalJson(other.entry.raw, winner.entry.raw) || other.scope === "user" ? "note" : "warning",
    sentence: ({ other, winner }, v) =>
      `"${v.shownName}" is also in ${other.file} (${other.scope} scope); Claude Code uses the ${winner.scope} entry in ${winner.file}`,
    advice: ({ other, winner }, v) =>
      winner.scope === "project" || !v.isFit(other)
        ? []
        : [remove(v, winner), note("# then Claude Code uses the other entry")],
  }),
  // Claude Code keeps the mode that its store has: one that was 0644 once stays so
  setup<NamedFile>({
    id: "store-readable",
    when: openFiles,
    severity: "warning",
    sentence: ({ shown: file }) => `${file} contains the token, and other users of this computer can read it`,
    advice: (file, { input }) => [
      run("chmod", "600", file.shown),
      ...(file === input.dotenv ? [npx("check"), note("# also says whether git tracks it")] : []),
    ],
  }),
];
