/** What the connection test knows beside its record: the file of NODE_EXTRA_CA_CERTS, where a certificate is not trusted. */
import { expect, it } from "vitest";
import { runTest, secretsIn } from "../../src/commands/shared/connection-test.ts";
import type { Context } from "../../src/context.ts";
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
  expect(JSON.stringify(diagnosis.stages)).toContain("NODE_EXTRA_CA_CERTS is /••••cdef: ");
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
