import { describe, expect, it } from 'vitest';
import type { Sender, SendHandler } from '../../../agents/drivers/driver.ts';
import { emptyHeader, readHeader, writeReply } from '../../../agents/header.ts';
import { AgentLog } from '../../../agents/log.ts';
import { Offsets } from '../../../agents/offsets.ts';
import { makePacer } from '../../../agents/pacers/registry.ts';
import type { Assignment } from '../../../agents/protocol.ts';
import { Recorder } from '../../../agents/recorder.ts';
import { type RunState, Tally } from '../../../agents/run-state.ts';
import { Clients } from '../../../agents/workloads/clients.ts';
import { workloadOf } from '../../../agents/workloads/registry.ts';
import type { WorkloadSpec } from '../../../topologies/scenario.ts';
import { memoryAssignment, sleep } from '../../helpers/agent-run.ts';
import { decodeMembers } from '../../helpers/decode.ts';

const startUs = 1_000_000_000;
const timeoutUs = 300_000;

/** A client on a bus that does nothing by itself: the test is the bus, and the clock. */
class Bench implements Sender {
  readonly routes = 1;
  readonly clients: Clients;
  readonly handler: SendHandler;
  readonly run: RunState;
  /** What the bus took, in order. */
  readonly taken: { readonly body: Buffer; readonly token: number }[] = [];
  readonly log: string[] = [];
  isOpen = true;
  clockUs = startUs;

  constructor(workload: Partial<WorkloadSpec> = {}, over: Partial<Assignment> = {}) {
    const assignment = memoryAssignment(workload, {}, { clientCount: 1, ...over });
    this.run = {
      assignment,
      recorder: new Recorder(assignment.sites.length, timeoutUs),
      tally: new Tally(),
      log: new AgentLog((line) => this.log.push(line)),
      nowUs: () => this.clockUs,
      timeoutUs,
      offsets: new Offsets(),
      phases: { startUs, measureUs: startUs, measureEndUs: startUs + 10e6 },
      windowEndUs: startUs + 10e6,
      receivers: assignment.receivers,
    };
    this.run.recorder.start(startUs);
    const probes = { answered: () => {}, probeReturned: () => {} };
    const hooks = { wake: () => {}, reconnected: () => {}, ...probes };
    this.clients = new Clients(this.run, workloadOf(assignment.workload), hooks);
    this.handler = this.clients.handler(0);
    this.clients.attach(0, this);
    this.clients.start(
      makePacer(assignment.workload.pace, {
        clients: [0],
        totalClients: 1,
        seed: 1,
        startUs,
        measureUs: startUs,
        measureEndUs: startUs + 10e6,
        callsPerClient: assignment.callsPerClient,
      }),
    );
  }

  send(body: Buffer, token: number): boolean {
    if (!this.isOpen) return false;
    this.taken.push({ body, token });
    return true;
  }

  probe(): boolean {
    return true;
  }

