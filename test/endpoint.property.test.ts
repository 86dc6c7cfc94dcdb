import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseEndpoint } from "../src/core/endpoint.ts";

describe("parseEndpoint", () => {
  it("never accepts what carries a token in clear, elsewhere than shown, or is read in two ways", () => {
    const part = fc.constantFrom(
      "https:",
      "http:",
      "//",
      "/",
      "\\",
      "@",
      ":",
      "#",
      "?",
      "api.cm.com",
      "evil.example",
      "127.0.0.1",
      "localhost",
      "[::1]",
      "8080",
      " ",
      "\t",
      "%40",
      "%2f",
      "é",
      "user",
      "",
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join("");
        const parsed = parseEndpoint(text);
        if (!parsed.ok) return;
        const url = new URL(text);
        expect(url.username + url.password + url.hash).toBe("");
        expect(parsed.host).toBe(url.host);
        expect(text).toMatch(/^https?:\/\/[\x21-\x7e]+$/);
        if (url.protocol === "http:") expect(parsed.loopback).toBe(true);
        if (parsed.loopback)
          expect(["localhost", "[::1]"].includes(url.hostname) || url.hostname.startsWith("127.")).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});
