/** What is wrong with files and entries, in words. */
import { shown } from "../check/show.ts";
import { isObject } from "../clients/claude-code.ts";
import { toSh } from "../command-line.ts";
import { equalJson, parseDocument } from "../formats/json.ts";
import {
  APPROVE,
  fileWord,
  foreignLines,
  NEVER_APPROVE,
  rejectLines,
  repairCommand,
  replaceCommand,
} from "./advice.ts";
import type { Choice, Contender, Place } from "./entries.ts";
import type { NamedFile, SetupInput } from "./input.ts";
import type { AllSettings, Settings } from "./layers.ts";
import { placeWords } from "./loads.ts";
import type { Remark } from "./model.ts";

/** What the remarks about the set-up are made from. */
export interface Scene {
  readonly input: SetupInput;
  readonly settings: AllSettings;
  /** The store is no JSON. */
  readonly storeBroken: boolean;
  readonly places: readonly Place[];
  readonly contenders: readonly Contender[];
  readonly choice: Choice;
  readonly name: string;
  readonly secrets: readonly string[];
  /** What a session sends to; undefined without a winner. */
  readonly url:
    | {
        readonly text: string;
        readonly missing: readonly string[];
        readonly foreign: boolean;
        /** The token is in what a session sends there. */
        readonly carries: boolean;
      }
    | undefined;
  /** A value that a session needs is set nowhere. */
  readonly lacks: boolean;
  /** An entry that may be approved and filled. */
  readonly isFit: (contender: Contender) => boolean;
}

const CHECK = "npx create-halo-mcp check";

/** `:line:column` of the first thing that makes it no JSON. */
function whereBroken({ state }: NamedFile): string {
  if (state.kind !== "file") return "";
  const parsed = parseDocument(state.text, { strict: true });
  return parsed.ok ? "" : placeWords(state.text, parsed.refused.offset);
}

function brokenFiles({ input, places, choice, storeBroken, lacks }: Scene): readonly Remark[] {
  // what is lost with a file matters only where nothing else is taken
  const severity = choice.winner === undefined ? "failed" : "warning";
  const remarks: Remark[] = [];
  if (input.store.state.kind === "unreadable")
    remarks.push({
      cause: "file-broken",
      severity,
      seen: `${input.store.shown} could not be read, so what it holds is not known: ${input.store.state.reason}`,
      tryThis: [`ls -ld ${fileWord(input.store.shown)}`],
    });
  for (const { shown: file, state } of [input.dotenv, input.envrc])
    if (state.kind === "unreadable")
      remarks.push({
        cause: "file-broken",
        // a folder .env may be somebody's Python, and nobody misses its values
        severity: lacks ? "warning" : "note",
        seen: `${file} could not be read, so what it holds is not known: ${state.reason}`,
        tryThis: [`ls -ld ${fileWord(file)}`],
      });
  if (storeBroken)
    remarks.push({
      cause: "file-broken",
      severity: "failed",
      seen: `${input.store.shown}${whereBroken(input.store)} is no JSON, and every command of Claude Code refuses to run with it`,
      tryThis: ["mend it by hand, or take the newest copy from ~/.claude/backups"],
    });
  for (const { shown: file, unreadable } of input.mcp)
    if (unreadable !== undefined)
      remarks.push({
        cause: "file-broken",
        severity,
        seen: `${file} cannot be read: ${unreadable}`,
        tryThis: [`ls -ld ${fileWord(file)}`],
      });
  for (const { file, scope, loaded } of places)
    if (scope === "project" && loaded.broken !== undefined)
      remarks.push({
        cause: "file-broken",
        severity,
        seen: `${file}${loaded.at ?? ""}: ${loaded.broken}`,
        tryThis: loaded.fixable
          ? [`${CHECK} --fix`]
          : [`mend ${file} by hand; or, if git has a good one:`, toSh(["git", "checkout", "--", file])],
      });
  return remarks;
}

