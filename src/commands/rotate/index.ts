/** `rotate`: a new token in every place of this machine that has the old one: proven, shown, written, proven again. */
import type { Context } from "../../context.ts";
import { isOld } from "../../core/clients/claude-project.ts";
import { toSh } from "../../core/command-line.ts";
import { TITLE } from "../../core/diagnosis/record.ts";
import { cleanValue, isOurs, LABELS } from "../../core/halo.ts";
import { editFiles } from "../../core/plan/install.ts";
import type { Plan, Step } from "../../core/plan/model.ts";
import { planPlugins, rotationEdits, type TokenPlace } from "../../core/plan/rotate.ts";
import { variablesOf } from "../../core/plan/target.ts";
import { maskOf } from "../../core/secrets.ts";
import { Cancelled, HaloError, Refusal, UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { isInside } from "../../io/read.ts";
import { carry } from "../init/carry.ts";
import { proveAll } from "../init/client-proof.ts";
import { tokenSteps } from "../init/keychain.ts";
import { placeOf, stepsOf } from "../init/plan.ts";
import { type InitOptions, openDialog, type Page, readOptions, type Survey, type Values } from "../init/survey.ts";
import { agreeOnUrl, type Proof, showDiagnosis, testFailed, testValues } from "../init/test.ts";
import { askFor, isGiven, missingInput, usable, valueSources } from "../init/values.ts";
import { labelOf } from "../shared/carry-out.ts";
import { assertPrivate } from "../shared/privacy.ts";
import { end, findLeaks, warn } from "./end.ts";
import { type Folder, findIn, type Look, look, othersOf, pluginsOf, surveyFolder } from "./places.ts";

type Ids = Omit<Values, "token">;

/** Exit code: 0 replaced, or it was everywhere already; 1 refused, or it does not work. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const options = readOptions(context, raw);
  const dialog = await openDialog(context, options);
  const { show } = dialog;
  show.title(`create-halo-mcp ${context.version}: replace the product token of HALO`);
  const main = await surveyFolder(context, options);
  const others = await othersOf(context, main, raw.values.also);
  const folderOf = async (here: Survey, name: string | undefined, own: InitOptions): Promise<Folder> => {
    const { target, choice, isHelped } = findIn(here, options, name);
    // without values in Claude Code's settings it gets them from its environment, as from .env
    const isBridged = here.state.settings.some(
      ({ from, env }) => from === "bridge" && variablesOf(target.slots).some((each) => Object.hasOwn(env, each.env)),
    );
    const isNone = !isBridged && choice.scopes.includes("project") && own.bridge === "claude-settings";
    const bridge = isNone ? "none" : own.bridge;
    const start = { ...dialog, options: { ...own, choice, bridge }, here, target, url: target.url };
    const page: Page = { ...start, url: await agreeOnUrl(start) };
    return { page, known: usable(await valueSources(page), page), isHelped };
  };
  const folders = [await folderOf(main, options.name, options)];
  let isComplete = true;
  /** A folder that cannot be read or tested does not stop the others. `isLacking`: nor is it a failure if it has no values. */
  const tried = async (before: string, go: () => Promise<void>, isLacking = false): Promise<void> => {
    try {
      await go();
    } catch (error) {
      if (!(error instanceof HaloError) || error instanceof Cancelled) throw error;
      if (!isLacking || error.code !== "placeholder-sent") isComplete = false;
      show.warn(`${before}: ${error.message}`, [error.hint ?? ""]);
    }
  };
  for (const cwd of others)
    await tried(`Left out, ${cwd}`, async () => {
      // standard input is read once
      const own = { ...options, cwd, valuesFile: undefined, tokenStdin: false, tokenFile: undefined };
      folders.push(await folderOf(await surveyFolder(context, own), folders[0]?.page.target.name, own));
    });
  const [first] = folders as [Folder];
  const ids = idsOf(first);
  const found = await look(folders, ids.account);
  for (const { token } of [...found.places, ...found.elsewhere]) context.secrets.add(token);
  warn(folders, found);
  if (found.places.length + found.plugins.length + found.old.length === 0) {
    const why = `no file of yours has a token for "${first.page.target.name}" here`;
    throw new Refusal(why, { hint: "npx create-halo-mcp" }, "no-token");
  }
  const { token, tested } = await provenToken(first, ids, found.places);
  const old = found.old.filter((each) => each !== token);
  const make = async (): Promise<Plan> => planFor(folders, await look(folders, ids.account), old, token);
  const decided = { values: { token, ...ids }, choice: first.page.options.choice };
  const carried = await carry(first.page, decided, make, { message: "Replace the token in these places?" });
  const proofs: Proof[] = [];
  // an exported old token is gone from the next shell: it is not what is tested
  const exported = Object.entries(context.env).map(([name, text = ""]) => [name, old.includes(text) ? token : text]);
  const after: Context = Object.create(context, { env: { value: Object.fromEntries(exported) } });
  for (const { page: before, known } of options.dryRun ? [] : folders) {
    const {
      here,
      options: { choice },
    } = before;
    if (choice.clients.length === 0) continue;
    const page: Page = { ...before, context: after };
    const isFirst = before === first.page;
    if (!isFirst) show.info(`In ${here.root}:`);
    const [account, profile] = [known.account?.value ?? ids.account, known.profile?.value ?? ids.profile];
    const prove = async () => {
      const proof = await proveAll(page, { values: { token, account, profile }, choice });
      if (proof !== undefined) proofs.push(proof);
    };
    await tried("Not tested", prove, !isFirst);
  }
  const leaks = raw.switches.has("compromised") ? await findLeaks(folders, old, token) : undefined;
  return end(folders, decided, { ...carried, old, tested, proofs, leaks, isComplete });
}

