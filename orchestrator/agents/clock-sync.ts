import { nowUs } from '../../agents/clock.ts';
import type { AgentChannel } from './agent-channel.ts';

/** An agent's clock minus ours, µs, and the bound of that estimate's error. */
export interface ClockOffset {
  readonly offsetUs: number;
  readonly uncertaintyUs: number;
}

/** Processes with equal keys read the same monotonic clock: boot id and time namespace. */
export type ClockKey = string;

const exchanges = 12;
const exchangeTimeoutMs = 10_000;

/**
 * Two-way exchanges over the control channel, the one with the shortest round trip counts (RFC 5905, section 8):
 * offset = ((t2 - t1) + (t3 - t4)) / 2, and its error is at most half the round trip.
 */
export async function measureOffset(
  channel: AgentChannel,
  signal: AbortSignal,
): Promise<ClockOffset> {
  let best: ClockOffset = { offsetUs: 0, uncertaintyUs: Number.POSITIVE_INFINITY };
  for (let id = 0; id < exchanges; id++) {
    const sentUs = nowUs();
    const answer = channel.next('clock', exchangeTimeoutMs, signal, (m) => m.id === id);
    channel.send({ type: 'clock', id });
    const { receivedUs, repliedUs } = await answer;
    const arrivedUs = nowUs();
    const uncertaintyUs = (arrivedUs - sentUs - (repliedUs - receivedUs)) / 2;
    if (uncertaintyUs >= best.uncertaintyUs) continue;
    best = { offsetUs: (receivedUs - sentUs + (repliedUs - arrivedUs)) / 2, uncertaintyUs };
  }
  return best;
}

/**
 * Offsets of all agents from ours. Agents that share a clock share the best estimate, and those that
 * share ours are exact: offset and uncertainty 0.
 */
export function reconcileOffsets(
  keys: readonly ClockKey[],
  measured: readonly ClockOffset[],
  ownKey: ClockKey,
): readonly ClockOffset[] {
  const best = new Map<ClockKey, ClockOffset>();
  keys.forEach((key, i) => {
    const offset = measured[i];
    const known = best.get(key);
    if (offset && (!known || offset.uncertaintyUs < known.uncertaintyUs)) best.set(key, offset);
  });
  best.set(ownKey, { offsetUs: 0, uncertaintyUs: 0 });
  return keys.map(
    (key) => best.get(key) ?? { offsetUs: 0, uncertaintyUs: Number.POSITIVE_INFINITY },
  );
}

/** For one process: its clock minus each other's, and the bound of that; 0 where the clock is the same. */
export function offsetsSeenBy(
  process: number,
  keys: readonly ClockKey[],
  offsets: readonly ClockOffset[],
): { readonly offsetUs: number[]; readonly uncertaintyUs: number[] } {
  const own = offsets[process];
  const offsetUs: number[] = [];
  const uncertaintyUs: number[] = [];
  offsets.forEach((other, i) => {
    const same = keys[i] === keys[process];
    offsetUs.push(same || !own ? 0 : own.offsetUs - other.offsetUs);
    uncertaintyUs.push(same || !own ? 0 : own.uncertaintyUs + other.uncertaintyUs);
  });
  return { offsetUs, uncertaintyUs };
}
