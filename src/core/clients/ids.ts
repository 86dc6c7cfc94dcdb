/** The ids of the clients that have a descriptor, in the order of the list. */

export const CLIENT_IDS = [
  "claude-code",
  "cursor",
  "vscode",
  "codex",
  "gemini-cli",
  "qwen-code",
  "opencode",
  "kilo",
  "copilot-cli",
  "roo-code",
  "cline",
  "amp",
  "kiro",
  "windsurf",
  "zed",
  "claude-desktop",
  "junie",
] as const;
