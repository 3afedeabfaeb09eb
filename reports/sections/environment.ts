import { formatBytes } from '../format.ts';
import type { RunResult } from '../result.ts';
import { fact, type Section } from './section.ts';

/** What the run ran on, so that it can be judged and repeated. */
export function environmentSection({ environment, startedAt, scenario }: RunResult): Section {
  return {
    id: 'environment',
    title: 'Environment',
    facts: [
      fact('started', startedAt),
      fact('seed', String(scenario.seed)),
      fact(
        'machine',
        `${environment.cores} x ${environment.cpu}, ${formatBytes(environment.memoryBytes)}`,
      ),
      fact('system', `${environment.os}, kernel ${environment.kernel}`),
      fact('node', environment.node),
      ...Object.entries(environment.versions).map(([name, version]) => fact(name, version)),
      fact('command', environment.commandLine.join(' ')),
    ],
    tables: [],
    notes: [],
  };
}
