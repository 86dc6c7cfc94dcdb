import { disabledIn } from "../check/disabled.ts";
import { haloServers } from "../check/halo-servers.ts";
import type { Rule } from "../check/model.ts";
import { spanOf } from "../check/servers.ts";
import { editBetween, finding, MOST_FIXES } from "../check/show.ts";
import { removeFromArray } from "../formats/json-edit.ts";

const ID = "halo-disabled";

export const haloDisabled: Rule = {
  id: ID,
  severity: "error",
  summary: "A shared settings file switches HALO off for everybody",
  check: (subject) => {
    const names = new Set(
      haloServers(subject).flatMap(({ document, name }) => (document.kind === "mcp" ? [name] : [])),
    );
    return subject.documents
      .filter(({ kind }) => kind === "settings")
      .flatMap((document) =>
        disabledIn(document, names).map(({ name, entry }, index) => {
          const found = finding(subject, ID, document, spanOf(entry.value), { name });
          if (index >= MOST_FIXES) return found;
          const edited = removeFromArray(document.text, ["disabledMcpjsonServers"], name, { strict: false });
          return edited.ok && edited.changed ? { ...found, fix: [editBetween(document.text, edited.text)] } : found;
        }),
      );
  },
  message: ({ name }) =>
    `"disabledMcpjsonServers" lists "${name}", so Claude Code loads it for nobody in this repository; take it out`,
};
