import { readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const { version } = JSON.parse(readFileSync(new URL("package.json", import.meta.url), "utf8")) as { version: string };
const define = { __VERSION__: JSON.stringify(version) };

/** Tests that try many made-up inputs, or end a program at every point: `npm run test:slow`. `npm test` leaves them out. */
const SLOW = "test/**/*.{property,fuzz,crash}.test.ts";

/** Most tests start programs and wait: on two processors, one worker (vitest's own choice) leaves half of the time unused. */
const WORKERS = 2;

export default defineConfig({
  test: {
    projects: [
      {
        define,
        test: {
          name: "unit",
          maxWorkers: WORKERS,
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/clients/**", "test/fixtures/**", SLOW],
          setupFiles: ["test/support/property-seed.ts"],
          // for a test that hangs: on a busy machine everything takes several times as long
          testTimeout: 60_000,
          hookTimeout: 20_000,
        },
      },
      {
        define,
        test: {
          name: "slow",
          maxWorkers: WORKERS,
          include: [SLOW],
          setupFiles: ["test/support/property-seed.ts"],
          testTimeout: 240_000,
          hookTimeout: 60_000,
        },
      },
      {
        define,
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          globalSetup: ["test/support/package.ts"],
          testTimeout: 90_000,
          hookTimeout: 90_000,
          maxWorkers: WORKERS,
          // other people's programs in real terminals: a key can get lost there. A test that needs its second try says so.
          retry: process.env.CI ? 1 : 0,
        },
      },
      {
        define,
        test: {
          name: "clients",
          include: ["test/clients/**/*.test.ts"],
          globalSetup: ["test/support/package.ts"],
          // tests wait for their turn
          testTimeout: 900_000,
          hookTimeout: 90_000,
          maxConcurrency: 4,
          retry: process.env.CI ? 1 : 0,
        },
      },
    ],
  },
});
