import { createServer } from 'node:http';
import { type Family, writeOpenMetrics } from '../../reports/renderers/openmetrics-text.ts';
import type { ResolvedScenario } from '../../topologies/scenario.ts';
import { UsageError } from '../errors.ts';
import type { RunProgress } from '../observer.ts';
import type { MetricsAddress } from './metrics-address.ts';

/** Metrics of a run while it runs. */
export interface MetricsServer extends AsyncDisposable {
  readonly url: string;
  readonly update: (progress: RunProgress) => void;
}

const contentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Serves `/metrics` until disposed. Rejects with METRICS_PORT when the port is taken. */
export async function serveMetrics(
  { host, port }: MetricsAddress,
  scenario: ResolvedScenario,
): Promise<MetricsServer> {
  let latest: RunProgress | null = null;
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('see /metrics\n');
      return;
    }
    const text = writeOpenMetrics(latest === null ? [] : liveFamilies(scenario, latest));
    response.writeHead(200, { 'content-type': contentType }).end(text);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new UsageError(
          'METRICS_PORT',
          `cannot serve metrics at ${host}:${port}: ${cause.message}`,
          'Name another port with --metrics, or :0 for any.',
          { cause },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  const bound = server.address();
  const actual = typeof bound === 'object' && bound !== null ? bound.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}/metrics`,
    update: (progress) => {
      latest = progress;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** What is known while a run runs; all of it by the run's name, bus and pattern. */
export function liveFamilies(scenario: ResolvedScenario, progress: RunProgress): readonly Family[] {
  const { step, elapsedMs, totalMs, due, completed, failed, p99Us } = progress;
  const labels = {
    run: scenario.name,
    bus: scenario.bus.type,
    pattern: scenario.workload.pattern,
  };
  const seconds = (name: string, help: string, value: number | null): Family => ({
    name: `busbench_live_${name}_seconds`,
    type: 'gauge',
    unit: 'seconds',
    help,
    samples: value === null ? [] : [{ labels, value }],
  });
  return [
    {
      name: 'busbench_live_step',
      type: 'info',
      help: 'What the run is doing.',
      samples: [{ suffix: '_info', labels: { ...labels, step }, value: 1 }],
    },
    {
      name: 'busbench_live_operations',
      type: 'counter',
      help: 'Operations so far, warm-up included; due = completed + failed + those under way.',
      samples: Object.entries({ due, completed, failed }).map(([state, value]) => {
        return { suffix: '_total' as const, labels: { ...labels, state }, value };
      }),
    },
    seconds(
      'response_p99',
      'Response time p99 of the newest complete second.',
      p99Us === null ? null : p99Us / 1e6,
    ),
    seconds('elapsed', 'Time since the timed phases began.', elapsedMs / 1e3),
    seconds(
      'length',
      'Length of the timed phases together.',
      totalMs === null ? null : totalMs / 1e3,
    ),
  ];
}
