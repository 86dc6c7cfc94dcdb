/** Where a rule is explained: its page, in the published package of this very version. */
export function ruleUrl(id: string, version: string): string {
  const page = id.startsWith("online") ? "README" : id;
  return `https://docs.invalid/create-halo-mcp@${version}/docs/rules/${page}.md`;
}

export const HOME_URL = "https://docs.invalid/create-halo-mcp";
