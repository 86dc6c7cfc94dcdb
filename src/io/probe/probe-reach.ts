/** The way to a server and nothing more: the links of the network can be looked at where there is nothing to send. */
import type { Exchange } from "../../core/diagnosis/record.ts";
import { codesOf } from "./guarded-fetch.ts";
import type { Connections } from "./probe-connections.ts";
import { UNANSWERED } from "./unanswered.ts";

interface Reaching {
  readonly connections: Connections;
  /** Whoever aborts it closes the connections too. */
  readonly signal: AbortSignal;
  /** As of performance.now(). */
  readonly deadline: number;
}

/**
 * Makes one connection, TLS included where it is asked for, and sends nothing over it. Out: `accepted` where it stood, `broken` with the
 * codes, `timeout`. Never throws.
 */
export async function reach({ connections, signal, deadline }: Reaching): Promise<Exchange> {
  const start = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"timeout">((resolve) => {
    timer = setTimeout(resolve, Math.max(0, deadline - start), "timeout" as const);
    signal.addEventListener("abort", () => resolve("timeout"), { once: true });
  });
  let codes: readonly string[] = [];
  const standing = connections.connect().then(
    () => "accepted" as const,
    (error) => {
      codes = codesOf(error);
      return "broken" as const;
    },
  );
  const end = await Promise.race([standing, late]);
  clearTimeout(timer);
  const ms = performance.now() - start;
  return { ...UNANSWERED, phase: "connect", method: "CONNECT", connected: end === "accepted", end, codes, ms };
}
