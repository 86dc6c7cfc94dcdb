import type { Context } from "../../context.ts";
import type { Scope } from "../../core/clients/claude-code.ts";
import type { CiKind } from "../../core/plan/ci.ts";
import { UsageError } from "../../errors.ts";
import type { Bridge, ClientId, RawOptions } from "../../flags.ts";
import { connectionOptions } from "../shared/options.ts";
import { seconds } from "../shared/seconds.ts";

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
  const shared = connectionOptions(context, raw);
  return {
    clients: list<ClientId>(values.client),
    scopes: list<Scope>(values.scope),
    ...shared,
    accountId: values["account-id"],
    profileId: values["profile-id"],
    studioUrl: values["studio-url"],
    bridge: values.bridge as Bridge | undefined,
    ci: ciOf(values),
    yes: switches.has("yes"),
    dryRun: switches.has("dry-run"),
    skipTest: switches.has("skip-test"),
    timeoutMs: seconds(values.timeout) * 1000,
  };
}
