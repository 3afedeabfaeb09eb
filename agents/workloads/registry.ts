import type { Pattern } from '../../topologies/patterns.ts';
import { call } from './call.ts';
import { cast } from './cast.ts';
import { fanout } from './fanout.ts';
import { notify } from './notify.ts';
import type { Workload } from './workload.ts';

const workloads: { readonly [P in Pattern]: (pools: number) => Workload } = {
  call: () => call,
  cast: () => cast,
  fanout: () => fanout,
  notify,
};

/** The pattern that a workload asks for. */
export function workloadOf(spec: { readonly pattern: Pattern; readonly pools: number }): Workload {
  return workloads[spec.pattern](spec.pools);
}
