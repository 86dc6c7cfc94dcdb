/** What Claude Code does with the entry, in words; and whether its own word agrees. */
import type { ClientStatus } from "../clients/claude-code.ts";
import { APPROVE, NEVER_APPROVE } from "./advice.ts";
import type { Choice } from "./entries.ts";
import type { ApprovalView, Remark, SetupView, TrustView } from "./model.ts";

/** The client itself: `silent` when there is a program that does not say its version. */
export interface ClientFacts {
  readonly version: string | undefined;
  readonly silent: boolean;
  /** It did not say its version in the time that there was. */
  readonly late?: boolean;
  /** Its own word; undefined where it was not asked, or gave none in time. */
  readonly status?: ClientStatus | undefined;
  /** It was asked, and gave no answer in time. */
  readonly unanswered?: boolean;
}

function onApproval(name: string, approval: ApprovalView, file: string, repair: string): readonly Remark[] {
  const by = approval.by === undefined ? "" : `${approval.by.key} in ${approval.by.file}`;
  switch (approval.state) {
    case "disabled":
      return [
        {
          cause: "disabled",
          severity: "failed",
          seen: `"${name}" is switched off in this folder (${by})`,
          tryThis: ["claude", "# then type /mcp, and switch it on"],
        },
      ];
    case "rejected":
      return [
        {
          cause: "rejected",
          severity: "failed",
          seen: `"${name}" was rejected here: ${by} lists it`,
          tryThis:
            approval.by?.file.endsWith("settings.json") === true
              ? [`take it out of disabledMcpjsonServers in ${approval.by.file}`]
              : ["claude mcp reset-project-choices", ...APPROVE],
        },
      ];
    case "pending":
      return [
        {
          cause: "not-approved",
          severity: "failed",
          seen: `nobody has approved "${name}" of ${file} here: Claude Code asks first, and its first answer is to do without`,
          tryThis: [...APPROVE, repair, "# writes the approval beside the values"],
        },
      ];
    default:
      return [];
  }
}

/** An entry that is not to be approved: only what there is to warn of. */
function onUnfit(name: string, approval: ApprovalView, file: string): readonly Remark[] {
  if (approval.state !== "pending") return [];
  const seen = `"${name}" of ${file} waits for an approval, and should not get it as it stands`;
  return [{ cause: "not-approved", severity: "warning", seen, tryThis: NEVER_APPROVE }];
}

/** In: the entry that wins, if there is one, whether it is one to be approved, and the command that puts it right. */
export function remarksOnClient(
  client: ClientFacts,
  name: string,
  choice: Choice,
  trust: TrustView,
  isFit: boolean,
  repair: string,
): readonly Remark[] {
  const remarks: Remark[] = [];
  if (choice.winner !== undefined && choice.approval !== undefined)
    remarks.push(...(isFit ? onApproval : onUnfit)(name, choice.approval, choice.winner.file, repair));
  if (client.silent)
    remarks.push({
      cause: "client-broken",
      severity: "failed",
      seen: "there is a claude program, but it does not say a version",
      tryThis: ["claude --version", "npm install -g @anthropic-ai/claude-code"],
    });
  else if (client.late === true)
    remarks.push({
      cause: "client-broken",
      severity: "warning",
      seen: "there is a claude program, but it did not say its version in time, so it was not asked",
      tryThis: ["claude --version", "# or a longer limit:", "npx create-halo-mcp doctor --timeout 60"],
    });
  else if (client.version === undefined)
    remarks.push({
      cause: "client-broken",
      severity: "note",
      seen: "there is no claude program on the PATH, so Claude Code itself was not asked",
      tryThis: [],
    });
  if (!trust.trusted)
    remarks.push({
      cause: "not-trusted",
      severity: "note",
      seen: "this folder is not trusted yet: Claude Code asks about it first, and connects to nothing before",
      tryThis: ["claude", "# and choose: Yes, I trust this folder"],
    });
  return remarks;
}

/** What Claude Code says of itself, where our view holds. */
function expected({ approval, winner }: SetupView): readonly ClientStatus[] {
  if (winner === undefined) return ["not-configured"];
  if (approval?.state === "pending") return ["pending"];
  if (approval?.state === "rejected") return ["rejected"];
  if (approval?.state === "disabled") return ["disabled"];
  return ["connected", "failed", "needs-auth"];
}

export const STATUS_WORDS: Readonly<Record<ClientStatus, string>> = {
  connected: "connected",
  failed: "failed to connect",
  "needs-auth": "needs authentication",
  pending: "waits for an approval",
  rejected: "rejected",
  disabled: "switched off",
  "not-configured": "not configured",
  unknown: "nothing that we understand",
};

/** Where the word of Claude Code is not what we worked out from its files. What our own test says of it: `remarks-test.ts`. */
export function disagreement(version: string, view: SetupView, status: ClientStatus): Remark | undefined {
  if (status === "unknown" || expected(view).includes(status)) return undefined;
  const ours = STATUS_WORDS[expected(view)[0] ?? "unknown"];
  return {
    cause: "client-disagrees",
    severity: "warning",
    seen: `Claude Code ${version} itself says "${STATUS_WORDS[status]}", where its files come to "${ours}"`,
    tryThis: ["claude mcp list", "claude", "# then type /mcp"],
  };
}
