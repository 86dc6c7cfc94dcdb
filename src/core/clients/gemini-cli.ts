import { type Client, USUAL } from "./model.ts";
import { DOLLAR_WITH_DEFAULT } from "./references.ts";

/** Measured with 0.61.0 (2026-11). It empties variables by name when they come from a `.env`; those of GEMINI_CLI_ stay (its source). */
export const geminiCli: Client = {
  ...USUAL,
  id: "gemini-cli",
  label: "Gemini CLI",
  files: [".gemini/settings.json"],
  entry: { url: ["httpUrl", "url"], headers: "headers" },
  references: DOLLAR_WITH_DEFAULT,
  blanks: /^(?!GEMINI_CLI_).*(?:TOKEN|SECRET|PASSWORD|PASSWD|KEY|AUTH|CREDENTIAL|CREDS|PRIVATE|CERT)/i,
};
