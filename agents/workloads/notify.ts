import { timedDeliveries } from './cast.ts';
import { copiedDeliveries } from './fanout.ts';
import type { Workload } from './workload.ts';

/** Events to listener pools, each of which gets every event once. With one pool that is a cast, else a fanout to pools. */
export function notify(pools: number): Workload {
  return { replied: null, deliveries: pools === 1 ? timedDeliveries : copiedDeliveries };
}
