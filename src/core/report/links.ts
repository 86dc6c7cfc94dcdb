/** The published package as a web server of npm packages shows it: every version stays there. */
const PACKAGE = "https://unpkg.com/create-halo-mcp";

/** Where a rule is explained: its page in the package of this very version. */
export function ruleUrl(id: string, version: string): string {
  const page = id.startsWith("online") ? "README" : id;
  return `${PACKAGE}@${version}/docs/rules/${page}.md`;
}

/** Where the program is explained. */
export const HOME_URL = `${PACKAGE}/README.md`;
