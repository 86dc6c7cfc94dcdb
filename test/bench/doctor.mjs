/**
 * `doctor` and its connection test: time and requests beside the least by hand, the cold start, and memory at rest and while
 * a server sends more than anybody wants.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import product from "../../rolldown.config.mjs";

/**
 * What makes this program fail. `perRequest`: of the test, which asks for the newer protocol first and ends its session, by hand being
 * `fetch` with connections that stay open. `cold`: of the MCP client alone.
 */
const limits = { perRequest: 1.5, requests: 2, cold: 1.9, memory: 150 };
/** What is wished for: of the test by hand, and of `node -e 0`. */
const goals = { probe: 1.5, cold: 4 };
const within = (most, ratio) => ({ ok: ratio <= most, text: `at most ×${most}` });
const VALUES = {
  HALO_MCP_TOKEN: "made-up-token",
  HALO_ACCOUNT_ID: "made-up-account",
  HALO_PROFILE_ID: "made-up-profile",
};
const HEADERS = {
  "X-CM-PRODUCTTOKEN": VALUES.HALO_MCP_TOKEN,
  "CM-ACCOUNT-ID": VALUES.HALO_ACCOUNT_ID,
  "CM-PROFILE-ID": VALUES.HALO_PROFILE_ID,
};

/** A file of the tests as one that Node 20 runs. */
async function bundle(name, folder) {
  const input = fileURLToPath(new URL(name, import.meta.url));
  const file = join(folder, `${name.replace(/\W/g, "_")}.mjs`);
  const built = await rolldown({
    input,
    platform: "node",
    logLevel: "silent",
    resolve: { mainFields: ["module", "main"] },
  });
  await built.write({ file, format: "esm", codeSplitting: false });
  await built.close();
  return file;
}

/** The MCP client alone, bundled as in the product. */
async function bundleClient(folder) {
  const input = { "client-alone": fileURLToPath(new URL("client-alone.mjs", import.meta.url)) };
  const plugins = product.plugins.filter(({ name }) => name === "without-unused" || name === "minify-chunks");
  const built = await rolldown({ ...product, input, plugins, logLevel: "silent", output: undefined });
  const dir = join(folder, "client-alone");
  await built.write({ ...product.output, dir });
  await built.close();
  writeFileSync(join(dir, "package.json"), '{ "type": "commonjs" }');
  return join(dir, "client-alone.js");
}

/** A repository as `init` leaves it, for this URL. */
function setUp(folder, url) {
  mkdirSync(join(folder, ".git"), { recursive: true });
  mkdirSync(join(folder, ".claude"), { recursive: true });
  const headers = Object.fromEntries(Object.keys(HEADERS).map((name, i) => [name, `\${${Object.keys(VALUES)[i]}}`]));
  const put = (name, content) => writeFileSync(join(folder, name), JSON.stringify(content), { mode: 0o600 });
  put(".mcp.json", { mcpServers: { halo: { type: "http", url, headers } } });
  put(".claude/settings.local.json", { env: VALUES, enabledMcpjsonServers: ["halo"] });
  return folder;
}

/** Runs a program; its output, and the most memory that it had, where the system says so (Linux). */
async function watched(args, { cwd, env, input = "" }) {
  const child = spawn(process.execPath, args, { cwd, env, stdio: ["pipe", "pipe", "pipe"] });
  let [out, err, peak] = ["", "", 0];
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (err += data));
  const watch = setInterval(() => {
    try {
      const high = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1];
      peak = Math.max(peak, Number(high ?? 0) / 1024);
    } catch {
      // it has ended, or this is no Linux
    }
  }, 5);
  child.stdin.end(input);
  const [code] = await once(child, "close");
  clearInterval(watch);
  return { code, out, err, peak };
}

/** A stand-in of one era. `count` runs something and says how many requests came. */
async function standIn(era, folder) {
  const record = join(folder, `requests-${era}.jsonl`);
  writeFileSync(record, "");
  const program = fileURLToPath(new URL("../servers/stand-in.mjs", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const [token, accountId, profileId] = Object.values(VALUES);
  const settings = { token, accountId, profileId, era, record };
  child.stdin.write(`${JSON.stringify(settings)}\n`);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const seen = () =>
    readFileSync(record, "utf8")
      .split("\n")
      .slice(0, -1)
      .map((text) => JSON.parse(text));
  const close = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "close");
  };
  return { url: JSON.parse(line).url, seen, close };
}

