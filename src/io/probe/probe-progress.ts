/** Tells a caller, while a probe runs, how far it is. For a display only: what a failure means is for `core/diagnosis.ts` to say. */
import type { Exchange, ProbeOutcome, ProbeStage } from "../../core/diagnosis/record.ts";
import type { Step } from "./probe-connections.ts";

type OnStage = (stage: ProbeStage, event: "start" | "ok" | "failed") => void;

export interface Progress {
  readonly begin: (secure: boolean) => void;
  /** Nothing can be sent, for what was found at this stage. */
  readonly refused: (stage: ProbeStage) => void;
  /** A step of the connection is done. */
  readonly passed: (step: Step) => void;
  readonly saw: (exchange: Exchange) => void;
  readonly ended: (outcome: ProbeOutcome) => void;
  /** Reports nothing from here on. */
  readonly close: () => void;
}

/** Turns what is seen into events: each stage starts once, then is ok or failed, in the order of the stages. */
export function followStages(onStage: OnStage | undefined): Progress {
  let open: ProbeStage[] = [];
  let running: ProbeStage | undefined;
  let over = onStage === undefined;
  const tell: OnStage = (stage, event) => {
    if (!over) onStage?.(stage, event);
  };
  const startNext = (): void => {
    running = open.shift();
    if (running !== undefined) tell(running, "start");
  };
  /** Every stage up to and with `stage` is ok. */
  const passed = (stage: ProbeStage): void => {
    while (running !== undefined && (running === stage || open.includes(stage))) {
      tell(running, "ok");
      startNext();
    }
  };
  const failed = (): void => {
    if (running !== undefined) tell(running, "failed");
    over = true;
  };
  return {
    begin: (secure) => {
      open = ["url", "dns", "tcp", ...(secure ? (["tls"] as const) : []), "http", "auth", "mcp", "tools"];
      startNext();
      passed("url");
    },
    refused: (stage) => {
      tell("url", "start");
      if (stage !== "url") {
        tell("url", "ok");
        tell(stage, "start");
      }
      tell(stage, "failed");
      over = true;
    },
    passed,
    saw: (exchange) => {
      if (exchange.status !== null && exchange.status < 500 && exchange.end !== "redirect") passed("http");
      // A success may still be refused at the tools; it passes for now, as the diagnosis has the last word.
      if (exchange.phase === "tools" && exchange.end === "answered" && exchange.rpcError === null) passed("mcp");
    },
    ended: (outcome) => {
      if (outcome.connected) passed("mcp");
      if (outcome.listed) passed("tools");
      else failed();
      over = true;
    },
    close: () => {
      over = true;
    },
  };
}
