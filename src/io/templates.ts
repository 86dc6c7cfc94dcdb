import { readFileSync } from "node:fs";
import { EnvironmentError } from "../errors.ts";

/**
 * A text from `templates/`, with `{{name}}` filled in. Every name in the text must be given.
 */
export function readTemplate(templates: URL, file: string, fill: Readonly<Record<string, string>>): string {
  let text: string;
  try {
    text = readFileSync(new URL(file, templates), "utf8");
  } catch (cause) {
    throw new EnvironmentError(`the package is incomplete: templates/${file} is missing`, {
      hint: "npx create-halo-mcp@latest",
      cause,
    });
  }
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => fill[name] ?? whole);
}
