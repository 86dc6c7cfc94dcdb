import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { describe, expect, test } from "vitest";
import type { Environment } from "../support/home.ts";
import {
  APPLY,
  ASK_IDS,
  CONNECT,
  callsOf,
  committed,
  entryFor,
  fakeClaude,
  full,
  ids,
  type Machine,
  on,
  programsOf,
  says,
  start,
  withRecorder,
} from "./support.ts";

/**
 * A made-up token is searched for in everything that was printed, written, or handed to a program, in each form in
 * which it could stand there. It may be in `.env`, the bridge file, and ~/.claude/settings.json where that was chosen.
 */

/** With characters that JSON, URLs and shells write otherwise, but for the backslash, which no .env can hold. */
const SECRET = `made.up+Zq7/Xw2="Lk9&Rb4%Nv6>Ty8<Hs3-e5f1`;

/** Every writing of it that is searched for, by its name. */
const json = JSON.stringify(SECRET).slice(1, -1);
const url = encodeURIComponent(SECRET);
const bytes = Buffer.from(SECRET);
const FORMS: readonly (readonly [string, string])[] = [
  ["as it is", SECRET],
  ["as JSON", json],
  ["as JSON in JSON", JSON.stringify(json).slice(1, -1)],
  ["as JSON of PHP", json.replaceAll("/", "\\/")],
  ["in a URL", url],
  ["in a URL, small", url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
  ["in a URL, by new URL", new URL(`http://x/?${SECRET}`).search.slice(1)],
  ["in a form", new URLSearchParams([["", SECRET]]).toString().slice(1)],
  ["in HTML", SECRET.replace(/[&<>"]/g, (char) => `&${{ "&": "amp", "<": "lt", ">": "gt", '"': "quot" }[char]};`)],
  ["in base64", bytes.toString("base64").replace(/=+$/, "")],
  ["in base64url", bytes.toString("base64url")],
  ["in hex", bytes.toString("hex")],
  ["backwards", [...SECRET].reverse().join("")],
  // eight characters of it are no mask
  ["its begin", SECRET.slice(0, 12)],
  ["its end", SECRET.slice(-8)],
];

/** The names of the writings that stand in a text. */
const finds = (text: string): string[] => FORMS.flatMap(([name, form]) => (text.includes(form) ? [name] : []));

/** Everything below a folder in which the token is found, and how. Links are not followed. */
function search(folder: string): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const forms = entry.isFile() ? finds(readFileSync(path, "utf8")) : [];
    if (finds(entry.name).length > 0) forms.push("in its name");
    if (forms.length > 0) found[relative(folder, path)] = forms;
  }
  return found;
}

interface Ledger {
  /** Everything that was printed. */
  printed: string;
  /** Command lines that were seen while it ran. */
  readonly argv: Set<string>;
  /** Programs whose environment held the token. */
  readonly environments: Set<string>;
}

/** Looks again and again at what every program on the machine can read: the command lines, and our own environments. */
async function watching(m: Machine, use: (ledger: Ledger) => Promise<void>): Promise<Ledger> {
  const ledger: Ledger = { printed: "", argv: new Set(), environments: new Set() };
  const timer = setInterval(() => {
    for (const { argv, environ } of programsOf(m.home)) {
      ledger.argv.add(argv);
      if (finds(environ).length > 0) ledger.environments.add(argv);
    }
  }, 4);
  await use(ledger).finally(() => clearInterval(timer));
  return ledger;
}

/** All that git keeps, unpacked, after everything that is not ignored was committed. */
async function gitObjects(m: Machine): Promise<string> {
  m.repo.git("add", "--all");
  m.repo.git("commit", "--quiet", "--allow-empty", "--message=all of it");
  const all = ["cat-file", "--batch-all-objects", "--batch", "--unordered"];
  return (await start("git", all, { cwd: m.path, env: m.env })).stdout;
}

const env = { HALO_MCP_TOKEN: SECRET };
/** A claude that takes in what it is told in private, and writes down how private its settings are. */
const claude = (m: Machine): Environment =>
  fakeClaude(m, [
    `*--version) echo "2.1.330 (Claude Code)"; sleep 0.05 ;;`,
    `*--help*) echo "use - to read the JSON from stdin" ;;`,
    says("connected").replace(
      ")",
      `) for file in "$XDG_CACHE_HOME"/*.json "$XDG_CACHE_HOME"; do stat -c %a "$file"; done >> "${m.root}/modes"; sleep 0.05;`,
    ),
    `*add-json*) cat > /dev/null; sleep 0.05 ;;`,
  ]);

type Step = readonly [code: number, args: readonly string[], options?: Parameters<Machine["run"]>[1]];
interface Scenario {
  /** Files of the repository or of home in which the token may be; in the others it must not. */
  readonly may: readonly string[];
  /** The token is in the command line, where a person put it. */
  readonly typed?: boolean;
  /** Runs of the program, one after the other. */
  readonly runs?: (m: Machine) => readonly Step[];
  readonly more?: (m: Machine, ledger: Ledger) => Promise<void>;
}
const BOTH = [".claude/settings.local.json", ".env"].map((file) => `shop/${file}`);
const clear = (m: Machine): string => {
  const entry = entryFor(m.url);
  const headers = { ...(entry.headers as object), "X-CM-PRODUCTTOKEN": SECRET };
  return JSON.stringify({ mcpServers: { halo: { ...entry, headers } } });
};
const write = (m: Machine, name: string, text: string): readonly [] => {
  m.write(name, text, 0o600);
  return [];
};

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "--yes, from the environment": { may: BOTH, runs: (m) => [[0, full(m), { env }]] },
  "--json --debug": { may: BOTH, runs: (m) => [[0, full(m, "--json", "--debug"), { env }]] },
  "--dry-run": { may: [], runs: (m) => [[0, full(m, "--dry-run"), { env }]] },
  "--token-stdin": { may: BOTH, runs: (m) => [[0, full(m, "--token-stdin"), { stdin: `Bearer ${SECRET}\n` }]] },
  "--token-file": {
    may: [...BOTH, "home/token.txt"],
    runs: (m) => [...write(m, "../home/token.txt", SECRET), [0, full(m, "--token-file", "../home/token.txt")]],
  },
  "--bridge direnv": { may: ["shop/.env"], runs: (m) => [[0, full(m, "--bridge", "direnv"), { env }]] },
  "--scope user without Claude Code": {
    may: ["home/.claude/settings.json"],
    runs: (m) => [[0, full(m, "--scope", "user", "--client", "claude-code,claude-ai,chatgpt"), { env }]],
  },
  "already set up, then another token": {
    may: BOTH,
    runs: (m) => [
      [0, full(m), { env }],
      [0, ["--yes", "--url", m.url]],
      [0, ["--yes", "--json", "--url", m.url]],
      [1, ["--yes", "--json", "--url", m.url], { env: { HALO_MCP_TOKEN: "made.up.another-0000" } }],
    ],
  },
  joining: {
    may: BOTH,
    runs: (m) => {
      committed(m, entryFor(m.url));
      return [[0, full(m), { env }]];
    },
  },
  "a token in clear in .mcp.json, replaced": {
    may: BOTH,
    runs: (m) => [...write(m, ".mcp.json", clear(m)), [0, full(m), { env }]],
  },
  ...Object.fromEntries(
    [400, 401, 403, 404, 307, 500].map((status) => [`a server that echoes it with HTTP ${status}`, echoed(status)]),
  ),
  "a refused file, with the token in .env": {
    may: ["shop/.env"],
    runs: (m) => [
      ...write(m, ".gitignore", ".env\n"),
      ...write(m, ".env", `HALO_MCP_TOKEN='${SECRET}'\n`),
      ...write(m, ".mcp.json", '{"mcpServers": {,}}'),
      [1, full(m, "--debug"), { env }],
    ],
  },
  "a token that no header and no .env can carry": {
    may: [],
    runs: (m) => [
      [2, full(m, "--debug"), { env: { HALO_MCP_TOKEN: `${SECRET}é` } }],
      [2, full(m, "--token-stdin", "--json"), { stdin: `${SECRET}\n${SECRET}` }],
      [2, full(m, "--token-stdin"), { stdin: `${SECRET.slice(0, 20)}\0${SECRET.slice(20)}` }],
      [1, full(m, "--debug", "--skip-test"), { env: { HALO_MCP_TOKEN: `${SECRET}\\$` } }],
    ],
  },
  "a token where none belongs": {
    may: [],
    typed: true,
    runs: (m) => [
      [2, full(m, `--${SECRET}`)],
      [2, full(m, "--token", SECRET)],
      [2, full(m, `--token=${SECRET}`)],
      [2, [SECRET]],
      [3, full(m, "--token-file", SECRET)],
      [2, ["--yes", ...ids, "--url", `https://user:${SECRET.replaceAll("/", "")}@api.cm.com/halo/core/mcp`], { env }],
    ],
  },
  "in a terminal, a wrong token first; then removal, stopped": {
    may: BOTH,
    async more(m, ledger) {
      const wizard = m.open(["--url", m.url]);
      await wizard.follow(CONNECT, `Paste the product: ${SECRET}x enter`, ...ASK_IDS, "What now?: enter");
      await wizard.follow(`Paste the product: "${SECRET}" enter`, APPLY);
      await wizard.ends(0);
      const again = m.open(["--url", m.url]);
      await again.follow("What now?: up enter", "Remove this?: ctrl-c");
      await again.ends(130);
      for (const { raw, prose } of [wizard, again]) ledger.printed += raw() + prose();
    },
  },
  "in a terminal, stopped at the plan": {
    may: [],
    async more(m, ledger) {
      const wizard = m.open(["--url", m.url, ...ids], { env });
      await wizard.follow(CONNECT, "Write th: ctrl-c");
      await wizard.ends(130);
      ledger.printed += wizard.raw() + wizard.prose();
    },
  },
  "with a claude program: its arguments, its private settings": {
    may: BOTH,
    runs: (m) => [[0, full(m, "--token-stdin"), { stdin: SECRET, env: claude(m) }]],
    async more(m, { argv, environments }) {
      expect(callsOf(m)).toMatch(/--strict-mcp-config --mcp-config \S+ --settings \S+$/m);
      expect(readFileSync(join(m.root, "modes"), "utf8")).toBe("600\n600\n700\n");
      expect([...argv].some((line) => line.includes("claude"))).toBe(true);
      // what was typed is in no environment: the client that is asked takes it from its settings file
      expect([...environments]).toEqual([]);
    },
  },
  "with a claude program, --scope user: values through standard input": {
    may: [],
    // this claude forgets what it is told, so the proof fails
    runs: (m) => [[1, full(m, "--token-stdin", "--scope", "user"), { stdin: SECRET, env: claude(m) }]],
    async more(m) {
      expect(callsOf(m)).toMatch(/mcp add-json .*--scope user .*-$/m);
    },
  },
};

/** A server that gives back all that it got, in every place where it can. */
function echoed(status: number): Scenario {
  return {
    may: [],
    more: (m, ledger) =>
      withRecorder(
        (request, response) => {
          const token = String(request.headers["x-cm-producttoken"] ?? "");
          const url = encodeURIComponent(token);
          response.writeHead(status, {
            "content-type": "application/json",
            location: `http://127.0.0.1:1/${url}?${token.replace(/[<>"]/g, "")}`,
            "www-authenticate": `Bearer realm="${token.replaceAll('"', "")}"`,
            "x-token": token,
          });
          const message = `${token} ${JSON.stringify(token)} ${url} ${JSON.stringify(request.headers)}`;
          response.end(JSON.stringify({ message, error: { code: -32000, message: token } }));
        },
        async (server) => {
          for (const more of [[], ["--json", "--debug"]])
            await keep(m, ledger, [1, ["--yes", ...more, ...ids, "--url", server.url], { env }]);
        },
      ),
  };
}

/** One run, of which everything printed is kept. */
async function keep(m: Machine, ledger: Ledger, [code, args, options]: Step): Promise<void> {
  const run = await m.run(args, options);
  ledger.printed += run.stdout + run.stderr;
  expect(run.code, run.stdout + run.stderr).toBe(code);
}

describe.concurrent("the token is where it belongs and nowhere else", () => {
  test.each(Object.entries(SCENARIOS))("%s", (_, { may, typed = false, runs, more }) =>
    on({ server: { token: SECRET } }, async (m) => {
      const ledger = await watching(m, async (l) => {
        for (const step of runs?.(m) ?? []) await keep(m, l, step);
        await more?.(m, l);
      });
      expect(ledger.printed.length).toBeGreaterThan(100);
      expect(finds(ledger.printed), ledger.printed).toEqual([]);
      // the whole scratch machine: repository, home, temporary folder
      expect(Object.keys(search(m.root)).sort()).toEqual([...may].sort());
      expect(ledger.argv.size, "the watch saw the program").toBeGreaterThan(0);
      expect([...ledger.argv].flatMap(finds).length > 0).toBe(typed);
      expect(finds(await gitObjects(m))).toEqual([]);
      expect(readdirSync(m.tmp)).toEqual([]);
      expect(m.processes()).toEqual([]);
    }),
  );
});

describe("the search itself", () => {
  test("finds every writing of the token, in a text and in a file", () =>
    on({}, async (m) => {
      for (const [name, form] of FORMS) {
        expect(finds(`before${form}after`)).toContain(name);
        m.write("deep/er/file.txt", `x${form}y`);
        expect(search(m.root)["shop/deep/er/file.txt"]).toContain(name);
      }
    }));

  test("finds it in command lines, environments, git's objects and names of files", () =>
    on({}, async (m) => {
      const ledger = await watching(m, async () => {
        const words = ["-c", "sleep 0.3; true", "sh", SECRET];
        await start("sh", words, { cwd: m.path, env: { ...m.env, HALO_MCP_TOKEN: SECRET } });
      });
      expect([...ledger.argv].flatMap(finds)).toContain("as it is");
      expect(ledger.environments.size).toBeGreaterThan(0);
      m.write("a.txt", SECRET);
      m.write(SECRET.slice(-8), "");
      expect(finds(await gitObjects(m))).toContain("as it is");
      expect(search(m.root)[`shop/${SECRET.slice(-8)}`]).toEqual(["in its name"]);
    }));
});
