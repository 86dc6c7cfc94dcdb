#!/usr/bin/env node
import { run } from "./commands/run/index.ts";
import { type Context, contextFromProcess, wantsJson } from "./context.ts";

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

/** The signal that stops a run, aborted by the first of these. */
function listen(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // the second signal ends the process at once; the next run cleans up
    process.on(name, () => {
      if (!stop.signal.aborted) return stop.abort(name);
      if (name === "SIGHUP") hangUp();
      process.exit(130);
    });
  }
  return stop.signal;
}

/** `run -- <command…>`, with no option but HALO_NAME: starts before a command line is read, and ends with its program. */
async function runAtOnce(context: Context, argv: readonly string[]): Promise<number> {
  const { HALO_NAME } = context.env;
  const values = HALO_NAME ? { name: HALO_NAME } : {};
  try {
    process.exit(await run(context, { values, switches: new Set(), words: argv.slice(2), origins: {} }));
  } catch (error) {
    return await (await import("./cli.ts")).report(context, error, argv);
  }
}

async function start(argv: readonly string[]): Promise<void> {
  let heard: AbortSignal | undefined;
  const signal = (): AbortSignal => {
    heard ??= listen();
    return heard;
  };
  const context = contextFromProcess(process, signal, () => {
    process.exitCode = 3;
  });
  const isRun = argv[0] === "run" && argv[1] === "--" && argv.length > 2;
  if (!isRun) signal();
  const code = isRun ? await runAtOnce(context, argv) : await (await import("./cli.ts")).main(context, argv);
  process.exitCode ??= code;
  // the end of its input can come before the signal
  if (heard?.reason === "SIGHUP" || (code === 130 && process.stdin.isTTY && process.stdin.readableEnded)) hangUp();
  setTimeout(() => process.exit(), GRACE_MS).unref();
}

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 20 || (major === 20 && minor < 12)) {
  fail(`Node 20.12 or newer is needed; this is ${process.version}`);
} else {
  // the current folder was removed, or this user has no home folder
  start(process.argv.slice(2)).catch((error: unknown) => {
    fail(`cannot start here: ${error instanceof Error ? error.message : String(error)}`);
  });
}
