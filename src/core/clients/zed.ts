import { type Client, USUAL } from "./model.ts";
import { NONE } from "./references.ts";

/** It expands no references. Whether it reads servers in the `.zed/settings.json` of a project is not known. */
export const zed: Client = {
  ...USUAL,
  id: "zed",
  label: "Zed",
  docs: "https://zed.dev/docs/ai/mcp",
  measured: "documentation (2026-11)",
  scopes: ["user"],
  programs: ["zed", "zeditor"],
  files: {
    project: [],
    user: {
      linux: "~/.config/zed/settings.json",
      macos: "~/.config/zed/settings.json",
      windows: "%APPDATA%\\Zed\\settings.json",
    },
  },
  servers: "context_servers",
  references: NONE,
  foreign: [],
  unset: "literal",
  next: [{ note: "Open Settings > AI > MCP Servers: the dot beside halo must be green" }],
};
