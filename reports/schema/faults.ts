import { z } from 'zod';
import { timesOrNull } from './dist.ts';
import { counts, flag, number, quantity, reasons, text } from './leaf.ts';

/** Times of faults count from the start of measuring, those of recovery from heal or respawn. */
export const faultReportSchema = z.object({
  action: text('as in the scenario'),
  target: text('a node, agent or pair of site groups'),
  startedAtMs: number('ms from the start of measuring'),
  endedAtMs: number('ms from the start of measuring'),
  failedDuring: counts(
    'operations due in the whole seconds that it touched and failed, by class; up to that of its first failure where that came after its end',
  ),
  reasonsDuring: reasons(
    'the same by class and reason, as far as clients know: what only servers can tell by second has none',
  ).default({}),
  firstFailureMs: quantity('ms from its start to the first due time of a failure; null when none'),
  firstSuccessAfterMs: quantity(
    'ms from its end to the first due time of a success; null when none',
  ),
  recoveredMs: quantity('ms from its end to recovery; null when it was not seen'),
  felt: flag('something due in the seconds of `failedDuring` failed or was lost'),
  recoveredDuringMs: quantity(
    'ms from its start to recovery while it still lasted; null when that was not seen, or nothing was felt',
  ),
  entry: number("which entry of the scenario's `faults` it was part of, from 0"),
  mended: flag(
    'healed, respawned or reconnected before the window ended; else `endedAtMs` is that end',
  ),
  lost: number('messages due in the seconds of `failedDuring` that were lost'),
  duplicated: number('messages due in these seconds that were delivered more than once'),
  reconnect: timesOrNull('connections lost in these seconds that came back; null when none'),
});

/** All that one entry of the scenario's `faults` did, from its beginning until all was well, or the next began. */
export const faultGroupReportSchema = z.object({
  entry: number("of the scenario's `faults`, from 0"),
  action: text('as in the scenario'),
  target: text('`each bus-node`, or the one target'),
  count: number('things that it broke'),
  startedAtMs: number('ms from the start of measuring'),
  endedAtMs: number('ms from the start of measuring'),
  failed: counts('operations that failed, by class'),
  reasons: reasons('the same by class and reason, as far as clients know').default({}),
  lost: number('messages lost'),
  duplicated: number('messages delivered more than once'),
  mending: timesOrNull('from breaking each to its being mended, respawned or reconnected'),
  recovery: timesOrNull('`recoveredMs` of those that recovered'),
  reconnect: timesOrNull('from the loss of a connection to its return'),
});
