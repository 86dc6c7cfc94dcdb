/** SARIF 2.1.0 (OASIS), as code scanning services take it. */
import { toSafeJson } from "./json.ts";
import { HOME_URL, ruleUrl } from "./links.ts";
import type { Region, Report, Tool } from "./model.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const ROOT = "%SRCROOT%";

function uriOf(path: string): string {
  return path
    .split("/")
    .map((part) => encodeURIComponent(part).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16)}`))
    .join("/");
}

function locationOf(path: string): { readonly uri: string; readonly uriBaseId: string } {
  return { uri: uriOf(path), uriBaseId: ROOT };
}

function sarifRegion(region: Region): object {
  const { line, column, endLine, endColumn } = region;
  return { startLine: line, startColumn: column, endLine, endColumn };
}

/** The whole log: one run, every rule with its page, every finding with what names it across commits. */
export function toSarif(report: Report, tool: Tool): string {
  const indexes = new Map(tool.rules.map(({ id }, index) => [id, index]));
  const rules = tool.rules.map(({ id, severity, summary }) => ({
    id,
    name: id.replace(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    shortDescription: { text: summary },
    fullDescription: { text: summary },
    help: { text: `${summary}. See ${ruleUrl(id, tool.version)}` },
    helpUri: ruleUrl(id, tool.version),
    defaultConfiguration: { level: severity },
    properties: { "problem.severity": severity === "note" ? "recommendation" : severity },
  }));
  const results = report.lines.map((line) => ({
    ruleId: line.rule,
    ruleIndex: indexes.get(line.rule) ?? -1,
    level: line.severity,
    message: { text: line.message },
    locations: [{ physicalLocation: { artifactLocation: locationOf(line.path), region: sarifRegion(line) } }],
    partialFingerprints: { "createHaloMcp/v1": line.fingerprint },
  }));
  const driver = {
    name: "create-halo-mcp",
    version: tool.version,
    semanticVersion: tool.version,
    informationUri: HOME_URL,
    rules,
  };
  return toSafeJson({
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: { driver },
        originalUriBaseIds: { [ROOT]: { description: { text: "the root of the repository" } } },
        columnKind: "utf16CodeUnits",
        invocations: [{ executionSuccessful: true }],
        artifacts: report.files.map((path) => ({ location: locationOf(path) })),
        results,
      },
    ],
  });
}
