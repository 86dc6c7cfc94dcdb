/** What only shows once the connection test has ended: the client's word beside it, and the copy of a value that was refused. */
import type { ClientStatus } from "../clients/claude-code.ts";
import type { Diagnosis } from "../diagnosis/diagnose.ts";
import { LABELS } from "../halo.ts";
import type { Remark, SetupView, ValueSource } from "./model.ts";
import { STATUS_WORDS } from "./remarks-client.ts";
import { otherWay } from "./remarks-network.ts";
import { othersOf } from "./remarks-values.ts";

export interface Tested {
  readonly ok: boolean;
  readonly cause: Diagnosis["cause"];
  /** The values are those of a session. False: `--token-stdin` and the like. */
  readonly own: boolean;
}

/** In: what Claude Code says of itself and how our test ended. Out: the remark where they differ. */
export function contradiction(
  version: string | null,
  view: SetupView,
  status: ClientStatus | null,
  { ok, own }: Tested,
): Remark | undefined {
  // an entry that waits for its approval, say, is no matter of the connection
  if (status === null || !view.verdict.wouldConnect) return undefined;
  const client = `Claude Code ${version ?? ""}`.trim();
  const ask = ["claude", `# then type /mcp: it says why at "${view.winner?.name ?? view.name}"`];
  // of the settings `claude mcp get` has the user's own alone
  const way = otherWay(view.network.filter(({ from }) => from === "user-settings"));
  const says = STATUS_WORDS[status];
  if ((status === "failed" || status === "needs-auth") && ok) {
    const base = { cause: "client-disagrees", severity: "failed" } as const;
    if (!own) {
      const seen = `${client} says "${says}" with the token of the set-up; this test passed with the token of this command line`;
      return { ...base, seen, tryThis: [view.repair, "# and give it the token that works"] };
    }
    if (way !== undefined) {
      const seen = `${client} says "${says}" by ${way}; this test connects without`;
      const names = view.network.filter(({ from, differs }) => from === "user-settings" && differs);
      const last = names.map(({ name }) => name).join(", ");
      return { ...base, seen, tryThis: [`correct ${last} in ${names[0]?.place ?? ""}, or take it out; then`, ...ask] };
    }
    const why =
      status === "needs-auth"
        ? ": what it sends is refused, and the same values work from here"
        : ", while this test connects; its own proxy or certificates may be why, or another entry";
    return { ...base, seen: `${client} says "${says}"${why}`, tryThis: ask };
  }
  if (status === "connected" && !ok && own) {
    const reason = way === undefined ? "" : `: it goes by ${way}, and this test did not`;
    return {
      cause: "client-disagrees",
      severity: "warning",
      seen: `${client} itself says "connected", while the connection test from here failed${reason}`,
      tryThis: ask,
    };
  }
  return undefined;
}

/** The remark says what the other one warns of: the same file makes the difference. */
export function explains(remark: Remark, other: Remark): boolean {
  const place = / of ([^;]+); this test /.exec(other.seen)?.[1];
  if (remark.severity !== "failed" || other.cause !== "network-differs" || place === undefined) return false;
  return remark.seen.includes(` of ${place}; this test connects without`);
}

const nameOf = ({ variable, value }: ValueSource): string => variable ?? `the ${LABELS[value]}`;

/** Where the token of a session comes from, in words that go after "tested with". */
export function tokenSource(view: SetupView): string | undefined {
  const token = view.values.find(({ value }) => value === "token");
  if (token === undefined || token.from === "none") return undefined;
  const file = view.winner?.file ?? "the entry";
  if (token.variable === undefined) return `the token that stands in ${file}`;
  return `${token.variable} of ${token.place ?? `a default in ${file}`}`;
}

/** The value that was refused has copies that differ: then one of them is the first thing to try, and no new token. */
export function refusedCopy(view: SetupView, { cause, own }: Tested): Remark | undefined {
  if (cause !== "unauthorized" && cause !== "forbidden") return undefined;
  const stale = view.values.find(
    ({ value, state, places }) => state === "set" && (own || value !== "token") && places.some(({ same }) => !same),
  );
  if (stale === undefined) return undefined;
  const others = othersOf(stale);
  const used = stale.place ?? view.winner?.file ?? "its entry";
  const holds = others.length === 1 ? "holds" : "hold";
  return {
    cause: "stale-value",
    severity: "failed",
    seen: `Claude Code sends ${nameOf(stale)} of ${used}, and it was refused; ${others.join(" and ")} ${holds} another one`,
    tryThis: view.remarks.values.find(({ about }) => about === stale.value)?.tryThis ?? [view.repair],
    about: stale.value,
  };
}
