#!/usr/bin/env node
declare const __VERSION__: string;

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

async function start(): Promise<number> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => stop.abort());
  // a reader that goes away (`| head`) is no error of ours
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  const [{ main }, { contextFromProcess }] = await Promise.all([import("./cli.ts"), import("./context.ts")]);
  const templates = new URL("../templates/", import.meta.url);
  return await main(contextFromProcess(process, { signal: stop.signal, version: __VERSION__, templates }), process.argv.slice(2));
}

if (major < 20 || (major === 20 && minor < 12)) {
  process.stderr.write(`create-halo-mcp needs Node 20.12 or newer; this is ${process.version}.\n`);
  process.exitCode = 3;
} else {
  start().then((code) => {
    process.exitCode = code;
  });
}
