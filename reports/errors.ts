/** Where the blame lies decides the exit code: bad input is 2, everything else 3. */
export type ErrorKind =
  | 'scenario'
  | 'usage'
  | 'bus'
  | 'fabric'
  | 'agent'
  | 'driver'
  | 'host'
  | 'result';

/** The base of every error a user may see: a stable code (docs/errors.md), a message, and what to do about it. */
export class BenchError extends Error {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly hint: string;

  constructor(
    kind: ErrorKind,
    code: string,
    message: string,
    hint: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
    this.kind = kind;
    this.code = code;
    this.hint = hint;
  }
}

/** A result that cannot be made or written. */
export class ResultError extends BenchError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super('result', code, message, hint, options);
  }
}

/** A result given as input that is absent, torn or foreign: the fault lies with what was asked, not with a run. */
export class ResultInputError extends BenchError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super('usage', code, message, hint, options);
  }
}
