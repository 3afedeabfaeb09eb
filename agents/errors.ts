/**
 * Errors of an agent process travel to the orchestrator as `{ type: 'failed', code, message, hint }`.
 * The message says expected, got and where (endpoint, peer); the hint says what to do.
 */
export class AgentFailure extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
    this.hint = hint;
  }
}

/** What a driver throws: the client library would not load, connect, open or go on. */
export class DriverError extends AgentFailure {}

/** Any thrown value as an AgentFailure; what is not ours becomes `AGENT_CRASHED` with its stack. */
export function asFailure(error: unknown): AgentFailure {
  if (error instanceof AgentFailure) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new AgentFailure(
    'AGENT_CRASHED',
    `unexpected error in the agent: ${text}`,
    'This is a bug of busbench: report it with the logs of the run.',
    { cause: error },
  );
}

/** The other side said something that an agent cannot act on. */
export function protocolFailure(what: string): AgentFailure {
  return new AgentFailure(
    'AGENT_PROTOCOL',
    `the agent cannot go on: ${what}`,
    'Orchestrator and agents must be of the same busbench version; else this is a bug.',
  );
}
