import type { Header } from '../header.ts';
import type { RunState } from '../run-state.ts';
import type { Workload } from './workload.ts';

/** Request and reply: the client records everything, for replies carry the server's times. */
export const call: Workload = {
  replied: recordCall,
  deliveries: () => ({ timed: false, add: () => {}, arrivals: () => [] }),
};

/** Records one call of the window that was answered in time. */
function recordCall(
  run: RunState,
  header: Header,
  dueUs: number,
  sentUs: number,
  doneUs: number,
): void {
  const { recorder } = run;
  const pair = recorder.pair(header.clientSite, header.serverSite);
  const serverOffsetUs = run.offsets.from(header.serverProcess, doneUs);
  const responseUs = doneUs - dueUs;
  const serviceUs = doneUs - sentUs;
  const holdUs = header.repliedUs - header.receivedUs;
  pair.response.record(responseUs);
  pair.service.record(serviceUs);
  pair.requestLeg.record(header.receivedUs + serverOffsetUs - header.sentUs);
  pair.hold.record(holdUs);
  pair.replyLeg.record(doneUs - header.repliedUs - serverOffsetUs);
  pair.transit.record(serviceUs - holdUs);
  recorder.countDone(header.clientSite, dueUs, responseUs, serviceUs);
  run.tally.countDone(doneUs, run.windowEndUs);
}
