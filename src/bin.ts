#!/usr/bin/env node
import { main } from "./cli.ts";
import { contextFromProcess } from "./context.ts";

declare const __VERSION__: string;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major < 20 || (major === 20 && minor < 12)) {
  process.stderr.write(`create-halo-mcp needs Node 20.12 or newer; this is ${process.version}.\n`);
  process.exitCode = 3;
} else {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // the second time is meant at once; what it leaves is cleared by the next run
    process.on(name, () => (stop.signal.aborted ? process.exit(130) : stop.abort()));
  }
  const context = contextFromProcess(process, {
    signal: stop.signal,
    version: __VERSION__,
    templates: new URL("../templates/", import.meta.url),
  });
  main(context, process.argv.slice(2)).then((code) => {
    process.exitCode = code;
    // a name look-up that hangs cannot be called off and would keep the process alive
    if (code === 130) setTimeout(() => process.exit(), 500).unref();
  });
}
