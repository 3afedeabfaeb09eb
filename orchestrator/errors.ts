import { BenchError } from '../reports/errors.ts';

// The base lives in reports/, which throws too and may not import this folder.
export { BenchError } from '../reports/errors.ts';

/** One mistake in an input file. Lines and columns count from 1; 0 when the place is a `--set` or the file itself. */
export interface Mistake {
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  /** The `--set` that put the value there. */
  readonly set?: string;
  /** Where it is another file than that of the others. */
  readonly file?: string;
}

/** As they stand in the file. */
export function inOrder(mistakes: readonly Mistake[]): readonly Mistake[] {
  return [...mistakes].sort((a, b) => a.line - b.line || a.column - b.column);
}

/** Every mistake of a scenario or sweep at once. */
export class ScenarioError extends BenchError {
  readonly file: string;
  readonly mistakes: readonly Mistake[];

  constructor(file: string, mistakes: readonly Mistake[]) {
    const lines = mistakes.map((m) => {
      const name = m.file ?? file;
      const place = m.line > 0 ? `${name}:${m.line}:${m.column}` : name;
      const message = m.set === undefined ? m.message : `${m.message} (from --set ${m.set})`;
      return m.path === '' ? `${place}: ${message}` : `${place}: ${m.path}: ${message}`;
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

/** Any thrown value in the form that a result and a user's terminal carry. */
export function describeFailure(error: unknown): {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
} {
  if (error instanceof BenchError) {
    return { code: error.code, message: error.message, hint: error.hint };
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'INTERNAL', message, hint: 'This is a bug of busbench; please report it.' };
}
