/**
 * The connection test and the least that a person could type by hand for the same, in turn, in one process that is warm. Bundled by
 * doctor.mjs. In: a line of JSON on stdin, `{url, headers, modern, rounds}`. Out: one, `{first, ours, bare}` in milliseconds.
 */
import { createInterface } from "node:readline";
import { networkOf } from "../../src/core/proxy.ts";
import { probe } from "../../src/io/probe/probe.ts";
import { byHandNew, byHandOld, TOKEN_HEADER } from "./by-hand.mjs";

async function tested(url, headers) {
  const record = await probe({
    url,
    headers,
    tokenHeader: TOKEN_HEADER,
    timeoutMs: 15_000,
    version: "0.0.0-bench",
    signal: new AbortController().signal,
    network: (target) => networkOf({}, target),
  });
  return record.outcome.listed && record.outcome.toolCount > 0 && record.control?.listed === false;
}

async function timed(what, url, headers) {
  const start = performance.now();
  if (!(await what(url, headers))) throw new Error(`${what.name}: the connection did not come about`);
  return performance.now() - start;
}

const [line] = await new Promise((resolve) => {
  const lines = createInterface({ input: process.stdin });
  lines.once("line", (text) => {
    lines.close();
    resolve([text]);
  });
});
const { url, headers, modern, rounds } = JSON.parse(line);
const byHand = modern ? byHandNew : byHandOld;
const first = { bare: await timed(byHand, url, headers), ours: await timed(tested, url, headers) };
const [ours, bare] = [[], []];
for (let round = -10; round < rounds; round++) {
  // each is the first of its round in every other one
  const both = round % 2 === 0 ? [tested, byHand] : [byHand, tested];
  for (const what of both) {
    const ms = await timed(what, url, headers);
    if (round >= 0) (what === tested ? ours : bare).push(ms);
  }
}
process.stdout.write(`${JSON.stringify({ first, ours, bare })}\n`);
process.exit(0);
