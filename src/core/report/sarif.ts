/** SARIF 2.1.0 (OASIS), for code scanning services. */
import type { Rule } from "../check/model.ts";
import { PACKAGE_URL, type Report, ruleUrl } from "./make.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const ROOT = "%SRCROOT%";

const locationOf = (path: string) => ({ uri: path.split("/").map(encodeURIComponent).join("/"), uriBaseId: ROOT });

/** The whole log. No fingerprints: GitHub calculates the only one that it uses (its SARIF documentation, 2026). */
export function toSarif(report: Report, all: readonly Rule[], version: string): object {
  const indexes = new Map(all.map(({ id }, index) => [id, index]));
  const rules = all.map(({ id, severity, summary }) => ({
    id,
    name: id.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: summary },
    fullDescription: { text: summary },
    help: { text: `${summary}. See ${ruleUrl(id, version)}` },
    helpUri: ruleUrl(id, version),
    defaultConfiguration: { level: severity },
    properties: { "problem.severity": severity === "note" ? "recommendation" : severity },
  }));
  const results = report.lines.map(({ rule, severity, message, path, line, column, endLine, endColumn }) => {
    const region = { startLine: line, startColumn: column, endLine, endColumn };
    const locations = [{ physicalLocation: { artifactLocation: locationOf(path), region } }];
    return { ruleId: rule, ruleIndex: indexes.get(rule) ?? -1, level: severity, message: { text: message }, locations };
  });
  const about = { version, semanticVersion: version, informationUri: `${PACKAGE_URL}/README.md` };
  const run = {
    tool: { driver: { name: "create-halo-mcp", ...about, rules } },
    originalUriBaseIds: { [ROOT]: { description: { text: "the root of the repository" } } },
    columnKind: "utf16CodeUnits",
    invocations: [{ executionSuccessful: true }],
    artifacts: report.files.map((path) => ({ location: locationOf(path) })),
    results,
  };
  return { $schema: SCHEMA, version: "2.1.0", runs: [run] };
}
