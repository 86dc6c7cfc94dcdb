import { relative } from "node:path";
import { toSh } from "../../core/command-line.ts";
import { isHaloEndpoint } from "../../core/endpoint.ts";
import { DEFAULT_NAME, nameProblem, type Value } from "../../core/halo.ts";
import type { Choice } from "./build-plan.ts";
import type { Room, Values } from "./values.ts";

interface Told {
  /** Values that nobody gave: they stand as placeholders. */
  readonly missing: readonly Value[];
  /** What was decided, once it was. */
  readonly decided?: { readonly values: Values; readonly choice: Choice; readonly url: string };
}

/** One option; a value that begins with a dash needs the other spelling. */
function option(name: string, value: string | undefined): readonly string[] {
  if (value === undefined || value === "") return [];
  return value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value];
}

/** A list, left out when it is what would be taken anyway. */
function list(words: readonly string[] | undefined, usual: string): string | undefined {
  return words === undefined || words.length === 0 || words.join(",") === usual ? undefined : words.join(",");
}

/**
 * The whole command for sh that does what this run was told or has decided, without the token: it comes from its
 * variable, or the way it came. The parser takes every word of it.
 */
export function commandFor(room: Room, told: Told): string {
  const { options, target, survey, context } = room;
  const { missing, decided } = told;
  const id = (value: "account" | "profile", given: string | undefined): string | undefined => {
    if (missing.includes(value)) return `${value.toUpperCase()}_ID`;
    return decided !== undefined && target.mode === "new" ? decided.values[value] : given;
  };
  const ownName = target.mode === "new" && target.name !== DEFAULT_NAME && nameProblem(target.name) === undefined;
  const foreign = decided !== undefined && !isHaloEndpoint(decided.url) ? decided.url : undefined;
  const clients = decided?.choice.clients ?? options.clients;
  const scopes =
    clients === undefined || clients.includes("claude-code") ? (decided?.choice.scopes ?? options.scopes) : [];
  const file = options.valuesFile;
  const argv = [
    "npx",
    "create-halo-mcp",
    options.dryRun && decided === undefined ? "--dry-run" : "--yes",
    ...option("account-id", id("account", options.accountId)),
    ...option("profile-id", id("profile", options.profileId)),
    ...(decided === undefined ? option("studio-url", options.studioUrl) : []),
    ...option("name", options.name ?? (ownName ? target.name : undefined)),
    ...option("url", options.url ?? foreign),
    ...option("client", list(clients, "claude-code")),
    ...option("scope", list(scopes, "project")),
    ...option("bridge", options.bridge),
    ...option("ci", scopes === undefined || scopes.includes("project") ? options.ci : undefined),
    ...option("values-file", file === undefined ? undefined : relative(context.cwd, file) || file),
    ...option("timeout", options.timeoutMs === 15_000 ? undefined : String(options.timeoutMs / 1000)),
    ...(options.skipTest ? ["--skip-test"] : []),
    ...option("cwd", options.cwd === undefined ? undefined : survey.root),
    ...option("token-file", options.tokenFile),
    ...(options.tokenStdin ? ["--token-stdin"] : []),
  ];
  const slot = target.slots.token;
  const fromVariable = "env" in slot && options.tokenFile === undefined && !options.tokenStdin;
  return `${fromVariable ? `${slot.env}=… ` : ""}${toSh(argv)}`;
}
