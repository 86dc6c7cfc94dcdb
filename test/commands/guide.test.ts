/** `guide` and `clients`, in this process; an agent of a template as a program against a stand-in. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../src/cli.ts";
import type { Context } from "../../src/context.ts";
import { cursor } from "../../src/core/clients/cursor.ts";
import { entryFor, referring } from "../../src/core/clients/entry.ts";
import { CLIENTS } from "../../src/core/clients/index.ts";
import { CLIENT_IDS, TOLD, TOLD_IDS } from "../../src/core/clients/told.ts";
import { vscode } from "../../src/core/clients/vscode.ts";
import { toJson } from "../../src/core/formats/json.ts";
import { parseToml } from "../../src/core/formats/toml.ts";
import { HALO_URL, HEADERS, variablesFor } from "../../src/core/halo.ts";
import { CI_FILES, type CiKind } from "../../src/core/plan/ci.ts";
import { type StandIn, startStandIn } from "../servers/stand-in.mjs";
import { madeUp } from "../support/context.ts";
import { mkRepo, type Repository, type ScratchHome, scratchHome } from "../support/home.ts";

const at = (path: string) => new URL(`../../${path}`, import.meta.url);
const read = (path: string): string => readFileSync(at(path), "utf8");
const IDS = { accountId: "made-up-account", profileId: "made-up-profile" };
const TOKEN = "made.up-token-of-guide-0001";
/** A person who has set the variables: none of them may be shown. */
const ENV = { HALO_MCP_TOKEN: TOKEN, HALO_ACCOUNT_ID: IDS.accountId, HALO_PROFILE_ID: IDS.profileId };

async function run(argv: readonly string[], given: Partial<Context> = {}) {
  const { context, said } = madeUp({ env: ENV, home: "/home/anna", templates: at("templates/"), ...given });
  const code = await main(context, argv);
  for (const value of Object.values(ENV)) expect(said.stdout + said.stderr).not.toContain(value);
  return { code, ...said };
}
const json = async (argv: readonly string[], given: Partial<Context> = {}) =>
  JSON.parse((await run([...argv, "--json"], given)).stdout);

/** The snippet of a guide: what stands between its first step and the others. */
const snippetOf = (text: string): string =>
  /:\n\n([\s\S]*?)\n\n2\. /.exec(text.slice(text.indexOf("\n1. ")))?.[1] ?? "";

