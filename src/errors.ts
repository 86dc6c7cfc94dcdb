/** The four ways in which a run ends badly. Only these reach a user as sentences; anything else is a defect. */

/** `hint`: the next command to type, or what to change. */
type Details = { readonly hint?: string | undefined };

/** Base: an exit code, a sentence, a hint. The message never contains a secret. */
export class HaloError extends Error {
  readonly exitCode: number;
  readonly code: string;
  readonly hint: string | undefined;

  constructor(exitCode: number, code: string, message: string, { hint }: Details = {}) {
    super(message);
    this.name = new.target.name;
    this.exitCode = exitCode;
    this.code = code;
    this.hint = hint;
  }
}

/** One of the ways: its exit code, and the default code in JSON. */
function ending(exitCode: number, usual: string) {
  return class extends HaloError {
    constructor(message: string, details?: Details, code = usual) {
      super(exitCode, code, message, details);
    }
  };
}

/** Exit 2: a wrong word on the command line, or input is missing and nobody can be asked. */
export class UsageError extends ending(2, "usage") {}

/** Exit 1: a file that must not be touched, or a connection that does not work. */
export class Refusal extends ending(1, "refused") {}

/** Exit 3: the machine prevents it: permissions, disk, a lock that stays, a missing program. */
export class EnvironmentError extends ending(3, "environment") {}

/** Exit 130: Ctrl-C, Ctrl-D or a closed stdin. Nothing was changed. */
export class Cancelled extends ending(130, "cancelled") {
  constructor(message = "Cancelled. Nothing was changed.") {
    super(message);
  }
}

/** The result, or undefined if there is none because of an error. */
export function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
