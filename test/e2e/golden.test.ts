import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { CLEAN } from "../support/check.ts";
import { put, servers } from "./doctor-support.ts";
import { golden, LENGTH, noneIsLeft, titled } from "./golden.ts";
import { APPLY, ASK_IDS, CONNECT, committed, DOTENV, entryFor, full, on, PASTE, TOKEN, untouched } from "./support.ts";
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

interface Answered extends Case {
  /** Each is a question with the keys or the text of its answer. */
  readonly answers: readonly string[];
}

/** The screen of a terminal so wide that it breaks no line of ours. */
const SCREENS: Readonly<Record<string, Answered & { readonly code: number }>> = {
  "no to the plan": { answers: [CONNECT, PASTE, ...ASK_IDS, "Write th: down down enter"], code: 130 },
  "a failed test": {
    server: { token: "another" },
    answers: [CONNECT, PASTE, ...ASK_IDS, "What now?: up enter"],
    code: 130,
  },
  "already set up": { prepare: again, answers: ["What now?: enter"], code: 0 },
};

const OLD = "made.up.old.Pm3Jx8Qd5Wc1-a7b2";
/** What a person does most often. There are as many questions as answers. */
const WAYS: Readonly<Record<string, Answered>> = {
  "first set-up": { answers: [CONNECT, PASTE, ...ASK_IDS, APPLY] },
  join: { prepare: team, answers: [PASTE] },
  "join without IDs": { prepare: (m) => committed(m, entryFor(m.url)) as undefined, answers: [PASTE, ...ASK_IDS] },
  repair: {
    async prepare(m) {
      await again(m);
      m.write(".env", DOTENV.replace(TOKEN, OLD), 0o600);
      return {};
    },
    answers: ["Use it everywhere?: enter"],
  },
  "a refused token": {
    async prepare(m) {
      expect((await m.run(full(m, "--skip-test"), { env: { HALO_MCP_TOKEN: OLD } })).code).toBe(0);
      return {};
    },
    answers: ["What now?: enter", PASTE],
  },
  ci: {
    prepare: (m) => committed(m, entryFor(m.url)) as undefined,
    args: ["--ci", "github"],
    answers: [APPLY],
  },
};
const SIZES = [
  [80, 24],
  [60, 20],
] as const;
const FRAMES = Object.entries(WAYS).flatMap(([name, way]) =>
  SIZES.map(([cols, rows]) => [`${name} ${cols}x${rows}`, { cols, rows }, way] as const),
);

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

  test.each(FRAMES)("%s", (name, size, { answers, args = [], prepare }) =>
    on({ length: LENGTH }, async (m) => {
      await prepare?.(m);
      const wizard = m.open(["--url", m.url, ...args], size);
      const frame = (title: string): string => titled(title, `${here(m, wizard.screen().join("\n"))}\n`);
      const frames: string[] = [];
      for (const answer of answers) {
        const [question = ""] = answer.split(": ");
        await wizard.asks(question);
        await wizard.settle();
        frames.push(frame(question));
        await wizard.follow(answer);
      }
      await wizard.ends(0);
      golden(`init/screens/${name}.txt`, ...frames, frame("exit 0"));
    }),
  );
});

test("no golden is left over", () => {
  for (const folder of ["words", "init", "doctor/right", "check/packed"]) noneIsLeft(folder);
});
