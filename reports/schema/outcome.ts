import { z } from 'zod';
import { counts, number, quantity, reasons, text } from './leaf.ts';

export const workloadSchema = z.object({
  pattern: text('call, cast, fanout or notify'),
  clients: number('client peers'),
  servers: number('server peers'),
  topics: number('topics'),
  bodyBytes: number('bytes, mean of the configured distribution'),
  offeredPerSecond: quantity(
    'operations a second that became due, over all clients; null for a closed loop',
  ),
  achievedPerSecond: number('operations done inside the window by its length'),
  measuredMs: number('ms, length of the measuring window'),
  measuredFromMs: number(
    'ms from `startedAt` to the start of measuring, where second 0 of every interval lies',
  ),
  startSkewUs: number('µs between the first and the last agent to begin'),
});

/** The ledger: every operation due in the window is completed or failed, and every message is accounted for. */
export const outcomeSchema = z.object({
  due: number('operations whose due time lies in the window; = completed + failedTotal'),
  sent: number('messages that the client library accepted'),
  completed: number('operations done before their deadline'),
  failedTotal: number('operations that failed'),
  failed: counts('operations that failed, by class'),
  delivered: number('deliveries at servers, repeated ones left out'),
  expectedDeliveries: number('deliveries that what was sent asks for: one each, or one a receiver'),
  late: number('operations whose reply or delivery came after the deadline'),
  lost: number('messages sent, not refused, and delivered nowhere by the end of the drain'),
  lostReplies: number('calls that were delivered and whose reply never came'),
  duplicated: number('deliveries that repeat an earlier one'),
  redelivered: number('deliveries that the bus flags as a further attempt'),
  reordered: number("first deliveries below that client's highest sequence at one server"),
  unroutable: number('messages that the bus gave back because nobody listened'),
  unknown: number('operations whose fate only a dead agent knew'),
  reasons: reasons(
    "failed operations by class and by the bus's own words, or ours where it said nothing; at most 20 of a class, the rest as `other`: they add up to `failed`",
  ).default({}),
});
