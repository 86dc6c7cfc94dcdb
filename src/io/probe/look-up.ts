/**
 * The addresses of a name, as the system's own resolver gives them, asked for in a process of its own. A look-up (getaddrinfo) that has
 * begun cannot be called off, and no process ends before its look-ups have: with name servers that are silent after 4 to 16 s,
 * whatever exit or signal there is (glibc, Node 20 to 24, measured 2026-11-22). Another process can be ended.
 */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { type LookupAddress, lookup } from "node:dns";
import { isIP, type LookupFunction } from "node:net";
import { dirname } from "node:path";
import type { Readable, Writable } from "node:stream";

/** What that process runs: the question on stdin, the answer on stdout, each as JSON. */
const PROGRAM = `let text = "";
process.stdin.on("data", (chunk) => { text += chunk; }).on("end", () => {
  const { name, ...options } = JSON.parse(text);
  require("node:dns").lookup(name, options, (error, found) => process.stdout.write(JSON.stringify({ code: error?.code, found })));
});`;

interface Answer {
  readonly code?: string;
  readonly found?: readonly LookupAddress[];
}

export interface LookUp {
  /** For `net.connect`, and for this one name. Its errors have the code of the look-up; `EAI_FAIL` where the process ended without an answer. */
  readonly find: LookupFunction;
  /** Ends it: from here on no callback is called. Never throws, may be called twice. */
  readonly close: () => void;
}

/** glibc asks the next name server after 5 s of silence, which is as long as a first request may take. Seconds and tries. */
const RESOLVER = { RES_OPTIONS: "timeout:2 attempts:2" };

type Child = ChildProcessByStdio<Writable, Readable, null>;

function start(): Child | undefined {
  // what steers Node (`--inspect`, `--require`) is not for this one; the rest may steer the resolver
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("NODE_"));
  const env = { ...RESOLVER, ...Object.fromEntries(own) };
  try {
    // not the folder that we stand in, which may have been removed
    const cwd = dirname(process.execPath);
    const stdio = ["pipe", "pipe", "ignore"] as ["pipe", "pipe", "ignore"];
    return spawn(process.execPath, ["-e", PROGRAM], { cwd, env, stdio, windowsHide: true });
  } catch {
    // Node's permission model allows no process
    return undefined;
  }
}

function answerOf(child: Child): Promise<Answer | undefined> {
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  return new Promise((resolve) => {
    child.once("error", () => resolve(undefined));
    child.once("close", () => {
      try {
        resolve(JSON.parse(text) as Answer);
      } catch {
        resolve({ code: "EAI_FAIL" });
      }
    });
  });
}

/** Starts the process, so that it is there when the name is asked for. An address, and `localhost`, need none. */
export function openLookUp(name: string): LookUp {
  const child = isIP(name) !== 0 || name === "localhost" ? undefined : start();
  if (child === undefined) return { find: lookup, close: () => undefined };
  let closed = false;
  let isAsked = false;
  const answer = answerOf(child);
  // it may have ended before it was asked
  child.stdin.on("error", () => undefined);
  return {
    find: (_, options, callback) => {
      const { family, hints } = options;
      if (!isAsked) child.stdin.end(JSON.stringify({ name, family, hints, all: true }));
      isAsked = true;
      answer.then((given) => {
        if (closed) return;
        // it could not be started: better a look-up that may hang than none
        if (given === undefined) return lookup(name, options, callback);
        const [first] = given.found ?? [];
        if (first === undefined) callback(Object.assign(new Error("look-up"), { code: given.code ?? "ENOTFOUND" }), []);
        else if (options.all === true) callback(null, [...(given.found ?? [])]);
        else callback(null, first.address, first.family);
      });
    },
    close: () => {
      closed = true;
      child.kill("SIGKILL");
      // nobody waits for its end
      child.unref();
      child.stdin.destroy();
      child.stdout.destroy();
    },
  };
}
