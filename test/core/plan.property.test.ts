import fc from "fast-check";
import { expect, it } from "vitest";
import { type ProjectInput, planProject } from "../../src/core/plan/install.ts";
import { applied, input, paths, remove, type Texts } from "./plan-input.ts";

const document = fc
  .tuple(
    fc.dictionary(fc.constantFrom("a", "b", "x-y"), fc.jsonValue({ maxDepth: 2 })),
    fc.constantFrom(0, 2, 4, "\t"),
    fc.constantFrom("\n", "\r\n"),
    fc.constantFrom("", "\n"),
  )
  .map(([value, space, eol, end]) => (JSON.stringify({ keep: 1, ...value }, null, space) + end).replaceAll("\n", eol));
/** Without "mcpServers" Claude Code refuses a `.mcp.json`: that key stays. */
const mcpDocument = document.map((text) => text.replace('"keep"', '"mcpServers": {}, "keep"'));
const file = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const lines = fc
  .tuple(
    fc.array(fc.constantFrom("A=1", "# note", "", "B='x y'", 'export C="d"'), { maxLength: 4 }),
    fc.constantFrom("\n", "\r\n"),
    fc.boolean(),
  )
  .map(([all, eol, last]) => `FIRST=1${eol}${all.join(eol)}${last ? eol : ""}`);

it("gives back every byte that was there", () => {
  fc.assert(
    fc.property(
      file(mcpDocument),
      file(document),
      file(lines),
      file(lines),
      file(lines),
      fc.constantFrom("claude-settings", "direnv", "none"),
      (mcp, bridgeText, env, example, envrc, bridge) => {
        const before: Texts = {
          [paths.mcp]: mcp,
          [paths.bridge]: bridgeText,
          [paths.env]: env,
          [paths.example]: example,
          [paths.envrc]: envrc,
        };
        const planned = planProject(input({ bridge: bridge as ProjectInput["bridge"] }, before));
        fc.pre(planned.ok);
        const done = applied(before, planned);
        const back = applied(done, remove(done));
        for (const path of [paths.mcp, paths.bridge, paths.env, paths.example, paths.envrc])
          expect(back[path]).toBe(before[path]);
      },
    ),
    { numRuns: 600 },
  );
});
