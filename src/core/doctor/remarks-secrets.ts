/** A token where others find it. */
import { expand, references } from "../clients/claude-code.ts";
import { cleanValue, HEADERS } from "../halo.ts";
import type { Contender } from "./entries.ts";
import type { Remark } from "./model.ts";

/** A header that is a token by itself: as text, or as the default of a reference. */
function isToken(text: string): boolean {
  const alone = expand(text, {});
  return alone.missing.length === 0 && cleanValue("token", alone.text).ok && references(alone.text).length === 0;
}

/** The token as text in a `.mcp.json`: the file is made to be shared, and git keeps every state of it. */
export function remarksOnSecrets(contenders: readonly Contender[]): readonly Remark[] {
  const files = contenders
    .filter(
      ({ entry, isHalo }) =>
        isHalo &&
        entry.scope === "project" &&
        Object.entries(entry.headers).some(
          ([name, text]) => name.trim().toLowerCase() === HEADERS.token.toLowerCase() && isToken(text),
        ),
    )
    .map(({ file }) => file);
  return [...new Set(files)].map((file) => ({
    cause: "token-in-repository",
    severity: "warning",
    seen: `the product token stands as text in ${file}: whoever has this repository has the token`,
    tryThis: [
      "# make a new token: HALO Studio > Settings > Product Tokens, type MCP",
      "# and delete this one; then",
      "npx create-halo-mcp",
      "# puts a reference in its place",
      "npx create-halo-mcp check",
      "# finds it wherever else git has it",
    ],
  }));
}
