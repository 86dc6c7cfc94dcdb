/** `npm run test:e2e [-- vitest's arguments]`: installs first, then the tests with loopback as their only network. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { install } from "./install.mjs";
import { inNamespace } from "./loopback.mjs";

install();
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const [file, ...args] = inNamespace([process.execPath, vitest, "run", "--project", "e2e", ...process.argv.slice(2)]);
const cwd = fileURLToPath(new URL("../..", import.meta.url));
const { status, error } = spawnSync(file, args, { cwd, stdio: "inherit" });
if (error) throw error;
process.exitCode = status ?? 1;
