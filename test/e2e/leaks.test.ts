import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { committed, entryFor, type Machine, machine, recorder, STUDIO, start } from "./support.ts";

/**
 * A made-up token is searched for in everything that was printed, written, or handed to a program, in each form in
 * which it could stand there. It may be in `.env`, the bridge file, and ~/.claude/settings.json where that was chosen.
 */

/** With characters that JSON, URLs and shells write otherwise. */
const TOKEN = `made.up+Zq7/Xw2="Lk9&Rb4%Nv6<Ty8>\\Hs3-e5f1`;
/** The same without what no .env can hold. */
const SECRET = TOKEN.replace("\\", "");
const ACCOUNT = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
const PROFILE = "5d6e7f80-91a2-4b3c-8d4e-5f60718293a4";
const ids = ["--account-id", ACCOUNT, "--profile-id", PROFILE];

/** Every writing of a secret that is searched for, by its name. */
function writings(secret: string): Map<string, string> {
  const json = JSON.stringify(secret).slice(1, -1);
  const url = encodeURIComponent(secret);
  const bytes = Buffer.from(secret);
  return new Map([
    ["as it is", secret],
    ["as JSON", json],
    ["as JSON in JSON", JSON.stringify(json).slice(1, -1)],
    ["as JSON of PHP", json.replaceAll("/", "\\/")],
    ["in a URL", url],
    ["in a URL, small", url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())],
    ["in a URL, by new URL", new URL(`http://x/?${secret}`).search.slice(1)],
    ["in a form", new URLSearchParams([["", secret]]).toString().slice(1)],
    [
      "in HTML",
      secret.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;"),
    ],
    ["in base64", bytes.toString("base64").replace(/=+$/, "")],
    ["in base64url", bytes.toString("base64url")],
    ["in hex", bytes.toString("hex")],
    ["backwards", [...secret].reverse().join("")],
    // eight characters of it are no mask
    ["its begin", secret.slice(0, 12)],
    ["its end", secret.slice(-8)],
  ]);
}

const FORMS = writings(SECRET);

/** The names of the writings that stand in a text. */
function finds(text: string): string[] {
  return [...FORMS].flatMap(([name, form]) => (text.includes(form) ? [name] : []));
}

/** Everything below these folders in which the token is found, and how. Links are not followed. */
function search(folder: string, found: Record<string, string[]> = {}, way = ""): Record<string, string[]> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    const name = way === "" ? entry.name : `${way}/${entry.name}`;
    if (finds(entry.name).length > 0) found[name] = ["in its name"];
    if (entry.isDirectory()) search(path, found, name);
    else if (entry.isFile()) {
      const forms = finds(readFileSync(path, "utf8"));
      if (forms.length > 0) found[name] = forms;
    }
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
  const look = (): void => {
    for (const pid of readdirSync("/proc")) {
      if (!/^\d+$/.test(pid)) continue;
      try {
        const environ = readFileSync(`/proc/${pid}/environ`, "utf8");
        if (!environ.split("\0").includes(`HOME=${m.home}`)) continue;
        const argv = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        ledger.argv.add(argv);
        if (finds(environ).length > 0) ledger.environments.add(argv);
      } catch {
        // it ended meanwhile
      }
    }
  };
  const timer = setInterval(look, 4);
  try {
    await use(ledger);
  } finally {
    clearInterval(timer);
  }
  return ledger;
}

/** All that git keeps, unpacked, after everything that is not ignored was committed. */
async function gitObjects(m: Machine): Promise<string> {
  m.repo.git("add", "--all");
  m.repo.git("commit", "--quiet", "--allow-empty", "--message=all of it");
  const { stdout } = await start("git", ["cat-file", "--batch-all-objects", "--batch", "--unordered"], {
    cwd: m.path,
    env: m.env,
  });
  return stdout;
}

