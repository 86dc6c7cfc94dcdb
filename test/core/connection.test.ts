import { describe, expect, test } from "vitest";
import { readEntry, type Scope } from "../../src/core/clients/claude-code.ts";
import { type Consent, isOwnUrl, mayReceive, whatToSend } from "../../src/core/connection.ts";
import { entry, TOKEN, URL, VALUES } from "./doctor-support.ts";

const GATEWAY = "https://gw.example/mcp";

const of = (more: Record<string, unknown>, scope: Scope = "project") => {
  return readEntry("halo", scope, entry(more) as never);
};

describe("who may receive the token", () => {
  test.each<[string, string, Consent, "yes" | "bad-url" | "endpoint-foreign"]>([
    ["HALO's own endpoint", URL, {}, "yes"],
    ["a slash more", `${URL}/`, {}, "endpoint-foreign"],
    ["a capital", URL.replace("api", "API"), {}, "endpoint-foreign"],
    ["a query", `${URL}?x=1`, {}, "endpoint-foreign"],
    ["a look-alike host", "https://api.cm.com.evil.example/halo/core/mcp", {}, "endpoint-foreign"],
    ["a host of the repository", GATEWAY, {}, "endpoint-foreign"],
    ["--url with that very URL", GATEWAY, { url: GATEWAY }, "yes"],
    ["--url with another one", GATEWAY, { url: `${GATEWAY}/` }, "endpoint-foreign"],
    ["a file of the person's own", GATEWAY, { isOwn: true }, "yes"],
    ["this machine, with --url", "http://127.0.0.1:9/mcp", { url: "http://127.0.0.1:9/mcp" }, "yes"],
    ["in clear, whoever says so", "http://gw.example/mcp", { url: "http://gw.example/mcp", isOwn: true }, "bad-url"],
    ["with credentials", "https://a:b@gw.example/mcp", { isOwn: true }, "bad-url"],
    ["HALO's own in clear", URL.replace("https", "http"), {}, "bad-url"],
    ["no URL", "${HALO_URL}", { isOwn: true }, "bad-url"],
  ])("%s", (_, url, given, wanted) => {
    const answer = mayReceive(url, given);
    expect(answer.ok ? "yes" : answer.cause).toBe(wanted);
  });

  test.each<[string, Scope, readonly string[], boolean, boolean]>([
    ["a user entry", "user", [], false, true],
    ["a local entry", "local", [], false, true],
    ["a project entry", "project", [], false, false],
    ["a store that lies in the repository", "user", [], true, false],
    ["with a variable of the environment", "user", ["MINE"], false, true],
    ["with a variable that nothing sets", "user", ["NOWHERE"], false, true],
    ["with a variable that the repository sets", "user", ["MINE", "THEIRS"], false, false],
  ])("a URL of one's own: %s", (_, scope, variables, inRepository, wanted) => {
    const layer = (place: string, name: string, ofRepository: boolean) =>
      ({ from: "environment", place, env: { [name]: GATEWAY }, ofRepository }) as const;
    const layers = [layer("the environment", "MINE", false), layer(".claude/settings.json", "THEIRS", true)];
    const url = variables.map((name) => `\${${name}}`).join("/");
    expect(isOwnUrl({ ...of({}, scope), url }, layers, inRepository)).toBe(wanted);
  });
});

describe("what is sent", () => {
  const headers = entry().headers as Record<string, string>;

  test("the entry as a session expands it, with what is filled in", () => {
    const { HALO_PROFILE_ID: profile, ...env } = VALUES;
    expect(whatToSend(of({}), env, { HALO_PROFILE_ID: profile }, {})).toMatchObject({
      ok: true,
      sent: { url: URL, headers: { "X-CM-PRODUCTTOKEN": TOKEN, "CM-PROFILE-ID": profile } },
    });
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["a foreign URL", { url: GATEWAY }, "endpoint-foreign"],
    ["a program", { headersHelper: "x" }, "entry-runs"],
    ["a URL with a variable that nothing sets", { url: "${HALO_URL}" }, "bad-url"],
    ["a URL that .env alone would fill in", { url: "${FILLED}" }, "bad-url"],
    ["a variable that is not HALO's", { headers: { ...headers, "X-Y": "${AWS_SECRET_ACCESS_KEY}" } }, "bad-value"],
    ["a value that is nowhere", { headers: { ...headers, "X-Y": "${HALO_MORE_ID}" } }, "missing-value"],
  ])("nothing: %s", (_, more, cause) =>
    expect(whatToSend(of(more), VALUES, { FILLED: GATEWAY }, {})).toMatchObject({ ok: false, cause }),
  );
});
