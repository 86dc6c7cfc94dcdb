/** The published package as a web server of npm packages shows it: every version stays there. */
const PACKAGE = "https://unpkg.com/create-halo-mcp";

/** Where a rule is explained: in the pages that are part of the package of this very version. */
export function ruleUrl(id: string, version: string): string {
  return `${PACKAGE}@${version}/dist/rules.md#${id}`;
}

export const HOME_URL = `${PACKAGE}/README.md`;
