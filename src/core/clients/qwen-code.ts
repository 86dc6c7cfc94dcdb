import { client } from "./model.ts";
import { DOLLAR } from "./references.ts";
import { anything, record } from "./shapes.ts";

/** An approval covers the entry with its expanded values: a new value needs a new approval (0.24.4, measured). */
export const qwenCode = client("qwen-code", "Qwen Code", "0.24.4 (2026-11)", {
  docs: "https://qwenlm.github.io/qwen-code-docs/en/users/features/mcp/",
  isProven: true,
  programs: ["qwen"],
  files: { project: [".qwen/settings.json"], user: "~/.qwen/settings.json", moved: ["QWEN_HOME", "~/.qwen"] },
  misreads: {
    file: ".mcp.json",
    help: { note: "Approve it only with an entry of the same name in .qwen/settings.json: that one is used then" },
  },
  entry: { url: { httpUrl: "http", url: "sse" }, headers: "headers" },
  demands: { lost: "server", remote: { fields: { headers: record("an object", anything) } } },
  unreadable: ["comma"],
  references: DOLLAR,
  foreign: [],
  unset: "literal",
  spoils: { literal: /\$/ },
  reads: ["~/.qwen/.env"],
  store: "~/.qwen/.env",
  ask: {
    by: "list",
    argv: ["mcp", "list"],
    file: ".qwen/settings.json",
    paths: { QWEN_HOME: ".qwen" },
    own: /^QWEN_/,
    connected: / - Connected$/,
    failed: / - Disconnected$/,
  },
  verify: ["qwen", "mcp", "list"],
  newToken: { run: ["npx", "create-halo-mcp", "run", "--", "qwen", "mcp", "approve", "halo"] },
  next: [
    { run: ["qwen", "mcp", "approve", "halo"], only: "project" },
    { note: "Approve it again after every new token: the approval covers the values", only: "project" },
  ],
});
