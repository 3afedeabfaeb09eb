import { z } from 'zod';
import { linkShape } from '../../topologies/topology.ts';
import { number, quantity, text } from './leaf.ts';

const pair = z.object({
  client: text('site of the client'),
  server: text('site of the server'),
  count: number('operations'),
  p50Us: quantity('µs, median of their service time'),
  p99Us: quantity('µs, 99 % of their service time'),
  requestLegP50Us: quantity('µs, median of their request leg; null where clocks hide it'),
  replyLegP50Us: quantity('µs, median of their reply leg; null without replies, too'),
});

const excess = z.object({
  site: text('site of the clients'),
  p50Us: quantity('µs, signed: median transit over the idle RTT to the nearest server'),
  p99Us: quantity('µs, signed: the same of the p99'),
});

export const localitySchema = z.object({
  localRatio: quantity(
    "share, 0 to 1, served at the caller's own site where it has a server; null for fanout",
  ),
  localRatioMin: quantity('the same of the worst site'),
  localRatioMax: quantity('the same of the best site'),
  expectedBlind: quantity('the share that a random choice of server would give'),
  detoured: quantity(
    'share, 0 to 1, served locally by way of a node of another site; null where it cannot be seen',
  ),
  fairness: number("Jain's index, 0 to 1, of the servers of a topic, idle ones included"),
  matrix: z.array(pair),
  excess: z.array(excess),
});

export const linkReportSchema = z.object({
  from: text('site'),
  to: text('site'),
  requested: linkShape,
  measured: z.object({
    rttMinMs: number('ms, shortest idle round trip'),
    rttP50Ms: number('ms, median idle round trip'),
    rttP99Ms: number('ms, 99 % of idle round trips'),
    probes: number('idle round trips looked at, lost ones included'),
    lossPercent: quantity('% of probes; null where loss cannot be seen'),
  }),
  withinTolerance: z
    .boolean()
    .nullable()
    .describe('measured is what was requested, within max(5 %, 1 ms); null when not judged'),
});

const traffic = z.object({
  from: text('site'),
  to: text('site'),
  bytes: number('bytes, from the start of measuring to the end of the drain'),
  packets: quantity(
    'packets as the network passed them on, segments of one send as one; null where there are none',
  ),
});

export const wanSchema = z.object({
  fabric: text('what made the links'),
  limits: z.array(z.string()).describe('sentences: what this fabric cannot imitate'),
  links: z.array(linkReportSchema),
  traffic: z.array(traffic),
  interSiteBytes: quantity('bytes that crossed between sites; null where nobody counts them'),
  totalBytes: quantity('bytes that crossed or stayed inside a site'),
  interSiteRatio: quantity('interSiteBytes / totalBytes, 0 to 1'),
  interSiteRatioReason: z
    .string()
    .nullable()
    .describe('why totalBytes and interSiteRatio are null; null when they are not'),
});
