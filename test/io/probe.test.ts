/** The probe against real servers: both SDKs, both eras, JSON and streams, token asked for early or late. */
import { afterEach, describe, expect, it } from "vitest";
import { explainCall } from "../../src/core/diagnosis/diagnose.ts";
import type { ProbeRecord } from "../../src/core/diagnosis/record.ts";
import { Cancelled } from "../../src/errors.ts";
import type { ProbeRequest } from "../../src/io/probe/probe.ts";
import { diagnose, failedStage, IDS, probe, request as requestOf } from "../core/probe-support.ts";
import { DISCOVERED, html, http, json, type Kit, result, TOOL, text } from "../servers/fault-kit.ts";
import { type StandIn, type StandInSettings, startStandIn } from "../servers/stand-in.mjs";

const TOKEN = "made-up-token-0123456789abcdef";
const open: StandIn[] = [];

async function start(settings: Partial<StandInSettings>): Promise<StandIn> {
  const standIn = await startStandIn({ token: TOKEN, ...IDS, ...settings });
  open.push(standIn);
  return standIn;
}

const request = (url: string, more: Partial<ProbeRequest> = {}): ProbeRequest => requestOf(url, TOKEN, more);

afterEach(async () => {
  await Promise.all(open.splice(0).map((standIn) => standIn.close()));
});

/** The record of a probe of a server that answers everything alike, and what was asked of it. */
async function asked(answer: (kit: Kit) => void): Promise<{ record: ProbeRecord; methods: (string | undefined)[] }> {
  const methods: (string | undefined)[] = [];
  const server = await http("", null, (kit) => {
    methods.push(kit.message.method);
    answer(kit);
  }).start("");
  try {
    const record = await probe(request(server.url));
    return { record, methods };
  } finally {
    await server.close();
  }
}

const ERAS = ["2025-stateful", "2025-stateless", "2026", "both"] as const;
const matrix = ERAS.flatMap((era) =>
  (["json", "sse"] as const).flatMap((answers) =>
    (["first", "tools-list"] as const).map((auth) => ({ era, answers, auth })),
  ),
);

describe.each(matrix)("a server of $era, $answers, token asked for at $auth", (settings) => {
  it("connects, lists the tools, and is refused without the token", async () => {
    const standIn = await start(settings);
    const record = await probe(request(standIn.url));
    const diagnosis = diagnose(record, [TOKEN]);
    expect(diagnosis).toMatchObject({
      ok: true,
      cause: null,
      at: null,
      control: "refused",
      server: { name: "halo-stand-in", version: "1.0.0" },
    });
    expect(diagnosis.server?.protocol).toBe(
      settings.era === "2026" || settings.era === "both" ? "2026-07-28" : "2025-11-25",
    );
    expect(diagnosis.tools.map((tool) => tool.name)).toEqual(expect.arrayContaining(["list_agents", "ask_agent"]));
    expect(diagnosis.toolCount).toBe(4);
    expect(diagnosis.stages.filter(({ ok }) => !ok).map(({ stage }) => stage)).toEqual(["tls"]);
    expect(JSON.stringify(record)).not.toContain(TOKEN);
    // The control is the same road without the token, and only that.
    const bare = standIn.requests.filter((seen) => seen.headers["x-cm-producttoken"] === undefined);
    expect(bare.length).toBeGreaterThan(0);
    expect(bare.every((seen) => seen.headers["cm-account-id"] === IDS.accountId)).toBe(true);
    if (settings.auth === "tools-list") expect(bare.some((seen) => seen.rpc === "tools/list")).toBe(true);
    expect(standIn.requests.some((seen) => seen.method === "GET")).toBe(false);
    expect(standIn.requests.every((seen) => seen.headers["user-agent"] === "create-halo-mcp/0.0.0-test")).toBe(true);
    if (settings.era === "2025-stateful") expect(standIn.requests.some((seen) => seen.method === "DELETE")).toBe(true);
  });

  it("names a wrong token and a wrong profile", async () => {
    const standIn = await start(settings);
    const told = async (other: Record<string, string>) =>
      diagnose(await probe(request(standIn.url, { headers: { ...request("").headers, ...other } })));
    const wrong = await told({ "X-CM-PRODUCTTOKEN": "another-made-up-token" });
    expect(wrong).toMatchObject({ ok: false, cause: "unauthorized", at: "auth", control: "skipped" });
    const profile = await told({ "CM-PROFILE-ID": "another" });
    expect(profile).toMatchObject({ ok: false, cause: "forbidden", at: "auth" });
    expect(failedStage(profile)?.detail).toContain("profile");
  });
});

