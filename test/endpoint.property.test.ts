import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { endpointProblem } from "../src/core/halo.ts";

describe("endpointProblem", () => {
  it("never accepts what carries a token in clear, elsewhere than shown, or is read in two ways", () => {
    const part = fc.constantFrom(
      ..."https:|http:|//|/|\\|@|:|#|?|api.cm.com|evil.example|127.0.0.1|localhost|[::1]|8080| |\t|%40|%2f|é|user|".split(
        "|",
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join("");
        if (endpointProblem(text) !== undefined) return;
        const url = new URL(text);
        expect(url.username + url.password + url.hash).toBe("");
        expect(text).toMatch(/^https?:\/\/[\x21-\x7e]+$/);
        if (url.protocol === "http:") expect(url.hostname).toMatch(/^(?:localhost|\[::1\]|127\..*)$/);
      }),
      { numRuns: 5000 },
    );
  });
});
