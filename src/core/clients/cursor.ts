import { type Client, USUAL } from "./model.ts";
import { also, ENV } from "./references.ts";

/**
 * @cursor/sdk 1.0.32 (2026-11); the IDE and cursor-agent by their documentation. Bare `${NAME}` arrived too, but is not
 * documented, and users of the IDE report it as literal.
 */
export const cursor: Client = {
  ...USUAL,
  id: "cursor",
  label: "Cursor",
  files: [".cursor/mcp.json"],
  references: also(ENV, /^\$\{(?:workspaceFolder|workspaceFolderBasename|userHome|pathSeparator|\/)\}$/),
};
