import { describe, expect, it } from "vitest";
import { documentOf, headlineOf, nextSteps } from "../../src/commands/init/finish.ts";
import type { InitOptions } from "../../src/commands/init/options.ts";
import { checkOptions, type Decided } from "../../src/commands/init/plan.ts";
import type { Proof } from "../../src/commands/init/prove.ts";
import type { Survey } from "../../src/commands/init/survey.ts";
import { agreeOnUrl, permitted, showDiagnosis } from "../../src/commands/init/test.ts";
import { firstOf, missingIn, usable } from "../../src/commands/init/values.ts";
import { haloEntries } from "../../src/core/clients/claude-code.ts";
import type { Diagnosis } from "../../src/core/diagnosis/diagnose.ts";
import { HALO_URL } from "../../src/core/halo.ts";
import type { Step } from "../../src/core/plan/model.ts";
import { decideTarget, type Target } from "../../src/core/plan/target.ts";
import type { Ask } from "../../src/ui/ask.ts";
import type { Show } from "../../src/ui/show.ts";

/** What is said, as `ok: text | details`. */
function recorder(): { readonly show: Show; readonly said: string[] } {
  const said: string[] = [];
  const say =
    (kind: string) =>
    (text: string, details: readonly string[] = []) =>
      void said.push([`${kind}: ${text}`, ...details].join(" | "));
  const show = { columns: 80, ok: say("ok"), bad: say("bad"), warn: say("warn"), info: say("info") };
  return { show: show as unknown as Show, said };
}

const passed = {
  ok: true,
  cause: null,
  at: null,
  control: "refused",
  led: null,
  server: { name: "halo", version: "1.0.0", protocol: "2025-11-25" },
  toolCount: 1,
  tools: [{ name: "ask", description: "Asks." }],
  stages: [],
} as unknown as Diagnosis;

describe("showDiagnosis", () => {
  const refused = "ok: Checked: HALO refuses the same request without your token.";
  it.each<[string, Diagnosis["control"], boolean, RegExp | string | undefined]>([
    ["refused", "refused", false, refused],
    ["refused, the second time", "refused", true, undefined],
    ["accepted", "accepted", false, /^warn: .*accepted too/],
    ["accepted, the second time", "accepted", true, /^warn: .*accepted too/],
    ["skipped", "skipped", false, /^warn: .*could not be tested/],
    ["skipped, the second time", "skipped", true, /^warn: .*could not be tested/],
  ])("says what came of the control: %s", (_, control, brief, expected) => {
    const { show, said } = recorder();
    showDiagnosis(show, { ...passed, control }, "Connection test", brief);
    expect(said[0]).toBe(`ok: Connection test: connected to halo 1.0.0, 1 tool${brief ? "" : " | ask: Asks."}`);
    expect(said).toHaveLength(expected === undefined ? 1 : 2);
    if (expected !== undefined) expect(said[1]).toMatch(expected);
  });
  it("shows eight tools, and how many more there are", () => {
    const { show, said } = recorder();
    const tools = Array.from({ length: 9 }, (_, index) => ({ name: `t${index}`, description: "" }));
    showDiagnosis(show, { ...passed, tools, toolCount: 12 }, "Connection test");
    expect(said[0]).toMatch(/12 tools \| t0 .* t7 \| … and 4 more$/);
  });
});

