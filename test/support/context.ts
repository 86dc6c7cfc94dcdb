/** A Context of made-up streams, for what runs in this process. */
import { PassThrough, Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import type { Context } from "../../src/context.ts";

/** In: what differs from a run in which nobody looks at stdout, and what stderr is. Out: the context, and what was said. */
export function madeUp(
  given: Partial<Context> = {},
  stderr: { readonly isTTY?: boolean; readonly columns?: number } = {},
) {
  const said = { stdout: "", stderr: "" };
  const heard = (stream: keyof typeof said): Writable =>
    new Writable({
      decodeStrings: false,
      write(chunk: Buffer | string, _, done) {
        said[stream] += String(chunk);
        done();
      },
    });
  const context: Context = {
    cwd: "/nowhere",
    env: {},
    home: "/nowhere",
    platform: "linux",
    arch: "x64",
    nodeVersion: "v20.20.2",
    version: "9.9.9",
    stdin: new PassThrough(),
    stdout: heard("stdout"),
    stderr: Object.assign(heard("stderr"), stderr),
    print: (text) => {
      said.stdout += text;
    },
    now: () => 0,
    signal: new AbortController().signal,
    color: false,
    unicode: true,
    plain: false,
    secrets: new Set(),
    templates: pathToFileURL("/nowhere/"),
    ...given,
  };
  return { context, said };
}
