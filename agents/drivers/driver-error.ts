/** A client library that will not load, connect or open; `code` is documented in docs/errors.md. */
export class DriverError extends Error {
  readonly code: string;
  readonly hint: string;

  constructor(code: string, message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DriverError';
    this.code = code;
    this.hint = hint;
  }
}
