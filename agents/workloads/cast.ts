import type { RunState } from '../run-state.ts';
import type { DeliveryRecord, Workload } from './workload.ts';

/** One-way messages to one server: delivery is the end, and the server records it. */
export const cast: Workload = { replied: null, deliveries: timedDeliveries };

/**
 * Each message has one delivery, timed against the client's due and sent times by the measured offset of the clocks.
 * One that comes after its deadline has failed: it is marked late in the books and has no latency.
 */
export function timedDeliveries(run: RunState): DeliveryRecord {
  return {
    timed: true,
    add: (header, server, receivedUs) => {
      const offsetUs = run.offsets.from(header.clientProcess, receivedUs);
      const dueUs = header.dueUs + offsetUs;
      const responseUs = receivedUs - dueUs;
      if (responseUs > run.timeoutUs) {
        server.book.markLate(header.client, header.sequence);
        return;
      }
      const serviceUs = receivedUs - header.sentUs - offsetUs;
      const pair = run.recorder.pair(header.clientSite, server.site);
      pair.response.record(responseUs);
      pair.service.record(serviceUs);
      pair.requestLeg.record(serviceUs);
      pair.transit.record(serviceUs);
      server.recordResponse(responseUs);
      run.recorder.countDone(header.clientSite, dueUs, responseUs, serviceUs);
      run.tally.countDone(receivedUs, run.windowEndUs);
    },
    arrivals: () => [],
  };
}
