import { z } from 'zod';
import type { BusSpec } from '../../../topologies/scenario.ts';
import { pathText } from '../../scenario/path.ts';
import { list, shape, whole } from '../../scenario/schema-parts.ts';
import { shapeIssues, wording } from '../../scenario/shape-issues.ts';

/** `bus:` of a scenario whose type is zeromq, without its nodes. */
export interface ZeromqOptions {
  /** direct: peers dial peers; proxy: clients dial their site's proxy, which dials the servers of all sites. */
  readonly mode: 'direct' | 'proxy';
  readonly choice: 'round-robin' | 'random' | 'closest';
  readonly hwm: number;
  readonly ioThreads: number;
}

const busShape = shape({
  type: z.literal('zeromq'),
  mode: z.enum(['direct', 'proxy']).prefault('direct'),
  nodes: list(z.string()).min(1).max(64).optional(),
  choice: z.enum(['round-robin', 'random', 'closest']).prefault('round-robin'),
  hwm: whole(1, 1_000_000, 'messages queued for one peer before it pushes back').prefault(1000),
  ioThreads: whole(1, 16, "libzmq's threads in each process").prefault(1),
}).refine((bus) => bus.mode === 'proxy' || bus.nodes === undefined, {
  error: 'mode direct has no nodes: leave them out, or set mode: proxy',
  path: ['nodes'],
});

/** Reads `bus:`; in mode proxy there is one proxy a site unless nodes are listed. */
export function parseZeromq(
  raw: Readonly<Record<string, unknown>>,
  sites: readonly string[],
):
  | { readonly spec: BusSpec }
  | { readonly mistakes: readonly { readonly path: string; readonly message: string }[] } {
  const parsed = busShape.safeParse(raw, { error: wording });
  if (!parsed.success) {
    const issues = shapeIssues(parsed.error.issues);
    return { mistakes: issues.map(({ path, message }) => ({ path: pathText(path), message })) };
  }
  const { type, nodes, ...options } = parsed.data;
  const listed = nodes?.filter((site) => site !== undefined) ?? sites;
  return { spec: { type, nodes: options.mode === 'proxy' ? listed : [], options } };
}

/** The options of a spec made by `parseZeromq`. */
export function zeromqOptions(spec: BusSpec): ZeromqOptions {
  return busShape.parse({ type: spec.type, ...spec.options });
}
