/** What was seen at a link before the network, a line each: the first one in short, for the chain. */
import { LABELS, type Value } from "../halo.ts";
import type { ApprovalView, SetupLink, SetupView } from "./model.ts";
import { type ClientFacts, STATUS_WORDS } from "./remarks-client.ts";

const FROM: Readonly<Record<string, string>> = {
  literal: "in the entry itself",
  default: "a default in the entry",
  none: "set nowhere",
};

/** "token, account, profile from .claude/settings.local.json". */
function valuesInShort({ values }: SetupView): readonly string[] {
  const places = new Map<string, Value[]>();
  for (const { value, from, place } of values) {
    const where = place === undefined ? (FROM[from] ?? "") : `from ${place}`;
    places.set(where, [...(places.get(where) ?? []), value]);
  }
  return places.size === 0 ? [] : [[...places].map(([where, all]) => `${all.join(", ")} ${where}`).join("; ")];
}

const APPROVAL: Readonly<Record<ApprovalView["state"], string>> = {
  approved: "approved",
  pending: "not approved",
  rejected: "rejected",
  disabled: "switched off",
  "not-needed": "needs no approval",
};

/** "Claude Code 2.1.330, trusted, approved, says connected". */
function clientInShort({ winner, approval, trust }: SetupView, client: ClientFacts): string {
  const { version, silent, late, status, unanswered } = client;
  const program =
    version !== undefined
      ? `Claude Code ${version}`
      : silent || late === true
        ? "Claude Code gives no version"
        : "Claude Code not found";
  const words = [
    program,
    trust.trusted ? "trusted" : "folder not trusted yet",
    ...(winner === undefined || approval === undefined ? [] : [APPROVAL[approval.state]]),
    ...(version === undefined
      ? []
      : [
          status === undefined
            ? unanswered === true
              ? "gave no answer"
              : "not asked"
            : `says ${STATUS_WORDS[status]}`,
        ]),
  ];
  return words.join(", ");
}

export const NOT_TAKEN = "not taken";

export function linesOf(view: SetupView, link: SetupLink, client: ClientFacts): readonly string[] {
  const { winner, approval, trust, bridge, network } = view;
  if (link === "setup")
    return view.entries
      .toSorted((a, b) => Number(b.wins) - Number(a.wins))
      .map(
        ({ name, file, scope, url, wins, why }) =>
          `${wins ? "taken" : NOT_TAKEN}: "${name}" in ${file} (${scope} scope)${wins ? `, ${url}` : `: ${why ?? ""}`}`,
      );
  if (link === "values")
    return [
      ...valuesInShort(view),
      ...view.values.map(({ value, variable, from, place }) => {
        const where = place === undefined ? FROM[from] : `from ${place}`;
        return `${LABELS[value]}: ${variable === undefined ? "" : `${variable}, `}${where}`;
      }),
    ];
  const by = approval?.by === undefined ? "" : ` (${approval.by.key} in ${approval.by.file})`;
  return [
    clientInShort(view, client),
    `folder: ${trust.trusted ? "trusted" : "not trusted yet"}`,
    ...(winner === undefined || approval === undefined || approval.state === "not-needed"
      ? []
      : [`server: ${approval.state}${by}`]),
    ...(winner === undefined ? [] : [`bridge: ${bridge.kind}${bridge.file === undefined ? "" : ` (${bridge.file})`}`]),
    ...network.map(({ name, from }) => `${name} is set (${from})`),
  ];
}
