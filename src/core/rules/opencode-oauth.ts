import { remoteHaloServers } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { keySpan, member } from "../check/servers.ts";
import { editBetween, finding, MOST_FIXES } from "../check/show.ts";
import { setProperty } from "../formats/json-edit.ts";

const ID = "opencode-oauth";

/** opencode 1.18.33 answers a 401 with OAuth discovery and POST /register, and hides that the token is wrong (measured). */
export const opencodeOauth: Rule = {
  id: ID,
  severity: "warning",
  summary: 'opencode\'s entry for HALO lacks "oauth": false',
  check: (subject) =>
    remoteHaloServers(subject)
      .filter(({ document }) => document.kind === "client:opencode")
      .flatMap(({ document, name, node, entry }, index) => {
        const oauth = member(node, "oauth")?.value;
        if (oauth?.kind === "scalar" && oauth.value === false) return [];
        const found = finding(subject, ID, document, keySpan(document, entry), { name });
        if (index >= MOST_FIXES) return [found];
        const edited = setProperty(document.text, ["mcp", name, "oauth"], false, { strict: false });
        return [edited.ok && edited.changed ? { ...found, fix: [editBetween(document.text, edited.text)] } : found];
      }),
  message: ({ name }) =>
    `server "${name}" lacks "oauth": false: opencode then answers a wrong token with an OAuth flow that HALO does not have`,
};
