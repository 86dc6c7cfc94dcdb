/**
 * Asking the real clients whether they connect: our word (the connection test), theirs (io/ask-client.ts), and what the
 * server saw, with a right token, a wrong one, and the server down. The figures are printed.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { entryFor, referring } from "../../src/core/clients/entry.ts";
import { CLIENTS } from "../../src/core/clients/index.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import type { JsonObject } from "../../src/core/formats/json.ts";
import { variablesFor } from "../../src/core/halo.ts";
import { askClient } from "../../src/io/ask-client.ts";
import { probe } from "../../src/io/probe/probe.ts";
import { IDS, request } from "../core/probe-support.ts";
import { startStandIn } from "../servers/stand-in.mjs";
import { installed, nodeBinary } from "../support/claude.ts";
import { scratchHome } from "../support/home.ts";
import { sharedFile } from "./clients-agreement-support.ts";

/** The folder in .cache of each client that is asked. */
const FOLDERS: Readonly<Record<string, string>> = {
  codex: "codex",
  "gemini-cli": "gemini-cli",
  "qwen-code": "qwen-code",
  opencode: "opencode",
  kilo: "kilo",
};
const ASKED = CLIENTS.flatMap((client) => (client.ask === undefined ? [] : [{ ...client, ask: client.ask }]));
const TOKEN = "made-up-token-0123456789abcdef";
const WRONG = "made-up-other-9876543210fedcba";
const STATES = [
  { state: "right token", token: TOKEN, word: "connected", saw: "a session with the right token" },
  { state: "wrong token", token: WRONG, word: "failed", saw: "initialize with the wrong token" },
  { state: "server down", token: TOKEN, word: "failed", saw: "nothing" },
] as const;

const figures: string[] = [];
let [agreed, tried] = [0, 0];
afterAll(() => {
  figures.push(`asking the clients: ${agreed} of ${tried} agree (our test, the client, and what the server saw)\n`);
  process.stdout.write(figures.join(""));
});

test("every client with a way to be asked is here", () => {
  expect(ASKED.map(({ id }) => id).sort()).toEqual(Object.keys(FOLDERS).sort());
});

/** The processes with this text in their environment, but ours. */
const processesWith = (text: string): readonly string[] =>
  readdirSync("/proc").filter((pid) => {
    try {
      return Number(pid) !== process.pid && readFileSync(`/proc/${pid}/environ`, "utf8").includes(text);
    } catch {
      return false;
    }
  });

/** What a folder holds, with its texts. */
const contentOf = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).map((each) => {
    const path = join(each.parentPath, each.name);
    return each.isFile() ? `${path}: ${readFileSync(path, "utf8")}` : path;
  });

/** The home of a user whose other server would run a program that leaves a mark. */
function busyHome(scratch: ReturnType<typeof scratchHome>): void {
  const mark = join(scratch.root, "mark");
  const stdio = { command: "touch", args: [mark] };
  const files = {
    ".codex/config.toml": `[mcp_servers.mine]\ncommand = "touch"\nargs = ["${mark}"]\n`,
    ".gemini/settings.json": JSON.stringify({ mcpServers: { mine: stdio } }),
    ".qwen/settings.json": JSON.stringify({ mcpServers: { mine: stdio } }),
    ".config/opencode/opencode.json": JSON.stringify({ mcp: { mine: { type: "local", command: ["touch", mark] } } }),
    ".config/kilo/kilo.json": JSON.stringify({ mcp: { mine: { type: "local", command: ["touch", mark] } } }),
    ".opencode/opencode.json": JSON.stringify({ mcp: { mine: { type: "local", command: ["touch", mark] } } }),
  };
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(scratch.home, file)), { recursive: true });
    writeFileSync(join(scratch.home, file), text);
  }
  // another user's, for whoever looks upwards from the temporary files
  writeFileSync(join(scratch.tmp, ".env"), "FROM_ABOVE=yes\n");
}

test.each(ASKED.map((client) => [client.label, client] as const))("%s", { timeout: 240_000 }, async (label, client) => {
  const scratch = scratchHome({ path: [dirname(nodeBinary(22))], env: { HALO_OTHER: "left", CODEX_HOME: "/nowhere" } });
  const before = { TMPDIR: process.env.TMPDIR };
  try {
    busyHome(scratch);
    const untouched = contentOf(scratch.root);
    process.env.TMPDIR = scratch.tmp;
    for (const { state, token, word, saw } of STATES) {
      const standIn = await startStandIn({ token: TOKEN, ...IDS });
      if (state === "server down") await standIn.close();
      const names = variablesFor("halo");
      const entry = entryFor(client, standIn.url, referring(names));
      const under = client.entry.names ?? client.entry.headers;
      const above = { "X-Above": client.references.spell?.("FROM_ABOVE") ?? "" };
      const began = Date.now();
      const answer = await askClient(
        {
          path: installed(FOLDERS[client.id] ?? "", client.programs[0] ?? ""),
          ask: client.ask,
          name: "halo",
          text: sharedFile(client, { halo: { ...entry, [under]: { ...(entry[under] as JsonObject), ...above } } }),
          variables: { [names.token]: token, [names.account]: IDS.accountId, [names.profile]: IDS.profileId },
          timeoutMs: 60_000,
        },
        { cwd: scratch.root, env: scratch.env, signal: new AbortController().signal },
      );
      const seconds = ((Date.now() - began) / 1000).toFixed(1);
      const sent = standIn.requests.filter(({ method }) => method === "POST");
      const [first] = sent;
      const what = sent.some(({ rpc }) => rpc === "notifications/initialized") ? "a session" : first?.rpc;
      const which = first?.headers["x-cm-producttoken"];
      const said = which === TOKEN ? "right" : which === WRONG ? "wrong" : String(which);
      const seen = first === undefined ? "nothing" : `${what} with the ${said} token`;
      expect.soft(standIn.requests.map(({ headers }) => headers["x-above"])).not.toContain("yes");
      const ours = diagnose(await probe(request(standIn.url, token))).ok ? "connected" : "failed";
      if (state !== "server down") await standIn.close();
      tried += 1;
      if (answer?.status === word && ours === word && seen === saw) agreed += 1;
      figures.push(
        `${label}, ${state}: we say ${ours}, it says ${answer?.status} ${answer?.httpStatus ?? ""} after ${seconds} s, the server saw ${seen}\n`,
      );
      expect.soft({ ours, theirs: answer?.status, seen }, state).toEqual({ ours: word, theirs: word, seen: saw });
      if (state === "wrong token" && client.ask.by !== "list") expect.soft(answer?.httpStatus).toBe(401);
      expect.soft(processesWith(token), state).toEqual([]);
      expect.soft(contentOf(scratch.root), state).toEqual(untouched);
    }
  } finally {
    if (before.TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before.TMPDIR;
    scratch.dispose();
  }
});
