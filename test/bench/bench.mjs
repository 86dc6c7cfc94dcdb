/**
 * `npm run bench [-- --rounds 41] [--only start|package|check|init|doctor]`: ratios within one run, rounds interleaved, medians with
 * their spread. Exits 1 when a limit is missed or a program fails. Nothing but loopback is used after the installation.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { binFolder, install } from "../e2e/install.mjs";
import { inNamespace } from "../e2e/loopback.mjs";
import { doctor, HEADERS, standIn } from "./doctor.mjs";

/** Medians in starts of bare Node (`node -e 0`). `growth`: ten times as many files cost at most ten times as much. */
const limits = { start: 1.25, check: 3, growth: 10, packed: 300_000, unpacked: 1_500_000 };
const HALO = "https://api.cm.com/halo/core/mcp";
const self = fileURLToPath(import.meta.url);
const repository = fileURLToPath(new URL("../..", import.meta.url));
const { values: options } = parseArgs({
  options: { rounds: { type: "string", default: "41" }, only: { type: "string" } },
});
const rounds = Number(options.rounds);
const wanted = (part) => options.only === undefined || options.only === part;

let missed = 0;
function report(what, value, limit) {
  const verdict = limit === undefined ? "" : limit.ok ? `  pass (${limit.text})` : `  FAIL (${limit.text})`;
  if (limit?.ok === false) missed++;
  console.log(`${what.padEnd(48)} ${value}${verdict}`);
}
const atMost = (most, value) => ({ ok: value <= most, text: `at most ×${most}` });
const times = (ratio) => `×${ratio.toFixed(2)}`;

function quantile(sorted, q) {
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)];
  return low + (sorted[Math.ceil(at)] - low) * (at - Math.floor(at));
}
function summary(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const [best, q1, median, q3] = [0.1, 0.25, 0.5, 0.75].map((q) => quantile(sorted, q));
  const range = `middle half ${q1.toFixed(1)} to ${q3.toFixed(1)}, best tenth ${best.toFixed(1)}`;
  return { median, text: `${median.toFixed(1)} ms (${range})` };
}

function run(file, args, { cwd, env }) {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    const child = spawn(file, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (output += data));
    child.on("error", reject);
    child.on("close", (code) => {
      const ms = Number(process.hrtime.bigint() - start) / 1e6;
      if (code === 0) resolve(ms);
      else reject(new Error(`${[file, ...args].join(" ")} exited with ${code}\n${output}`));
    });
  });
}

/** Every case once a round, each time in another order; the first two rounds only warm up. */
async function interleave(cases, count) {
  const samples = new Map(Object.keys(cases).map((name) => [name, []]));
  const names = [...samples.keys()];
  for (let round = -2; round < count; round++) {
    for (let i = 0; i < names.length; i++) {
      const name = names[(i + round + 2) % names.length];
      const ms = await cases[name]();
      if (round >= 0) samples.get(name).push(ms);
    }
  }
  return Object.fromEntries([...samples].map(([name, list]) => [name, summary(list)]));
}

function environment(home, first = []) {
  const inherited = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const PATH = [...first, dirname(process.execPath), ...inherited].join(delimiter);
  return {
    PATH,
    HOME: home,
    LANG: "C.UTF-8",
    TMPDIR: home,
    GIT_CONFIG_NOSYSTEM: "1",
    npm_config_update_notifier: "false",
  };
}

async function start(bin, cwd) {
  const node =
    (...args) =>
    () =>
      run(process.execPath, args, { cwd, env: environment(cwd) });
  const cases = { bare: node("-e", "0"), help: node(bin, "--help"), version: node(bin, "--version") };
  const { bare, ...own } = await interleave(cases, rounds);
  report("start: node -e 0", bare.text);
  for (const [name, { median, text }] of Object.entries(own)) {
    const ratio = median / bare.median;
    report(`start: --${name}`, `${text}  ${times(ratio)}`, atMost(limits.start, ratio));
  }
}

/** A `.mcp.json` as the wizard writes it. */
const fileFor = (name, url) =>
  `${JSON.stringify({ mcpServers: { [name]: { type: "http", url, headers: HEADERS } } }, null, 2)}\n`;

/** A committed repository of so many files, `nested` of them a `.mcp.json` of its own in a package. */
function repositoryOf(path, files, nested) {
  const put = (name, text) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), text);
  };
  put(".mcp.json", fileFor("halo", HALO));
  put(".env.example", "HALO_MCP_TOKEN=\nHALO_ACCOUNT_ID=\nHALO_PROFILE_ID=\n");
  put(".gitignore", ".env\n.env.*\n!.env.example\n.claude/settings.local.json\nnode_modules\n");
  for (let i = 0; i < nested; i++) put(`packages/p${i}/.mcp.json`, fileFor(`tool-${i}`, HALO));
  for (let i = 0; i < files - nested - 3; i++)
    put(`src/d${i % 100}/e${i % 7}/f${i}.ts`, `export const x${i} = ${i};\n`);
  const git = (...args) => execFileSync("git", args, { cwd: path, env: environment(path), stdio: "ignore" });
  git("init", "--quiet");
  git("add", "--all");
}

