import { Arrivals } from '../arrivals.ts';
import type { RunState } from '../run-state.ts';
import type { DeliveryRecord, Workload } from './workload.ts';

/** One message to every server of a topic: it ends with the last arrival, found when all processes' books are joined. */
export const fanout: Workload = { replied: null, deliveries: copiedDeliveries };

/** Each message has several deliveries, here and elsewhere: first and last arrival are kept for each message. */
export function copiedDeliveries(run: RunState): DeliveryRecord {
  const byClient = new Map<number, Arrivals>();
  return {
    timed: true,
    add: (header, server, receivedUs) => {
      const offsetUs = run.offsets.from(header.clientProcess, receivedUs);
      const dueUs = header.dueUs + offsetUs;
      const arrivedUs = receivedUs - dueUs;
      if (arrivedUs > run.timeoutUs) server.book.markLate(header.client, header.sequence);
      const transitUs = receivedUs - header.sentUs - offsetUs;
      const pair = run.recorder.pair(header.clientSite, server.site);
      pair.requestLeg.record(transitUs);
      pair.transit.record(transitUs);
      let arrivals = byClient.get(header.client);
      if (arrivals === undefined) {
        arrivals = new Arrivals(header.clientSite);
        byClient.set(header.client, arrivals);
      }
      const sinceMeasureUs = dueUs - (run.phases?.measureUs ?? 0);
      arrivals.add(header.sequence, sinceMeasureUs, header.sentUs - header.dueUs, arrivedUs);
      run.tally.countDone(receivedUs, run.windowEndUs);
    },
    *arrivals() {
      for (const [client, arrivals] of byClient) yield* arrivals.parts(client);
    },
  };
}
