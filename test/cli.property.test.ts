import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parse } from "../src/cli.ts";
import { UsageError } from "../src/errors.ts";

const said = ({ message, hint }: UsageError): string => `${message}\n${hint ?? ""}`;

describe("parse", () => {
  it("never fails otherwise than with a UsageError, and repeats no value in it, wherever that stands", () => {
    const value = fc.oneof(
      fc.uuid(),
      fc
        .string({ unit: fc.constantFrom(..."abcdefXYZ0189._~+/=-"), minLength: 12, maxLength: 40 })
        .filter((text) => /[A-Z0-9]/.test(text)),
      fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz"), minLength: 15, maxLength: 40 }),
    );
    const words = fc.oneof(
      fc.constantFrom(
        ..."init --yes --json --scope --client --bridge --token --account-id --name -y -q -- --url".split(" "),
      ),
      fc
        .tuple(fc.constantFrom("", "-", "--"), fc.string({ unit: "binary", maxLength: 8 }))
        .map((parts) => parts.join("")),
    );
    const shape = fc.constantFrom(
      (v: string) => v,
      (v: string) => `--${v}`,
      (v: string) => `-${v}`,
      (v: string) => `--token=${v}`,
      (v: string) => `--yes=${v}`,
      (v: string) => `--scope=${v}`,
      (v: string) => `--bridge=direnv,${v}`,
      (v: string) => `--client=${v},x`,
    );
    fc.assert(
      fc.property(
        fc.array(words, { maxLength: 3 }),
        value,
        shape,
        fc.array(words, { maxLength: 2 }),
        (before, secret, how, after) => {
          try {
            parse([...before, how(secret), ...after], { HALO_BRIDGE: secret });
          } catch (error) {
            if (!(error instanceof UsageError)) throw error;
            expect(said(error).toLowerCase()).not.toContain(secret.toLowerCase());
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});
