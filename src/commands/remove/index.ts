/** `remove`: takes out what the wizard wrote: the entries, the values, the approval. Ignore rules stay. */
import type { Context } from "../../context.ts";
import { claudeCode } from "../../core/clients/claude-code.ts";
import { referring } from "../../core/clients/entry.ts";
import { CLIENT_IDS } from "../../core/clients/ids.ts";
import { DEFAULT_NAME, HALO_URL, variablesFor } from "../../core/halo.ts";
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
  const scopes = wished.scopes.filter((scope) => here.entries[scope].some(({ entry }) => entry.name === name));
  const files = chosenFiles(here, wished).filter(({ found }) => found.some(({ entry }) => entry.name === name));
  const places = files.map(({ client, scope }) => ({ id: client.id, scope }));
  const ids = new Set([...places.map(({ id }) => id), ...(scopes.length > 0 ? [claudeCode.id] : [])]);
  const choice: Choice = { clients: CLIENT_IDS.filter((id) => ids.has(id)), scopes, places };
  const entry = files.flatMap(({ found }) => found).find((each) => each.entry.name === name)?.entry;
  const slots = { ...referring(variablesFor(name)), ...entry?.values };
  const where = { file: ".mcp.json", client: claudeCode };
  const target: Target = { mode: "join", name, url: entry?.url ?? HALO_URL, slots, where, entry };
  const decides = options.yes ? undefined : ask;
  const page: Page = { context, options: { ...options, choice }, show, here, target, url: target.url, ask, decides };
  if (ids.size === 0) {
    show.result(`There is no server "${name}" of HALO to remove here.`);
    return 0;
  }
  if (ask === undefined && !options.yes && !options.dryRun)
    throw new UsageError(
      "there is no terminal to ask in",
      { hint: "npx create-halo-mcp remove --yes" },
      "missing-input",
    );
  return await remove(page, { values: { token: "", account: "", profile: "" }, choice });
}
