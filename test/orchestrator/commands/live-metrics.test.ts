import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { liveFamilies, serveMetrics } from '../../../orchestrator/commands/live-metrics.ts';
import { parseMetricsAddress } from '../../../orchestrator/commands/metrics-address.ts';
import type { RunProgress } from '../../../orchestrator/observer.ts';
import { busbench, scratchFolder, startBusbench } from '../../helpers/cli.ts';
import { scenario } from '../../reports/reconcile/synthetic.ts';

const progress: RunProgress = {
  step: 'measuring',
  detail: '',
  elapsedMs: 1500,
  totalMs: 8000,
  due: 900,
  completed: 890,
  failed: 3,
  p99Us: 41_000,
};

describe('live metrics', () => {
  it('are served on loopback only', () => {
    expect(parseMetricsAddress(':9464')).toEqual({ host: '127.0.0.1', port: 9464 });
    expect(parseMetricsAddress('localhost:1')).toEqual({ host: '127.0.0.1', port: 1 });
    expect(parseMetricsAddress('127.3.0.1:80')).toEqual({ host: '127.3.0.1', port: 80 });
    expect(parseMetricsAddress('[::1]:80')).toEqual({ host: '::1', port: 80 });
    for (const text of [
      '9464',
      '0.0.0.0:9464',
      '10.0.0.1:9464',
      '[::]:1',
      ':99999',
      'host:1',
      '',
    ]) {
      expect(parseMetricsAddress(text), text).toBeNull();
    }
  });

  it('are OpenMetrics, and follow the run', async () => {
    await using server = await serveMetrics({ host: '127.0.0.1', port: 0 }, scenario());
    expect(await (await fetch(server.url)).text()).toBe('# EOF\n');
    server.update(progress);
    const response = await fetch(server.url);
    expect(response.headers.get('content-type')).toContain('application/openmetrics-text');
    expect(await response.text()).toMatchInlineSnapshot(`
      "# TYPE busbench_live_step info
      # HELP busbench_live_step What the run is doing.
      busbench_live_step_info{run="synthetic",bus="zeromq",pattern="call",step="measuring"} 1
      # TYPE busbench_live_operations counter
      # HELP busbench_live_operations Operations so far, warm-up included; due = completed + failed + those under way.
      busbench_live_operations_total{run="synthetic",bus="zeromq",pattern="call",state="due"} 900
      busbench_live_operations_total{run="synthetic",bus="zeromq",pattern="call",state="completed"} 890
      busbench_live_operations_total{run="synthetic",bus="zeromq",pattern="call",state="failed"} 3
      # TYPE busbench_live_response_p99_seconds gauge
      # UNIT busbench_live_response_p99_seconds seconds
      # HELP busbench_live_response_p99_seconds Response time p99 of the newest complete second.
      busbench_live_response_p99_seconds{run="synthetic",bus="zeromq",pattern="call"} 0.041
      # TYPE busbench_live_elapsed_seconds gauge
      # UNIT busbench_live_elapsed_seconds seconds
      # HELP busbench_live_elapsed_seconds Time since the timed phases began.
      busbench_live_elapsed_seconds{run="synthetic",bus="zeromq",pattern="call"} 1.5
      # TYPE busbench_live_length_seconds gauge
      # UNIT busbench_live_length_seconds seconds
      # HELP busbench_live_length_seconds Length of the timed phases together.
      busbench_live_length_seconds{run="synthetic",bus="zeromq",pattern="call"} 8
      # EOF
      "
    `);
    expect((await fetch(server.url.replace('metrics', 'secrets'))).status).toBe(404);
  });

  it('name a port that is taken', async () => {
    await using server = await serveMetrics({ host: '127.0.0.1', port: 0 }, scenario());
    const port = Number(new URL(server.url).port);
    await expect(serveMetrics({ host: '127.0.0.1', port }, scenario())).rejects.toMatchObject({
      code: 'METRICS_PORT',
    });
  });

  it('have every name that the Grafana dashboard asks for', () => {
    const path = join(import.meta.dirname, '..', '..', '..', 'docs', 'grafana-dashboard.json');
    const dashboard = JSON.parse(readFileSync(path, 'utf8'));
    const asked = new Set(JSON.stringify(dashboard).match(/busbench_\w+/g));
    const offered = liveFamilies(scenario(), progress).flatMap(({ name, samples }) =>
      samples.map(({ suffix }) => `${name}${suffix ?? ''}`),
    );
    expect([...asked].filter((name) => !offered.includes(name))).toEqual([]);
    expect(asked.size).toBe(new Set(offered).size);
    expect(dashboard.panels.length).toBeGreaterThan(4);
  });

  it('can be read from a run that is measuring', async () => {
    await using folder = await scratchFolder();
    const quick = ['sites=[here]', 'bus={type: memory}', 'links={}', 'phases.measure=4s'];
    const sets = quick.flatMap((set) => ['--set', set]);
    const port = 20_000 + Math.floor(Math.random() * 9_000);
    const args = ['run', '-o', join(folder.path, 'out'), '--metrics', `:${port}`, ...sets];
    const started = startBusbench(args);
    await started.said(/measuring,/);
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    expect(text).toMatch(/busbench_live_operations_total\{[^}]*state="due"\} [1-9]\d*\n/);
    expect((await started.finished).code).not.toBe(2);
    await expect(fetch(`http://127.0.0.1:${port}/metrics`)).rejects.toThrow();
    expect((await busbench(['run', '--metrics', '0.0.0.0:1'])).code).toBe(2);
  }, 60_000);
});
