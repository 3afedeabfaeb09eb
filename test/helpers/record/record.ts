import { conclude } from '../../../reports/conclude.ts';
import type { Evidence } from '../../../reports/evidence.ts';
import type { RunRecord } from '../../../reports/record.ts';
import type { RunResult } from '../../../reports/result.ts';
import { agentCpuSeconds, clientsOf, play, servers } from './imaginary-run.ts';
import { scenario, seconds, sites, wanEvidence } from './three-sites.ts';

/*
 * A record as a real run leaves it: 300 clients of three sites call over RabbitMQ at 1000/s for 30 s, and at 10 s
 * paris and lyon lose each other for 2 s. An imaginary run is entered into the books of real agents and concluded as
 * any other, so that no number of it contradicts another. All is drawn from a fixed seed: snapshots stay what they are.
 */

let whole: RunRecord | null = null;

/** The record; `change` may replace parts of the result for the case at hand. */
export function makeRecord(
  change: (result: RunResult) => RunResult = (result) => result,
): RunRecord {
  whole ??= conclude(evidence());
  return { ...whole, result: change(whole.result) };
}

/** What that run collected. */
function evidence(): Evidence {
  const parts = play();
  const roles = ['client', 'server'] as const;
  return {
    scenario: scenario(),
    startedAt: new Date('2026-11-21T09:30:00.000Z'),
    durationMs: 52_340,
    clients: sites.flatMap((_, site) => clientsOf(site)),
    servers,
    processes: roles.flatMap((role) =>
      sites.map((site) => {
        const name = `${role}.${site}`;
        return { name, site, role, playedBy: name, collected: true };
      }),
    ),
    parts,
    measuredMs: seconds * 1000,
    measuredFromMs: 8_000,
    clocks: roles.flatMap((_, role) =>
      sites.map((__, site) => ({ clock: 3 * role + site, boundUs: 120, spreadUs: 9 })),
    ),
    wan: wanEvidence(),
    bus: {
      type: 'rabbitmq',
      readyMs: 8421,
      nodes: sites.map((site, index) => ({
        name: `bus-${index + 1}`,
        site,
        version: '3.10.8',
        counters: {
          connections: 101,
          messagesReady: 0,
          messagesUnacked: 0,
          delivered: 24_300 + index,
        },
      })),
      details: { clusterMs: 3120, bootMs: 5301 },
    },
    topicSites: ['paris'],
    resources: processes(),
    faults: [
      {
        entry: 0,
        action: 'partition',
        target: 'paris | lyon',
        startedAtMs: 10_002,
        endedAtMs: 12_003,
        mended: true,
      },
    ],
    warnings: [],
    environment: {
      node: 'v20.20.2',
      os: 'Debian GNU/Linux 12 (bookworm)',
      kernel: '6.1.0-28-amd64',
      cpu: 'Intel(R) Xeon(R) CPU',
      cores: 2,
      memoryBytes: 8_343_928_832,
      versions: { busbench: '0.1.0', rabbitmq: '3.10.8', erlang: '25.2.3', amqplib: '2.3.1' },
      commandLine: ['busbench', 'run', 'three-sites.yaml'],
    },
    failure: null,
    interrupted: false,
  };
}

function processes(): RunResult['resources']['processes'] {
  const used = (cpuSeconds: number): { cpuSeconds: number; cpuPercentMean: number } => {
    return { cpuSeconds, cpuPercentMean: (100 * cpuSeconds) / seconds };
  };
  return [
    ...sites.map((site, index) => ({
      role: 'bus' as const,
      name: `bus-${index + 1}`,
      site,
      ...used(9.81 - 0.9 * index),
      rssMaxBytes: 143_000_000 + 1_000_000 * index,
      socketsMax: 118,
    })),
    ...sites.flatMap((site) =>
      (['client', 'server'] as const).map((role) => ({
        role: 'agent' as const,
        name: `${role}.${site}`,
        site,
        ...used(agentCpuSeconds[role]),
        rssMaxBytes: role === 'client' ? 98_200_000 : 71_400_000,
        socketsMax: role === 'client' ? 101 : 2,
      })),
    ),
    {
      role: 'fabric',
      name: 'relay',
      site: '',
      ...used(2.1),
      rssMaxBytes: 64_000_000,
      socketsMax: 620,
    },
  ];
}
