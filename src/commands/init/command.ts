/** The command that does the same again. */
import { relative } from "node:path";
import { toSh } from "../../core/command-line.ts";
import { isHaloEndpoint } from "../../core/endpoint.ts";
import { DEFAULT_NAME, nameProblem, type Value } from "../../core/halo.ts";
import type { Target } from "../../core/plan/target.ts";
import type { InitOptions } from "./options.ts";
import type { Decided } from "./plan.ts";

/** One option; a value that begins with a dash needs the other spelling. `usual`: left out, since it would be taken anyway. */
function option(name: string, value: string | undefined, usual = ""): readonly string[] {
  if (value === undefined || value === "" || value === usual) return [];
  return value.startsWith("-") ? [`--${name}=${value}`] : [`--${name}`, value];
}

/**
 * The whole command for sh that does what this run was told or has decided, without the token: it comes from its
 * variable, or the way it came. The parser takes every word of it. `at`: where the command is typed, and the root that is
 * worked in. `missing`: values that nobody gave, which stand as placeholders.
 */
export function commandFor(
  options: InitOptions,
  target: Target,
  at: { readonly cwd: string; readonly root: string },
  told: { readonly missing?: readonly Value[]; readonly decided?: Decided },
): string {
  const { missing = [], decided } = told;
  const id = (value: "account" | "profile", given: string | undefined): string | undefined => {
    if (missing.includes(value)) return `${value.toUpperCase()}_ID`;
    return decided !== undefined && target.mode === "new" ? decided.values[value] : given;
  };
  const ownName = target.mode === "new" && nameProblem(target.name) === undefined ? target.name : undefined;
  const foreign = decided !== undefined && !isHaloEndpoint(decided.url) ? decided.url : undefined;
  const clients = decided?.choice.clients ?? options.clients;
  const isForClaude = clients === undefined || clients.includes("claude-code");
  const scopes = isForClaude ? (decided?.choice.scopes ?? options.scopes) : [];
  const { valuesFile: file } = options;
  const argv = [
    "npx",
    "create-halo-mcp",
    options.dryRun && decided === undefined ? "--dry-run" : "--yes",
    ...option("account-id", id("account", options.accountId)),
    ...option("profile-id", id("profile", options.profileId)),
    ...option("studio-url", decided === undefined ? options.studioUrl : undefined),
    ...option("name", options.name ?? ownName, options.name === undefined ? DEFAULT_NAME : ""),
    ...option("url", options.url ?? foreign),
    ...option("client", clients?.join(","), "claude-code"),
    ...option("scope", scopes?.join(","), "project"),
    ...option("bridge", options.bridge, "claude-settings"),
    ...option("ci", scopes === undefined || scopes.includes("project") ? options.ci : undefined),
    ...option("values-file", file === undefined ? undefined : relative(at.cwd, file) || file),
    ...option("timeout", String(options.timeoutMs / 1000), "15"),
    ...(options.skipTest ? ["--skip-test"] : []),
    ...option("cwd", options.cwd === undefined ? undefined : at.root),
    ...option("token-file", options.tokenFile),
    ...(options.tokenStdin ? ["--token-stdin"] : []),
  ];
  const slot = target.slots.token;
  const fromVariable = "env" in slot && options.tokenFile === undefined && !options.tokenStdin;
  return `${fromVariable ? `${slot.env}=… ` : ""}${toSh(argv)}`;
}