/** `check` of an ordinary repository, then of ones ten and a hundred times as large. */
async function check(bin, work) {
  let before;
  for (const [files, nested] of [
    [100, 2],
    [1_000, 20],
    [10_000, 200],
  ]) {
    const cwd = join(work, `check-${files}`);
    repositoryOf(cwd, files, nested);
    const env = { ...environment(work), CI: "1" };
    const node =
      (...args) =>
      () =>
        run(process.execPath, args, { cwd, env });
    const cases = { bare: node("-e", "0"), own: node(bin, "check") };
    const { bare, own } = await interleave(cases, before === undefined ? rounds : Math.max(7, Math.ceil(rounds / 3)));
    // what bare Node takes does not grow
    const rest = own.median - bare.median;
    const what = `check: ${files} files, ${nested} .mcp.json`;
    const ratio = own.median / bare.median;
    report(what, `${own.text}  ${times(ratio)}`, before === undefined ? atMost(limits.check, ratio) : undefined);
    if (before !== undefined) report(`${what}: growth`, times(rest / before), atMost(limits.growth, rest / before));
    before = rest;
  }
}

async function init(bin, work) {
  const { url, close } = await standIn();
  const spelled = Object.entries(HEADERS).flatMap(([header, reference]) => ["--header", `${header}: ${reference}`]);
  let count = 0;
  const inRepository = (file, args) => async () => {
    const cwd = join(work, `run-${count++}`, "repository");
    const home = dirname(cwd);
    mkdirSync(cwd, { recursive: true });
    const env = { ...environment(home), HALO_MCP_TOKEN: "made-up-token" };
    execFileSync("git", ["init", "--quiet"], { cwd, env });
    const ms = await run(file, args, { cwd, env });
    readFileSync(join(cwd, ".mcp.json"));
    rmSync(home, { recursive: true, force: true });
    return ms;
  };
  try {
    const ours = ["init", "--yes", "--url", url, "--account-id", "made-up-account", "--profile-id", "made-up-profile"];
    const theirs = [url, "--name", "halo", "--transport", "http", "--agent", "claude-code", "--yes", ...spelled];
    const result = await interleave(
      {
        ours: inRepository(bin, ours),
        theirs: inRepository(join(binFolder("add-mcp"), "add-mcp"), theirs),
      },
      Math.max(3, Math.ceil(rounds / 3)),
    );
    report("init --yes (tests the connection, writes)", result.ours.text);
    report("add-mcp --yes (writes untested)", result.theirs.text);
    report("init ÷ add-mcp", `×${(result.ours.median / result.theirs.median).toFixed(2)}`);
  } finally {
    await close();
  }
}

async function measure() {
  const work = mkdtempSync(join(realpathSync(tmpdir()), "create-halo-mcp-bench-"));
  try {
    execFileSync("npm", ["pack", "--silent", "--pack-destination", work], {
      cwd: repository,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const tarball = join(
      work,
      readdirSync(work).find((name) => name.endsWith(".tgz")),
    );
    const prefix = join(work, "install");
    mkdirSync(prefix);
    const flags = ["--offline", "--no-audit", "--no-fund", "--silent"];
    execFileSync("npm", ["install", "--prefix", prefix, ...flags, tarball], {
      cwd: prefix,
      env: environment(work),
      stdio: "inherit",
    });
    const installed = Object.keys(
      JSON.parse(readFileSync(join(prefix, "node_modules/.package-lock.json"), "utf8")).packages,
    );
    const folder = join(prefix, "node_modules/create-halo-mcp");
    const files = readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)));
    const unpacked = files.reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0);
    const packed = statSync(tarball).size;
    if (wanted("package")) {
      const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
      report("tarball, packed", kB(packed), { ok: packed <= limits.packed, text: `at most ${kB(limits.packed)}` });
      report("tarball, unpacked", kB(unpacked), {
        ok: unpacked <= limits.unpacked,
        text: `at most ${kB(limits.unpacked)}`,
      });
      report("packages installed", String(installed.length), { ok: installed.length === 1, text: "exactly 1" });
    }
    if (wanted("start")) await start(join(folder, "dist/bin.js"), work);
    if (wanted("check")) await check(join(folder, "dist/bin.js"), work);
    if (wanted("init")) await init(join(prefix, "node_modules/.bin/create-halo-mcp"), work);
    if (wanted("doctor"))
      await doctor({ bin: join(folder, "dist/bin.js"), work, rounds, report, interleave, run, environment });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  console.log(missed === 0 ? "every limit is kept" : `${missed} limit${missed === 1 ? "" : "s"} missed`);
  process.exitCode = missed === 0 ? 0 : 1;
}

if (process.env.HALO_BENCH_INSIDE === "1") {
  try {
    await measure();
  } catch (error) {
    console.error(`bench: ${error.message}`);
    process.exitCode = 1;
  }
} else {
  if (wanted("init")) install(["add-mcp"]);
  const [file, ...args] = inNamespace([process.execPath, self, ...process.argv.slice(2)]);
  const child = spawn(file, args, { stdio: "inherit", env: { ...process.env, HALO_BENCH_INSIDE: "1" } });
  const [code] = await once(child, "close");
  process.exitCode = code ?? 1;
}