interface Scenario {
  readonly name: string;
  /** Files of the repository or of home in which the token may be; in the others it must not. */
  readonly may: readonly string[];
  readonly run: (m: Machine, ledger: Ledger) => Promise<void>;
}

const BOTH = [".claude/settings.local.json", ".env"].map((file) => `shop/${file}`);

/** A run of which everything printed is kept. */
async function keep(
  m: Machine,
  ledger: Ledger,
  code: number,
  args: readonly string[],
  options: Parameters<Machine["run"]>[1] = {},
): Promise<void> {
  const run = await m.run(args, options);
  ledger.printed += run.stdout + run.stderr;
  expect(run.code, run.stdout + run.stderr).toBe(code);
}

const env = { HALO_MCP_TOKEN: SECRET };
const full = (m: Machine, ...more: string[]): string[] => ["--yes", ...ids, "--url", m.url, ...more];

/** A server that gives back all that it got, in every place where it can. */
const echo = (status: number) =>
  recorder((request, response) => {
    const token = String(request.headers["x-cm-producttoken"] ?? "");
    const url = encodeURIComponent(token);
    response
      .writeHead(status, {
        "content-type": "application/json",
        location: `http://127.0.0.1:1/${url}?${token.replace(/[<>"]/g, "")}`,
        "www-authenticate": `Bearer realm="${token.replaceAll('"', "")}"`,
        "x-token": token,
      })
      .end(
        JSON.stringify({
          message: `${token} ${JSON.stringify(token)} ${url} ${JSON.stringify(request.headers)}`,
          error: { code: -32000, message: token },
        }),
      );
  });

/** A `claude` that writes down how it was called, and nothing of what it was told in private. */
function fakeClaude(m: Machine): string {
  const bin = join(m.root, "bin");
  mkdirSync(bin);
  const script = `#!/bin/sh
printf '%s\\n' "$*" >> "${m.root}/claude-argv.txt"
case "$*" in
  *--version*) echo "2.1.330 (Claude Code)" ;;
  *--help*) echo "use - to read the JSON from stdin" ;;
  *settings*) stat -c %a "$2" "$(dirname "$2")" >> "${m.root}/settings-modes.txt"; echo "  Status: connected" ;;
  *add-json*) cat > /dev/null ;;
esac
sleep 0.05
`;
  writeFileSync(join(bin, "claude"), script);
  chmodSync(join(bin, "claude"), 0o755);
  return `${bin}:${m.env.PATH}`;
}

