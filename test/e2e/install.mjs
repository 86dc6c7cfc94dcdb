/**
 * Installs the programs that the end-to-end tests and the bench run beside ours, each by name and exact version,
 * into .cache/. What is there and runs is left alone. This is the only step that needs the npm registry.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * `repair` is the package's own install script: npm does not run those where they are not allowed.
 * Claude Code: two versions are in the field, the newest for Node 20 and the newest of all.
 */
const claude = { name: "@anthropic-ai/claude-code", bin: "claude", repair: "@anthropic-ai/claude-code/install.cjs" };
const node = { name: "node", bin: "node", repair: "node/installArchSpecificPackage.js" };
const conformance = { name: "@modelcontextprotocol/conformance", bin: "conformance", node: "node-22" };
/** A package that has no program, or one that answers no --version. */
const library = (name, version) => ({ name, version, isSilent: true });
export const programs = {
  "claude-code-2.1.332": { ...claude, version: "2.1.332" },
  "claude-code-2.1.197": { ...claude, version: "2.1.197" },
  "node-22": { ...node, version: "22.23.3" },
  "node-24": { ...node, version: "24.21.0" },
  "node-26": { ...node, version: "26.10.0" },
  codex: { name: "@openai/codex", bin: "codex", version: "0.171.0" },
  "gemini-cli": { name: "@google/gemini-cli", bin: "gemini", version: "0.61.0" },
  opencode: { name: "opencode-ai", bin: "opencode", version: "1.18.33", repair: "opencode-ai/postinstall.mjs" },
  // no newer version has a program for Linux x64
  kilo: { name: "@kilocode/cli", bin: "kilo", version: "7.7.7" },
  "qwen-code": { name: "@qwen-code/qwen-code", bin: "qwen", version: "0.24.4", node: "node-22" },
  "add-mcp": { name: "add-mcp", bin: "add-mcp", version: "2.4.0" },
  "server-everything": library("@modelcontextprotocol/server-everything", "2026.8.31"),
  // the alpha has the scenarios of 2026-07-28; both want Node 22
  "conformance-0.1": { ...conformance, version: "0.1.16" },
  "conformance-0.2": { ...conformance, version: "0.2.0-alpha.12" },
};

/** For `npm run test:clients` alone. */
export const clientPrograms = {
  "copilot-cli": { name: "@github/copilot", bin: "copilot", version: "1.0.102", node: "node-22" },
  "cursor-sdk": library("@cursor/sdk", "1.0.32"),
  "mcp-remote": { name: "mcp-remote", bin: "mcp-remote", version: "0.15.1" },
  "mcp-inspector": {
    name: "@modelcontextprotocol/inspector",
    bin: "mcp-inspector",
    version: "2.12.0",
    node: "node-22",
  },
  mcporter: { name: "mcporter", bin: "mcporter", version: "0.12.3", node: "node-24" },
  "agent-mcp": library("@modelcontextprotocol/client", "2.4.0"),
  "agent-openai": library("@openai/agents", "0.20.0"),
  "agent-ai-sdk": library("@ai-sdk/mcp", "2.0.99"),
  "agent-langchain": library("@langchain/mcp-adapters", "1.1.4"),
};

/** Those that take long to install: `npm run test:clients -- --all`. */
export const bigPrograms = {
  "cline-cli": { name: "cline", bin: "cline", version: "3.0.65", node: "node-22" },
};

const all = { ...programs, ...clientPrograms, ...bigPrograms };

/** The folder whose entries are the programs of one installed package. */
export const binFolder = (id) => join(root, ".cache", id, "node_modules/.bin");

function runs(folder, { name, bin, version, isSilent, node: needs }) {
  const path = join(folder, "node_modules", isSilent ? `${name}/package.json` : `.bin/${bin}`);
  if (!existsSync(path)) return false;
  if (isSilent) return JSON.parse(readFileSync(path)).version === version;
  const PATH = needs === undefined ? process.env.PATH : [binFolder(needs), process.env.PATH].join(delimiter);
  const env = { PATH, HOME: tmpdir(), DISABLE_AUTOUPDATER: "1" };
  try {
    return execFileSync(path, ["--version"], { env, encoding: "utf8", timeout: 60_000 }).includes(version);
  } catch {
    return false;
  }
}

function npmInstall(folder, program) {
  // Settings of the npm that may have started us (npm_config_…) are about this repository, not about that folder.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(config_local_prefix|package|lifecycle)/.test(key)),
  );
  mkdirSync(folder, { recursive: true });
  const flags = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"];
  execFileSync("npm", ["install", "--prefix", folder, ...flags, `${program.name}@${program.version}`], {
    cwd: folder,
    env,
    stdio: ["ignore", "ignore", "inherit"],
    timeout: 300_000,
  });
  if (!runs(folder, program) && program.repair) {
    const script = join(folder, "node_modules", program.repair);
    execFileSync(process.execPath, [script], { cwd: dirname(script), env, stdio: "ignore", timeout: 300_000 });
  }
}

export function install(ids = Object.keys(programs)) {
  for (const id of ids) {
    const program = all[id];
    const target = join(root, ".cache", id);
    if (runs(target, program)) continue;
    const staging = join(root, ".cache", `${id}.${process.pid}`);
    try {
      npmInstall(staging, program);
      if (!runs(staging, program)) throw new Error(`${program.name}@${program.version} was installed but does not run`);
      rmSync(target, { recursive: true, force: true });
      renameSync(staging, target);
    } finally {
      rmSync(staging, { recursive: true, force: true });
    }
    process.stderr.write(`installed ${program.name}@${program.version}\n`);
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  install(process.argv.length > 2 ? process.argv.slice(2) : undefined);
