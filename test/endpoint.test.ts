import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isHaloEndpoint, parseEndpoint } from "../src/core/endpoint.ts";
import { HALO_URL } from "../src/core/halo.ts";

describe("parseEndpoint", () => {
  it.each<[string, string, boolean]>([
    [HALO_URL, "api.cm.com", false],
    ["https://own.example:8443/mcp?x=1", "own.example:8443", false],
    ["https://own.example:443/mcp", "own.example", false],
    ["HTTPS://API.CM.COM/halo", "api.cm.com", false],
    ["https://xn--pi-cm-com-3fg.example/", "xn--pi-cm-com-3fg.example", false],
    ["https://[2001:db8::1]:8443/mcp", "[2001:db8::1]:8443", false],
    ["https://localhost/mcp", "localhost", true],
    ["http://localhost:3000/mcp", "localhost:3000", true],
    ["http://127.0.0.1:3000", "127.0.0.1:3000", true],
    ["http://127.9.9.9/", "127.9.9.9", true],
    ["http://[::1]:3000/mcp", "[::1]:3000", true],
    ["https://api%2Ecm.com/halo", "api.cm.com", false],
  ])("%s may get a token; its host is %s", (url, host, loopback) => {
    expect(parseEndpoint(url)).toEqual({ ok: true, url, host, loopback });
  });

  it.each<[string, RegExp]>([
    ["", /empty/],
    ["api.cm.com/halo", /not a URL/],
    ["https://", /not a URL/],
    ["https:host/x", /no host/],
    ["https:/host/x", /no host/],
    ["https:///host/x", /no host/],
    ["http:localhost", /no host/],
    ["https:\\\\host/x", /URLs cannot have/],
    ["https://host\\@evil.example/", /URLs cannot have/],
    ["https://host/<token>", /URLs cannot have/],
    ["https://api.сm.com/halo/core/mcp", /outside ASCII/],
    ["https://münchen.example/", /outside ASCII/],
    ["https://host/ x", /a space/],
    ["https://ho\tst/", /control character/],
    ["https://host/\n", /control character/],
    [" https://host/", /a space/],
    ["https://host/\u0000", /control character/],
    ["https://host/\u200b", /outside ASCII/],
    ["https://user@host/", /credentials/],
    ["https://user:pw@host/", /credentials/],
    ["https://@host/", /credentials/],
    ["https://:@host/", /credentials/],
    ["https://api.cm.com@evil.example/halo/core/mcp", /credentials/],
    ["https://host/#x", /fragment/],
    ["https://host/#", /fragment/],
    ["https://host:99999/", /not a URL/],
    ["https://host:x/", /not a URL/],
    ["http://api.cm.com/halo/core/mcp", /unencrypted/],
    ["http://localhost.evil.example/", /unencrypted/],
    ["http://127.0.0.1.evil.example/", /unencrypted/],
    ["http://0.0.0.0/", /unencrypted/],
    ["http://[::ffff:10.0.0.1]/", /unencrypted/],
    ["http://192.168.0.1/", /unencrypted/],
    ["ftp://host/", /must start with https/],
    ["ws://host/", /must start with https/],
    ["file:///etc/passwd", /must start with https/],
    ["javascript:alert(1)", /must start with https/],
    ["s3cret:rest", /must start with https/],
    [`https://host/${"a".repeat(2048)}`, /longer than/],
  ])("%j may not", (url, problem) => {
    const parsed = parseEndpoint(url);
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringMatching(problem) as string });
  });

  it("never repeats what it refuses", () => {
    const word = fc.string({ unit: fc.constantFrom(..."qzxjkvw0987"), minLength: 6, maxLength: 30 });
    fc.assert(
      fc.property(
        word,
        fc.constantFrom(
          (w: string) => w,
          (w: string) => `${w}:x`,
          (w: string) => `https://${w}@h/`,
          (w: string) => `http://${w}.example/`,
          (w: string) => `https://h/#${w}`,
          (w: string) => `https://h/ ${w}`,
        ),
        (text, shape) => {
          const parsed = parseEndpoint(shape(text));
          expect(parsed.ok).toBe(false);
          if (!parsed.ok) expect(parsed.problem).not.toContain(text);
        },
      ),
    );
  });
});

describe("isHaloEndpoint", () => {
  it("is true for one text only", () => {
    expect(isHaloEndpoint("https://api.cm.com/halo/core/mcp")).toBe(true);
    for (const url of [
      `${HALO_URL}/`,
      `${HALO_URL}?`,
      `${HALO_URL}#`,
      ` ${HALO_URL}`,
      HALO_URL.toUpperCase(),
      HALO_URL.replace("https", "http"),
      HALO_URL.replace(".com", ".com:443"),
      HALO_URL.replace("/halo", "//halo"),
      `${HALO_URL}/../mcp`,
      "",
    ]) {
      expect(isHaloEndpoint(url)).toBe(false);
    }
  });
});