describe("guide", () => {
  it("lists every id, and has a template for each that is told", async () => {
    const { code, stdout } = await run(["guide"]);
    expect([code, stdout.match(/^\S+/gm)]).toEqual([0, [...CLIENT_IDS, ...TOLD_IDS]]);
    expect(readdirSync(at("templates/guide")).sort()).toEqual(TOLD_IDS.map((id) => `${id}.txt`).sort());
    const named = [read("README.md"), read("docs/clients/README.md")];
    for (const id of TOLD_IDS) for (const page of named) expect(page).toContain(`\`${id}\``);
  });

  it.each(CLIENTS.map((client) => [client.id, client] as const))("%s: from its descriptor", async (id, client) => {
    const { text, entry, link, command, ...more } = await json(["guide", id, "--name", "halo-de"]);
    expect(more).toEqual({ version: 1, id, label: client.label, evidence: client.measured, proven: client.isProven });
    const snippet = snippetOf(text);
    const toml = client.format === "toml" ? parseToml(snippet) : undefined;
    const file = toml === undefined ? JSON.parse(snippet) : toml.ok && JSON.parse(JSON.stringify(toJson(toml.root)));
    const asked = client.asks ? { [client.asks.list]: expect.arrayContaining([expect.anything()]) } : {};
    expect(file).toEqual({ ...asked, [client.servers]: { "halo-de": entry } });
    const isWritten = client.scopes.length > 0 && client.references.spell !== undefined;
    if (isWritten) expect(entry).toEqual(entryFor(client, HALO_URL, referring(variablesFor("halo-de")), true));
    else expect(JSON.stringify(entry)).toMatch(/<your product token>.*<your account ID>.*<your profile ID>/);
    expect(command).toBe(client.scopes.length > 0 ? `npx create-halo-mcp --client ${id}` : null);
    expect(text).toContain(command ?? `create-halo-mcp writes nothing for ${client.label}`);
    for (const scope of client.scopes)
      expect(text).toContain(scope === "user" ? "for you alone" : client.files.project[0]);
    // a link carries references only
    expect(link !== null).toBe(isWritten && client.link !== undefined);
    if (link !== null)
      expect(decodeURIComponent(link).replace(/config=([\w+/=]+)$/, (_, text) => atob(text))).toMatch(
        client.asks ? /"id":"halo-de-profile-id"/ : /HALO_DE_PROFILE/,
      );
    expect((await run(["guide", id, "--name", "halo-de"])).stdout).toBe(`${text}\n`);
    const prose = text
      .replace(snippet, "")
      .split("\n")
      .filter((line: string) => !/^(?:\w+:\/\/|vscode:|~\/)\S+$/.test(line));
    expect(prose.filter((line: string) => line.length > 80)).toEqual([]);
  });

  it.each(TOLD.map((told) => [told.id, told] as const))("%s: from its template", async (id, told) => {
    const { label, isCode, evidence, isProven = false } = told;
    const { text: _, ...known } = await json(["guide", id]);
    expect(known).toEqual({ version: 1, id, label, evidence, proven: isProven });
    const { code, stdout } = await run(["guide", id, "--name", "halo-de", "--url", "https://halo.example/mcp"]);
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/\{\{\w+\}\}|\$\{\{\{/);
    expect(stdout).toContain("https://halo.example/mcp");
    for (const header of Object.values(HEADERS)) expect(stdout).toContain(header);
    if (isCode) for (const name of Object.values(variablesFor("halo-de"))) expect(stdout).toContain(`"${name}"`);
    else expect(stdout).toMatch(new RegExp(`^${label}\n\n`));
    const long = stdout.split("\n").filter((line) => line.length > (isCode ? 120 : 80) && !line.startsWith("npx "));
    expect(long).toEqual([]);
  });

  it("where HALO is set up: what is left to do, and not the wizard again", async () => {
    const scratch = scratchHome();
    const { path: cwd } = mkRepo(scratch, "shop");
    const here = { cwd, home: scratch.home, env: { PATH: scratch.env.PATH } };
    const put = (file: string, client: (typeof CLIENTS)[number], name: string): void => {
      mkdirSync(dirname(join(cwd, file)), { recursive: true });
      const entry = entryFor(client, "https://gateway.example/mcp", referring(variablesFor("halo")));
      writeFileSync(join(cwd, file), JSON.stringify({ [client.servers]: { [name]: entry } }));
    };
    const of = async (...words: readonly string[]) => (await run(["guide", ...words], here)).stdout;
    put(".cursor/mcp.json", cursor, "halo-shop");
    put(".vscode/mcp.json", vscode, "halo");
    expect(await of("cursor", "--values-file", ".env.local")).toBe(`Cursor

.cursor/mcp.json has "halo-shop". What is left to do:

1. Cursor takes no token from .env. To start it with those values:
   npx create-halo-mcp run --values-file .env.local -- cursor .
2. Approve the server when Cursor asks, or: cursor-agent mcp enable halo-shop
3. To test it:
   npx create-halo-mcp doctor --client cursor --name halo-shop

Proven: the three headers arrived. Known from: @cursor/sdk 1.0.32 (2026-11);
the IDE and cursor-agent: documentation
https://cursor.com/docs/mcp
`);
    expect(await of("vscode")).toMatch(
      /VS Code asks for the three values when it starts the server[\s\S]*doctor --client vscode\n/,
    );
    // another connection, or another client, is not set up yet
    for (const words of [["cursor", "--name", "halo-de"], ["zed"]])
      expect(await of(...words)).toContain("1. Add this to ");
    put(".cursor/mcp.json", cursor, "$(id)");
    expect(await of("cursor")).not.toContain("$(id)");
    scratch.dispose();
  });

  it("names the user file of each platform", async () => {
    const of = async (given: Partial<Context>) => (await run(["guide", "vscode"], given)).stdout.replace(/\s+/g, " ");
    expect(await of({ platform: "darwin" })).toContain("~/Library/Application Support/Code/User/mcp.json");
    const windows = { platform: "win32", home: "C:\\Users\\anna", env: { APPDATA: "D:\\Roaming" } };
    expect(await of(windows)).toContain("D:\\Roaming\\Code\\User\\mcp.json");
    expect(await of({})).toContain("~/.config/Code/User/mcp.json");
  });

  it.each([
    [["cursr"], 'unknown client "cursr": did you mean cursor?\n  npx create-halo-mcp guide'],
    [["nosuch"], 'unknown client "nosuch"\n'],
    [["ci", "nosuch"], "guide ci takes one of github, gitlab, pre-commit"],
    [["cursor", "vscode"], "guide takes one client\n"],
    [["cursor", "--name", "a/b"], "--name: a server name may contain only"],
    [["cursor", "--url", "http://halo.example/"], "--url: http would send the token unencrypted"],
  ])("refuses %j", async (words, sentence) => {
    const { code, stderr } = await run(["guide", ...words]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
  });
});

describe("guide team and guide ci", () => {
  let scratch: ScratchHome;
  let machine: Partial<Context>;
  let repo: Repository;
  beforeAll(() => {
    scratch = scratchHome();
    repo = mkRepo(scratch, "shop");
    repo.git("remote", "add", "origin", "https://anna:made-up-password@git.example/acme/shop.git?key=made-up-key");
    const headers = Object.fromEntries(
      Object.entries(HEADERS).map(([value, header]) => [header, `\${${variablesFor("halo")[value as "token"]}}`]),
    );
    const entry = { type: "http", url: "https://gateway.example/it's", headers };
    writeFileSync(join(repo.path, ".mcp.json"), JSON.stringify({ mcpServers: { halo: entry } }));
    writeFileSync(join(repo.path, ".env"), `HALO_MCP_TOKEN=${TOKEN}\n`);
    machine = { cwd: repo.path, home: scratch.home, env: { ...ENV, PATH: scratch.env.PATH }, platform: "linux" };
  });
  afterAll(() => scratch.dispose());
  const said = async (words: string, given = machine): Promise<string> => {
    const { code, stdout, stderr } = await run(["guide", ...words.split(" ")], given);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).not.toMatch(/made-up-|\{\{\w+\}\}/);
    // a command is in one piece
    expect(stdout.split("\n").filter((line) => line.length > 80 && !line.includes(" --url "))).toEqual([]);
    return stdout;
  };

  it("team: a message and a paragraph with this repository's own words", async () => {
    const text = await said("team --values-file .env.local");
    const url = "--url 'https://gateway.example/it'\\''s'";
    for (const words of [
      "HALO is connected in shop, for Claude Code. To join:",
      "git clone https://git.example/acme/shop.git && cd shop\n",
      "   Copy the token at once",
      `npx create-halo-mcp ${url} --values-file .env.local\n   It asks for that token and the URL of the profile`,
      "\n   The token goes to gateway.example, which this repository names, not HALO.\n",
      `npx create-halo-mcp --cwd <clone> ${url} --values-file <clone>/.env.local\n\n`,
      "## HALO\n",
    ])
      expect(text).toContain(words);
    writeFileSync(join(repo.path, ".env.example"), "HALO_ACCOUNT_ID=acc-1\nHALO_PROFILE_ID=pro-1\n");
    repo.git("remote", "set-url", "origin", "git@git.example:acme/web.git");
    const known = await said("team");
    expect(known).toContain("git clone git@git.example:acme/web.git && cd web\n");
    expect(known).toContain("It asks for that token.\n");
    for (const unfit of [
      "ext::sh -c made-up-command",
      "https://gitlab.example/oauth2:made-up-token@x/a.git",
      "https://gitlab.example/oauth2:made-up-token%40x/a.git",
      "https://git.example/-u.git",
      "-u@git.example:made-up",
      "anna@-o.example:made-up",
      "git@git.example:-made-up",
      "git@git.example:../..",
      "git@git.example:made-up/..",
    ]) {
      repo.git("config", "remote.origin.url", unfit);
      expect(await said("team"), unfit).toContain("git clone <its URL>\n");
    }
    expect(await said("team", { ...machine, cwd: scratch.tmp })).toContain("HALO is connected in our repository");
  });

  it("ci: the command and every kind; of a kind the lines that --ci writes", async () => {
    const text = await said("ci --values-file .env.local");
    expect(text).toContain(`npx create-halo-mcp check --url 'https://gateway.example/it'\\''s'\n`);
    const theirs = "The URL is from this repository, not HALO's: gateway.example\n";
    expect(text).toContain(`\n  ${theirs}`);
    expect((await run(["guide", "ci", "gitlab"], machine)).stdout).toMatch(new RegExp(`^# ${theirs}mcp-check:`));
    for (const [kind, { files }] of Object.entries(CI_FILES)) {
      expect(text).toContain(`npx create-halo-mcp --ci ${kind} --values-file .env.local\n  writes ${files[0]}\n`);
      const { code, stdout } = await run(["guide", "ci", kind], { ...machine, cwd: scratch.tmp });
      expect([code, stdout]).toEqual([
        0,
        read(`templates/ci/${CI_FILES[kind as CiKind].template}`)
          .replace("{{version}}", "9.9.9")
          .replace("{{options}}", ""),
      ]);
    }
    expect((await run(["guide", "ci", "jenkins"])).code).toBe(2);
  });

  it.each(["https://x.example/\n      - run: id", "https://x.example/${{ secrets.KEY }}", "file:///x"])(
    "ci: a URL that a workflow would act on is left out: %j",
    async (url) => {
      const other = mkRepo(scratch, "other");
      const headers = { "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}" };
      writeFileSync(
        join(other.path, ".mcp.json"),
        JSON.stringify({ mcpServers: { halo: { type: "http", url, headers } } }),
      );
      const { stdout } = await run(["guide", "ci", "github"], { ...machine, cwd: other.path });
      expect(stdout).toMatch(/ check\n$/);
      expect(stdout).not.toContain("x.example");
    },
  );
});

describe("the agent of templates/guide/agent-mcp.txt", () => {
  let standIn: StandIn;
  let scratch: ScratchHome;
  beforeAll(async () => {
    standIn = await startStandIn({ token: TOKEN, ...IDS });
    scratch = scratchHome();
    writeFileSync(join(scratch.tmp, "agent.mjs"), (await run(["guide", "agent-mcp", "--url", standIn.url])).stdout);
    symlinkSync(fileURLToPath(at("node_modules")), join(scratch.tmp, "node_modules"));
  });
  afterAll(async () => {
    scratch.dispose();
    await standIn.close();
  });

  async function start(variables: Readonly<Record<string, string>>) {
    const child = spawn(process.execPath, ["agent.mjs"], { cwd: scratch.tmp, env: { ...scratch.env, ...variables } });
    const ended = new Promise<number | null>((done) => child.once("close", done));
    const [stdout, stderr, code] = await Promise.all([textOf(child.stdout), textOf(child.stderr), ended]);
    expect(stdout + stderr).not.toContain(TOKEN);
    return { code, stdout, stderr };
  }

  it("sends the three headers with every request, and lists the tools", async () => {
    standIn.requests.length = 0;
    const { code, stdout, stderr } = await start(ENV);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("list_agents: List the agents");
    expect(standIn.requests.map(({ rpc }) => rpc)).toContain("tools/list");
    const headers = { "x-cm-producttoken": TOKEN, "cm-account-id": IDS.accountId, "cm-profile-id": IDS.profileId };
    for (const request of standIn.requests) expect(request.headers).toMatchObject(headers);
  });

  it.each(Object.keys(ENV))("without %s, or with an empty one, it names it and sends nothing", async (name) => {
    standIn.requests.length = 0;
    const { [name]: _, ...others } = ENV as Record<string, string>;
    for (const variables of [others, { ...others, [name]: "" }]) {
      const { code, stderr } = await start(variables);
      expect([code, stderr]).toEqual([1, expect.stringMatching(`^Not set: ${name}\\. Nothing was sent\\.`)]);
    }
    expect(standIn.requests).toEqual([]);
  });
});

describe("clients", () => {
  let scratch: ScratchHome;
  let machine: Partial<Context>;
  const program = (name: string, script: string): void => {
    const path = join(scratch.root, "bin", name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
  };
  beforeAll(() => {
    scratch = scratchHome();
    for (const folder of [
      "bin",
      "home/.cursor",
      "home/.config/opencode",
      "repo/.git",
      "repo/.kiro/settings",
      "repo/node_modules/.bin",
    ])
      mkdirSync(join(scratch.root, folder), { recursive: true });
    program("cursor-agent", 'echo "2026.11.03-abc"');
    program("qwen", "echo 1.2.3; exit 1");
    program("gemini", "sleep 20");
    writeFileSync(join(scratch.home, ".claude.json"), "{}");
    writeFileSync(join(scratch.root, "repo/.kiro/settings/mcp.json"), "{}");
    // a repository's own program is not run
    writeFileSync(join(scratch.root, "repo/node_modules/.bin/codex"), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    const path = [join(scratch.root, "bin"), join(scratch.root, "repo/node_modules/.bin"), "/usr/bin", "/bin"].join(
      ":",
    );
    machine = { cwd: join(scratch.root, "repo"), home: scratch.home, env: { ...ENV, PATH: path }, platform: "linux" };
  });
  afterAll(() => scratch.dispose());

  it("finds programs, folders and project files, and asks programs for their version", async () => {
    const { version, clients } = await json(["clients"], machine);
    expect([version, clients.map(({ id }: { id: string }) => id)]).toEqual([1, [...CLIENT_IDS]]);
    const found = new Map(clients.map((each: { id: string }) => [each.id, each]));
    expect(found.get("cursor")).toEqual({
      ...{ id: "cursor", label: "Cursor", found: "program", program: "cursor-agent", version: "2026.11.03-abc" },
      scopes: ["project", "user"],
      paths: { project: [".cursor/mcp.json"], user: join(scratch.home, ".cursor/mcp.json") },
      ...{ reference: "${env:NAME}", evidence: expect.stringContaining("(2026-11)"), proven: true },
    });
    for (const id of ["qwen-code", "gemini-cli"])
      expect(found.get(id)).toMatchObject({ found: "program", version: "?" });
    for (const id of ["claude-code", "opencode"]) expect(found.get(id)).toMatchObject({ found: "folder" });
    expect(found.get("kiro")).toMatchObject({ found: "project file" });
    for (const id of ["codex", "junie"]) expect(found.get(id)).toMatchObject({ found: null });
    expect(found.get("junie")).toMatchObject({ scopes: [], reference: null });
  });

  it("prints a table of 80 columns, and says what takes long", async () => {
    const { code, stdout, stderr } = await run(["clients"], machine);
    expect(code).toBe(0);
    expect(stdout).toContain(
      "\ncursor          cursor-agent   2026.11.03-a  ${env:NAME}\n  proven 2026-11, project: .cursor/mcp.json, user: ~/.cursor/mcp.json\n",
    );
    expect(stdout).toContain(
      "\njunie           -                            -\n  not proven 2026-11, by hand: npx create-halo-mcp guide junie\n",
    );
    // a path is in one piece: it can be copied
    expect(stdout.split("\n").filter((line) => line.length > 80 && !/^ {2}\w+: [~/]/.test(line))).toEqual([]);
    expect(stdout).not.toContain("…");
    expect(stdout).toContain("\n\nTo connect one: npx create-halo-mcp --client <client>\nBy hand (");
    expect(stderr).toBe("•  asking the programs for their versions\n");
  });

  it("clients, and guide of each, fit into 60 columns, but for what is copied: a file, a command, a URL", async () => {
    const stdout = { columns: 60, isTTY: true } as Context["stdout"];
    const told = TOLD.filter(({ isCode }) => !isCode);
    const words = [...CLIENTS, ...told].map(({ id }) => `guide ${id}`);
    for (const line of ["clients", "guide", ...words]) {
      const said = (await run(line.split(" "), { ...machine, stdout })).stdout;
      const prose = said.replace(snippetOf(said), "").split("\n");
      const long = prose.filter((each) => each.length > 60 && !/^ *(?:npx |\w+:|[~/]|[{}"\]])/.test(each));
      expect(long, line).toEqual([]);
      expect(prose.length).toBeGreaterThan(4);
    }
  });

  it("the wizard prints the same templates, with the IDs filled in", async () => {
    const args = "--dry-run --skip-test --name halo-de --account-id acc-1 --profile-id pro-1 --client".split(" ");
    const { code, stdout, stderr } = await run([...args, TOLD_IDS.join(",")], { ...machine, cwd: scratch.tmp });
    expect([code, (stdout + stderr).match(/\{\{\w+\}\}/g)]).toEqual([0, null]);
    for (const { label, page } of TOLD)
      expect(stdout + stderr).toContain(`${label}: finish ${page === undefined ? "by hand" : "in your browser"}`);
    for (const word of ["acc-1", "pro-1", "HALO_DE_PROFILE_ID"]) expect(stdout + stderr).toContain(word);
  });
});
