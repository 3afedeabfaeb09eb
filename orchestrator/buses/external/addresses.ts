import type { RheaAddresses } from '../../../agents/drivers/rhea/endpoint.ts';
import { patterns } from '../../../topologies/patterns.ts';
import type { ResolvedScenario } from '../../../topologies/scenario.ts';

/** What a scenario needs told apart that its addresses do not, as scenario paths and messages. */
export function addressMistakes(
  { receive, send, sendOne, reply }: RheaAddresses,
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
  if (patterns[pattern].replies && reply !== null) {
    demand('reply', reply, 'client', 'clients would take the replies of each other');
  }
  return mistakes;
}
