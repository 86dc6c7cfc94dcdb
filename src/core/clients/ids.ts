/** The ids of the clients that have a descriptor, in the order of the list. */

export const CLIENT_IDS = [
  "claude-code",
  "cursor",
  "vscode",
  "codex",
  "gemini-cli",
  "qwen-code",
  "opencode",
  "copilot-cli",
  "roo-code",
  "amp",
  "kiro",
  "junie",
] as const;

export { TOLD_IDS } from "./told.ts";
