import { describe, expect, it } from 'vitest';
import { sizeLimitIn } from '../../agents/drivers/size-limit.ts';
import { AgentLog } from '../../agents/log.ts';
import { ReasonCounts } from '../../agents/reasons.ts';

describe('ReasonCounts', () => {
  it('keeps the first 20 reasons of a class apart, and loses none of the others', () => {
    const counts = new ReasonCounts();
    const isNew = Array.from({ length: 30 }, (_, i) => counts.count('refused', `no ${i}`));
    expect(isNew.filter(Boolean)).toHaveLength(20);
    expect(counts.count('refused', 'no 3')).toBe(false);
    counts.count('timeout', 'silence');
    const { refused = {}, timeout } = counts.entries();
    expect(Object.keys(refused)).toHaveLength(21);
    expect(refused).toMatchObject({ 'no 3': 2, other: 10 });
    expect(timeout).toEqual({ silence: 1 });
  });

  it('shows words of any kind in one line of bounded length', () => {
    const counts = new ReasonCounts();
    counts.count('refused', ' two\r\n lines ');
    counts.count('refused', 'two lines');
    counts.count('rejected', 'x'.repeat(5000));
    const { refused, rejected = {} } = counts.entries();
    expect(refused).toEqual({ 'two lines': 2 });
    expect(Object.keys(rejected)[0]).toHaveLength(200);
  });
});

describe('sizeLimitIn', () => {
  it.each([
    ['406 PRECONDITION_FAILED - message size 20 is larger than configured max size 16', 16],
    ['406 PRECONDITION_FAILED - message size 20 larger than max size 16', 16],
    [
      'amqp:link:message-size-exceeded: message size (20 bytes) > maximum message size (16 bytes)',
      16,
    ],
    ['406 PRECONDITION_FAILED - delivery acknowledgement on channel 1 timed out', null],
    ["404 NOT_FOUND - no exchange 'message size 20' in vhost '/'", null],
  ])('of "%s" is %s', (words, limitBytes) => expect(sizeLimitIn(words)).toBe(limitBytes));
});

describe('AgentLog', () => {
  it('falls silent after 50 lines of a kind, and says so once', () => {
    const lines: string[] = [];
    const log = new AgentLog((line) => lines.push(line));
    for (let i = 0; i < 100; i++) log.say('connection lost', `client/1: connection lost ${i}`);
    log.say('connection back', 'client/1: connection back');
    expect(lines).toHaveLength(52);
    expect(lines[50]).toMatch(/Z further lines on "connection lost" are left out$/);
    expect(lines[51]).toMatch(/^\d{4}-.*Z client\/1: connection back$/);
  });
});