/** A session stops at "Settings Error" before it connects, and goes on without the file. */
function brokenSettings({ settings }: Scene): readonly Remark[] {
  const all = [settings.user, settings.project, settings.local, settings.rootLocal];
  return all
    .filter((each): each is Settings => each?.broken !== undefined)
    .map(({ file, broken, at }) => ({
      cause: "settings-broken",
      severity: "failed",
      seen: `${file.shown}${at ?? ""} is skipped as a whole by Claude Code: ${broken}`,
      tryThis:
        file.state.kind === "unreadable"
          ? [`ls -ld ${fileWord(file.shown)}`]
          : [`mend ${file.shown}: it must be JSON without comments or trailing commas`],
    }));
}

function missingEntry({ input, contenders, choice, name, secrets }: Scene): readonly Remark[] {
  const { winner } = choice;
  const said = shown({ secrets }, name, 64);
  if (winner !== undefined) {
    if (winner.isHalo || input.url !== undefined) return [];
    const seen = `"${said}" in ${winner.file} is another server, not HALO's`;
    return [{ cause: "no-entry", severity: "failed", seen, tryThis: ["npx create-halo-mcp --name halo-cm"] }];
  }
  const lost = contenders.find((each) => each.entry.name === name && each.lost !== undefined);
  if (lost?.lost !== undefined) {
    if (lost.lost.whole) return [];
    const repair =
      lost.entry.scope === "project"
        ? [`${CHECK} --fix`]
        : [toSh(["claude", "mcp", "remove", "--scope", lost.entry.scope, said])];
    return [
      {
        cause: "entry-skipped",
        severity: "failed",
        seen: `${lost.file}${lost.lost.at}: ${lost.lost.why}`,
        tryThis: [...repair, repairCommand(input, lost)],
      },
    ];
  }
  const others = [
    ...new Set(contenders.filter(({ isHalo }) => isHalo).map(({ entry }) => shown({ secrets }, entry.name, 64))),
  ];
  return [
    {
      cause: "no-entry",
      severity: "failed",
      seen: `no entry "${said}" in a .mcp.json of this folder or above it, nor in ${input.store.shown}`,
      tryThis: [
        ...others.flatMap((other) => [
          toSh(["npx", "create-halo-mcp", "doctor", "--name", other]),
          "# there is an entry of that name",
        ]),
        repairCommand(input, undefined),
      ],
    },
  ];
}

/** A session sends the token to an address that nobody meant. */
function leaks({ choice, url, storeBroken }: Scene): boolean {
  const state = choice.approval?.state;
  return url?.foreign === true && url.carries && !storeBroken && (state === "approved" || state === "not-needed");
}

/** The entry that wins can never connect, whatever the values; or must not. */
function unfitEntry(scene: Scene): readonly Remark[] {
  const { input, choice, url, secrets } = scene;
  const { winner } = choice;
  if (winner === undefined || url === undefined) return [];
  const { entry, file, stuck } = winner;
  // another server of the name is nobody's business, unless it gets the token
  if (!winner.isHalo && input.url === undefined && !(url.foreign && url.carries)) return [];
  const again = [repairCommand(input, winner)];
  const failed = (cause: Remark["cause"], seen: string, tryThis: readonly string[] = again): Remark => ({
    cause,
    severity: "failed",
    seen: `${file}: ${seen}`,
    tryThis,
  });
  if (entry.runs)
    return [
      failed(
        "entry-runs",
        "the entry runs a program of its own (headersHelper or command), so what it sends cannot be told",
        [
          "npx create-halo-mcp --name halo-cm",
          "# sets HALO up beside it; or in its place:",
          ...(entry.scope === "project"
            ? [`take the entry out of ${file}, then`]
            : [toSh(["claude", "mcp", "remove", "--scope", entry.scope, shown({ secrets }, entry.name, 64)])]),
          ...again,
        ],
      ),
    ];
  const problem = url.missing.length > 0 ? undefined : input.endpointProblem(url.text);
  const isLeak = leaks(scene);
  const reject = isLeak
    ? [...rejectLines(input, entry, choice.approval), "# and make a new token if you have started Claude Code here"]
    : [];
  if (url.foreign && url.missing.length === 0 && problem === undefined)
    return [
      failed(
        "endpoint-foreign",
        isLeak
          ? `its URL is not HALO's endpoint. Claude Code itself sends your token there: reject it`
          : "its URL is not HALO's endpoint; nothing was sent there",
        foreignLines(url.text, input, winner, secrets, shown({ secrets }, url.text, 120), reject),
      ),
    ];
  const type = isObject(entry.raw) ? entry.raw.type : undefined;
  if (type !== "http" && type !== "streamable-http")
    return [
      failed(
        "wrong-type",
        `its "type" is ${shown({ secrets }, JSON.stringify(type ?? "stdio"), 40)}, and HALO speaks "http"`,
      ),
    ];
  if (url.missing.length > 0) return [failed("bad-url", `nothing sets ${url.missing.join(", ")}, which its URL takes`)];
  if (problem !== undefined)
    return [
      failed("bad-url", isLeak ? `${problem}. Claude Code itself sends your token there: reject it` : problem, [
        ...reject,
        replaceCommand(input, winner),
      ]),
    ];
  return stuck === undefined
    ? []
    : [{ cause: "bad-value", severity: "failed", seen: `${file}: ${stuck}`, tryThis: again }];
}

