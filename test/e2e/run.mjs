/**
 * `npm run test:e2e [-- vitest's arguments]`: installs first, then the tests with loopback as their only network.
 * `npm run test:clients [-- --all]` the same for the programs of test/clients; `--all`: those too that are big.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { bigPrograms, clientPrograms, install, programs } from "./install.mjs";
import { inNamespace } from "./loopback.mjs";

const [project, ...rest] = process.argv.slice(2);
const options = rest.filter((option) => option !== "--all");
const isAll = options.length < rest.length;
const wanted = { ...programs, ...(project === "clients" && clientPrograms), ...(isAll && bigPrograms) };
install(Object.keys(wanted));
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const [file, ...args] = inNamespace([process.execPath, vitest, "run", "--project", project, ...options]);
const cwd = fileURLToPath(new URL("../..", import.meta.url));
const env = { ...process.env, ...(isAll && { ALL_CLIENTS: "1" }) };
const { status, error } = spawnSync(file, args, { cwd, env, stdio: "inherit" });
if (error) throw error;
process.exitCode = status ?? 1;
