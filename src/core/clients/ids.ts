/** The ids of `--client`. */
import { TOLD } from "./told.ts";

/** The clients that have a descriptor, in the order of the list. */
const IDS = "claude-code cursor vscode codex gemini-cli qwen-code opencode kilo copilot-cli roo-code cline";
export const CLIENT_IDS: readonly string[] = `${IDS} amp kiro windsurf zed claude-desktop junie`.split(" ");
export const TOLD_IDS = TOLD.map(({ id }) => id);

export type ClientId = string;
