/** Types of stand-in.mjs for the tests. */
export interface StandInSettings {
  token: string;
  /** Other tokens that it accepts, read at every request. */
  more?: readonly string[];
  accountId: string;
  profileId: string;
  /** Default "2025-stateful". */
  era?: "2025-stateful" | "2025-stateless" | "2026" | "both";
  /** Default "sse". The 2025 side of "both" always answers as a stream. */
  answers?: "json" | "sse";
  /** When the token is demanded: at the first request, at tools/list and tools/call only, or never. */
  auth?: "first" | "tools-list" | "none";
  port?: number;
  /** More fields of its tools, by name: annotations, another inputSchema. */
  tools?: Record<string, object>;
  /** What every tool answers. */
  answer?: string;
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
