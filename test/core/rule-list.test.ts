import { expect, test } from "vitest";
import { RULES } from "../../src/core/rules/index.ts";

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");

/** The page that lists the rules, in report order. */
function rulesPage(): string {
  const rows = RULES.map(({ id, severity, summary, localOnly }) => {
    const where = localOnly === true ? `${severity}, not in CI` : severity;
    return `| [${id}](${id}.md) | ${where} | ${cell(summary)} |`;
  });
  return `# Rules of \`check\`

<!-- made from src/core/rules: npx vitest run --project unit test/core/rule-list.test.ts -u -->

| rule | severity | what it finds |
|---|---|---|
${rows.join("\n")}
`;
}

test("docs/rules/README.md lists the rules as they are", async () => {
  await expect(rulesPage()).toMatchFileSnapshot("../../docs/rules/README.md");
});
