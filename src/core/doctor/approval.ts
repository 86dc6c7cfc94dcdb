/**
 * Whether a session starts a server without asking: trust, approval, rejection, switched off. Claude-code facts,
 * section 3, for `mcp list`; sessions were measured 2026-11-22 with 2.1.197 and 2.1.330.
 */
import type { Json } from "../formats/json.ts";
import { property } from "../formats/json.ts";
import type { SetupInput } from "./input.ts";
import { type AllSettings, isOld } from "./layers.ts";
import type { ApprovalView, TrustView } from "./model.ts";

/** The key of a folder under "projects" in the store: the git root, else the folder. */
export function storeKey({ gitRoot, folder }: Pick<SetupInput, "gitRoot" | "folder">): string {
  return gitRoot ?? folder;
}

/**
 * A folder is trusted with itself or one above it: up to the git root where there is one (2.1.330), 2.1.197 beyond it too.
 * `mcp list` takes the key of the store alone.
 */
export function trustOf(input: SetupInput, store: Json | undefined): TrustView {
  const { above, gitRoot, version } = input;
  const last = gitRoot === undefined || isOld(version) ? above.length : above.indexOf(gitRoot) + 1;
  const folder = above
    .slice(0, last)
    .find((each) => property(store, "projects", each, "hasTrustDialogAccepted") === true);
  return folder === undefined ? { trusted: false } : { trusted: true, folder };
}

function lists(value: Json | undefined, name: string): boolean {
  return Array.isArray(value) && value.includes(name);
}

/** The approval of an entry of a `.mcp.json` in a session whose folder is trusted: it goes by name alone. */
export function approvalOf(
  input: SetupInput,
  settings: AllSettings,
  store: Json | undefined,
  name: string,
): ApprovalView {
  const project = property(store, "projects", storeKey(input));
  const files = [
    { file: input.store.shown, value: project },
    ...[settings.user, settings.project, settings.local, settings.rootLocal].flatMap((each) =>
      each === undefined ? [] : [{ file: each.file.shown, value: each.value }],
    ),
  ];
  const by = (key: string, says: (value: Json | undefined) => boolean) => {
    const found = files.findLast(({ value }) => says(property(value, key)));
    return found === undefined ? undefined : { file: found.file, key };
  };
  // a rejection in any file wins over an approval in any other
  const rejected = by("disabledMcpjsonServers", (value) => lists(value, name));
  if (rejected !== undefined) return { state: "rejected", by: rejected };
  const approved =
    by("enabledMcpjsonServers", (value) => lists(value, name)) ??
    by("enableAllProjectMcpServers", (value) => value === true);
  return approved === undefined ? { state: "pending" } : { state: "approved", by: approved };
}

/** Switched off with /mcp in this folder, whatever the scope (`mcp get` of 2.1.197 says "Connected" all the same). */
export function isSwitchedOff(input: SetupInput, store: Json | undefined, name: string): boolean {
  return lists(property(store, "projects", storeKey(input), "disabledMcpServers"), name);
}
