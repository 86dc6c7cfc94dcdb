/** Files and environment → the view of a set-up: which entry a session takes, what it sends, what is wrong. Pure. */
import { expandEntry, isObject, type Sent } from "../clients/claude-code.ts";
import type { Json } from "../formats/json.ts";
import { jsonOf } from "../formats/json.ts";
import { type Value, variablesFor } from "../halo.ts";
import { fromElsewhere, repairCommand } from "./advice.ts";
import { approvalOf, isSwitchedOff, trustOf } from "./approval.ts";
import { type Contender, chooseEntry, chooseName, contendersOf, type Place, placesOf, viewEntries } from "./entries.ts";
import type { SetupInput } from "./input.ts";
import { type AllSettings, type Env, type Layer, layerOf, layersOf, listLayers, merged, settingsOf } from "./layers.ts";
import { linesOf } from "./lines-of.ts";
import type { Dialog, LinkResult, Remark, SetupLink, SetupView, Verdict } from "./model.ts";
import { type ClientFacts, remarksOnClient } from "./remarks-client.ts";
import { remarksOnNetwork } from "./remarks-network.ts";
import { remarksOnSecrets } from "./remarks-secrets.ts";
import { remarksOnSetup } from "./remarks-setup.ts";
import { tokenSource } from "./remarks-test.ts";
import { remarksOnValues } from "./remarks-values.ts";
import { isFit, isForeign, type ToSend, whatToSend } from "./sent.ts";
import { secretsIn, viewBridge, viewNetwork, viewValues } from "./values.ts";

export interface Setup {
  readonly view: SetupView;
  /** What a session sends through the entry that wins. Holds secrets, as the next two do. */
  readonly session: Sent | undefined;
  /** The environment of a session. */
  readonly env: Env;
  readonly toSend: ToSend;
  /** Where the token of `toSend` comes from, in words. */
  readonly tokenFrom: string | undefined;
  /** Every text that may be the token: to be masked wherever it turns up. */
  readonly secrets: readonly string[];
}

/** Servers of the `.mcp.json` files that a session asks about before it connects to anything. */
function hasNewServers(
  input: SetupInput,
  settings: AllSettings,
  store: Json | undefined,
  places: readonly Place[],
): boolean {
  return places.some(
    ({ scope, loaded }) =>
      scope === "project" &&
      loaded.broken === undefined &&
      loaded.entries.some(
        ({ name, skipped }) =>
          skipped === undefined &&
          approvalOf(input, settings, store, name).state === "pending" &&
          !isSwitchedOff(input, store, name),
      ),
  );
}

function isBroken({ store: { state } }: SetupInput, store: Json | undefined): boolean {
  return state.kind === "file" && state.text.trim() !== "" && !isObject(store);
}

function verdictOf(
  remarks: Readonly<Record<SetupLink, readonly Remark[]>>,
  winner: Contender | undefined,
  dialogs: readonly Dialog[],
): Verdict {
  // what the client does is one thing, what it should not do another: to a foreign URL it connects all the same; and a
  // file of settings that is skipped is why something is missing, if anything is
  const passes: readonly Remark["cause"][] = [
    "endpoint-foreign",
    "client-broken",
    "settings-broken",
    "repository-steers",
  ];
  const isReason = ({ severity, cause }: Remark): boolean => severity === "failed" && !passes.includes(cause);
  const reason = [...remarks.setup, ...remarks.client, ...remarks.values].find(isReason);
  if (winner !== undefined && reason === undefined)
    return { wouldConnect: true, dialogs, reason: `it sends the three values of ${winner.file}'s entry` };
  return {
    wouldConnect: false,
    dialogs,
    ...(reason === undefined ? {} : { cause: reason.cause }),
    reason: reason?.seen ?? "there is no entry",
  };
}

