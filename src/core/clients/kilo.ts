import type { Client } from "./model.ts";
import { opencode, SERVE } from "./opencode.ts";

/** Its configuration is opencode's. With references in a file of a project it ignores that file as a whole (7.7.7, measured). */
export const kilo: Client = {
  ...opencode,
  id: "kilo",
  label: "Kilo",
  docs: "https://kilo.ai/docs/cli",
  measured: "7.7.7 (2026-11)",
  scopes: ["user"],
  programs: ["kilo", "kilocode"],
  files: { project: [], user: "~/.config/kilo/kilo.jsonc", moved: ["XDG_CONFIG_HOME", "~/.config"] },
  ask: {
    ...SERVE,
    variable: "KILO_CONFIG_CONTENT",
    set: { KILO_DISABLE_AUTOUPDATE: "1", KILO_DISABLE_MODELS_FETCH: "1", KILO_TELEMETRY_LEVEL: "off" },
    own: /^(?:KILO|OPENCODE|XDG)_/,
    user: "kilo",
    password: "KILO_SERVER_PASSWORD",
  },
  verify: ["kilo", "mcp", "list"],
  next: [{ note: "Start Kilo again: it reads its file when it starts" }],
};
