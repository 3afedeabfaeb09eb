import { formatCount } from '../../reports/format.ts';
import { duration, rate } from '../../topologies/language/units.ts';
import type { Pace, PhasesSpec } from '../../topologies/scenario.ts';

/** Bytes in the unit that reads best. */
export function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}

export function paceText(pace: Pace): string {
  switch (pace.kind) {
    case 'pause':
      return `closed loop, each client pauses ${duration.format(pace.pauseMs)}`;
    case 'inFlight':
      return `closed loop, each client keeps ${pace.inFlight} open`;
    case 'open': {
      if (pace.loadPercent !== undefined) {
        const share = `${pace.loadPercent} % of the bus's capacity, which is measured first`;
        return `open loop, ${share}, ${pace.arrivals}`;
      }
      const steps = pace.ramp.map(
        (step) => `, to ${rate.format(step.toPerSecond)} over ${duration.format(step.overMs)}`,
      );
      return `open loop, ${rate.format(pace.ratePerSecond)} in all, ${pace.arrivals}${steps.join('')}`;
    }
  }
}

export function phasesText({ warmupMs, measure, drainMs }: PhasesSpec): string {
  const middle =
    measure.kind === 'duration'
      ? `measure ${lengthText(measure)}`
      : `measure ${formatCount(measure.perClient)} operations a client`;
  return `warm-up ${duration.format(warmupMs)}, ${middle}, drain up to ${duration.format(drainMs)}`;
}

function lengthText({
  ms,
  afterFaultsMs,
}: Extract<PhasesSpec['measure'], { kind: 'duration' }>): string {
  if (afterFaultsMs === undefined) return duration.format(ms);
  return `until ${duration.format(afterFaultsMs)} after the last fault, at most ${duration.format(ms)}`;
}
