import { z } from 'zod';
import type { JoinRequest } from '../../agents/joining.ts';
import { siteName } from '../../topologies/topology.ts';

const mostPeers = 100_000;

/** What an agent that joins may say of itself; the command that starts one refuses the rest as well. */
export const joinRequest = z.object({
  type: z.literal('join'),
  version: z.number(),
  busbench: z.string().max(64),
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, {
    error: 'expected a letter or digit, then up to 63 of letters, digits, . _ -',
  }),
  role: z.enum(['client', 'server']),
  site: siteName,
  topic: z
    .string()
    .min(1, { error: 'expected 1 to 128 characters' })
    .max(128, { error: 'expected 1 to 128 characters' }),
  peers: z
    .int()
    .min(1)
    .max(mostPeers, { error: `expected at most ${mostPeers} peers of one agent` }),
  pid: z.int().min(1),
  url: z.string().max(2_048),
  protocol: z.enum(['0-9-1', '1.0']),
  login: z.object({ username: z.string().max(1_024), password: z.string().max(4_096) }).nullable(),
  ca: z.string().nullable(),
}) satisfies z.ZodType<JoinRequest>;
