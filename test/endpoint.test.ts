import { describe, expect, it } from "vitest";
import { endpointProblem, HALO_URL } from "../src/core/halo.ts";

describe("endpointProblem", () => {
  it.each([
    HALO_URL,
    "https://own.example:8443/mcp?x=1",
    "HTTPS://API.CM.COM/halo",
    "https://xn--pi-cm-com-3fg.example/",
    "https://[2001:db8::1]:8443/mcp",
    "http://localhost:3000/mcp",
    "http://127.9.9.9/",
    "http://[::1]:3000/mcp",
  ])("%s may get a token", (url) => expect(endpointProblem(url)).toBeUndefined());

  it.each<[string, RegExp]>([
    ["", /empty/],
    ["api.cm.com/halo", /not a URL/],
    ["https://", /not a URL/],
    ["https:host/x", /no host/],
    ["http:localhost", /no host/],
    ["https:\\\\host/x", /URLs cannot have/],
    ["https://host\\@evil.example/", /URLs cannot have/],
    ["https://api.сm.com/halo/core/mcp", /outside ASCII/],
    ["https://ho\tst/", /control character/],
    [" https://host/", /a space/],
    ["https://host/\u0000", /control character/],
    ["https://host/\u200b", /outside ASCII/],
    ["https://user@host/", /credentials/],
    ["https://:@host/", /credentials/],
    ["https://api.cm.com@evil.example/halo/core/mcp", /credentials/],
    ["https://host/#x", /fragment/],
    ["https://host/#", /fragment/],
    ["https://host:99999/", /not a URL/],
    ["http://api.cm.com/halo/core/mcp", /unencrypted/],
    ["http://localhost.evil.example/", /unencrypted/],
    ["http://127.0.0.1.evil.example/", /unencrypted/],
    ["http://[::ffff:10.0.0.1]/", /unencrypted/],
    ["http://192.168.0.1/", /unencrypted/],
    ["ftp://host/", /must start with https/],
    ["javascript:alert(1)", /must start with https/],
    ["s3cret:rest", /must start with https/],
    [`https://host/${"a".repeat(2048)}`, /longer than/],
  ])("%j may not", (url, problem) => expect(endpointProblem(url)).toMatch(problem));

  it.each(["s3cret:x", "https://s3cret@h/", "http://s3cret.example/", "https://h/#s3cret", "https://h/ s3cret"])(
    "%s is not repeated",
    (url) => expect(endpointProblem(url)).toEqual(expect.not.stringContaining("s3cret")),
  );
});
