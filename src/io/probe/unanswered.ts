import type { Exchange } from "../../core/diagnosis/record.ts";

/** What is known of an exchange before any answer. */
export const UNANSWERED = {
  status: null,
  contentType: null,
  contentEncoding: null,
  location: null,
  retryAfter: null,
  authScheme: null,
  stream: false,
  session: false,
  body: "",
  cut: false,
  bytes: 0,
  rpcError: null,
  codes: [],
  repeated: 0,
} as const satisfies Partial<Exchange>;
