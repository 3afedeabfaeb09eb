import type { AgentWorkload } from '../protocol.ts';
import { call } from './call.ts';
import { cast } from './cast.ts';
import { fanout } from './fanout.ts';
import { notify } from './notify.ts';
import type { Workload } from './workload.ts';

/** The pattern that a workload asks for. */
export function workloadOf(spec: AgentWorkload): Workload {
  switch (spec.pattern) {
    case 'call':
      return call;
    case 'cast':
      return cast;
    case 'fanout':
      return fanout;
    case 'notify':
      return notify(spec.pools);
  }
}
