import type { Warning } from '../result.ts';

/**
 * What only the orchestrator can see while a run lasts: it hands over a code and what it found, and the words about
 * it stand here, with those of all other warnings.
 */
export const observations = {
  AGENT_MISSING: {
    means: 'an agent gave no results; what only it knew is unknown',
    advice: 'Look at its log; the numbers below leave out whatever it did.',
  },
  PROBES_LEFT_OVER: {
    means:
      'probes of the ready barrier were unaccounted for when the load began; *invalid* above 5 % of their answers',
    advice:
      'They were lost, or the first operations stood behind them: see the logs of the bus nodes, or use fewer clients.',
  },
  RELAY_LATE: {
    means: 'the relay of the loopback fabric was late',
    advice:
      'Lower the rate, or give the machine more idle cores: delays are longer than requested.',
  },
  RELAY_WINDOW: {
    means: "connections waited for the relay's memory",
    advice: 'Set a rate on the links: without one, throughput here is bounded by the relay.',
  },
  ENGINE_LATE: {
    means: 'the packet engine delivered packets later than the links ask for',
    advice:
      'Lower the rate, or give the machine more idle cores: delays are longer than requested.',
  },
  ENGINE_DROPS: {
    means: "packets were lost between kernel and engine, against the links' wish",
    advice: "Lower the rate: these losses are the machine's, not the links'.",
  },
  LINK_OVERFLOW: {
    means: 'the queue of a link was full and dropped packets',
    advice:
      'As on a real link with a rate, when more is offered for over 100 ms; without a rate, the machine carries more than it can.',
  },
  FAULTS_UNFINISHED: {
    means: 'the window ended before the faults did: some were not begun, or cut short',
    advice: 'Make phases.measure longer, or the faults and the waits between them shorter.',
  },
  FAULTS_LEFT_OUT: {
    means: 'faults of the scenario that do not apply to this bus were left out',
    advice: 'The scenario says `optional` of them; the rest of the run is not affected.',
  },
  CPU_STEAL: {
    means: "the hypervisor gave this machine's CPU to others",
    advice: 'Repeat the run, or use a machine whose cores are yours.',
  },
} as const satisfies Readonly<Record<string, { means: string; advice: string }>>;

/** Something that the orchestrator noticed, in the words of its code. */
export interface Observation extends Omit<Warning, 'code' | 'advice'> {
  readonly code: keyof typeof observations;
}
