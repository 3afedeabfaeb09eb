import { PassThrough, Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { lineChannel } from '../../agents/channel.ts';
import { sleep } from '../helpers/agent-run.ts';

const silent = { onMessage: () => {}, onWrong: () => {}, onClose: () => {} };

describe('lineChannel', () => {
  it('splits lines however they are cut, and leaves out empty ones', async () => {
    const input = new PassThrough();
    const lines: unknown[] = [];
    let closed = 0;
    lineChannel(input, new PassThrough(), {
      ...silent,
      onMessage: (line) => lines.push(line),
      onClose: () => closed++,
    });
    for (const piece of ['{"a"', ':1}\n\n{"b":', '2}\r\n', '{"c":3}']) input.write(piece);
    input.end();
    await sleep(20);
    expect(lines).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
    expect(closed).toBe(1);
  });

  it('tells of something that is no line, and reads no further', async () => {
    const input = new PassThrough();
    const heard: unknown[] = [];
    lineChannel(input, new PassThrough(), {
      ...silent,
      onMessage: (line) => heard.push(line),
      onWrong: ({ message }) => heard.push(message),
    });
    input.write('hello?\n{"a":1}\n');
    await sleep(20);
    expect(heard).toEqual([
      "expected the orchestrator to say one JSON object a line, got 'hello?'",
    ]);
  });

  it('says when the other side has not caught up', async () => {
    const pending: (() => void)[] = [];
    const slow = new Writable({
      highWaterMark: 50,
      write: (_chunk, _encoding, done) => {
        pending.push(done);
      },
    });
    const channel = lineChannel(new PassThrough(), slow, silent);
    expect(channel.congested).toBe(false);
    channel.send({ agent: 0, type: 'connected', routes: new Array(100).fill(1) });
    expect(channel.congested).toBe(true);
    let drained = false;
    const wait = channel.drained().then(() => {
      drained = true;
    });
    await sleep(5);
    expect(drained).toBe(false);
    for (const done of pending.splice(0)) done();
    await wait;
    expect(channel.congested).toBe(false);
  });

  it('lets go of whoever waits when the other side is gone', async () => {
    const output = new Writable({ highWaterMark: 1, write: () => {} });
    let closed = 0;
    const channel = lineChannel(new PassThrough(), output, { ...silent, onClose: () => closed++ });
    channel.send({ agent: 0, type: 'exhausted' });
    const wait = channel.drained();
    output.destroy(new Error('EPIPE'));
    await wait;
    expect(closed).toBe(1);
    expect(channel.congested).toBe(false);
  });
});