export async function doctor({ bin, work, rounds, report, interleave, run, environment, summary }) {
  const env = environment(work);
  const driver = await bundle("doctor-child.mjs", work);
  for (const era of ["2025-stateful", "2025-stateless", "2026"]) {
    const server = await standIn(era, work);
    try {
      const asked = { url: server.url, headers: HEADERS, modern: era === "2026", rounds: rounds * 3 };
      const { code, out, err } = await watched([driver], { cwd: work, env, input: `${JSON.stringify(asked)}\n` });
      if (code !== 0) throw new Error(`doctor-child exited with ${code}\n${err}`);
      const { first, ours, bare } = JSON.parse(out);
      const [mine, least] = [summary(ours), summary(bare)];
      const ratio = mine.median / least.median;
      report(`doctor: ${era}, by hand with fetch`, least.text);
      report(
        `doctor: ${era}, the very first of each`,
        `${first.ours.toFixed(1)} ms beside ${first.bare.toFixed(1)} ms`,
      );
      const all = server.seen();
      const isOurs = ({ headers }) => String(headers["user-agent"]).startsWith("create-halo-mcp/");
      const turns = ours.length + 11;
      const [sent, needed] = [all.filter(isOurs).length / turns, all.filter((one) => !isOurs(one)).length / turns];
      const perRequest = ratio / (sent / needed);
      report(
        `doctor: ${era}, connection test`,
        `${mine.text}  ×${ratio.toFixed(3)}, per request ×${perRequest.toFixed(3)}`,
        within(limits.perRequest, perRequest),
        within(goals.probe, ratio),
      );
      report(`doctor: ${era}, requests`, `${sent} beside ${needed}`, {
        ok: sent <= needed + limits.requests,
        text: `at most ${limits.requests} more`,
      });
    } finally {
      await server.close();
    }
  }

  const server = await standIn("2025-stateful", work);
  let rest;
  try {
    const cwd = setUp(join(work, "doctor"), server.url);
    const args = [bin, "doctor", "--json", "--url", server.url];
    const hand = fileURLToPath(new URL("by-hand.mjs", import.meta.url));
    const BY_HAND = JSON.stringify({ url: server.url, headers: HEADERS });
    const client = await bundleClient(work);
    const cold = await interleave(
      {
        bare: () => run(process.execPath, ["-e", "0"], { cwd, env }),
        hand: () => run(process.execPath, [hand], { cwd, env: { ...env, BY_HAND } }),
        client: () => run(process.execPath, [client], { cwd, env: { ...env, CLIENT_ALONE: BY_HAND } }),
        doctor: () => run(process.execPath, args, { cwd, env }),
      },
      rounds,
    );
    const over = (one, other) => cold[one].median / cold[other].median;
    report("doctor: node -e 0", cold.bare.text);
    report("doctor: by hand with fetch, cold", `${cold.hand.text}  ×${over("hand", "bare").toFixed(3)} of node -e 0`);
    report(
      "doctor: the MCP client alone, cold",
      `${cold.client.text}  ×${over("client", "bare").toFixed(3)} of node -e 0`,
    );
    const [times, beyond] = [over("doctor", "bare"), over("doctor", "client")];
    report(
      "doctor --json, cold",
      `${cold.doctor.text}  ×${times.toFixed(3)}, of the client ×${beyond.toFixed(3)}`,
      within(limits.cold, beyond),
      within(goals.cold, times),
    );
    rest = await watched(args, { cwd, env });
  } finally {
    await server.close();
  }
  if (rest.peak === 0) return;
  const bare = await watched(["-e", "setTimeout(() => {}, 100)"], { cwd: work, env });
  const MiB = (peak) => `${peak.toFixed(0)} MiB`;
  const limit = (peak) => ({ ok: peak < limits.memory, text: `under ${limits.memory} MiB` });
  report("doctor: memory, nothing wrong", `${MiB(rest.peak)} (bare node ${MiB(bare.peak)})`, limit(rest.peak));
  const { FAULTS } = await import(pathToFileURL(await bundle("../servers/faults.ts", work)).href);
  // an endless cursor sends little at a time, and without an end
  const attacks = FAULTS.filter(
    ({ big, name }) => big || name === "a cursor that never ends" || name === "a stream of comments",
  );
  for (const [at, fault] of attacks.entries()) {
    const attacker = await fault.start("http://127.0.0.1:9");
    try {
      const cwd = setUp(join(work, `attack-${at}`), attacker.url);
      const { out, peak } = await watched([bin, "doctor", "--json", "--timeout", "10", "--url", attacker.url], {
        cwd,
        env,
      });
      const { cause } = JSON.parse(out);
      if (cause !== fault.cause) throw new Error(`${fault.name}: ${cause} is not its cause`);
      report(`doctor: memory, ${fault.name}`, MiB(peak), limit(peak));
    } finally {
      await attacker.close();
    }
  }
}
