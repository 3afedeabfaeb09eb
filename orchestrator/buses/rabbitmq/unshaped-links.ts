import type { Link } from '../../../topologies/topology.ts';
import type { Fabric } from '../../fabrics/fabric.ts';

/**
 * Does `work` while no link delays, loses or slows anything, then imposes the links again. Forming a cluster of three
 * over 25 ms links takes 40 s of round trips instead of 10, and nothing is measured meanwhile.
 */
export async function withUnshapedLinks<T>(
  fabric: Fabric,
  links: readonly Link[],
  work: () => Promise<T>,
): Promise<T> {
  const impose = async (shapeOf: (link: Link) => Omit<Link, 'from' | 'to'>): Promise<void> => {
    await Promise.all(links.map((link) => fabric.shape(link.from, link.to, shapeOf(link))));
  };
  await impose(() => ({ delayMs: 0, jitterMs: 0, lossPercent: 0, rateMbps: null }));
  try {
    return await work();
  } finally {
    await impose(({ delayMs, jitterMs, lossPercent, rateMbps }) => ({
      delayMs,
      jitterMs,
      lossPercent,
      rateMbps,
    }));
  }
}
