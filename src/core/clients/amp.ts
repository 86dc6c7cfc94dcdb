import { type Client, USUAL } from "./model.ts";
import { BRACES } from "./references.ts";

/** Version 0.0.1790142911 without a login (2026-11): the files were measured; what it expands is known from others' documentation only. */
export const amp: Client = {
  ...USUAL,
  id: "amp",
  label: "Amp",
  files: [".amp/settings.json"],
  servers: "amp.mcpServers",
  references: BRACES,
};
