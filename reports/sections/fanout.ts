import { formatCount, formatPercent } from '../format.ts';
import type { RunResult } from '../result.ts';
import { distTable } from './latency.ts';
import { fact, type Section } from './section.ts';

/** First and last arrival and coverage; null for patterns in which a message has one receiver. */
export function fanoutSection({ fanout, latencyUs, outcome }: RunResult): Section | null {
  const { fanoutFirst, fanoutLast } = latencyUs;
  if (fanout === null && fanoutFirst === null && fanoutLast === null) return null;
  const facts = [
    fact(
      'deliveries',
      `${formatCount(outcome.delivered)} of ${formatCount(outcome.expectedDeliveries)}`,
    ),
  ];
  if (fanout !== null) {
    const tone = fanout.coverageMin < 1 ? ('bad' as const) : ('good' as const);
    facts.unshift(
      fact('coverage mean', formatPercent(fanout.coverageMean), tone),
      fact('least', formatPercent(fanout.coverageMin), tone),
    );
  }
  const hasArrivals = fanoutFirst !== null || fanoutLast !== null;
  return {
    id: 'fanout',
    title: 'Fanout',
    facts,
    tables: hasArrivals
      ? [
          distTable('Arrivals after due', [
            ['first arrival', fanoutFirst],
            ['last arrival', fanoutLast],
          ]),
        ]
      : [],
    notes: [],
  };
}
