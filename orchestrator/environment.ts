import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type, version } from 'node:os';
import type { RunResult } from '../reports/result.ts';
import { busbenchVersion } from './processes/program.ts';

/** What this machine and these programs are, for whoever compares two results next year. */
export function describeEnvironment(
  versions: Readonly<Record<string, string>>,
  commandLine: readonly string[],
): RunResult['environment'] {
  const processors = cpus();
  return {
    node: process.version,
    os: osName(),
    kernel: `${type()} ${release()} ${version()}`,
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    versions: { busbench: busbenchVersion(), ...versions },
    commandLine: [...commandLine],
  };
}

function osName(): string {
  try {
    const text = readFileSync('/etc/os-release', 'utf8');
    return /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(text)?.[1] ?? type();
  } catch {
    return type();
  }
}

/** CPU ticks since boot: those that the hypervisor gave to others, and all; null without /proc. Two readings make a share. */
export function readSteal(): { readonly stealTicks: number; readonly totalTicks: number } | null {
  try {
    const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? '';
    const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
    return { stealTicks: ticks[7] ?? 0, totalTicks: ticks.reduce((sum, t) => sum + t, 0) };
  } catch {
    return null;
  }
}
