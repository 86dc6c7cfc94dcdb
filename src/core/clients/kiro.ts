import { client } from "./model.ts";
import { BRACES } from "./references.ts";

export const kiro = client("kiro", "Kiro", "documentation (2026-11)", {
  docs: "https://kiro.dev/docs/mcp/configuration",
  programs: ["kiro-cli", "kiro"],
  start: ["kiro", "."],
  isApp: true,
  files: { project: [".kiro/settings/mcp.json"], user: "~/.kiro/settings/mcp.json" },
  format: "json",
  references: BRACES,
  verify: ["kiro-cli", "mcp", "status", "--name", "halo"],
  link: (name, entry) => `kiro://kiro.mcp/add?name=${name}&config=${encodeURIComponent(JSON.stringify(entry))}`,
  next: [{ note: 'Add the variables to the setting "Mcp Approved Env Vars": Kiro expands no others', only: "refers" }],
});
