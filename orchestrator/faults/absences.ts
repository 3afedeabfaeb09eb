import type { BusNode } from '../buses/bus.ts';
import { BusError } from '../errors.ts';

interface Absence {
  readonly over: Promise<void>;
  readonly end: () => void;
}

/** Which bus nodes faults keep away just now: the end of any other node's process is a failure of the run. */
export class Absences {
  readonly #away = new Map<string, Absence>();

  /** A fault is about to end the node's process. */
  begin(node: BusNode): void {
    let end = (): void => {};
    const over = new Promise<void>((resolve) => {
      end = resolve;
    });
    this.#away.set(node.name, { over, end });
  }

  /** The node is in service again. */
  end(node: BusNode): void {
    this.#away.get(node.name)?.end();
    this.#away.delete(node.name);
  }

  /** Rejects with BUS_NODE_DIED when the node ends and no fault keeps it away; never resolves. */
  async watch(node: BusNode): Promise<never> {
    for (;;) {
      const { process } = node;
      if (process === null && !this.#away.has(node.name)) return new Promise<never>(() => {});
      const status = await process?.exited;
      const absence = this.#away.get(node.name);
      if (absence === undefined && node.process === process) {
        if (status?.lost !== undefined) throw status.lost;
        throw nodeDied(node, status?.signal ?? `code ${status?.code}`);
      }
      await absence?.over;
    }
  }
}

function nodeDied({ name, site }: BusNode, how: string): BusError {
  return new BusError(
    'BUS_NODE_DIED',
    `bus node ${name} at ${site} ended (${how}) in mid-run, and no fault asked for it`,
    `Read logs/${name}.log of the result.`,
  );
}
