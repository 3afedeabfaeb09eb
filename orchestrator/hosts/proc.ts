import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { ProcessSample } from './host.ts';

// Reads of /proc never wait for a disk, and one blocking read costs a tenth of an asynchronous one.

/** USER_HZ is 100 on every Linux that Node runs on (man 5 proc). */
const ticksPerSecond = 100;

/**
 * CPU seconds since birth (children that ended included, in steps of 10 ms), resident bytes (shared pages counted in
 * every process) and open sockets of a local process and all its descendants; null when gone or not on Linux.
 */
export function sampleProcessTree(pid: number): ProcessSample | null {
  const stat = readStat(pid);
  if (stat === null || stat.state === 'Z') return null;
  let { cpuTicks } = stat;
  let rssBytes = readRssBytes(pid);
  let sockets = countSockets(pid);
  for (const child of childrenOf(pid)) {
    const sample = sampleProcessTree(child);
    if (sample === null) {
      cpuTicks += readStat(child)?.cpuTicks ?? 0;
      continue;
    }
    cpuTicks += sample.cpuSeconds * ticksPerSecond;
    rssBytes += sample.rssBytes;
    sockets += sample.sockets;
  }
  return { cpuSeconds: cpuTicks / ticksPerSecond, rssBytes, sockets };
}

/** State letter and utime + stime + cutime + cstime, in ticks; the command's name may hold blanks and brackets. */
function readStat(pid: number): { readonly state: string; readonly cpuTicks: number } | null {
  const text = read(`/proc/${pid}/stat`);
  if (text === null) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { state: fields[0] ?? '', cpuTicks: ticks };
}

function readRssBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** Children by every thread, because a process belongs to the thread that forked it. */
function childrenOf(pid: number): number[] {
  return list(`/proc/${pid}/task`).flatMap((tid) => {
    const text = read(`/proc/${pid}/task/${tid}/children`)?.trim() ?? '';
    return text === '' ? [] : text.split(' ').map(Number);
  });
}

/** What was open in a process apart from sockets when these were last told apart. */
interface Told {
  readonly others: number;
  readonly atMs: number;
}

const told = new Map<number, Told>();
/** So few descriptors are told apart every time. */
const fewDescriptors = 128;
/** Of many, what is not a socket changes seldom: it is told apart this often, and subtracted meanwhile. */
const tellApartEveryMs = 10_000;

/** A link has to be read for each descriptor to know what it is: with thousands of them, that would show in the run. */
function countSockets(pid: number): number {
  const descriptors = list(`/proc/${pid}/fd`);
  const known = told.get(pid);
  const now = performance.now();
  if (known !== undefined && descriptors.length > fewDescriptors) {
    if (now - known.atMs < tellApartEveryMs) return Math.max(0, descriptors.length - known.others);
  }
  const sockets = descriptors.filter((descriptor) => isSocket(pid, descriptor)).length;
  told.set(pid, { others: descriptors.length - sockets, atMs: now });
  return sockets;
}

function isSocket(pid: number, descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${descriptor}`).startsWith('socket:');
  } catch {
    // Closed since the listing.
    return false;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