describe("headlineOf", () => {
  const proof = (given: Partial<Proof>): Proof => ({ ok: true, files: passed, client: "connected", ...given });
  const open = { ...passed, control: "accepted" } as Diagnosis;
  it.each<[Partial<Proof>, changed: boolean, claudeIs: Survey["claudeIs"], RegExp]>([
    [{}, true, "found", /^HALO is connected, and Claude Code confirms it\.$/],
    [
      { client: "unknown" },
      true,
      "found",
      /^HALO answers with the saved settings\. Claude Code gave no clear answer\.$/,
    ],
    [{ client: "not-asked" }, true, "found", /Claude Code could not be asked\.$/],
    [{ client: "not-asked" }, true, "none", /isn't installed here/],
    [{ files: undefined, client: "not-asked" }, true, "none", /^Saved\. Claude Code isn't installed/],
    [{ client: "not-asked" }, true, "silent", /Claude Code does not answer here, so it is untested there\.$/],
    [{ files: open }, true, "found", /^Connected, but .* your token was not tested\.$/],
    [{ files: open }, false, "found", /^Already set up\. .* your token was not tested\. Nothing was written\.$/],
    [{}, false, "found", /^Already set up and working\. Nothing was written\.$/],
    [{ ok: false }, true, "found", /^Saved, but it does not work yet/],
    [{ ok: false }, false, "found", /^Already set up, but not working/],
  ])("%j, changed: %s, Claude Code: %s", (given, changed, claudeIs, expected) =>
    expect(headlineOf(proof(given), changed, claudeIs)).toMatch(expected),
  );
});

const headers = {
  "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
  "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
  "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
};
function targetFor(url?: string): Target {
  const entries = url === undefined ? [] : haloEntries({ halo: { type: "http", url, headers } }, "project", "halo");
  const decision = decideTarget(entries, { name: undefined, url: undefined });
  if (!decision.ok) throw new Error(decision.reason);
  return decision.target;
}

describe("nextSteps", () => {
  const survey = { root: "/r", ciPaths: [], claude: undefined, git: {} } as unknown as Survey;
  const options = { bridge: "claude-settings" } as InitOptions;
  const lines = (scopes: Decided["choice"]["scopes"], clients: Decided["choice"]["clients"], url?: string): string => {
    const next = nextSteps(options, survey, targetFor(url), { clients, scopes }, { steps: [] }, "npx again");
    return next.flat().join("\n");
  };
  it.each<[Decided["choice"]["scopes"], start: boolean, trust: boolean, team: boolean]>([
    [["project"], true, true, true],
    [["local"], true, false, false],
    [["user"], false, false, false],
    [["project", "user"], true, true, true],
  ])("%j: starting, trusting, teammates", (scopes, start, trust, team) => {
    const text = lines(scopes, ["claude-code"]);
    expect([/cd \/r && claude/, /trust this folder/, /Teammates/].map((part) => part.test(text))).toEqual([
      start,
      trust,
      team,
    ]);
    expect(text).toMatch(/To repeat this set-up\n {2}npx again$/);
  });
  it("who joins is told nothing for the team, and web clients nothing of Claude Code", () => {
    expect(lines(["project"], ["claude-code"], HALO_URL)).not.toMatch(/Teammates|In CI/);
    expect(lines([], ["claude-ai"])).toBe("To repeat this set-up\n  npx again");
  });
});

describe("documentOf", () => {
  it("gives each step its status, and null where nothing was proven", () => {
    const write = (path: string, before: string, after: string): Step => ({ kind: "write", path, before, after });
    const steps = [write("/r/a", "1", "1"), write("/r/b", "1", "2"), write("/r/c", "1", "3")] as const;
    const statuses = new Map([[steps[2] as Step, "written"]]);
    const server = { name: "halo", url: HALO_URL };
    const outcome = { ok: true, headline: "", plan: { steps }, statuses };
    const body = documentOf(false, { root: "/r" } as Survey, server, outcome, "again");
    expect(body).toMatchObject({
      steps: [{ status: "unchanged" }, { status: "planned" }, { path: "c", status: "written" }],
      probe: null,
      client: null,
    });
  });
});

describe("agreeOnUrl", () => {
  const FOREIGN = "https://gateway.example/mcp";
  const answering = (yes: boolean): Ask => ({ confirm: async () => yes }) as unknown as Ask;
  const agree = (url: string | undefined, given: string | undefined, ask?: Ask, env = {}) =>
    agreeOnUrl(targetFor(url), env, given, recorder().show, ask);
  it("takes HALO's own, the one of --url, and the one that got a yes", async () => {
    expect(await agree(undefined, undefined)).toBe(HALO_URL);
    expect(await agree(HALO_URL, undefined)).toBe(HALO_URL);
    expect(await agree(FOREIGN, FOREIGN)).toBe(FOREIGN);
    expect(await agree(FOREIGN, undefined, answering(true))).toBe(FOREIGN);
    expect(await agree("${GATEWAY}", FOREIGN, undefined, { GATEWAY: FOREIGN })).toBe(FOREIGN);
  });
  it.each<[string, string, Ask | undefined, string]>([
    ["nobody to ask", FOREIGN, undefined, "endpoint-foreign"],
    ["a no", FOREIGN, answering(false), "endpoint-foreign"],
    ["another URL than that of --url", `${FOREIGN}/`, undefined, "endpoint-foreign"],
    ["variables, whoever is asked", "${GATEWAY:-https://gateway.example/mcp}", answering(true), "endpoint-foreign"],
    ["HALO's own values", `${HALO_URL}\${HALO_PROFILE_ID:-}`, answering(true), "bad-url"],
    ["no encryption", "http://gateway.example/mcp", answering(true), "bad-url"],
  ])("refuses: %s", async (_, url, ask, code) => {
    await expect(agree(url, undefined, ask)).rejects.toMatchObject({ exitCode: 1, code });
  });
});

describe("permitted", () => {
  it.each([
    ["missing-value", "placeholder-sent", /would send the placeholder/],
    ["bad-value", "bad-header", /nothing was sent/],
    ["endpoint-foreign", "endpoint-foreign", /elsewhere than agreed/],
    ["bad-url", "bad-url", /nothing was sent/],
    ["entry-runs", "refused", /nothing was sent/],
  ] as const)("%s is the error %s", (cause, code, message) => {
    expect(() => permitted({ ok: false, cause, reason: "why" }, ".mcp.json", "hint")).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }) as Error,
    );
  });
});

