/** The four ways in which a run ends badly. Only these reach a user as sentences; anything else is a defect. */

interface Details {
  /** The next command to type, or what to change. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** Base: an exit code, a sentence, a hint. The message never holds a secret. */
export class HaloError extends Error {
  readonly exitCode: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(exitCode: number, code: string, message: string, { hint, cause }: Details = {}) {
    super(message, { cause });
    this.name = new.target.name;
    this.exitCode = exitCode;
    this.code = code;
    this.hint = hint;
  }
}

/** Exit 2: a wrong word on the command line, or input is missing and nobody can be asked. */
export class UsageError extends HaloError {
  constructor(message: string, details?: Details, code = "usage") {
    super(2, code, message, details);
  }
}

/** Exit 1: a file that must not be touched, or a connection that does not work. */
export class Refusal extends HaloError {
  constructor(message: string, details?: Details, code = "refused") {
    super(1, code, message, details);
  }
}

/** Exit 3: the machine does not let us: permissions, disk, a lock that stays, no such program. */
export class EnvironmentError extends HaloError {
  constructor(message: string, details?: Details, code = "environment") {
    super(3, code, message, details);
  }
}

/** Exit 130: Ctrl-C, Ctrl-D or a closed stdin. Nothing was changed. */
export class Cancelled extends HaloError {
  constructor(message = "Cancelled. Nothing was changed.", details?: Details) {
    super(130, "cancelled", message, details);
  }
}
