import { z } from 'zod';
import { dist, distOrNull } from './dist.ts';
import { number } from './leaf.ts';

export const latencySchema = z.object({
  response: dist('response time: done - due'),
  service: dist('service time: done - sent'),
  agentDelay: dist('taken - due: lateness of the agents, which is ours'),
  busDelay: dist('sent - taken: waiting for credit, flow control or a blocked connection'),
  accepted: distOrNull("the bus's confirmation - sent; null where the guarantee asks for none"),
  requestLeg: distOrNull('sent to received by the server; null where clocks are known too badly'),
  hold: distOrNull('received to answered by the server; null without replies'),
  replyLeg: distOrNull(
    'answered to done; null without replies or where clocks are known too badly',
  ),
  fanoutFirst: distOrNull('fanout: first arrival - due; null for other patterns'),
  fanoutLast: distOrNull('fanout: last arrival - due; null for other patterns'),
  reconnect: distOrNull('from the loss of a connection to its return; null when none was lost'),
  clockUncertaintyUs: number(
    'µs by which one-way times of the worst pair of processes may be off, 3 sigma; 0 for one clock',
  ),
  clockBoundUs: number('µs, the same in any case, however unlike the two ways are'),
  negativeSamples: number('legs that came out negative: counted, never dropped'),
});

export const fanoutSchema = z
  .object({
    coverageMin: number('share of the receivers, 0 to 1, that the worst message reached'),
    coverageMean: number('share of the receivers, 0 to 1, that a message reached on average'),
  })
  .nullable()
  .describe('null for other patterns');

export const toolkitSchema = z.object({
  agentCpuUsPerOperation: number('µs of CPU that all agents used for an operation'),
  eventLoopDelayUs: dist("lateness of the agents' own 10 ms timer"),
});
