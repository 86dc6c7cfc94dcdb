#!/usr/bin/env node
import { main, wantsJson } from "./cli.ts";
import { contextFromProcess } from "./context.ts";

/** What may still run when everything is done ends with the process. */
const GRACE_MS = 300;

/** What keeps everything from beginning, in the form that was asked for: docs/json.md. */
function fail(message: string): void {
  if (wantsJson(process.argv)) {
    const body = { version: 1, ok: false, error: { code: "environment", message, hint: null } };
    process.stdout.write(`${JSON.stringify(body, null, 2)}\n`);
  } else process.stderr.write(`create-halo-mcp: ${message}\n`);
  process.exitCode = 3;
}

function start(): void {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // the second time is meant at once; what it leaves is cleared by the next run
    process.on(name, () => (stop.signal.aborted ? process.exit(130) : stop.abort()));
  }
  const context = contextFromProcess(process, stop.signal, () => {
    process.exitCode = 3;
  });
  main(context, process.argv.slice(2)).then((code) => {
    process.exitCode ??= code;
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
    // the folder that one stands in was removed, or this user has no home folder
    fail(`cannot start here: ${error instanceof Error ? error.message : String(error)}`);
  }
}
