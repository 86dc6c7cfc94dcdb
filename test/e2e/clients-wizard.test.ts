/** The other clients with the packed program: `init` and `remove`, in the repository and for the user alone. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Environment } from "../support/home.ts";
import { init, OTHER, only, succeeded } from "./clients-support.ts";
import { leaks } from "./doctor-support.ts";
import {
  APPLY,
  ASK_IDS,
  committed,
  contents,
  DOTENV,
  entryFor,
  flat,
  full,
  ids,
  type Machine,
  names,
  on,
  PASTE,
  PROFILE,
  start,
  TOKEN,
  untouched,
  VALUES,
  wideLines,
  withToken,
} from "./support.ts";

const FILES = [".cursor/mcp.json", ".vscode/mcp.json", ".codex/config.toml"];
const TEAM = [".env.example", ".gitignore"];
const CLIENTS = "claude-code,cursor,vscode,codex,gemini-cli,opencode";

/** Every file of the machine with the token. */
const holders = (m: Machine): string[] =>
  Object.entries(contents(m.tree(m.root))).flatMap(([path, text]) => (leaks(text).length > 0 ? [path] : []));
/** Modes and contents without times. */
const state = (m: Machine) =>
  [...m.tree(m.root)]
    .map(([path, text]) => [path, text.replace(/^(\d+) .*/, "$1")])
    .filter(([path]) => !/\.git\//.test(path ?? ""));
/** `${env:…}` as Cursor reads it, or in another spelling. */
const cursor = (m: Machine, spell = (name: string) => `\${env:${name}}`): string => `{
  // ours
  "mcpServers": { "halo": { "url": "${m.url}", "headers": {
    "X-CM-PRODUCTTOKEN": "${spell("HALO_MCP_TOKEN")}",
    "CM-ACCOUNT-ID": "${spell("HALO_ACCOUNT_ID")}", "CM-PROFILE-ID": "${spell("HALO_PROFILE_ID")}" } } }
}
`;

describe.concurrent("init --client", () => {
  test("three clients are one plan: the token is in .env alone; again, nothing is written", () =>
    on({}, async (m) => {
      const said = succeeded(await init(m, "--client", "cursor,vscode,codex"));
      expect(said).toContain("Tested from here as each would send it: VS Code. Not yet connected: Cursor, Codex.");
      expect(names(m.tree()).sort()).toEqual([...FILES, ...TEAM, ".env"].sort());
      expect(m.read(".env")).toBe(DOTENV);
      expect([m.mode(".env"), ...FILES.map(m.mode)]).toEqual(["600", "644", "644", "644"]);
      expect(m.read(".cursor/mcp.json")).toContain(`"X-CM-PRODUCTTOKEN": "\${env:HALO_MCP_TOKEN}"`);
      expect(m.read(".vscode/mcp.json")).toContain(`"X-CM-PRODUCTTOKEN": "\${input:halo-mcp-token}"`);
      expect(m.read(".codex/config.toml")).toContain('"X-CM-PRODUCTTOKEN" = "HALO_MCP_TOKEN"');
      expect(holders(m)).toEqual(["shop/.env"]);
      const before = m.tree();
      for (const args of [["--client", "cursor,vscode,codex"], []])
        expect(succeeded(await m.run(["--yes", "--url", m.url, ...args], { env: only(m) }))).toContain(
          "Already set up. Not yet connected: Cursor, Codex. Nothing was written. Cursor does not read .env. To start it: npx create-halo-mcp run -- cursor .",
        );
      expect(m.tree()).toEqual(before);
    }));

  test("found: a program on the PATH, a folder in HOME, and no other", () =>
    on({}, async (m) => {
      mkdirSync(join(m.home, ".cursor"));
      const env = { ...only(m, "opencode"), ...withToken };
      succeeded(await m.run(full(m, "--client", "found"), { env }));
      expect(names(m.tree()).sort()).toEqual([".cursor/mcp.json", "opencode.json", ".env", ...TEAM].sort());
      expect(names(m.tree(m.home))).toEqual([]);
    }));

  test("values are missing: exit 2, and the complete command; --dry-run is a diff and writes nothing", () =>
    on({}, async (m) => {
      const args = ["--client", "cursor,codex", "--url", m.url];
      const run = await untouched(m, () => m.run(args, { env: only(m) }));
      expect(run.code).toBe(2);
      for (const word of ["HALO_MCP_TOKEN", "--account-id", "--profile-id", "--yes"])
        expect(run.stderr).toContain(word);
      const command = `HALO_MCP_TOKEN=… npx create-halo-mcp --yes --account-id ACCOUNT_ID --profile-id PROFILE_ID --url ${m.url} --client cursor,codex\n`;
      expect(run.stderr).toContain(command);
      const dry = await untouched(m, () =>
        m.run([...args, ...ids, "--dry-run", "--skip-test"], { env: { ...only(m), ...withToken } }),
      );
      expect(succeeded(dry)).toContain("+++ .codex/config.toml");
      expect(dry.stdout).toContain('+       "url": "http');
    }));

  test.each<[string, readonly string[], (m: Machine) => Environment, readonly string[], readonly string[]]>([
    [
      "the values themselves",
      ["cursor", "opencode"],
      () => ({}),
      [".config/opencode/opencode.json", ".cursor/mcp.json"],
      [],
    ],
    [
      "a private store",
      ["codex", "qwen-code"],
      () => ({}),
      [".codex/.env", ".qwen/.env"],
      [".codex/config.toml", ".qwen/settings.json"],
    ],
    [
      "a moved folder",
      ["codex", "qwen-code"],
      (m) => ({ CODEX_HOME: join(m.home, "c"), QWEN_HOME: join(m.home, "q") }),
      ["c/.env", "q/.env"],
      ["c/config.toml", "q/settings.json"],
    ],
    ["a client that asks", ["vscode"], () => ({}), [], [".config/Code/User/mcp.json"]],
  ])("for the user alone: %s; `run` finds them, and `remove` takes all of it", (_, clients, moved, secret, open) =>
    on({}, async (m) => {
      const env = { ...only(m), ...moved(m) };
      const args = ["--client", clients.join(), "--scope", "user"];
      succeeded(await m.run(full(m, ...args), { env: { ...env, ...withToken } }));
      expect(names(m.tree(m.home)).sort()).toEqual([...secret, ...open].sort());
      expect(names(m.tree())).toEqual([]);
      expect(holders(m).sort()).toEqual(secret.map((path) => `home/${path}`).sort());
      for (const path of secret) expect(m.mode(`../home/${path}`)).toBe("600");
      const { stdout } = await m.run(["run", "--", "sh", "-c", "echo $HALO_MCP_TOKEN $HALO_PROFILE_ID"], { env });
      expect(stdout.trim()).toBe(secret.length > 0 ? `${TOKEN} ${PROFILE}` : "");
      expect(flat(await m.run(["remove", "--yes", "--scope", "project"], { env }))).toContain("There is no server");
      expect(succeeded(await m.run(["remove", "--yes"], { env }))).toMatch(/To be removed: "halo" of .* \(user\)/);
      // nor a folder
      expect([...m.tree(m.home).keys()]).toEqual([]);
    }),
  );

  test("a file that others can read gets mode 600 with its values, and its own bytes back", () =>
    on({}, async (m) => {
      const [path, mine] = [
        "../home/.cursor/mcp.json",
        '{\n  // mine\n  "mcpServers": {\n    "a": {}, // one\n  },\n}\n',
      ];
      m.write(path, mine, 0o644);
      succeeded(await init(m, "--client", "cursor", "--scope", "user"));
      expect([m.mode(path), holders(m)]).toEqual(["600", ["home/.cursor/mcp.json"]]);
      succeeded(await m.run(["remove", "--yes", "--client", "cursor", "--scope", "user"]));
      expect(m.read(path)).toBe(mine);
    }));

  test.each(["cursor", "codex"])("a HOME that is a repository without an ignore rule: %s is refused first", (client) =>
    on({}, async (m) => {
      await start("git", ["init", "--quiet"], { cwd: m.home, env: m.env });
      const run = await untouched(m, () => init(m, "--client", client, "--scope", "user"));
      expect(run.code, run.stderr).toBe(1);
      const rule = /^ {2}(echo .*)$/m.exec(run.stderr)?.[1] ?? "";
      expect((await start("sh", ["-c", rule], { cwd: m.path, env: m.env })).code).toBe(0);
      succeeded(await init(m, "--client", client, "--scope", "user"));
    }),
  );
});

describe.concurrent("a repository with .mcp.json and .cursor/mcp.json", () => {
  const both = (m: Machine, files: Readonly<Record<string, string>> = {}): void =>
    committed(m, entryFor(m.url), "halo", {
      ".cursor/mcp.json": cursor(m),
      ".gitignore": ".env\n.claude/\n",
      ...files,
    });

  test.each([
    ["conflict markers", "<<<<<<< HEAD\n{}\n"],
    ["a comma too many", '{ "mcpServers": {}, }\n'],
  ])("%s in .mcp.json come before Cursor, though that works", (_, text) =>
    on({}, async (m) => {
      both(m, { ".env": DOTENV });
      m.write(".mcp.json", text);
      const run = await untouched(m, () => m.run(["--yes", "--url", m.url], { env: only(m) }));
      expect([run.code, run.stdout]).toEqual([1, ""]);
      expect(run.stderr).toContain(".mcp.json:1:");
    }),
  );

  test("who joins hears of Cursor, too", () =>
    on({}, async (m) => {
      both(m);
      mkdirSync(join(m.home, ".cursor"));
      const said = succeeded(await m.run(full(m), { env: { ...only(m), ...withToken } }));
      expect(said).toContain("Cursor does not read .env. To start it: npx create-halo-mcp run -- cursor .");
      expect(said).toContain("Not yet connected: Cursor.");
      expect(m.repo.git("status", "--short")).toBe("");
    }));
});

describe.concurrent("a repository with .cursor/mcp.json alone", () => {
  const shared = (m: Machine, text: string): void => {
    m.write(".cursor/mcp.json", text);
    m.write(".env.example", DOTENV.replace(TOKEN, ""));
    m.write(".gitignore", ".env\n");
    m.commit();
  };

  test("a teammate is asked for the token, and no committed file changes", () =>
    on({}, async (m) => {
      shared(m, cursor(m));
      const wizard = m.open(["--url", m.url], { env: only(m) });
      await wizard.follow(PASTE);
      await wizard.ends(0);
      expect(wizard.prose()).toContain("Your team has already set up HALO here");
      expect(m.read(".env")).toBe(DOTENV);
      expect(m.repo.git("status", "--short", "--untracked-files=all")).toBe("");
    }));

  test.each<[string, (m: Machine) => string, number, RegExp]>([
    [
      "a wrong spelling is replaced, and said",
      (m) => cursor(m, (name) => `{env:${name}}`),
      0,
      /will be replaced: its token.s header has a reference in another spelling than that of Cursor/,
    ],
    [
      "a token in it, too",
      (m) => cursor(m, (name) => (name === "HALO_MCP_TOKEN" ? OTHER : name)),
      0,
      /It may contain a token in plain text/,
    ],
    [
      "another URL",
      () => '{"mcpServers":{"halo":{"url":"https://example.invalid/mcp"}}}',
      1,
      /already has a server "halo" that is not HALO's/,
    ],
    ["a program", () => '{"mcpServers":{"halo":{"command":"halo-psa","args":["mcp"]}}}', 1, /"halo" starts a program/],
  ])("%s", (_, text, code, said) =>
    on({}, async (m) => {
      shared(m, text(m));
      const go = () => init(m, "--client", "cursor");
      const run = code === 0 ? await go() : await untouched(m, go);
      expect(run.code, run.stderr).toBe(code);
      expect(flat(run)).toMatch(said);
      expect(/plain text/.test(flat(run))).toBe(said.source.includes("plain text"));
      expect(run.stdout + run.stderr).not.toContain(OTHER);
      if (code === 0) expect(m.read(".cursor/mcp.json")).toMatch(/\/\/ ours[\s\S]*"\$\{env:HALO_MCP_TOKEN\}"/);
      // somebody else's server stays
      else
        expect(await untouched(m, () => m.run(["remove", "--yes", "--client", "cursor"]))).toMatchObject({ code: 0 });
    }),
  );

  test("a URL that is not HALO's gets the token only after a yes, or with --url", () =>
    on({}, async (m) => {
      shared(m, cursor(m));
      const run = await untouched(m, () => m.run(["--yes"], { env: { ...only(m), ...VALUES } }));
      expect([run.code, flat(run)]).toEqual([1, expect.stringContaining(`--url ${m.url}`)]);
      const wizard = m.open([], { env: { ...only(m), ...VALUES } });
      await wizard.follow("Send your token to: ctrl-c");
      expect(wizard.prose()).toContain("It would receive: HALO_MCP_TOKEN, HALO_ACCOUNT_ID, HALO_PROFILE_ID");
      await wizard.ends(130);
      expect(m.standIn.requests).toEqual([]);
      succeeded(await m.run(["--yes", "--url", m.url], { env: { ...only(m), ...VALUES } }));
    }));
});

describe.concurrent("what a repository must not make us do", () => {
  test("a header with another variable is refused before .env is written", () =>
    on({}, async (m) => {
      m.write(
        ".cursor/mcp.json",
        cursor(m).replace('"headers": {', '"headers": { "X-More": "${env:AWS_SECRET_ACCESS_KEY}",'),
      );
      m.write(".gitignore", ".env\n");
      const run = await untouched(m, () => init(m, "--client", "cursor"));
      expect([run.code, flat(run)]).toEqual([
        1,
        expect.stringContaining("would send the variable AWS_SECRET_ACCESS_KEY"),
      ]);
    }));

  test("a question of VS Code that runs a command is refused", () =>
    on({}, async (m) => {
      succeeded(await init(m, "--client", "vscode"));
      m.write(".vscode/mcp.json", m.read(".vscode/mcp.json").replace('"promptString"', '"command"'));
      m.standIn.requests.length = 0;
      const run = await untouched(m, () => init(m, "--client", "vscode"));
      expect([run.code, flat(run)]).toEqual([
        1,
        expect.stringContaining('the question "halo-mcp-token" runs a command'),
      ]);
    }));
});

describe.concurrent("files of the user", () => {
  test("an opencode.jsonc is found", () =>
    on({}, async (m) => {
      const path = "../home/.config/opencode/opencode.jsonc";
      m.write(path, "{ /* mine */ }");
      succeeded(await init(m, "--client", "opencode", "--scope", "user"));
      expect(holders(m)).toEqual([path.slice(3)]);
    }));

  test("in the home folder, where both scopes are one file", () =>
    on({}, async (m) => {
      const args = ["--client", "cursor", "--scope", "project,user"];
      succeeded(await m.run(full(m, ...args), { env: { ...only(m), ...withToken }, cwd: m.home }));
      expect(m.read("../home/.cursor/mcp.json")).toContain(TOKEN);
    }));
});

describe.concurrent("in a terminal", () => {
  const found = (m: Machine): Environment => {
    for (const name of [".cursor", ".codex"]) mkdirSync(join(m.home, name));
    return only(m);
  };
  // both are ticked, since they are here and Claude Code is not
  const TWO = "What do you want to: enter";

  test("two clients that are here, at 80 columns", () =>
    on({}, async (m) => {
      const wizard = m.open(["--url", m.url], { env: found(m) });
      await wizard.follow(TWO, PASTE, ...ASK_IDS, APPLY);
      await wizard.ends(0);
      expect(names(m.tree()).sort()).toEqual([".cursor/mcp.json", ".codex/config.toml", ".env", ...TEAM].sort());
      const wide = wideLines(wizard.raw(), 80);
      expect(wide.filter((line) => !/https?:\/\/|npx create-halo-mcp|git (?:-C|add) /.test(line))).toEqual([]);
    }));

  const three = ["--client", "cursor,vscode,codex"];
  test.each<[readonly string[], readonly string[], boolean]>([
    [[], ["What do you want to: space down down down space ctrl-c"], false],
    [[], [TWO, PASTE, ...ASK_IDS, "Write th: ctrl-c"], false],
    [["--client", "cursor", "--scope", "user"], [PASTE, ...ASK_IDS, "Write th: ctrl-c"], false],
    [three, ["What now?: ctrl-c"], true],
    [three, ["What now?: down down enter", "Paste the product: ctrl-c"], true],
    [["remove"], ["Remove this?: ctrl-c"], true],
  ])("Ctrl-C: %j %j", (args, answers, isSetUp) =>
    on({}, async (m) => {
      const env = found(m);
      if (isSetUp) succeeded(await init(m, ...three));
      const before = m.tree(m.root);
      const url = args[0] === "remove" ? [] : ["--url", m.url];
      const wizard = m.open([...args, ...url], { env });
      await wizard.follow(...answers);
      await wizard.ends(130);
      expect(wizard.text()).toMatch(/(?:Cancelled|Stopped)\. Nothing was changed\./);
      expect(m.tree(m.root)).toEqual(before);
    }),
  );
});

test("--own-credentials: variables of its own, a command to repeat it, and a teammate joins with them", () =>
  on({}, async (m) => {
    succeeded(await init(m));
    const shared = m.read(".env");
    const args = ["--name", "halo-de", "--client", "claude-code,cursor,vscode,codex"];
    const env = { ...only(m), HALO_DE_MCP_TOKEN: TOKEN, HALO_PROFILE_ID: OTHER };
    const ownArgs = ["--own-credentials", "--yes", "--url", m.url, ...ids.slice(0, 2)];
    // what is exported for the first connection is not taken for the second one
    expect((await m.run([...args, ...ownArgs], { env })).stderr).toContain("the profile ID: --profile-id");
    const made = await m.run([...args, ...ownArgs, ...ids.slice(2), "--json"], { env });
    expect(JSON.parse(made.stdout).recreate).toMatch(
      /^HALO_DE_MCP_TOKEN=… npx create-halo-mcp --yes .*--own-credentials/,
    );
    const own = DOTENV.replaceAll("HALO_", "HALO_DE_");
    expect(m.read(".env")).toBe(shared + own);
    expect(m.read(".cursor/mcp.json")).toContain(`"X-CM-PRODUCTTOKEN": "\${env:HALO_DE_MCP_TOKEN}"`);
    expect(m.read(".vscode/mcp.json")).toContain(`"\${input:halo-de-mcp-token}"`);
    const before = m.tree();
    // the entries say which variables they use
    const again = await m.run(["--yes", "--url", m.url, ...args], { env: only(m) });
    expect(succeeded(again)).toContain("Already set up. Not yet connected: Cursor, Codex. Nothing was written.");
    expect(m.tree()).toEqual(before);
    succeeded(await m.run(["remove", "--yes", "--name", "halo-de"], { env: only(m) }));
    expect(m.read(".env")).toBe(shared);
    // and an entry with the shared ones gets its own
    succeeded(await init(m, "--name", "halo-de"));
    const fixed = await m.run(["--name", "halo-de", ...ownArgs, ...ids.slice(2)], { env });
    expect(succeeded(fixed)).toContain("you gave --own-credentials");
  }));

describe.concurrent("remove", () => {
  const MINE: Readonly<Record<string, string>> = {
    ".cursor/mcp.json": '{\n  // mine\n  "mcpServers": {\n    "docs": { "command": "docs" } // theirs\n  }\n}\n',
    ".vscode/mcp.json":
      '{\n\t"inputs": [\n\t\t{ "id": "own", "type": "promptString", "description": "x" } // one\n\t],\n\t"servers": { "docs": { "url": "http://127.0.0.1:9/docs" }, },\n}\n',
    ".codex/config.toml": 'model = "x" # the best\n\n[mcp_servers.docs]\ncommand = "docs"\n',
    ".env": "A=1 # mine\n",
    "../home/.cursor/mcp.json": '// all\n{ "mcpServers": { "docs": { "command": "docs" } } }\n',
    "../home/.codex/.env": "OPENAI_BASE=1\n",
  };
  const setUp = async (m: Machine): Promise<void> => {
    for (const [path, text] of Object.entries(MINE)) m.write(path, text, 0o600);
    m.write(".gitignore", ".env\n");
    m.write(".env.example", "A=\n");
    const args = ["--client", "cursor,vscode,codex", "--scope", "project,user", "--bridge", "none"];
    succeeded(await init(m, ...args));
  };
  const changed = (m: Machine) => Object.keys(MINE).filter((path) => m.read(path) !== MINE[path]);
  const OWN = ["../home/.cursor/mcp.json", "../home/.codex/.env"];

  test.each<[string, readonly string[], readonly string[]]>([
    ["all", [], []],
    ["of the repository", ["--scope", "project"], OWN],
    ["of the user", ["--scope", "user"], Object.keys(MINE).filter((path) => !OWN.includes(path))],
    [
      "one client: the values stay for the others",
      ["--client", "codex", "--scope", "project"],
      [".cursor/mcp.json", ".vscode/mcp.json", ".env", ...OWN],
    ],
  ])("%s: the files are as before", (_, args, left) =>
    on({}, async (m) => {
      await setUp(m);
      const all = state(m);
      succeeded(await m.run(["remove", "--dry-run", ...args], { env: only(m) }));
      expect(state(m)).toEqual(all);
      const refused = await m.run(["remove", ...args], { env: only(m) });
      expect([refused.code, refused.stderr]).toEqual([
        2,
        expect.stringContaining(["npx create-halo-mcp remove --yes", ...args].join(" ")),
      ]);
      expect(state(m)).toEqual(all);
      succeeded(await m.run(["remove", "--yes", ...args], { env: only(m) }));
      expect(changed(m)).toEqual(left);
      if (left.length === 0) expect(holders(m)).toEqual([]);
      if (left.length === 0) expect(flat(await m.run(["remove", "--yes"]))).toContain("There is no server");
    }),
  );

  test.each<[string, readonly string[]]>([
    ["Claude Code", []],
    ["every client with a file, and CI", ["--client", CLIENTS, "--ci", "github"]],
    ["direnv, and husky", ["--client", CLIENTS, "--bridge", "direnv", "--ci", "husky"]],
    ["another name, in a repository with HALO", ["--name", "halo-de"]],
  ])("init, then remove: git sees nothing, and no folder is left: %s", (_, args) =>
    on({}, async (m) => {
      m.write(".gitignore", "dist");
      m.write(".env.example", "A=");
      m.write(".claude/settings.local.json", '{"model":"x"}');
      m.write(".git/info/exclude", ".claude/settings.local.json\n");
      if (args.includes("--name")) succeeded(await init(m));
      m.commit();
      const look = () => state(m).filter(([path]) => !/^\.git(?:\/|$)/.test(path ?? ""));
      const before = look();
      succeeded(await init(m, ...args));
      expect(look()).not.toEqual(before);
      const name = args.includes("--name") ? args.slice(0, 2) : [];
      succeeded(await m.run(["remove", "--yes", ...name], { env: only(m) }));
      expect(look()).toEqual(before);
      expect(m.repo.git("status", "--short", "--untracked-files=all")).toBe("");
    }),
  );

  test("--values: a person leaves, and the files of the team stay", () =>
    on({}, async (m) => {
      succeeded(await init(m, "--client", "claude-code,cursor"));
      m.commit();
      succeeded(await m.run(["remove", "--yes", "--values"], { env: only(m) }));
      expect(holders(m)).toEqual([]);
      expect(m.repo.git("status", "--short", "--untracked-files=all")).toBe("");
    }));

  test("Claude Code alone goes: its bridge is empty, and the other client still has the values", () =>
    on({}, async (m) => {
      succeeded(await init(m, "--client", "claude-code,cursor"));
      expect(holders(m).sort()).toEqual(["shop/.claude/settings.local.json", "shop/.env"]);
      succeeded(await m.run(["remove", "--yes", "--client", "claude-code"], { env: only(m) }));
      expect(holders(m)).toEqual(["shop/.env"]);
      expect(m.read(".gitignore")).toContain(".env\n");
    }));

  test("Enter says No where committed files would change", () =>
    on({}, async (m) => {
      succeeded(await init(m));
      m.commit();
      const wizard = m.open(["remove"], { env: only(m) });
      await wizard.follow("Remove this?: enter");
      await wizard.ends(130);
      expect(m.repo.git("status", "--short")).toBe("");
      const again = m.open(["remove"], { env: only(m) });
      await again.follow("Remove this?: up up enter");
      await again.ends(0);
      expect(m.exists(".env")).toBe(false);
    }));

  test("one of two servers of the user: the values that the other one refers to stay", () =>
    on({}, async (m) => {
      const user = ["--client", "codex", "--scope", "user"];
      succeeded(await init(m, ...user));
      succeeded(await init(m, ...user, "--name", "halo-de"));
      succeeded(await m.run(["remove", "--yes", ...user, "--name", "halo-de"], { env: only(m) }));
      expect(m.read("../home/.codex/.env")).toBe(DOTENV);
    }));
});
