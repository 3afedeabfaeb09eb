import type { WorkloadSpec } from '../../topologies/scenario.ts';
import { closedPacer } from './closed.ts';
import { constantPacer } from './constant.ts';
import type { Pacer, PacerOptions } from './pacer.ts';
import { poissonPacer } from './poisson.ts';
import { rateCurve } from './rate.ts';

/** The pacer that a workload asks for. */
export function makePacer(pace: WorkloadSpec['pace'], options: PacerOptions): Pacer {
  switch (pace.kind) {
    case 'pause':
      return closedPacer(options, pace.pauseMs * 1e3, 1);
    case 'inFlight':
      return closedPacer(options, 0, pace.inFlight);
    case 'open': {
      const rampFromUs = options.measureUs - options.startUs;
      const curve = rateCurve(pace.ratePerSecond, pace.ramp, rampFromUs);
      return pace.arrivals === 'constant'
        ? constantPacer(options, curve)
        : poissonPacer(options, curve);
    }
  }
}
