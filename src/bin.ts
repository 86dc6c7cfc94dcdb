#!/usr/bin/env node
import { main, wantsJson } from "./cli.ts";
import { contextFromProcess } from "./context.ts";

/** Ends the process, with everything that may still run. */
const GRACE_MS = 300;

/** An error before the start, in the requested form: docs/json.md. */
function fail(message: string): void {
  if (wantsJson(process.argv)) {
    const body = { version: 1, ok: false, error: { code: "environment", message, hint: null } };
    process.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
  } else process.stderr.write(`create-halo-mcp: ${message}\n`);
  process.exitCode = 3;
}

/** A terminal that is gone cannot be reset: at its exit, Node (20 to 26) aborts then, and the core dump contains the token. */
function hangUp(): void {
  if (process.platform === "win32") return;
  process.removeAllListeners("SIGHUP");
  process.kill(process.pid, "SIGHUP");
}

function start(): void {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // the second signal ends the process at once; the next run cleans up
    process.on(name, () => {
      if (!stop.signal.aborted) return stop.abort(name);
      if (name === "SIGHUP") hangUp();
      process.exit(130);
    });
  }
  const context = contextFromProcess(process, stop.signal, () => {
    process.exitCode = 3;
  });
  void main(context, process.argv.slice(2)).then((code) => {
    process.exitCode ??= code;
    // the end of its input can come before the signal
    if (stop.signal.reason === "SIGHUP" || (code === 130 && process.stdin.isTTY && process.stdin.readableEnded))
      hangUp();
    setTimeout(() => process.exit(), GRACE_MS).unref();
  });
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 20 || (major === 20 && minor < 12)) {
  fail(`Node 20.12 or newer is needed; this is ${process.version}`);
} else {
  try {
    start();
  } catch (error) {
    // the current folder was removed, or this user has no home folder
    fail(`cannot start here: ${error instanceof Error ? error.message : String(error)}`);
  }
}
