/** The ids of `--client`. */
import { TOLD_IDS } from "./told.ts";

export { TOLD_IDS };

/** The clients that have a descriptor, in the order of the list. */
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

export type ClientId = (typeof CLIENT_IDS)[number] | (typeof TOLD_IDS)[number];
