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

/** One mistake in an input file. Lines and columns count from 1; 0 when the place is a `--set` or the file itself. */
export interface Mistake {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** Every mistake of a scenario or sweep at once. */
export class ScenarioError extends BenchError {
  readonly file: string;
  readonly mistakes: readonly Mistake[];

  constructor(file: string, mistakes: readonly Mistake[]) {
    const lines = mistakes.map((m) => {
      const place = m.line > 0 ? `${file}:${m.line}:${m.column}` : file;
      return m.path === '' ? `${place}: ${m.message}` : `${place}: ${m.path}: ${m.message}`;
    });
    const count = mistakes.length === 1 ? '1 mistake' : `${mistakes.length} mistakes`;
    super(
      'scenario',
      'SCENARIO_INVALID',
      `${count} in ${file}\n${lines.join('\n')}`,
      'See `busbench schema scenario` and `busbench list`.',
    );
    this.file = file;
    this.mistakes = mistakes;
  }
}

export class UsageError extends BenchError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super('usage', code, message, hint, options);
  }
}

export class BusError extends BenchError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super('bus', code, message, hint, options);
  }
}

export class FabricError extends BenchError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super('fabric', code, message, hint, options);
  }
}

export class AgentError extends BenchError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super('agent', code, message, hint, options);
  }
}

export class HostError extends BenchError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super('host', code, message, hint, options);
  }
}

export class ResultError extends BenchError {
  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super('result', code, message, hint, options);
  }
}