const SCENARIOS: Scenario[] = [
  { name: "--yes, from the environment", may: BOTH, run: (m, l) => keep(m, l, 0, full(m), { env }) },
  { name: "--json --debug", may: BOTH, run: (m, l) => keep(m, l, 0, full(m, "--json", "--debug"), { env }) },
  { name: "--dry-run", may: [], run: (m, l) => keep(m, l, 0, full(m, "--dry-run"), { env }) },
  {
    name: "--token-stdin",
    may: BOTH,
    run: (m, l) => keep(m, l, 0, full(m, "--token-stdin"), { stdin: `Bearer ${SECRET}\n` }),
  },
  {
    name: "--token-file",
    may: [...BOTH, "home/token.txt"],
    run: async (m, l) => {
      writeFileSync(join(m.home, "token.txt"), SECRET);
      await keep(m, l, 0, full(m, "--token-file", join(m.home, "token.txt")));
    },
  },
  { name: "--bridge direnv", may: ["shop/.env"], run: (m, l) => keep(m, l, 0, full(m, "--bridge", "direnv"), { env }) },
  {
    name: "--scope user without Claude Code",
    may: ["home/.claude/settings.json"],
    run: (m, l) => keep(m, l, 0, full(m, "--scope", "user", "--client", "claude-code,claude-ai,chatgpt"), { env }),
  },
  {
    name: "already set up, values changed, --json",
    may: BOTH,
    run: async (m, l) => {
      await keep(m, l, 0, full(m), { env });
      await keep(m, l, 0, ["--yes", "--url", m.url]);
      await keep(m, l, 0, ["--yes", "--json", "--url", m.url]);
      await keep(m, l, 1, ["--yes", "--json", "--url", m.url], { env: { HALO_MCP_TOKEN: "made.up.another-0000" } });
    },
  },
  {
    name: "joining",
    may: BOTH,
    run: async (m, l) => {
      committed(m, entryFor(m.url));
      await keep(m, l, 0, full(m), { env });
    },
  },
  {
    name: "a token in clear in .mcp.json, replaced",
    may: BOTH,
    run: async (m, l) => {
      const entry = entryFor(m.url);
      m.write(
        ".mcp.json",
        JSON.stringify({
          mcpServers: { halo: { ...entry, headers: { ...(entry.headers as object), "X-CM-PRODUCTTOKEN": SECRET } } },
        }),
      );
      await keep(m, l, 0, full(m), { env });
    },
  },
  ...[400, 401, 403, 404, 307, 500].map((status) => ({
    name: `a server that echoes it with HTTP ${status}`,
    may: [],
    run: async (m: Machine, l: Ledger) => {
      const server = await echo(status);
      try {
        await keep(m, l, 1, ["--yes", ...ids, "--url", server.url], { env });
        await keep(m, l, 1, ["--yes", "--json", "--debug", ...ids, "--url", server.url], { env });
      } finally {
        await server.close();
      }
    },
  })),
  {
    name: "a refused file, with the token in .env",
    may: ["shop/.env"],
    run: async (m, l) => {
      m.write(".gitignore", ".env\n");
      m.write(".env", `HALO_MCP_TOKEN='${SECRET}'\n`, 0o600);
      m.write(".mcp.json", '{"mcpServers": {,}}');
      await keep(m, l, 1, full(m, "--debug"), { env });
    },
  },
  {
    name: "a token that no header and no .env can carry",
    may: [],
    run: async (m, l) => {
      await keep(m, l, 2, full(m, "--debug"), { env: { HALO_MCP_TOKEN: `${SECRET}é` } });
      await keep(m, l, 2, full(m, "--token-stdin", "--json"), { stdin: `${SECRET}\n${SECRET}` });
      await keep(m, l, 1, full(m, "--debug", "--skip-test"), { env: { HALO_MCP_TOKEN: `${SECRET}\\$` } });
    },
  },
  {
    name: "the wizard in a terminal, a wrong token first",
    may: BOTH,
    run: async (m, l) => {
      const wizard = m.open(["--url", m.url]);
      await wizard.answer("Paste the product token", { text: `${SECRET}x` }, "enter");
      await wizard.answer("Paste a HALO Studio URL", { text: STUDIO }, "enter");
      await wizard.answer("The account ID (", "enter");
      await wizard.answer("The profile ID (", "enter");
      await wizard.answer("What now?", "enter");
      await wizard.answer("Paste the product token", { text: `"${SECRET}"` }, "enter");
      await wizard.answer("What do you want to connect?", "enter");
      await wizard.answer("Apply these changes?", "enter");
      await wizard.ends(0);
      l.printed += wizard.raw() + wizard.prose();
      const again = m.open(["--url", m.url]);
      await again.answer("What now?", "up", "enter");
      await again.answer("Remove this?", "ctrl-c");
      await again.ends(130);
      l.printed += again.raw() + again.prose();
    },
  },
  {
    name: "the wizard in a terminal, stopped at the plan",
    may: [],
    run: async (m, l) => {
      const wizard = m.open(["--url", m.url, ...ids], { env });
      await wizard.answer("Product token", "enter");
      await wizard.answer("What do you want to connect?", "enter");
      await wizard.answer("Apply these changes?", "ctrl-c");
      await wizard.ends(130);
      l.printed += wizard.raw() + wizard.prose();
    },
  },
  {
    name: "with a claude program: its arguments, its private settings",
    may: BOTH,
    run: async (m, l) => {
      await keep(m, l, 0, full(m, "--token-stdin"), { stdin: SECRET, env: { PATH: fakeClaude(m) } });
      const argv = readFileSync(join(m.root, "claude-argv.txt"), "utf8");
      expect(argv).toMatch(/--settings \S+ mcp get/);
      expect(readFileSync(join(m.root, "settings-modes.txt"), "utf8")).toBe("600\n700\n");
    },
  },
  {
    name: "with a claude program, --scope user: values through standard input",
    may: [],
    run: async (m, l) => {
      // this claude forgets what it is told, so the proof fails
      await keep(m, l, 1, full(m, "--token-stdin", "--scope", "user"), { stdin: SECRET, env: { PATH: fakeClaude(m) } });
      expect(readFileSync(join(m.root, "claude-argv.txt"), "utf8")).toMatch(/mcp add-json .*--scope user .*-$/m);
    },
  },
];

