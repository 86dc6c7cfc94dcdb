import { isAbsolute, resolve } from "node:path";
import type { Context } from "../../context.ts";
import type { Scope } from "../../core/clients/claude-code.ts";
import { nameProblem } from "../../core/halo.ts";
import type { CiKind } from "../../core/plan-ci.ts";
import { parseEndpoint } from "../../endpoint.ts";
import { UsageError } from "../../errors.ts";
import type { Bridge, ClientId, RawOptions } from "../../flags.ts";
import { seconds } from "../seconds.ts";

/** The options of `init`, checked. A flag that was not given is undefined, so that a default can be told from a choice. */
export interface InitOptions {
  readonly clients: readonly ClientId[] | undefined;
  readonly scopes: readonly Scope[] | undefined;
  readonly name: string | undefined;
  readonly url: string | undefined;
  readonly accountId: string | undefined;
  readonly profileId: string | undefined;
  readonly studioUrl: string | undefined;
  readonly tokenStdin: boolean;
  readonly tokenFile: string | undefined;
  readonly valuesFile: string | undefined;
  readonly bridge: Bridge | undefined;
  /** The check that is to be set up; undefined for none. */
  readonly ci: CiKind | undefined;
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly skipTest: boolean;
  readonly timeoutMs: number;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly cwd: string | undefined;
}

function list<T extends string>(text: string | undefined): readonly T[] | undefined {
  // the words were checked against the flag's values when they were parsed
  return text === undefined ? undefined : ([...new Set(text.split(",").map((word) => word.trim()))] as T[]);
}

/** `--ci`. It checks what a repository holds, so it goes with a set-up of one. */
function ciOf(values: RawOptions["values"]): CiKind | undefined {
  if (values.ci === undefined || values.ci === "none") return undefined;
  const has = (list: string | undefined, word: string): boolean =>
    list === undefined || list.split(",").some((each) => each.trim() === word);
  if (!has(values.client, "claude-code") || !has(values.scope, "project"))
    throw new UsageError("--ci goes with --client claude-code and --scope project: it checks what a repository holds");
  return values.ci as CiKind;
}

/** Words → options. Throws UsageError before anything is read or written. */
export function readOptions(context: Context, raw: RawOptions): InitOptions {
  const { values, switches } = raw;
  const origin = (name: string): string => raw.origins[name] ?? `--${name}`;
  if (values.name !== undefined) {
    const problem = nameProblem(values.name);
    if (problem !== undefined) throw new UsageError(`${origin("name")}: ${problem}`);
  }
  if (values.url !== undefined) {
    const endpoint = parseEndpoint(values.url);
    if (!endpoint.ok) throw new UsageError(`${origin("url")}: ${endpoint.problem}`);
  }
  if (switches.has("token-stdin") && values["token-file"] !== undefined)
    throw new UsageError("choose one of --token-stdin and --token-file");
  const at = (path: string): string => (isAbsolute(path) ? path : resolve(context.cwd, path));
  return {
    clients: list<ClientId>(values.client),
    scopes: list<Scope>(values.scope),
    name: values.name,
    url: values.url,
    accountId: values["account-id"],
    profileId: values["profile-id"],
    studioUrl: values["studio-url"],
    tokenStdin: switches.has("token-stdin"),
    tokenFile: values["token-file"] === undefined ? undefined : at(values["token-file"]),
    valuesFile: values["values-file"] === undefined ? undefined : at(values["values-file"]),
    bridge: values.bridge as Bridge | undefined,
    ci: ciOf(values),
    yes: switches.has("yes"),
    dryRun: switches.has("dry-run"),
    skipTest: switches.has("skip-test"),
    timeoutMs: seconds(values.timeout) * 1000,
    json: switches.has("json"),
    quiet: switches.has("quiet"),
    cwd: values.cwd === undefined ? undefined : at(values.cwd),
  };
}
