/** What a report is made of: findings with their words and places. Data only. */
import type { Severity } from "../check/model.ts";

/** As people count, from 1; columns in UTF-16 units. The end is the first place behind. */
export interface Region {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** A finding as it is reported. */
export interface Line extends Region {
  readonly rule: string;
  readonly severity: Severity;
  readonly message: string;
  /** From the root, with "/". */
  readonly path: string;
  readonly fixable: boolean;
  /** The same for one place wherever it moves to in its file. */
  readonly fingerprint: string;
  /** It stands for this many findings of its rule in its file, of which only the first hundred have a line of their own. */
  readonly more?: number;
}

/** What every format prints. */
export interface Report {
  readonly ok: boolean;
  readonly lines: readonly Line[];
  /** The files that were read. */
  readonly files: readonly string[];
  readonly counts: Readonly<Record<Severity, number>>;
  /** How many findings `check --fix` mends. */
  readonly mendable: number;
  /** More warnings than this are a failure; undefined: any number will do. */
  readonly maxWarnings: number | undefined;
  /** Folders that were asked for and hold no file to check, as they were typed. */
  readonly empty: readonly string[];
  /** The files that `--fix` changed, or with `dryRun` would change. */
  readonly fixed: readonly string[];
  readonly dryRun: boolean;
}

/** A rule as a reader of the report knows it. */
export interface RuleInfo {
  readonly id: string;
  readonly severity: Severity;
  readonly summary: string;
}

/** The program that made the report. */
export interface Tool {
  readonly version: string;
  readonly rules: readonly RuleInfo[];
}