/** Works everything out that can be known without the network. */
export function viewSetup(input: SetupInput, client: ClientFacts): Setup {
  const store = jsonOf(input.store.state, true);
  const settings = settingsOf(input);
  const layers = layersOf(input.env, settings);
  const env = merged(layers, input.version);
  const every = placesOf(input, store, []).flatMap(({ loaded }) => loaded.entries);
  const all = every.flatMap(({ name, raw }) => contendersOf([placeFor(name, raw)], name).map(({ entry }) => entry));
  const secrets = secretsIn(input, layers, env, all);

  const places = placesOf(input, store, secrets);
  const name = chooseName(places, input.name);
  const contenders = contendersOf(places, name);
  const approval = approvalOf(input, settings, store, name);
  const choice = chooseEntry(input, store, contenders, name, approval);
  const { winner } = choice;
  const trust = trustOf(input, store);
  const entries = viewEntries(contenders, choice, approval, name, secrets);
  const session = winner === undefined ? undefined : expandEntry(winner.entry, env);
  const values = winner === undefined ? [] : viewValues(input, layers, env, winner.entry);
  const bridge = viewBridge(input, values);
  const network = viewNetwork(layers);
  const url =
    session === undefined || winner === undefined
      ? undefined
      : {
          text: session.url,
          missing: expandEntry({ url: winner.entry.url, headers: {} }, env).missing,
          foreign: isForeign(input, winner.entry, layers, session.url),
          carries: [session.url, ...Object.values(session.headers)].some((text) =>
            secrets.some((secret) => text.includes(secret)),
          ),
        };
  const storeBroken = isBroken(input, store);
  const shownName = entries.find(({ wins }) => wins)?.name ?? name;
  const lacks = winner === undefined || values.some(({ state }) => state === "unset");
  const mayFill = (contender: Contender): boolean => isFit(input, layers, env, contender);
  const scene = { input, settings, storeBroken, places, contenders, choice, name, secrets, url, lacks, isFit: mayFill };
  const repair = repairCommand(input, winner);
  const whole = {
    setup: remarksOnSetup(scene),
    values: [
      ...(winner === undefined ? [] : remarksOnValues(input, winner, values, bridge, trust)),
      ...remarksOnSecrets(contenders),
    ],
    client: [...remarksOnClient(client, shownName, choice, trust, true, repair), ...remarksOnNetwork(layers, network)],
  };
  const skipped = Object.values(settings).find((each) => each?.broken !== undefined)?.file.shown;
  const dialogs: Dialog[] = [];
  // with a file of settings that is skipped it says "skipping .mcp.json server approval" (measured 2026-11-22, both versions)
  if (skipped !== undefined) dialogs.push("settings-error");
  if (!trust.trusted) dialogs.push("trust");
  if (skipped === undefined && hasNewServers(input, settings, store, places)) dialogs.push("new-server");
  const verdict = verdictOf(whole, winner, dialogs);
  // nobody is told to fill or approve what is not HALO's: what the client does is worked out from all of it, all the same
  const remarks =
    winner === undefined || mayFill(winner)
      ? whole
      : {
          ...whole,
          values: remarksOnSecrets(contenders),
          client: [
            ...remarksOnClient(client, shownName, choice, trust, false, repair),
            ...remarksOnNetwork(layers, network),
          ],
        };
  const finished = (link: SetupLink): readonly Remark[] =>
    remarks[link]
      .map((each) => {
        if (verdict.wouldConnect) return mildly(each);
        return skipped === undefined || link === "setup" ? each : afterSkipped(each, skipped);
      })
      .map((each) => ({ ...each, tryThis: fromElsewhere(input, each.tryThis) }));
  const view: SetupView = {
    name,
    entries,
    winner: entries.find(({ wins }) => wins),
    values,
    approval: choice.approval,
    trust,
    bridge,
    missing: {
      session: session?.missing ?? [],
      list: winner === undefined ? [] : expandEntry(winner.entry, merged(listLayers(layers), input.version)).missing,
    },
    network,
    verdict,
    repair,
    remarks: { setup: finished("setup"), values: finished("values"), client: finished("client") },
  };
  const usable = winner?.isHalo === true || input.url !== undefined ? winner?.entry : undefined;
  const found = whatToSend(input, layers, env, name, usable);
  const from = (value: Value): string | undefined => placeOf(input, layers, view, found, value)?.place;
  const toSend = found.ok ? { ...found, from: { account: from("account"), profile: from("profile") } } : found;
  return { view, session, env, toSend, tokenFrom: tokenOf(input, layers, view, toSend), secrets };
}

