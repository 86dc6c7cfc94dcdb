/** `remove`: takes out what the wizard wrote: the entries, the values, the approval. Ignore rules stay. */
import type { Context } from "../../context.ts";
import { claudeCode } from "../../core/clients/claude-code.ts";
import { referring } from "../../core/clients/entry.ts";
import { CLIENT_IDS } from "../../core/clients/ids.ts";
import { toSh } from "../../core/command-line.ts";
import { DEFAULT_NAME, HALO_URL, VALUES, variablesFor } from "../../core/halo.ts";
import type { FoundServer } from "../../core/plan/clients.ts";
import type { Target } from "../../core/plan/target.ts";
import { UsageError } from "../../errors.ts";
import type { RawOptions } from "../../flags.ts";
import { createAsk } from "../../ui/ask.ts";
import { createShow } from "../../ui/show.ts";
import { remove } from "../init/carry.ts";
import { canAsk, type Page, readOptions, survey } from "../init/survey.ts";
import { type Choice, choiceOf, chosenFiles } from "../shared/client-files.ts";

/** Exit code: 0 removed, or nothing was there. */
export async function run(context: Context, raw: RawOptions): Promise<number> {
  const options = readOptions(context, raw);
  const ask = (await canAsk(context, options)) ? await createAsk(context, "") : undefined;
  const show = createShow(context, { quiet: options.json || options.quiet, guide: ask !== undefined });
  const here = await survey(context, options);
  const name = options.name ?? DEFAULT_NAME;
  const wished = options.said.client === undefined ? choiceOf(CLIENT_IDS, options.wished) : here.choice;
  // another program's server may have this name
  const ours = (found: readonly FoundServer[]) =>
    found.filter(({ entry, isHalo }) => entry.name === name && isHalo !== false).map(({ entry }) => entry);
  const scopes = wished.scopes.filter((scope) => ours(here.entries[scope]).length > 0);
  const files = chosenFiles(here, wished).filter(({ found }) => ours(found).length > 0);
  const places = files.map(({ client, scope }) => ({ id: client.id, scope }));
  const ids = new Set([...places.map(({ id }) => id), ...(scopes.length > 0 ? [claudeCode.id] : [])]);
  const choice: Choice = { clients: CLIENT_IDS.filter((id) => ids.has(id)), scopes, places };
  const entries = files.flatMap(({ found }) => ours(found));
  const [entry] = entries;
  // the entry of a user can have the values themselves: the variables are in that of another client
  const referred = VALUES.flatMap((value) => {
    const slot = entries.map(({ values }) => values[value]).find((each) => each !== undefined && "env" in each);
    return slot === undefined ? [] : [[value, slot] as const];
  });
  const slots = { ...referring(variablesFor(name)), ...Object.fromEntries(referred) };
  const where = { file: ".mcp.json", client: claudeCode };
  const target: Target = { mode: "join", name, url: entry?.url ?? HALO_URL, slots, where, entry };
  const decides = options.yes ? undefined : ask;
  const page: Page = { context, options: { ...options, choice }, show, here, target, url: target.url, ask, decides };
  if (ids.size === 0) {
    show.result(`There is no server "${name}" of HALO to remove here.`);
    if (here.clients.some(({ scope, found }) => scope === "user" && ours(found).length > 0))
      show.info("You have one for yourself, everywhere:", ["npx create-halo-mcp remove --scope user"]);
    return 0;
  }
  const said = Object.entries(options.said).flatMap(([option, value]) => [`--${option}`, value]);
  if (ask === undefined && !options.yes && !options.dryRun)
    throw new UsageError(
      "there is no terminal to ask in",
      { hint: toSh(["npx", "create-halo-mcp", "remove", "--yes", ...said]) },
      "missing-input",
    );
  return await remove(page, { values: { token: "", account: "", profile: "" }, choice });
}
