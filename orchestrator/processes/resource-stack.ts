/**
 * What Node 24's AsyncDisposableStack does, for Node 20: disposes in reverse order, tries all,
 * and throws one AggregateError of everything that failed.
 */
export class ResourceStack implements AsyncDisposable {
  readonly #disposals: (() => PromiseLike<void> | void)[] = [];
  #disposed = false;

  /** Takes ownership of a resource and hands it back. */
  use<T extends AsyncDisposable>(resource: T): T {
    this.defer(() => resource[Symbol.asyncDispose]());
    return resource;
  }

  /** Runs `dispose` when the stack is disposed. */
  defer(dispose: () => PromiseLike<void> | void): void {
    if (this.#disposed) throw new Error('ResourceStack: already disposed');
    this.#disposals.push(dispose);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.#disposed = true;
    const failures: unknown[] = [];
    for (const dispose of this.#disposals.reverse()) {
      try {
        await dispose();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1)
      throw new AggregateError(failures, 'several parts of the teardown failed');
  }
}
