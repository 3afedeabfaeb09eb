import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { LineError, LineReader, lineOf, messagesOf, readLines } from '../../agents/lines.ts';

/** What a reader makes of some bytes that come in pieces of so many. */
function read(text: string, pieceBytes: number): unknown[] {
  const reader = new LineReader('paris');
  const bytes = Buffer.from(text);
  const messages: unknown[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    messages.push(...reader.take(bytes.subarray(at, at + pieceBytes)));
  }
  return [...messages, ...reader.rest()];
}

/** Everything that a stream says, in order, until it is closed or wrong. */
async function hear(input: PassThrough): Promise<unknown[]> {
  return new Promise((resolve) => {
    const heard: unknown[] = [];
    readLines(input, 'paris', {
      onMessage: (message) => heard.push(message),
      onWrong: (error) => resolve([...heard, error.message]),
      onClose: () => resolve([...heard, 'closed']),
    });
  });
}

describe('a reader of lines', () => {
  const said = [{ a: 'é→𝄞' }, { b: [1, null] }, {}];

  it('finds the same messages however the bytes are cut', () => {
    const text = `${lineOf(said[0] ?? {})}\r\n\n${JSON.stringify(said[1])}\r\n${JSON.stringify(said[2])}`;
    for (let pieceBytes = 1; pieceBytes <= Buffer.byteLength(text); pieceBytes++) {
      expect(read(text, pieceBytes), `pieces of ${pieceBytes}`).toEqual(said);
    }
  });

  it('keeps a copy of what has not ended, for the piece may be read into again', () => {
    const reader = new LineReader('paris');
    const inbox = Buffer.from('{"a":');
    expect([...reader.take(inbox)]).toEqual([]);
    inbox.write('1}\n!!');
    expect([...reader.take(inbox.subarray(0, 3))]).toEqual([{ a: 1 }]);
  });

  it.each(['hello?', '7', 'null', '"text"', '{"a":1}{"b":2}'])(
    'refuses %s, and says who',
    (line) => {
      expect(() => read(`${line}\n`, 3)).toThrow(LineError);
      expect(() => read(`${line}\n`, 3)).toThrow(
        `expected paris to say one JSON object a line, got '${line}'`,
      );
    },
  );

  it('takes a line of the greatest length, and ends one that is longer before it is whole', () => {
    const line = lineOf({ a: 'x'.repeat(92) });
    expect(line).toHaveLength(101);
    const pieces = [line.slice(0, 60), line.slice(60)].map((text) => Buffer.from(text));
    const within = new LineReader('paris', 100);
    expect(pieces.flatMap((piece) => [...within.take(piece)])).toHaveLength(1);
    const beyond = new LineReader('paris', 99);
    for (const piece of [pieces[0], Buffer.from('x'.repeat(39))]) {
      expect([...beyond.take(piece ?? Buffer.alloc(0))]).toEqual([]);
    }
    expect(() => [...beyond.take(Buffer.from('x'))]).toThrow(/more than 99 bytes .*'\{"a":"x/);
  });
});

describe('a stream of lines', () => {
  it('is read to its end', async () => {
    const input = new PassThrough();
    const heard = hear(input);
    input.write('{"a":1}\n{"b":');
    input.end('2}');
    expect(await heard).toEqual([{ a: 1 }, { b: 2 }, 'closed']);
  });

  it('is over when it breaks', async () => {
    const input = new PassThrough();
    const heard = hear(input);
    input.write('{"a":1}\n');
    setImmediate(() => input.destroy(new Error('ECONNRESET')));
    expect(await heard).toEqual([{ a: 1 }, 'closed']);
  });

  it('is not looked at any more after something wrong, and yet flows', async () => {
    const input = new PassThrough();
    const heard = hear(input);
    input.write('{"a":1}\nnonsense\n{"b":2}\n');
    expect(await heard).toEqual([{ a: 1 }, expect.stringContaining("got 'nonsense'")]);
    input.end('x'.repeat(1e6));
    await new Promise((resolve) => {
      input.on('end', resolve);
    });
  });

  it('can be looped over, and left open', async () => {
    const input = new PassThrough();
    input.write('{"a":1}\n{"b":2}\n');
    for await (const message of messagesOf(input, 'paris')) {
      expect(message).toEqual({ a: 1 });
      break;
    }
    expect(input.destroyed).toBe(false);
    const broken = new PassThrough();
    broken.write('{"c":3}\n');
    setImmediate(() => broken.destroy(new Error('ECONNRESET')));
    const heard: unknown[] = [];
    for await (const message of messagesOf(broken, 'paris')) heard.push(message);
    expect(heard).toEqual([{ c: 3 }]);
    const wrong = new PassThrough();
    wrong.end('nonsense\n');
    await expect(messagesOf(wrong, 'lyon').next()).rejects.toThrow(/expected lyon to say/);
  });
});
