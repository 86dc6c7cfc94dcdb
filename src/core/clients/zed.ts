import { client, NO_REFERENCES } from "./model.ts";

/** It expands no references. Whether it reads servers in the `.zed/settings.json` of a project is not known. */
export const zed = client("zed", "Zed", "documentation (2026-11)", {
  docs: "https://zed.dev/docs/ai/mcp",
  programs: ["zed", "zeditor"],
  files: { project: [], user: "~/.config/zed/settings.json", windows: "%APPDATA%/Zed/settings.json" },
  servers: "context_servers",
  ...NO_REFERENCES,
  next: [{ note: "Open Settings > AI > MCP Servers: the dot beside halo must be green" }],
});