/** Other entries of the name: the reader may look at a file that is not the one that counts. */
function shadows({ contenders, choice, name, secrets, isFit }: Scene): readonly Remark[] {
  const { winner, waiting } = choice;
  if (winner === undefined) return [];
  const said = shown({ secrets }, name, 64);
  const others = contenders.filter((each) => each !== winner && each.entry.name === name && each.lost === undefined);
  return others.map((other): Remark => {
    const { entry, file } = other;
    const front = `the ${winner.entry.scope} entry in ${winner.file}`;
    if (waiting?.entry === entry)
      return {
        cause: "not-approved",
        severity: "warning",
        seen: `"${said}" in ${file} waits for an approval; until then ${front} is taken`,
        tryThis: isFit(waiting) ? APPROVE : NEVER_APPROVE,
      };
    const isSame = equalJson(entry.raw, winner.entry.raw);
    const remove =
      winner.entry.scope === "project" || !isFit(other)
        ? []
        : [toSh(["claude", "mcp", "remove", "--scope", winner.entry.scope, said]), "# and the other one is taken"];
    return {
      cause: "shadowed",
      severity: isSame || entry.scope === "user" ? "note" : "warning",
      seen: `"${said}" stands in ${file} too (${entry.scope} scope); ${front} is the one that is taken`,
      tryThis: remove,
    };
  });
}

/** Claude Code keeps the mode that its store has: one that was 0644 once stays so. */
function readable({ input, secrets }: Scene): readonly Remark[] {
  if (!input.hasModes) return [];
  const isOpen = ({ state }: NamedFile): boolean =>
    state.kind === "file" &&
    (state.mode & 0o077) !== 0 &&
    // its beginning says enough: a long one of a single character would be looked for at every place, all of it
    secrets.some((secret) => state.text.includes(JSON.stringify(secret.slice(0, 64)).slice(1, -1)));
  const { store, userSettings, localSettings, rootLocalSettings, dotenv } = input;
  const files = [store, userSettings, localSettings, ...(rootLocalSettings ? [rootLocalSettings] : []), dotenv];
  return files.filter(isOpen).map(({ shown: file }) => ({
    cause: "store-readable",
    severity: "warning",
    seen: `${file} holds the token, and other users of this machine can read it`,
    tryThis: [
      `chmod 600 ${fileWord(file)}`,
      ...(file === dotenv.shown ? ["npx create-halo-mcp check", "# says whether git has it too"] : []),
    ],
  }));
}

/** Everything about files and entries, the cause first. */
export function remarksOnSetup(scene: Scene): readonly Remark[] {
  return [
    ...brokenFiles(scene),
    ...missingEntry(scene),
    ...unfitEntry(scene),
    ...brokenSettings(scene),
    ...shadows(scene),
    ...readable(scene),
  ].toSorted((a, b) => Number(a.severity !== "failed") - Number(b.severity !== "failed"));
}
