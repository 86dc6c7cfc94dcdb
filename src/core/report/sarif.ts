/** SARIF 2.1.0 (OASIS), as code scanning services take it. */
import type { Rule } from "../check/model.ts";
import { type Line, PACKAGE_URL, type Report, ruleUrl } from "./make.ts";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const ROOT = "%SRCROOT%";

function locationOf(path: string): object {
  const inHex = (char: string): string => `%${char.charCodeAt(0).toString(16)}`;
  const parts = path.split("/").map((part) => encodeURIComponent(part).replace(/[!'()*]/g, inHex));
  return { uri: parts.join("/"), uriBaseId: ROOT };
}

/** FNV-1a over the UTF-16 units, twice with different beginnings: 64 bits that name a place, nothing to rely on against malice. */
function hash(text: string): string {
  let [left, right] = [0x811c9dc5, 0x9e3779b9];
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    left = Math.imul(left ^ unit, 0x01000193);
    right = Math.imul(right ^ unit ^ (left >>> 16), 0x01000193);
  }
  return [left, right].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}

/** What makes each finding itself wherever it moves to in its file: its file, its rule, what its message names, and which of several equal ones it is. */
function fingerprints(lines: readonly Line[]): readonly string[] {
  const seen = new Map<string, number>();
  return lines.map(({ path, rule, args }) => {
    const named = Object.entries(args).sort(([a], [b]) => (a < b ? -1 : 1));
    const identity = JSON.stringify([path, rule, named]);
    const count = seen.get(identity) ?? 0;
    seen.set(identity, count + 1);
    return hash(`${identity}#${count}`);
  });
}

/** The whole log: one run, every rule with its page, every finding with what names it across commits. */
export function toSarif(
  report: Report,
  all: readonly Pick<Rule, "id" | "severity" | "summary">[],
  version: string,
): object {
  const indexes = new Map(all.map(({ id }, index) => [id, index]));
  const prints = fingerprints(report.lines);
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
  const results = report.lines.map(({ rule, severity, message, path, line, column, endLine, endColumn }, index) => ({
    ruleId: rule,
    ruleIndex: indexes.get(rule) ?? -1,
    level: severity,
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: locationOf(path),
          region: { startLine: line, startColumn: column, endLine, endColumn },
        },
      },
    ],
    partialFingerprints: { "createHaloMcp/v1": prints[index] },
  }));
  const informationUri = `${PACKAGE_URL}/README.md`;
  const run = {
    tool: { driver: { name: "create-halo-mcp", version, semanticVersion: version, informationUri, rules } },
    originalUriBaseIds: { [ROOT]: { description: { text: "the root of the repository" } } },
    columnKind: "utf16CodeUnits",
    invocations: [{ executionSuccessful: true }],
    artifacts: report.files.map((path) => ({ location: locationOf(path) })),
    results,
  };
  return { $schema: SCHEMA, version: "2.1.0", runs: [run] };
}
