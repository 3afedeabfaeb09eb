import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BusNode } from '../buses/bus.ts';
import { BusError } from '../errors.ts';

interface Outage {
  readonly over: Promise<void>;
  readonly end: () => void;
}

/** Lines of a node's log that tell of its end. */
const lastLines = 8;
/** Who depends on a node may notice its end this much earlier than we do. */
const noticeMs = 1_000;

/** Which bus nodes faults keep away just now: the end of any other node's process is a failure of the run. */
export class PlannedOutages {
  readonly #away = new Map<string, Outage>();
  readonly #logs: string;

  /** `logs`: where each node's log lies. */
  constructor(logs: string) {
    this.#logs = logs;
  }

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
      const outage = this.#away.get(node.name);
      if (outage === undefined && node.process === process) {
        if (status?.lost !== undefined) throw status.lost;
        throw await this.#died(node, status?.signal ?? `code ${status?.code}`);
      }
      await outage?.over;
    }
  }

  /** What `work` comes to, unless a node ends meanwhile: what others say of a node that is gone is no reason, its end is. */
  async whileAlive<T>(nodes: readonly BusNode[], work: Promise<T>): Promise<T> {
    const died = Promise.race([new Promise<never>(() => {}), ...nodes.map((n) => this.watch(n))]);
    died.catch(() => {});
    try {
      return await Promise.race([work, died]);
    } catch (error) {
      await Promise.race([died, sleep(noticeMs)]);
      throw error;
    }
  }

  async #died({ name, site }: BusNode, how: string): Promise<BusError> {
    const log = await readFile(join(this.#logs, `${name}.log`), 'utf8').catch(() => '');
    const lines = log.split('\n').filter((line) => line.trim() !== '');
    const words = lines.slice(-lastLines).join('\n');
    return new BusError(
      'BUS_NODE_DIED',
      `bus node ${name} at ${site} ended by itself (${how})${words === '' ? ', and its log is empty' : `; its last words:\n${words}`}`,
      `No fault asked for it. The whole log is logs/${name}.log of the result.`,
    );
  }
}
