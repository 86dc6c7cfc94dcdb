import { type Client, USUAL } from "./model.ts";
import { DOLLAR } from "./references.ts";

/** Measured with 0.24.4 (2026-11). */
export const qwenCode: Client = {
  ...USUAL,
  id: "qwen-code",
  label: "Qwen Code",
  files: [".qwen/settings.json"],
  entry: { url: ["httpUrl", "url"], headers: "headers" },
  references: DOLLAR,
};
