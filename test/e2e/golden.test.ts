import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { CLEAN } from "../support/check.ts";
import { put, servers } from "./doctor-support.ts";
import { golden, LENGTH, noneIsLeft, titled } from "./golden.ts";
import { APPLY, ASK_IDS, CONNECT, DOTENV, entryFor, on, PASTE, TOKEN, untouched } from "./support.ts";
import { again, type Case, type Files, here, printed, team, transcripts, written } from "./transcripts.ts";

/** What the packed program prints and writes, word for word, beside the faults of doctor.test.ts. */

transcripts();

/** Each block of test/golden/commands.txt is one golden: what the commands print that get no further than their words. */
const COMMANDS = readFileSync(new URL("../golden/commands.txt", import.meta.url), "utf8").split("\n\n");

test.each(["help", "init", "others"].map((name, at) => [name, COMMANDS[at] ?? ""] as const))(
  "words: %s",
  (name, lines) =>
    on({ length: LENGTH }, async (m) => {
      const parts: string[] = [];
      for (const line of lines.trim().split("\n")) {
        const words = line.split(" ").map((word) => word.replace("<token>", TOKEN));
        const [variables, args] = [/^HALO_\w+=/, /^(?!HALO_\w+=)/].map((form) =>
          words.filter((word) => form.test(word)),
        );
        const env = Object.fromEntries((variables ?? []).map((word) => word.split("=")));
        parts.push(printed(m, `create-halo-mcp ${line}`, await untouched(m, () => m.run(args ?? [], { env }))));
      }
      golden(`words/${name}.txt`, ...parts);
    }),
);

const HALO = { ...entryFor("https://api.cm.com/halo/core/mcp") };
/** Repositories of which `check` says something, other than what a page of a rule and golden/check have. */
const REPOSITORIES: Readonly<Record<string, Files>> = {
  clean: CLEAN,
  empty: {},
  "a token and an open file": {
    ...CLEAN,
    ".mcp.json": servers({ ...HALO, headers: { ...(HALO.headers as Files), "X-CM-PRODUCTTOKEN": TOKEN } }),
    ".env": DOTENV,
    ".gitignore": "",
  },
  "broken files": { ...CLEAN, ".mcp.json": '{\n  "mcpServers": {\n    "halo": {},\n  }\n}\n', ".vscode/mcp.json": "{" },
  "what can be mended": {
    ...CLEAN,
    ".mcp.json":
      '\ufeff{\n  // ours\n  "mcpServers": {\n    "halo": { "type": "http", "url": "https://api.cm.com/halo/core/mcp" },\n    "x": { "url": "https://x.example" }\n  }\n}\n',
  },
};

describe.concurrent("check", () => {
  test.each(Object.entries(REPOSITORIES))("%s", (name, files) =>
    on({ length: LENGTH }, async (m) => {
      put(m.path, files);
      m.repo.git("add", "--all");
      const parts: string[] = [];
      for (const args of ["", "--json", "--format github", "--format sarif", "--fix --dry-run", "--fix"]) {
        const before = m.tree();
        const run = await m.run(["check", ...args.split(" ").filter((word) => word !== "")]);
        // the rules are in golden/check/report.sarif
        const stdout = run.stdout.replace(/"rules": \[[\s\S]*?\n {10}\]/, '"rules": "<rules>"');
        parts.push(printed(m, `check ${args}`, { ...run, stdout }), ...written(m, m.path, before));
      }
      golden(`check/packed/${name}.txt`, ...parts);
    }),
  );
});

/** Questions with the keys or the text of their answers: the screen of a terminal so wide that it breaks no line of ours. */
const SCREENS: Readonly<Record<string, Case & { readonly answers: readonly string[]; readonly code: number }>> = {
  first: { answers: [CONNECT, PASTE, ...ASK_IDS, APPLY], code: 0 },
  "no to the plan": { answers: [CONNECT, PASTE, ...ASK_IDS, "Write th: down down enter"], code: 130 },
  "a failed test": {
    server: { token: "another" },
    answers: [CONNECT, PASTE, ...ASK_IDS, "What now?: up enter"],
    code: 130,
  },
  "already set up": { prepare: again, answers: ["What now?: enter"], code: 0 },
  join: { prepare: team, answers: [PASTE], code: 0 },
};

describe.concurrent("screens of the wizard", () => {
  test.each(Object.entries(SCREENS))("%s", (name, { answers, code, prepare, ...options }) =>
    on({ ...options, length: LENGTH }, async (m) => {
      await prepare?.(m);
      const wizard = m.open(["--url", m.url], { cols: 200 });
      await wizard.follow(...answers);
      await wizard.ends(code);
      golden(`init/screens/${name}.txt`, titled(`exit ${code}`, here(m, wizard.text().replace(/ +$/gm, ""))));
    }),
  );
});

test("no golden is left over", () => {
  for (const folder of ["words", "init", "doctor/right", "check/packed"]) noneIsLeft(folder);
});
