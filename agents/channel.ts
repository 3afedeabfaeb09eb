import type { Readable, Writable } from 'node:stream';
import { type LineEvents, readLines, writeLine } from './lines.ts';
import type { FromAgent, Line, ToAgent } from './protocol.ts';

/** An agent's way back to the orchestrator: messages go out in order. */
export interface Channel {
  send(message: FromAgent): void;
  /** More was sent than the other side has taken: what can be left out should be. */
  readonly congested: boolean;
  /** Resolves when the other side has caught up, or is gone. */
  drained(): Promise<void>;
}

/** The channel of a process, which all the agents it plays share. */
export interface LineChannel extends Omit<Channel, 'send'> {
  send(line: Line<FromAgent>): void;
}

/** JSON lines over any pair of byte streams. `onClose` is called once, when either side is gone. */
export function lineChannel(
  input: Readable,
  output: Writable,
  { onMessage, onWrong, onClose }: Required<LineEvents<Line<ToAgent>>>,
): LineChannel {
  let closed = false;
  const waiting: (() => void)[] = [];
  const release = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  const close = (): void => {
    if (closed) return;
    closed = true;
    release();
    onClose();
  };
  readLines<Line<ToAgent>>(input, 'the orchestrator', { onMessage, onWrong, onClose: close });
  output.on('error', close);
  output.on('drain', release);
  return {
    send: (line) => {
      if (!closed) writeLine(output, line);
    },
    get congested() {
      return !closed && output.writableNeedDrain;
    },
    drained: () => {
      if (closed || !output.writableNeedDrain) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.push(resolve);
      });
    },
  };
}