  disconnect(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Lets time pass, in steps of a tick. */
  passTo(afterStartUs: number): void {
    while (this.clockUs < startUs + afterStartUs) {
      this.clockUs = Math.min(this.clockUs + 10_000, startUs + afterStartUs);
      this.clients.advance(this.clockUs);
      this.clients.expire(this.clockUs);
    }
  }

  answer(at: number): void {
    const body = Buffer.from(this.taken[at]?.body ?? Buffer.alloc(0));
    const header = emptyHeader();
    readHeader(body, header);
    header.receivedUs = this.clockUs;
    header.repliedUs = this.clockUs;
    writeReply(body, header);
    this.handler.reply(body);
  }

  sequences(): number[] {
    return this.taken.map(({ body }) => {
      const header = emptyHeader();
      readHeader(body, header);
      return header.sequence;
    });
  }

  token(at: number): number {
    return this.taken[at]?.token ?? -1;
  }

  ledger() {
    const [entry] = [...this.clients.ledgers()];
    if (entry === undefined) throw new Error('no ledger');
    return entry;
  }
}

const every100ms = { kind: 'open', ratePerSecond: 10, arrivals: 'constant', ramp: [] } as const;

describe('Clients', () => {
  it('fails an unanswered call at its deadline and counts the late reply once', () => {
    const bench = new Bench({ pace: every100ms });
    bench.clients.advance(bench.clockUs);
    bench.passTo(290_000);
    expect(bench.run.tally.failed).toBe(0);
    bench.passTo(310_000);
    expect(bench.ledger()).toMatchObject({ failed: { timeout: 1 }, completed: 0, late: 0 });
    expect(bench.run.tally.lastEndUs).toBe(startUs + timeoutUs);
    bench.answer(0);
    bench.answer(0);
    expect(bench.ledger()).toMatchObject({ failed: { timeout: 1 }, completed: 0, late: 1 });
    bench.answer(1);
    bench.answer(1);
    expect(bench.ledger()).toMatchObject({ completed: 1, late: 1 });
    expect(decodeMembers(bench.ledger().replied ?? '')).toEqual([0, 1]);
  });

  it('takes a reply after the deadline for late, even before it looked at the deadline', () => {
    const bench = new Bench({ pace: every100ms });
    bench.clients.advance(bench.clockUs);
    bench.clockUs = startUs + timeoutUs + 1;
    bench.answer(0);
    expect(bench.ledger()).toMatchObject({ failed: { timeout: 1 }, completed: 0, late: 1 });
  });

  it('keeps what the bus will not take, in order, and times the wait as busDelay', () => {
    const bench = new Bench({ pace: every100ms });
    bench.isOpen = false;
    bench.clients.advance(bench.clockUs);
    bench.passTo(250_000);
    expect(bench.taken).toEqual([]);
    bench.isOpen = true;
    bench.handler.writable();
    expect(bench.sequences()).toEqual([0, 1, 2]);
    const busDelay = bench.run.recorder.site(0).busDelay;
    expect(busDelay.count).toBe(3);
    for (let i = 0; i < 20; i++) bench.answer(2);
    expect(bench.ledger().completed).toBe(1);
  });

  it('fails as unsent what the bus did not take in time, and goes on with the rest', () => {
    const bench = new Bench({ pace: every100ms });
    bench.isOpen = false;
    bench.clients.advance(bench.clockUs);
    bench.passTo(450_000);
    expect(bench.ledger().failed).toEqual({ unsent: 2 });
    bench.isOpen = true;
    bench.handler.writable();
    expect(bench.sequences()).toEqual([2, 3, 4]);
    expect(decodeMembers(bench.ledger().sent)).toEqual([2, 3, 4]);
  });

  it('does not send what is past its deadline when it gets to it', () => {
    const bench = new Bench({ pace: every100ms });
    bench.clockUs = startUs + 1_000_000;
    bench.clients.advance(bench.clockUs);
    expect(bench.sequences()).toEqual([7, 8, 9, 10]);
    expect(bench.ledger()).toMatchObject({ due: 11, failed: { unsent: 7 } });
  });

  it('sends again, in order, what a lost connection cut off at least once', async () => {
    const bench = new Bench({ pace: every100ms }, { guarantee: 'at-least-once' });
    bench.clients.advance(bench.clockUs);
    bench.passTo(150_000);
    bench.isOpen = false;
    bench.handler.connection('lost', 'cut');
    bench.handler.refused(bench.token(1), 'connection-lost', 'cut');
    bench.handler.refused(bench.token(0), 'connection-lost', 'cut');
    bench.passTo(220_000);
    await sleep(5);
    bench.isOpen = true;
    bench.handler.connection('back', 'again');
    bench.handler.writable();
    expect(bench.sequences()).toEqual([0, 1, 0, 1, 2]);
    expect(bench.token(2)).toBe(bench.token(0));
    bench.answer(2);
    bench.handler.accepted(bench.token(2));
    bench.answer(0);
    expect(bench.ledger()).toMatchObject({ completed: 1, late: 0, refused: null });
    expect(bench.run.recorder.site(0).accepted.count).toBe(1);
    expect(bench.run.recorder.site(0).reconnect.count).toBe(1);
  });

  it('completes a call whose reply comes while it waits to be sent again', async () => {
    const bench = new Bench({ pace: every100ms }, { guarantee: 'at-least-once' });
    bench.clients.advance(bench.clockUs);
    bench.handler.refused(bench.token(0), 'connection-lost', 'cut');
    bench.answer(0);
    await sleep(5);
    expect(bench.sequences()).toEqual([0]);
    expect(bench.ledger().completed).toBe(1);
  });

  it('lets the last word of the bus stand for a cast that it cut off for good', () => {
    const bench = new Bench({ pattern: 'cast', pace: every100ms }, { guarantee: 'at-least-once' });
    bench.clients.advance(bench.clockUs);
    bench.isOpen = false;
    bench.handler.refused(bench.token(0), 'connection-lost', 'cut');
    bench.passTo(310_000);
    expect(bench.ledger().failed).toMatchObject({ 'connection-lost': 1 });
    expect(decodeMembers(bench.ledger().refused ?? '')).toEqual([0]);
  });

  it('takes a cast for through until the bus refuses it, which it may do after sending', () => {
    const bench = new Bench({ pattern: 'cast', pace: every100ms });
    bench.clients.advance(bench.clockUs);
    bench.passTo(150_000);
    bench.handler.refused(bench.token(1), 'unroutable', 'NO_ROUTE');
    bench.passTo(420_000);
    expect(bench.ledger()).toMatchObject({ failed: { unroutable: 1 }, completed: 1 });
    bench.handler.refused(bench.token(0), 'unroutable', 'NO_ROUTE');
    expect(bench.ledger()).toMatchObject({ failed: { unroutable: 1 }, completed: 1 });
    expect(bench.run.tally.reasons.entries()).toEqual({ unroutable: { NO_ROUTE: 1 } });
  });

  it('refuses the message that was too large, and at most once what the bus threw away after it', () => {
    const bench = new Bench({ body: { kind: 'uniform', minBytes: 100, maxBytes: 1000 } });
    bench.passTo(150_000);
    bench.clients.advance(bench.clockUs);
    bench.passTo(290_000);
    const sizes = bench.taken.map(({ body }) => body.length);
    const largest = Math.max(...sizes);
    const at = sizes.indexOf(largest);
    bench.handler.tooLarge(largest, 'too large');
    const refused = decodeMembers(bench.ledger().refused ?? '');
    expect(refused).toEqual(sizes.map((_, i) => i).slice(at));
    expect(bench.ledger().failed).toEqual({ refused: sizes.length - at });
    expect(bench.run.tally.reasons.entries()).toEqual({
      refused: { 'too large': sizes.length - at },
    });
    expect(bench.log.join()).toContain('first failed refused: too large');
  });

  it('at least once refuses only what is too large, and sends the rest again', async () => {
    const body = { kind: 'uniform', minBytes: 100, maxBytes: 1000 } as const;
    const bench = new Bench({ pattern: 'cast', body }, { guarantee: 'at-least-once' });
    bench.passTo(290_000);
    const sizes = bench.taken.map(({ body: { length } }) => length);
    const largest = Math.max(...sizes);
    bench.handler.accepted(bench.token(0));
    bench.handler.tooLarge(largest, 'too large');
    for (const { token } of [...bench.taken]) {
      bench.handler.refused(token, 'connection-lost', 'too large');
    }
    await sleep(5);
    const again = sizes.flatMap((bytes, i) => (bytes === largest || i === 0 ? [] : [i]));
    expect(bench.sequences().slice(sizes.length)).toEqual(again);
    expect(bench.ledger().failed).toEqual(
      sizes[0] === largest ? {} : { refused: sizes.length - 1 - again.length },
    );
  });

  it('sends once more what was under way when its way was closed over some message, then takes the hint', async () => {
    const bench = new Bench({ pattern: 'cast', pace: every100ms }, { guarantee: 'at-least-once' });
    bench.clients.advance(bench.clockUs);
    bench.handler.refused(bench.token(0), 'closed', '403 ACCESS_REFUSED');
    await sleep(5);
    expect(bench.sequences()).toEqual([0, 0]);
    bench.handler.refused(bench.token(1), 'closed', '403 ACCESS_REFUSED');
    await sleep(5);
    expect(bench.sequences()).toEqual([0, 0]);
    expect(bench.ledger().failed).toEqual({ refused: 1 });
    expect(decodeMembers(bench.ledger().refused ?? '')).toEqual([0]);
  });

  it('gives every failure its reason: the words of a loss, of a hindrance, or what is known', () => {
    const silent = new Bench({ pace: every100ms });
    silent.clients.advance(silent.clockUs);
    silent.passTo(310_000);
    expect(silent.run.tally.reasons.entries()).toEqual({
      timeout: { 'no reply by its deadline': 1 },
    });
    const cut = new Bench({ pace: every100ms });
    cut.clients.advance(cut.clockUs);
    cut.isOpen = false;
    cut.handler.connection('lost', '320 CONNECTION_FORCED');
    cut.passTo(210_000);
    cut.handler.hindered('403 ACCESS_REFUSED');
    cut.passTo(510_000);
    expect(cut.run.tally.reasons.entries()).toEqual({
      timeout: { '320 CONNECTION_FORCED': 1 },
      unsent: { '403 ACCESS_REFUSED': 2 },
    });
    expect(cut.log.map((line) => line.replace(/^\S+ /, ''))).toEqual([
      'both.paris/0: connection lost: 320 CONNECTION_FORCED',
      'both.paris/0: connection hindered: 403 ACCESS_REFUSED',
      'both.paris/0: first failed timeout: 320 CONNECTION_FORCED',
      'both.paris/0: first failed unsent: 403 ACCESS_REFUSED',
    ]);
    const full = new Bench({ pace: every100ms });
    full.isOpen = false;
    full.passTo(310_000);
    expect(full.run.tally.reasons.entries()).toEqual({
      unsent: { 'the bus took nothing more until its deadline': 1 },
    });
    const late = new Bench({ pace: every100ms });
    late.clockUs += 350_000;
    late.clients.advance(late.clockUs);
    expect(late.run.tally.reasons.entries()).toEqual({
      unsent: { 'our agent came to it after its deadline': 1 },
    });
  });

  it('notes of a cast that the bus was lost over it, for the ledger to find it lost or not', () => {
    const bench = new Bench({ pattern: 'cast', pace: every100ms });
    bench.clients.advance(bench.clockUs);
    bench.handler.connection('lost', '404 NOT_FOUND');
    bench.handler.connection('back', '');
    bench.passTo(410_000);
    const { troubles = [], completed } = bench.ledger();
    expect(completed).toBe(2);
    expect(troubles.map(({ reason }) => reason)).toEqual(['404 NOT_FOUND']);
    expect(decodeMembers(troubles[0]?.sequences ?? '')).toEqual([0]);
  });

  it('goes on with a closed loop when a cast is sent, or confirmed where that is asked for', () => {
    const pace = { kind: 'inFlight', inFlight: 1 } as const;
    const once = new Bench({ pattern: 'cast', pace });
    once.clients.advance(once.clockUs);
    expect(once.taken.length).toBeGreaterThan(100);
    const confirmed = new Bench({ pattern: 'cast', pace }, { guarantee: 'at-least-once' });
    confirmed.clients.advance(confirmed.clockUs);
    expect(confirmed.taken).toHaveLength(1);
    confirmed.handler.accepted(confirmed.token(0));
    confirmed.clients.advance(confirmed.clockUs);
    expect(confirmed.taken).toHaveLength(2);
    expect(confirmed.ledger().completed).toBe(1);
  });

  it('is exhausted when every call has ended, and not before', () => {
    const bench = new Bench({ pace: every100ms }, { callsPerClient: 2 });
    bench.clients.advance(bench.clockUs);
    bench.passTo(100_000);
    expect(bench.taken).toHaveLength(2);
    bench.answer(0);
    expect(bench.clients.exhausted).toBe(false);
    bench.answer(1);
    expect(bench.clients.exhausted).toBe(true);
    bench.passTo(1_000_000);
    expect(bench.taken).toHaveLength(2);
  });

  it('ends everything with the drain: due = completed + failed', () => {
    const bench = new Bench({ pace: every100ms });
    bench.clients.advance(bench.clockUs);
    bench.passTo(250_000);
    bench.answer(0);
    bench.clockUs = startUs + 560_000;
    bench.clients.finish();
    const { due, completed, failed } = bench.ledger();
    expect({ due, completed, failed }).toEqual({
      due: 6,
      completed: 1,
      failed: { timeout: 2, unsent: 3 },
    });
    bench.answer(1);
    expect(bench.ledger().late).toBe(1);
  });

  it('counts what is not its own as foreign', () => {
    const bench = new Bench({ pace: every100ms });
    bench.clients.advance(bench.clockUs);
    bench.handler.reply(Buffer.from('what is this'));
    const other = Buffer.from(bench.taken[0]?.body ?? Buffer.alloc(0));
    other.writeUInt16LE(1, 2);
    writeReply(other, emptyHeader());
    bench.handler.reply(other);
    expect(bench.run.tally.foreign).toBe(2);
    expect(bench.ledger()).toMatchObject({ completed: 0, late: 0 });
  });
});
