import type { Report } from "./make.ts";

/** The document of docs/json.md. */
export function toJson({ ok, lines, files, counts, fixed, dryRun }: Report): object {
  const findings = lines.map(({ args: _, more, ...line }) => ({ ...line, ...(more === undefined ? {} : { more }) }));
  return { version: 1, ok, findings, files, counts, fixed, dryRun };
}
