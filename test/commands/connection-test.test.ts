/** What the connection test knows beside its record: the file of NODE_EXTRA_CA_CERTS, where a certificate is not trusted. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { runTest, secretsIn } from "../../src/commands/shared/connection-test.ts";
import type { Context } from "../../src/context.ts";
import { caFileOf } from "../../src/core/diagnosis/network-causes.ts";
import { readLatin1 } from "../../src/io/read.ts";
import { diagnose, exchange, failedStage, record } from "../core/probe-support.ts";
import { makeTlsFaults } from "../servers/tls-faults.ts";

const SECRET = "made-up-token-0123456789abcdef";
it("names the file of NODE_EXTRA_CA_CERTS where a certificate is not trusted, and no secret in it", async () => {
  const server = await makeTlsFaults()
    .faults.find(({ cause }) => cause === "tls-untrusted")
    ?.start();
  const { signal } = new AbortController();
  const env = { NODE_EXTRA_CA_CERTS: `/${SECRET}` };
  const context = { cwd: "/", env, version: "0.0.0-test", signal, secrets: new Set([SECRET]) } as unknown as Context;
  const sent = { url: server?.url ?? "", headers: { "X-CM-PRODUCTTOKEN": SECRET }, read: [] };
  const { diagnosis } = await runTest(context, sent, { timeoutMs: 5000 });
  await server?.close();
  expect(diagnosis.cause).toBe("tls-untrusted");
  expect(JSON.stringify(diagnosis.stages)).toContain("NODE_EXTRA_CA_CERTS is /••••cdef, which does not exist");
});

it("says of a file of certificates whether Node can read it, and how it can", async () => {
  const { ca } = makeTlsFaults();
  const folder = dirname(ca);
  const at = (name: string): string => join(folder, name);
  const openssl = (args: string): void =>
    void execFileSync("openssl", args.split(" "), { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  openssl("x509 -in ca.pem -outform der -out ca.der");
  const pem = readFileSync(ca, "latin1");
  writeFileSync(at("commented.pem"), `# the company's\n${pem}`);
  const kinds = { "ca.pem": "PEM", "commented.pem": "PEM", "ca.der": "other", "none.pem": "missing", ".": "missing" };
  for (const [name, kind] of Object.entries(kinds)) {
    const file = caFileOf(at(name), readLatin1(at(name)));
    expect(file, name).toMatchObject({ kind });
    const seen = record([exchange({ status: undefined, connected: false, end: "broken", codes: ["CERT_UNTRUSTED"] })]);
    const tried = failedStage(diagnose(seen, [], { extraCas: file }))?.tryThis ?? "";
    const command = /^openssl (.*)$/m.exec(tried)?.[1];
    expect(command !== undefined, tried).toBe(kind === "other");
    if (command === undefined) continue;
    // what is printed makes a file that Node can read
    openssl(command);
    expect(readFileSync(at("company-ca.pem"), "latin1")).toContain(pem.trim());
  }
});

it("hides the token, and the words of other headers, but not what is public or in any answer", () => {
  const headers = {
    "x-cm-producttoken": SECRET,
    Authorization: "Bearer made-up-other",
    Accept: "application/json",
    "User-Agent": "made-up-agent/1",
    "CM-PROFILE-ID": "profile-1",
    "X-Tenant": "profile-1",
    "X-Custom": "Zr8Tq4Wp",
    "X-Pass": "hunter2",
    "X-Flag": "true",
    "X-Stage": "prod",
    "X-Retries": "1000",
    "X-Revision": "2025-11-25",
  };
  expect(secretsIn(headers)).toEqual([SECRET, "made-up-other", "Zr8Tq4Wp", "hunter2"]);
});
