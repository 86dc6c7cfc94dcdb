/** Names and their addresses, where the only name server is one of the test: a namespace of Linux, with files of its own in /etc. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildProbeChild, type ProbeAnswer, type ProbeChild } from "../support/probe-child.ts";

const ALONE = ["-rnm", "--pid", "--fork", "--kill-child"];
const NEEDED = "ip link set lo up && mount --bind /etc/hosts /etc/hosts";
const isPossible = spawnSync("unshare", [...ALONE, "sh", "-c", NEEDED], { timeout: 10_000 }).status === 0;
/** Takes questions and gives no answer. */
const SILENT = `for (const host of ["127.0.0.1", "127.0.0.2", "127.0.0.3"]) require("node:dgram").createSocket("udp4").bind(53, host)`;

describe.skipIf(!isPossible)("where name servers say nothing", () => {
  let folder: string;
  let probe: ProbeChild;
  beforeAll(async () => {
    probe = await buildProbeChild();
    folder = mkdtempSync(join(tmpdir(), "look-up-"));
    writeFileSync(join(folder, "hosts"), "127.0.0.1 halo.test\n");
    const lines = [
      `mount --bind ${folder}/resolv.conf /etc/resolv.conf`,
      `mount --bind ${folder}/hosts /etc/hosts`,
      "ip link set lo up",
      `"${process.execPath}" -e '${SILENT}' >/dev/null 2>&1 </dev/null &`,
      "sleep 0.5",
      // a shell stays, so that signals mean what they always mean
      `"${process.execPath}" "$@"`,
    ];
    writeFileSync(join(folder, "inside"), lines.join("\n"));
    writeFileSync(join(folder, "node"), `#!/bin/sh\nexec unshare ${ALONE.join(" ")} sh ${folder}/inside "$@"\n`, {
      mode: 0o700,
    });
  });
  afterAll(() => {
    probe.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const run = async (resolver: string, url: string, more: { cancelAfter?: number } = {}): Promise<ProbeAnswer> => {
    writeFileSync(join(folder, "resolv.conf"), resolver);
    return await probe.run({ url, token: "made-up-token-0123", timeoutMs: 2000, node: join(folder, "node"), ...more });
  };

  it.each([
    ["one", "nameserver 127.0.0.1\n"],
    ["three", "nameserver 127.0.0.1\nnameserver 127.0.0.2\nnameserver 127.0.0.3\n"],
    ["two, four search domains", "nameserver 127.0.0.1\nnameserver 127.0.0.2\nsearch a b c d\noptions ndots:5\n"],
  ])("the test and its process end in time: %s", async (_, resolver) => {
    const answer = await run(resolver, "https://halo.example.test/mcp");
    expect(answer.diagnosis).toMatchObject({ cause: "dns", at: "dns" });
    expect(answer.record?.exchanges[0]).toMatchObject({ end: "timeout" });
    expect(answer.took).toBeLessThan(3000);
    expect(answer.lingered).toBeLessThan(750);
    const cancelled = await run(resolver, "https://halo.example.test/mcp", { cancelAfter: 300 });
    expect(cancelled.error).toBe("Cancelled");
    expect(cancelled.took + cancelled.lingered).toBeLessThan(1000);
  });

  it("what the system knows by itself is found all the same, and an error has its code", async () => {
    const answer = await run("nameserver 127.0.0.1\n", "https://halo.test:9/mcp");
    expect(answer.diagnosis).toMatchObject({ cause: "refused", at: "tcp" });
    expect(answer.record?.addresses).toMatchObject([{ address: "127.0.0.1", family: 4, outcome: "failed" }]);
    const refused = await run("nameserver 127.0.0.9\n", "https://halo.example.test/mcp");
    expect(refused.diagnosis).toMatchObject({ cause: "dns", at: "dns" });
    expect(refused.record?.exchanges[0]).toMatchObject({ end: "broken", codes: ["EAI_AGAIN"] });
  });
});
