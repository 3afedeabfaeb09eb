import type { Duplex } from 'node:stream';
import { writeLine } from '../../agents/lines.ts';
import type { RunProgress } from '../observer.ts';
import type { ScenarioOrigin } from './state.ts';

/** First line of a connection to the keeper; one connection is one request. */
export type KeeperRequest =
  | {
      readonly type: 'bench';
      readonly origin: ScenarioOrigin;
      /** Absolute, empty, made by the caller. */
      readonly output: string;
      readonly commandLine: readonly string[];
    }
  /** On the connection of a bench: keep what was measured, and end. */
  | { readonly type: 'stop' }
  /** Counters and configurations of the bus, for a backup. */
  | { readonly type: 'snapshot' }
  | { readonly type: 'destroy' };

/** Lines that the keeper answers with; the last of a request is `done` or `failed`. */
export type KeeperReply =
  | { readonly type: 'progress'; readonly progress: RunProgress }
  | { readonly type: 'done'; readonly found: readonly string[] }
  | { readonly type: 'failed'; readonly failure: Failure };

export interface Failure {
  readonly kind: 'usage' | 'run';
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** What the keeper tells the `deploy` that started it, over the channel of child processes. */
export type DeployReport =
  | { readonly type: 'step'; readonly step: string }
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly failure: Failure };

/** To whoever is still there. */
export function sendLine(stream: Duplex, message: KeeperRequest | KeeperReply): void {
  if (stream.writable) writeLine(stream, message);
}