/** Throws Refusal for a file that git would take, or that cannot be edited. */
async function planFor(
  folders: readonly Folder[],
  { places, snapshot, plugins }: Look,
  old: readonly string[],
  token: string,
): Promise<Plan> {
  const steps = stepsOf(editFiles(snapshot, rotationEdits(places, token)));
  const [{ page }] = folders as [Folder];
  const { here: main, target } = page;
  for (const { path, before, after } of steps) {
    const { here } = folders.map((folder) => folder.page).find((each) => isInside(path, each.here.root)) ?? page;
    if (before !== after) await assertPrivate(here, { ...placeOf({ ...here, snapshot }, path), ignored: "own" });
  }
  const { claude } = main;
  const program = claude === undefined || isOld(claude.version) ? undefined : claude.path;
  // a run that was killed finds what is left by the token of the server itself: that is replaced last
  const inKeychain = (isMeant: (name: string) => boolean): readonly Step[] =>
    [...main.keychains].flatMap(([name, { save }]) =>
      save !== undefined && isMeant(name) ? tokenSteps({ ...page, target: { ...target, name } }, token) : [],
    );
  const others = inKeychain((name) => name !== target.name && old.includes(main.tokens.get(name) ?? ""));
  const own = inKeychain((name) => name === target.name);
  return { steps: [...others, ...planPlugins(plugins, token, program), ...steps, ...own] };
}

/** The IDs with which the token is tested. Throws UsageError if one is not known. */
function idsOf({ known, page: { here, target } }: Folder): Ids {
  const plugin = pluginsOf(here, target.name).find(({ ids }) => ids.account && ids.profile)?.ids;
  const of = (which: "account" | "profile"): string => {
    const value = known[which]?.value ?? plugin?.[which];
    if (value !== undefined) return value;
    const hint = `set HALO_${which.toUpperCase()}_ID, or set HALO up here: npx create-halo-mcp`;
    throw new UsageError(`the ${LABELS[which]} is not known here`, { hint }, "missing-input");
  };
  return { account: of("account"), profile: of("profile") };
}

/** The new token, tested. In a terminal it can be entered again. */
async function provenToken({ page, known }: Folder, ids: Ids, places: readonly TokenPlace[]) {
  const { options, show, ask } = page;
  const refused = new Set<string>();
  for (let first = true; ; first = false) {
    const given = first && known.token && isGiven(known.token.kind) ? known.token.value : undefined;
    const token = await newToken(page, ids, places, given, refused);
    const tested = await testValues({ ...page, options: { ...options, skipTest: false } }, { token, ...ids });
    if (tested === undefined || tested.ok) return { token, tested };
    if (ask === undefined || options.yes) throw testFailed(tested, "the old token is still in place");
    showDiagnosis(show, tested, TITLE);
    if (tested.cause === "unauthorized") refused.add(token);
    if (!(await ask.confirm({ message: "Enter another token?", initial: true })))
      throw new Cancelled("Stopped. Nothing was changed.");
  }
}

/**
 * Where the new token comes from. An exported one may be the old one, since shells and direnv export that: it counts if no
 * place has it; without a terminal also if the place that is written first has it, which a killed run leaves.
 */
async function newToken(
  page: Page,
  ids: Ids,
  places: readonly TokenPlace[],
  given: string | undefined,
  refused: ReadonlySet<string>,
): Promise<string> {
  const { ask, options, context, here, target } = page;
  // those before it have a token that only counts beside this one
  const first = places.find(({ isNamed }) => isNamed);
  const isHalf = places.some((place) => place.token !== first?.token);
  const slot = target.slots.token;
  const variable = "env" in slot && isOurs(slot.env) ? slot.env : "HALO_MCP_TOKEN";
  const exported = cleanValue("token", context.env[variable] ?? "");
  const isStored = exported.ok && places.some((place) => place.token === exported.value);
  const isDirect = ask === undefined ? !isStored || exported.value === first?.token : options.yes && !isStored;
  const direct = given ?? (exported.ok && isDirect ? exported.value : undefined);
  const isAgreed = ask !== undefined || options.yes || options.dryRun;
  if (direct !== undefined && isAgreed) return direct;
  if (ask !== undefined) {
    const half = isHalf && first && ([first.token, `${labelOf(first.path, here.root)}, to finish with it`] as const);
    const fresh = exported.ok && !isStored && ([exported.value, `${variable} in the environment`] as const);
    const [offered, from = ""] = fresh || half || [];
    const choices = [
      { value: "found", label: `${maskOf(offered ?? "")} from ${from}` },
      { value: "other", label: "Another one" },
    ] as const;
    if (offered !== undefined && !refused.has(offered))
      if ((await ask.select<"found" | "other">({ message: "Product token", choices })) === "found") return offered;
    for (;;) {
      const pasted = await askFor(ask, page, "token", ids, refused, "Paste the new product token");
      if (pasted.token !== undefined) return pasted.token;
    }
  }
  const said = Object.entries({ "token-file": "new-token.txt", ...options.said });
  const words = said.flatMap(([name, text]) => [`--${name}`, text]);
  const again = toSh(["npx", "create-halo-mcp", "rotate", "--yes", ...words]);
  throw await missingInput(page, direct === undefined ? ["token"] : [], again);
}
