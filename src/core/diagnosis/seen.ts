/** What the rows of causes look at: the record, and the exchange that decided. */
import type { Exchange, ProbeRecord } from "./record.ts";
import { heardIn, type Spoken } from "./server-words.ts";

export interface Seen {
  readonly record: ProbeRecord;
  readonly last: Exchange | undefined;
  /** The whole test is judged; else this exchange alone. */
  readonly isWhole: boolean;
  /** How the exchange ended: an error status is one, whatever became of its body. */
  readonly end: Exchange["end"] | undefined;
  /** From 400 on; else 0. */
  readonly status: number;
  /** The server refuses by its words. */
  readonly heard: Spoken | null;
  /** Every exchange went well, if there was one. */
  readonly isFine: boolean;
}

/** In: `only`: the exchange that is judged alone, else the one that decided the test. */
export function seenOf(record: ProbeRecord, only?: Exchange): Seen {
  // the last one with all headers: an earlier failure was an attempt with another protocol version
  const last = only ?? record.exchanges.findLast(({ phase }) => phase === "connect" || phase === "tools");
  const isRedirect = last?.end === "redirect" || last?.end === "blocked";
  const status = isRedirect || last === undefined || (last.status ?? 0) < 400 ? 0 : (last.status ?? 0);
  const end = isRedirect ? "redirect" : status > 0 ? "status" : last?.end;
  const isFine = end === undefined || end === "accepted" || (end === "answered" && last?.rpcError === null);
  return {
    record,
    last,
    isWhole: only === undefined,
    end,
    status,
    heard: last === undefined ? null : heardIn(last),
    isFine,
  };
}