describe("usable", () => {
  const none = { token: [], account: [], profile: [] };
  const from = (kind: "given" | "environment" | "file" | "fixed", text: string, place = kind) => ({
    text,
    from: place,
    kind,
  });
  it("keeps the order, drops copies, and hides tokens", () => {
    const secrets = new Set<string>();
    const token = [from("given", '"tok-1"'), from("environment", "tok-2"), from("file", "tok-1")];
    const found = usable({ ...none, token }, false, recorder().show, secrets);
    expect(found.token.map(({ value, given }) => [value, given])).toEqual([
      ["tok-1", true],
      ["tok-2", false],
    ]);
    expect([...secrets]).toEqual(["tok-1", "tok-2"]);
    expect(missingIn(found)).toEqual(["account", "profile"]);
    expect(firstOf(found)).toEqual({ token: "tok-1", account: "", profile: "" });
  });
  it.each([
    ["a bad one of the command line", [from("given", "a b")], true, true],
    ["a bad one of the environment, nobody to ask", [from("environment", "a b")], false, true],
    ["a bad one of the environment, somebody to ask", [from("environment", "a b")], true, false],
    [
      "a bad one of the environment behind a good one",
      [from("given", "tok"), from("environment", "a b")],
      false,
      false,
    ],
    ["an unfilled line of a file", [from("file", "<token>")], false, false],
    ["what the team wrote, taken as it is", [from("fixed", "<token>")], false, false],
  ])("%s", (_, token, isAsked, isRefused) => {
    const judge = () => usable({ ...none, token }, isAsked, recorder().show, new Set());
    if (isRefused) expect(judge).toThrow(expect.objectContaining({ code: "bad-token", exitCode: 2 }) as Error);
    else expect(judge).not.toThrow();
  });
});

describe("checkOptions", () => {
  it.each([
    [HALO_URL, ""],
    ["https://gateway.example/mcp?a=1", " --url 'https://gateway.example/mcp?a=1'"],
    ["https://gateway.example/$(x)", undefined],
  ])("%s", (url, expected) => expect(checkOptions(url)).toBe(expected));
});
