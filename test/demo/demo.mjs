/**
 * The wizard's main job against a stand-in HALO server on this machine: `npm run demo`, or `npm run demo -- --yes`
 * to go straight through. Everything is made up, nothing leaves this machine, nothing of yours is read.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, sep } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { startStandIn } from "../servers/stand-in.mjs";

const TOKEN = "demo-token-made-up-4f1d9c27";
const ACCOUNT = "0f8fad5b-d9cb-469f-a165-70867728950e";
const PROFILE = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
const bin = fileURLToPath(new URL("../../dist/bin.js", import.meta.url));

const words = process.argv.slice(2);
const interactive =
  process.stdin.isTTY === true &&
  process.stderr.isTTY === true &&
  !process.env.CI &&
  !words.includes("--yes") &&
  !words.includes("-y");

/** The environment of the demo: a home of its own, and no Claude Code of yours. */
function environment(home, extra) {
  const kept = ["TERM", "LANG", "NO_COLOR", "FORCE_COLOR", "SystemRoot", "COMSPEC", "PATHEXT"];
  const claude = ["claude", "claude.exe", "claude.cmd"];
  const path = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !claude.some((name) => existsSync(join(folder, name))));
  return {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => kept.includes(name))),
    PATH: path.join(delimiter),
    HOME: home,
    USERPROFILE: home,
    ...extra,
  };
}

const built = spawnSync("npm", ["run", "--silent", "build"], { shell: true, encoding: "utf8" });
if (built.status !== 0) {
  console.error(built.stdout + built.stderr);
  process.exit(3);
}

const scratch = mkdtempSync(join(tmpdir(), "halo-demo-"));
const repository = join(scratch, "repository");
const home = join(scratch, "home");
mkdirSync(repository);
mkdirSync(home);
if (spawnSync("git", ["init", "-q", repository]).status !== 0) {
  console.error("The demo needs git: install it, then run npm run demo again.");
  process.exit(3);
}

// npx runs what the folder has under this name: so the commands that are printed can be typed there
const local = join(repository, "node_modules", ".bin");
mkdirSync(local, { recursive: true });
writeFileSync(join(repository, ".git", "info", "exclude"), "node_modules/\n");
writeFileSync(join(local, "create-halo-mcp"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`);
writeFileSync(join(local, "create-halo-mcp.cmd"), `@"${process.execPath}" "${bin}" %*\r\n`);
chmodSync(join(local, "create-halo-mcp"), 0o755);

const server = await startStandIn({ token: TOKEN, accountId: ACCOUNT, profileId: PROFILE, era: "both" });
console.log(`This is a stand-in HALO server on this machine (${new URL(server.url).host}), not HALO itself.`);
console.log(`Scratch repository: ${repository}\n`);
if (interactive) {
  console.log("When the wizard asks, paste these made-up values (try a wrong token first):");
  console.log(`  product token  ${TOKEN}`);
  console.log(`  account ID     ${ACCOUNT}`);
  console.log(`  profile ID     ${PROFILE}\n`);
}

// Ctrl-C goes to the wizard, which knows what to do about it; the demo waits for its end
process.on("SIGINT", () => undefined);
const ids = ["--account-id", ACCOUNT, "--profile-id", PROFILE];
const args = interactive ? words : ["--yes", ...ids, ...words.filter((word) => word !== "--yes" && word !== "-y")];
const child = spawn(process.execPath, [bin, ...args], {
  cwd: repository,
  env: environment(home, { HALO_MCP_URL: server.url, ...(interactive ? {} : { HALO_MCP_TOKEN: TOKEN }) }),
  stdio: "inherit",
});
const code = await new Promise((resolve) => child.on("close", (status) => resolve(status ?? 1)));

const made = readdirSync(repository, { recursive: true })
  .filter((name) => ![".git", "node_modules"].includes(name.split(sep)[0]) && statSync(join(repository, name)).isFile())
  .sort();
if (made.length > 0) {
  console.log(`\nWhat it made in ${repository}:`);
  for (const name of made)
    console.log(`  ${name.padEnd(30)} ${(statSync(join(repository, name)).mode & 0o777).toString(8)}`);
  const mcp = join(repository, ".mcp.json");
  if (existsSync(mcp))
    console.log(`\n.mcp.json, the file your team commits, holds no value:\n${readFileSync(mcp, "utf8")}`);
  console.log(`.env is private, and git ignores it:\n  git -C ${repository} status --short --ignored`);
}
if (interactive && made.length > 0) {
  console.log(`\nThe stand-in server still runs. In another terminal:
  cd ${repository}
  npx create-halo-mcp doctor --url ${server.url}`);
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  await terminal.question("\nPress Enter to stop the server. ").catch(() => undefined);
  terminal.close();
}
await server.close();
console.log(`The server answered ${server.requests.length} requests and has stopped. To clean up:\n  rm -r ${scratch}`);
process.exitCode = code;
