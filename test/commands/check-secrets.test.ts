import { PassThrough } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check, write } from "../support/check.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";
import { encode, FORMS, PLACES } from "../support/secrets.ts";

let scratch: ScratchHome;
let repo: Repository;
beforeEach(() => {
  scratch = scratchHome();
  repo = mkRepo(scratch);
});
afterEach(() => scratch.dispose());

/** A terminal on which no line is cut. */
function wide() {
  return { isWatched: true, stdout: Object.assign(new PassThrough(), { columns: 4000 }) };
}

/** Every form of output there is for these files, with the code of each. */
async function outputs(): Promise<readonly { readonly how: string; readonly out: string; readonly code: number }[]> {
  const hows = [
    ["--format", "text"],
    ["--format", "json"],
    ["--format", "github"],
    ["--format", "sarif"],
    ["--fix", "--dry-run"],
  ];
  return Promise.all(
    hows.map(async (args) => {
      const given = args[1] === "text" || args[0] === "--fix" ? wide() : undefined;
      const { code, stdout, stderr } = await check(
        repo.path,
        ["--allow-missing", ...args],
        { ...scratch.env, CI: "1" },
        given,
      );
      return { how: args.join(" "), out: stdout + stderr + String(given?.stdout.read() ?? ""), code };
    }),
  );
}

const PIECE = 8;

/** The pieces of the secret that stand in a text, also where it is written with escapes. */
function pieces(secret: string, text: string): readonly string[] {
  const all = Array.from({ length: secret.length - PIECE + 1 }, (_, at) => secret.slice(at, at + PIECE));
  return all.filter((piece) => text.includes(piece));
}

describe.each(Object.entries(FORMS))("%s", (_, make) => {
  it.each(Object.entries(PLACES))("in %s: is found, and no piece of it is printed", async (title, put) => {
    const secret = make(title.length + Object.keys(PLACES).indexOf(title));
    const { path, text, encoding } = put(secret);
    write(repo.path, { [path]: encode(text, encoding), ".gitignore": ".env\n" });
    for (const { how, out, code } of await outputs()) {
      expect(code, `${how}\n${out}`).toBe(1);
      for (const form of [secret, Buffer.from(secret).toString("base64").replace(/=+$/, "")])
        expect(pieces(form, out), `${how}\n${out}`).toEqual([]);
      if (how === "--format json") expect(out).toMatch(/"rule": "(?:committed|env-example)-secret"/);
    }
  });
});
