/** Types of stand-in.mjs for the tests. */
export interface StandInSettings {
  token: string;
  accountId: string;
  profileId: string;
  era?: "2025-stateful" | "2025-stateless" | "2026" | "both";
  answers?: "json" | "sse";
  auth?: "first" | "tools-list" | "none";
  port?: number;
  record?: string;
}
export interface StandInRequest {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  rpc: string | null;
}
export interface StandIn {
  url: string;
  requests: StandInRequest[];
  close: () => Promise<void>;
}
export function startStandIn(settings: StandInSettings): Promise<StandIn>;
