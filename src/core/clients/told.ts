/** What `guide` tells and the wizard does not write: web pages, programs of which too little is known, and code of your own. */

export interface Told {
  readonly id: string;
  readonly label: string;
  /** What was run, with the month; or what was read instead. */
  readonly evidence: string;
  /** It has delivered the three headers to a server. */
  readonly isProven?: true;
  /** Its template is a program, and was run as it is. */
  readonly isCode?: true;
  /** The page of a web client's settings. */
  readonly page?: `https://${string}`;
}

const HELP = "CM.com's page about MCP (2026-11)";
const DOCS = "documentation (2026-11)";
const CODE = { isCode: true, isProven: true } as const;
export const TOLD: readonly Told[] = [
  { id: "claude-ai", label: "Claude.ai", evidence: HELP, page: "https://claude.ai/customize/connectors" },
  { id: "chatgpt", label: "ChatGPT", evidence: HELP, page: "https://chatgpt.com/#settings/Connectors" },
  { id: "warp", label: "Warp", evidence: DOCS },
  { id: "lm-studio", label: "LM Studio", evidence: DOCS },
  { id: "goose", label: "Goose", evidence: DOCS },
  { id: "continue", label: "Continue", evidence: "source of 2026-06" },
  { id: "n8n", label: "n8n", evidence: DOCS },
  { id: "mcp-inspector", label: "MCP Inspector", evidence: "2.12.0 (2026-11)", isProven: true },
  { id: "jetbrains", label: "JetBrains AI Assistant", evidence: DOCS },
  { ...CODE, id: "agent-mcp", label: "MCP SDK", evidence: "@modelcontextprotocol/client 2.4.0 (2026-11)" },
  { ...CODE, id: "agent-openai", label: "OpenAI Agents SDK", evidence: "@openai/agents 0.20.0 (2026-11)" },
  { ...CODE, id: "agent-vercel", label: "Vercel AI SDK", evidence: "@ai-sdk/mcp 2.0.99 and 1.0.102 (2026-11)" },
  { ...CODE, id: "agent-langchain", label: "LangChain", evidence: "@langchain/mcp-adapters 1.1.4 (2026-11)" },
  { isCode: true, id: "agent-python", label: "MCP SDK for Python", evidence: "mcp 2.3.0 (2026-11)" },
];

/** The ids of `--client`. First those that have a descriptor, in the order of the list. */
const IDS = "claude-code cursor vscode codex gemini-cli qwen-code opencode kilo copilot-cli roo-code cline";
export const CLIENT_IDS: readonly string[] = `${IDS} amp kiro windsurf zed claude-desktop junie`.split(" ");
export const TOLD_IDS = TOLD.map(({ id }) => id);