describe.each(ERAS)("an open server of %s", (era) => {
  it("proves nothing about the token", async () => {
    const standIn = await start({ era, auth: "none" });
    const diagnosis = diagnose(await probe(request(standIn.url)), [TOKEN]);
    expect(diagnosis).toMatchObject({ ok: true, cause: "unproven-token", at: null, control: "accepted" });
    const at = diagnosis.stages.find(({ stage }) => stage === "auth");
    expect(at).toMatchObject({ ok: true, cause: "unproven-token" });
  });
});

describe("the probe", () => {
  it("leaves out every variant of the token's header in the control", async () => {
    const standIn = await start({});
    const headers = { ...request("").headers, x_cm_producttoken: "variant", Authorization: `Bearer ${TOKEN}` };
    expect(diagnose(await probe(request(standIn.url, { headers })), []).control).toBe("refused");
    const text = JSON.stringify(standIn.requests.filter((seen) => seen.headers["x-cm-producttoken"] === undefined));
    expect(text).not.toContain(TOKEN);
    expect(text).not.toContain("variant");
  });

  const bad = { cause: "bad-value" };
  it.each([
    ["X-CM-PRODUCTTOKEN", "secret\nvalue", { ...bad, name: "X-CM-PRODUCTTOKEN", position: 7, codePoint: 10 }],
    ["X-CM-PRODUCTTOKEN", "secret value", { ...bad, position: 7, codePoint: 32 }],
    ["X-Other", "secret ", { ...bad, position: 7 }],
    ["X-Other", "se\u00e9cret", { ...bad, position: 3, codePoint: 0xe9 }],
    ["secret name", "x", { ...bad, name: "a header's name", position: 1 }],
    ["CM-PROFILE-ID", "", { cause: "missing-value", name: "CM-PROFILE-ID" }],
  ])("sends nothing with a bad %s: %o", async (name, value, input) => {
    const standIn = await start({});
    const record = await probe(request(standIn.url, { headers: { ...request("").headers, [name]: value } }));
    expect(record.input).toMatchObject(input);
    expect(diagnose(record, [])).toMatchObject({ ok: false, cause: input.cause, at: "auth" });
    expect(JSON.stringify([record, diagnose(record, [])])).not.toContain("secret");
    expect(standIn.requests).toEqual([]);
  });

  it("reports its stages in order, each when it begins", async () => {
    const standIn = await start({});
    const stagesOf = async (url: string, last?: string): Promise<readonly string[]> => {
      const stages: string[] = [];
      const stopper = new AbortController();
      const onStage: ProbeRequest["onStage"] = (stage) => {
        stages.push(stage);
        if (stage === last) stopper.abort();
      };
      const run = probe(request(url, { signal: stopper.signal, onStage }));
      await (last === undefined ? run : expect(run).rejects.toThrow(Cancelled));
      return stages;
    };
    expect(await stagesOf(standIn.url)).toEqual(["dns", "tcp", "http", "tools", "auth"]);
    const silent = await http("", null, () => undefined).start("");
    expect(await stagesOf(silent.url, "http")).toEqual(["dns", "tcp", "http"]);
    await Promise.all([silent.close(), standIn.close()]);
    expect(await stagesOf(standIn.url)).toEqual(["dns", "tcp"]);
  });

  it("does not start when already cancelled", async () => {
    const signal = AbortSignal.abort();
    await expect(probe(request("http://127.0.0.1:1/", { signal }))).rejects.toBeInstanceOf(Cancelled);
  });
});

