import { z } from 'zod';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';
import { shape } from '../../scenario/schema-parts.ts';

/** Addresses of AMQP 1.0 as a scenario gives them; the rhea driver fills in what is in braces for each peer. */
export interface GivenAddresses {
  /** What a server attaches to: a link each. */
  readonly receive: readonly string[];
  /** Where a client sends that has no server of its own. */
  readonly send: string;
  /** Where a client of `target: one` sends; null where nobody does. */
  readonly sendOne: string | null;
  /** Where a client's replies come; null asks the peer for a dynamic node. */
  readonly reply: string | null;
}

const placeholder = /\{(\w*)\}/g;

/** A text in which only these names may stand in braces. */
function template(...names: readonly string[]): z.ZodString {
  const expected = names.map((name) => `{${name}}`).join(', ');
  return z.string().superRefine((text, context) => {
    if (text === '') context.addIssue({ code: 'custom', message: 'expected an address; got ""' });
    for (const [whole, name = ''] of text.matchAll(placeholder)) {
      if (names.includes(name)) continue;
      context.addIssue({ code: 'custom', message: `unknown ${whole}; expected ${expected}` });
    }
  });
}

const received = template('run', 'topic', 'server', 'pool');

/** `bus.addresses` of an external bus. */
export const addressesType: z.ZodType<GivenAddresses> = shape({
  receive: z.union([received.transform((one) => [one]), z.array(received).min(1)], {
    error: 'expected an address, or a list of them',
  }),
  send: template('run', 'topic'),
  sendOne: template('run', 'topic', 'server').nullable().default(null),
  reply: template('run', 'topic', 'client').nullable().default(null),
});

/** What a scenario needs told apart that its addresses do not, as scenario paths and messages. */
export function addressMistakes(
  { receive, send, sendOne, reply }: GivenAddresses,
  { workload }: Pick<ResolvedScenario, 'workload'>,
): readonly { readonly path: string; readonly message: string }[] {
  const { pattern, target, topics, pools } = workload;
  const mistakes: { path: string; message: string }[] = [];
  const demand = (field: string, given: string | null, name: string, why: string): void => {
    if (given?.includes(`{${name}}`)) return;
    const path = `bus.addresses.${field}`;
    mistakes.push({ path, message: `expected an address with {${name}}: ${why}` });
  };
  const received = receive.join(' ');
  if (topics > 1) {
    const why = `there are ${topics} topics`;
    demand('receive', received, 'topic', why);
    demand('send', send, 'topic', why);
  }
  if (target === 'one') {
    const why = 'with target one each client has a server of its own';
    demand('receive', received, 'server', why);
    demand('sendOne', sendOne, 'server', why);
  }
  if (pools > 1) demand('receive', received, 'pool', `there are ${pools} pools`);
  if (pattern === 'call' && reply !== null) {
    demand('reply', reply, 'client', 'clients would take the replies of each other');
  }
  return mistakes;
}
