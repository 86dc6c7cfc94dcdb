/** `doctor`: its start beside bare Node, and memory at rest and while a server sends more than anybody wants. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";
import { rolldown } from "rolldown";

/** Of a run in medians of `node -e 0`; MiB. */
const limits = { cold: 8, memory: 150 };
const within = (most, ratio) => ({ ok: ratio <= most, text: `at most ×${most}` });
const VALUES = {
  HALO_MCP_TOKEN: "made-up-token",
  HALO_ACCOUNT_ID: "made-up-account",
  HALO_PROFILE_ID: "made-up-profile",
};
export const HEADERS = {
  "X-CM-PRODUCTTOKEN": "${HALO_MCP_TOKEN}",
  "CM-ACCOUNT-ID": "${HALO_ACCOUNT_ID}",
  "CM-PROFILE-ID": "${HALO_PROFILE_ID}",
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

/** A repository as `init` leaves it, for this URL. */
function setUp(folder, url) {
  mkdirSync(join(folder, ".git"), { recursive: true });
  mkdirSync(join(folder, ".claude"), { recursive: true });
  const put = (name, content) => writeFileSync(join(folder, name), JSON.stringify(content), { mode: 0o600 });
  put(".mcp.json", { mcpServers: { halo: { type: "http", url, headers: HEADERS } } });
  put(".claude/settings.local.json", { env: VALUES, enabledMcpjsonServers: ["halo"] });
  return folder;
}

/** Runs a program; its output, and the most memory that it had, where the system says so (Linux). */
async function watched(args, { cwd, env }) {
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
  child.stdin.end();
  const [code] = await once(child, "close");
  clearInterval(watch);
  return { code, out, err, peak };
}

/** A stand-in of HALO as a program of its own, so that it does not share our event loop. It ends when its stdin closes. */
export async function standIn() {
  const program = fileURLToPath(new URL("../servers/stand-in.mjs", import.meta.url));
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const [token, accountId, profileId] = Object.values(VALUES);
  child.stdin.write(`${JSON.stringify({ token, accountId, profileId, era: "2025-stateful" })}\n`);
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const close = async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, "close");
  };
  return { url: JSON.parse(line).url, close };
}

export async function doctor({ bin, work, rounds, report, interleave, run, environment }) {
  const env = environment(work);
  const server = await standIn();
  let rest;
  try {
    const cwd = setUp(join(work, "doctor"), server.url);
    const args = [bin, "doctor", "--json", "--url", server.url];
    const cold = await interleave(
      {
        bare: () => run(process.execPath, ["-e", "0"], { cwd, env }),
        doctor: () => run(process.execPath, args, { cwd, env }),
      },
      rounds,
    );
    const times = cold.doctor.median / cold.bare.median;
    report("doctor: node -e 0", cold.bare.text);
    report("doctor --json, cold", `${cold.doctor.text}  ×${times.toFixed(3)}`, within(limits.cold, times));
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