/** The variable that a value of the test is, and where it stands, in words; undefined where nothing is sent. */
function placeOf(input: SetupInput, layers: readonly Layer[], view: SetupView, toSend: ToSend, value: Value) {
  if (!toSend.ok) return undefined;
  const own = toSend.as === "entry" ? view.values.find((each) => each.value === value) : undefined;
  const variable = own?.variable ?? variablesFor(view.name)[value];
  const isAdded = toSend.added.includes(variable);
  const held = own === undefined ? layerOf(layers, variable)?.place : own.place;
  const place = isAdded ? input.dotenv.shown : own?.from === "literal" ? view.winner?.file : held;
  return { variable, place, isAdded };
}

function tokenOf(input: SetupInput, layers: readonly Layer[], view: SetupView, toSend: ToSend): string | undefined {
  if (input.token !== undefined) return "the token of this command line";
  const found = placeOf(input, layers, view, toSend, "token");
  if (toSend.ok && toSend.as === "entry" && found?.isAdded === false) return tokenSource(view);
  return found?.place === undefined ? undefined : `${found.variable} of ${found.place}`;
}

/** A file of settings that is skipped, where nothing of it is missed. */
function mildly(remark: Remark): Remark {
  return remark.cause === "settings-broken" ? { ...remark, severity: "warning" } : remark;
}

/** What is missing may stand in the file that is skipped: nothing can be done about it before that is mended, the wizard refuses too. */
function afterSkipped(remark: Remark, skipped: string): Remark {
  const tryThis = [`# first mend ${skipped}: see set-up`];
  if (remark.cause === "not-approved" && remark.severity === "failed")
    return { ...remark, seen: `whether it is approved cannot be told: ${skipped} is skipped`, tryThis };
  return remark.cause === "no-bridge" || remark.cause === "missing-value" ? { ...remark, tryThis } : remark;
}

function placeFor(name: string, raw: Json): Place {
  return {
    scope: "project",
    file: "",
    loaded: { broken: undefined, fixable: false, entries: [{ name, raw, skipped: undefined, stuck: undefined }] },
  };
}

/** The entry that wins is not one to be filled. */
const NOT_OURS: readonly Remark["cause"][] = ["no-entry", "entry-runs", "endpoint-foreign"];

/** One link as it is reported: its first failing remark is its cause. `ms` is what it took to look. */
export function linkOf(
  view: SetupView,
  link: SetupLink,
  client: ClientFacts,
  ms: number,
  more: readonly Remark[],
): LinkResult {
  const remarks = [...view.remarks[link], ...more];
  const first =
    remarks.find(({ severity }) => severity === "failed") ?? remarks.find(({ severity }) => severity === "warning");
  const seen = [...linesOf(view, link, client), ...remarks.map((remark) => remark.seen)];
  if (link === "values" && view.winner === undefined) return { link, status: "skipped", ms, seen };
  if (link === "values" && remarks.length === 0 && view.remarks.setup.some(({ cause }) => NOT_OURS.includes(cause)))
    return { link, status: "skipped", ms, seen: ["not looked at: see set-up"] };
  // one cause a link; what else is to be done stays beside it, but for the small things of files
  const notes = remarks.filter(
    (remark) =>
      remark !== first &&
      remark.tryThis.length > 0 &&
      (remark.severity === "warning" || remark.cause === "not-trusted"),
  );
  const base = { link, ms, seen, ...(notes.length === 0 ? {} : { notes }) };
  if (first === undefined) return { ...base, status: "ok" };
  return {
    ...base,
    status: first.severity === "failed" ? "failed" : "warning",
    cause: first.cause,
    why: first.seen,
    tryThis: first.tryThis,
  };
}