describe.concurrent("the token is where it belongs and nowhere else", () => {
  test.each(SCENARIOS)("$name", async ({ may, run }) => {
    const m = await machine({ server: { token: SECRET } });
    try {
      const ledger = await watching(m, (l) => run(m, l));
      expect(ledger.printed.length).toBeGreaterThan(100);
      expect(finds(ledger.printed), ledger.printed).toEqual([]);
      // the whole scratch machine: repository, home, temporary folder
      const found = search(m.root);
      expect(Object.keys(found).sort()).toEqual([...may].sort());
      expect(ledger.argv.size, "the watch saw the program").toBeGreaterThan(0);
      expect([...ledger.argv].flatMap(finds)).toEqual([]);
      expect(finds(await gitObjects(m))).toEqual([]);
      expect(readdirSync(m.tmp)).toEqual([]);
      expect(m.processes()).toEqual([]);
    } finally {
      await m.close();
    }
  });

  test("a token that was typed is in the environment of the client that is asked, and of no other program", async () => {
    const m = await machine({ server: { token: SECRET } });
    try {
      const ledger = await watching(m, async (l) => {
        await keep(m, l, 0, full(m, "--token-stdin"), { stdin: SECRET, env: { PATH: fakeClaude(m) } });
      });
      expect([...ledger.argv].some((argv) => argv.includes("claude"))).toBe(true);
      // what the client of this test starts itself inherits it
      const others = [...ledger.environments].filter(
        (argv) => !/ mcp get -- halo |^(?:stat|dirname|sleep) /.test(argv),
      );
      expect(others).toEqual([]);
    } finally {
      await m.close();
    }
  });
});

describe("the search itself", () => {
  test.each([...FORMS])("finds the token %s, in a text and in a file", async (name, form) => {
    const m = await machine();
    try {
      expect(finds(`before${form}after`)).toContain(name);
      m.write("deep/er/file.txt", `x${form}y`);
      expect(search(m.root)["shop/deep/er/file.txt"]).toContain(name);
    } finally {
      await m.close();
    }
  });

  test("finds it in command lines, environments, git's objects and names of files", async () => {
    const m = await machine();
    try {
      const ledger = await watching(m, async () => {
        await start("sh", ["-c", "sleep 0.3; true", "sh", SECRET], {
          cwd: m.path,
          env: { ...m.env, HALO_MCP_TOKEN: SECRET },
        });
      });
      expect([...ledger.argv].flatMap(finds)).toContain("as it is");
      expect(ledger.environments.size).toBeGreaterThan(0);
      m.write("a.txt", SECRET);
      m.write(SECRET.replaceAll("/", "").slice(0, 11) + SECRET.slice(-8), "");
      expect(finds(await gitObjects(m))).toContain("as it is");
      expect(Object.values(search(m.root)).flat()).toContain("in its name");
    } finally {
      await m.close();
    }
  });
});
