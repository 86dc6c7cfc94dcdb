/** What the record keeps of the head of an answer, and which requests a refused discovery is worth. */
import { describe, expect, it } from "vitest";
import type { ProbeRecord } from "../../src/core/diagnosis/record.ts";
import { diagnose, probe, request } from "../core/probe-support.ts";
import { DISCOVERED, html, http, json, type Kit, result, text } from "../servers/fault-kit.ts";

const TOKEN = "made-up-token-0123456789abcdef";

/** The record of a probe of a server that answers everything alike, and what was asked of it. */
async function asked(answer: (kit: Kit) => void): Promise<{ record: ProbeRecord; methods: (string | undefined)[] }> {
  const methods: (string | undefined)[] = [];
  const server = await http("", null, (kit) => {
    methods.push(kit.message.method);
    answer(kit);
  }).start("");
  try {
    const record = await probe(request(server.url, TOKEN));
    return { record, methods };
  } finally {
    await server.close();
  }
}

describe("a discovery that is refused", () => {
  it.each<[string, (kit: Kit) => void, number]>([
    ["403", ({ response }) => json(response, 403, { message: "Forbidden" }), 2],
    ["401", (kit) => text(kit, 401, ""), 1],
    ["429", (kit) => text(kit, 429, ""), 2],
    ["a redirect", (kit) => text(kit, 302, "", { location: "/login" }), 1],
  ])("by %s", async (_, answer, count) => {
    const { record, methods } = await asked(answer);
    expect(methods).toEqual(["server/discover", "initialize"].slice(0, count));
    expect(record.exchanges).toHaveLength(count);
  });
  it("is not what failed, where the old way fails otherwise", async () => {
    const { record } = await asked((kit) =>
      kit.message.method === "initialize" ? text(kit, 429, "") : text(kit, 403, "<html>", html),
    );
    expect(diagnose(record, []).cause).toBe("rate-limited");
  });
});

describe("the record keeps", () => {
  it.each([
    ["/halo/core/mcp/", /^http:\/\/127\.0\.0\.1:\d+\/halo\/core\/mcp\/$/],
    ["https://user:pass@login.example/in%20here?next=1#top", /^https:\/\/login\.example\/in%20here$/],
    ["javascript:alert(1)", /^null$/],
    ["https://[", /^null$/],
    ["https://x.example/%zz/a", /^https:\/\/x\.example\/%zz\/a$/],
  ])("where a redirect leads, without query and credentials: %s", async (location, seen) => {
    const { record } = await asked((kit) => text(kit, 307, "", { location }));
    expect(String(record.exchanges[0]?.location)).toMatch(seen);
  });
  it.each([
    ['Bearer realm="x", error="invalid_token", error_description="The token expired"', "The token expired"],
    ["Bearer error=invalid_token", "invalid_token"],
    ['Bearer realm="error"', null],
    [`Bearer error_description="no ${TOKEN}"`, "no ••••cdef"],
  ])("the words of WWW-Authenticate: %s", async (header, words) => {
    const { record } = await asked((kit) => text(kit, 401, "", { "www-authenticate": header }));
    expect(record.exchanges[0]?.authError).toBe(words);
    expect(JSON.stringify(record)).not.toContain(TOKEN);
  });
  it("the revisions that are offered", async () => {
    const supportedVersions = ["2031-01-01", TOKEN, 7, "x".repeat(100), "a", "b", "c"];
    const { record } = await asked(({ response, message }) =>
      message.method === "initialize"
        ? json(response, 404, {})
        : json(response, 200, result(message, { ...DISCOVERED, supportedVersions })),
    );
    expect(record.exchanges[0]?.revisions).toEqual(["2031-01-01", "••••cdef", "x".repeat(100), "a", "b"]);
    expect(record.exchanges[1]?.revisions).toEqual([]);
  });
});