describe("one tool", () => {
  const COMPLETE = { resultType: "complete", ttlMs: 0, cacheScope: "private" };
  const MORE = "the tool asks for more input, or gave a result of a type that this test does not know";
  const WRONG = "the tool's answer is not valid in MCP";
  const TEXTS = ["so", 7].map((text) => ({ type: "text", text }));
  const params = { message: "?", requestedSchema: { type: "object", properties: {} } };
  const ASKED = { a: { method: "elicitation/create", params } };
  const ANSWERS: readonly [string, unknown, string][] = [
    ["a task", { resultType: "task", taskId: "1" }, MORE],
    ["with text that is none", { ...COMPLETE, content: TEXTS }, `${WRONG}: content.1: `],
    ["with a list", [], WRONG],
    ["for more with a question", { resultType: "input_required", inputRequests: ASKED, requestState: "more" }, MORE],
  ];
  it.each(ANSWERS)("that answers %s is called once, and is told apart", async (_, answer, says) => {
    const heard: Kit["message"][] = [];
    const agents: unknown[] = [];
    const server = await http("", null, (kit) => {
      const { request: got, response, message } = kit;
      heard.push(message);
      agents.push(got.headers["user-agent"]);
      if (got.headers["x-cm-producttoken"] === undefined) json(response, 401, {});
      else if (message.method === "server/discover") json(response, 200, result(message, DISCOVERED));
      else if (message.method === "tools/list") json(response, 200, result(message, { ...COMPLETE, tools: [TOOL] }));
      else json(response, 200, result(message, answer));
    }).start("");
    try {
      const headers = { ...request("").headers, "User-Agent": "another/1" };
      const record = await probe(request(server.url, { headers, call: { tool: TOOL.name, args: {} } }));
      expect(record.outcome.call?.ok).toBe(false);
      expect(explainCall(record) ?? record.outcome.call?.text).toContain(says);
      expect(heard.filter(({ method }) => method === "tools/call")).toHaveLength(1);
      expect(new Set(agents)).toEqual(new Set(["create-halo-mcp/0.0.0-test"]));
    } finally {
      await server.close();
    }
  });
});

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
  it("that a web page answered, if its coding is one that was not asked for", async () => {
    const { record } = await asked((kit) => text(kit, 200, "packed", { ...html, "content-encoding": "deflate" }));
    expect(diagnose(record, []).cause).toBe("html-answer");
  });
  it.each([
    ["/halo/core/mcp/", /^http:\/\/127\.0\.0\.1:\d+\/halo\/core\/mcp\/$/],
    ["https://user:pass@login.example/in%20here?next=1#top", /^https:\/\/login\.example\/in%20here$/],
    ["javascript:alert(1)", /^undefined$/],
    ["https://[", /^undefined$/],
    ["https://x.example/%zz/a", /^https:\/\/x\.example\/%zz\/a$/],
  ])("where a redirect leads, without query and credentials: %s", async (location, seen) => {
    const { record } = await asked((kit) => text(kit, 307, "", { location }));
    expect(String(record.exchanges[0]?.location)).toMatch(seen);
  });
  it.each([
    ['Bearer realm="x", error="invalid_token", error_description="The token expired"', "The token expired"],
    ["Bearer error=invalid_token", "invalid_token"],
    ['Bearer realm="error"', undefined],
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

describe("a call that may only read", () => {
  const READS = { annotations: { readOnlyHint: true } };
  const call = { tool: "list_agents", args: {}, onlyReads: true };
  it.each<[string, Record<string, object>, string | undefined, boolean]>([
    ["it says that it reads", { list_agents: READS }, "list_agents", true],
    ["it says nothing", { ask_agent: READS }, "ask_agent", false],
    [
      "it needs an argument",
      { list_agents: { ...READS, inputSchema: { type: "object", required: ["a"] } } },
      undefined,
      false,
    ],
    [
      "it contradicts itself",
      { list_agents: { annotations: { readOnlyHint: true, destructiveHint: true } } },
      undefined,
      false,
    ],
  ])("%s", async (_, tools, harmless, isCalled) => {
    for (const era of ["2025-stateful", "2026"] as const) {
      const { url, requests } = await start({ era, tools });
      const { outcome } = await probe(request(url, { call }));
      expect([outcome.harmless, outcome.call?.ok]).toEqual([harmless, isCalled]);
      expect(requests.some(({ rpc }) => rpc === "tools/call")).toBe(isCalled);
    }
  });
});
