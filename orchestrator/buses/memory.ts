import { z } from 'zod';
import type { BusSpec } from '../../topologies/scenario.ts';
import { pathText } from '../scenario/path.ts';
import { quantityType, shape, whole } from '../scenario/schema-parts.ts';
import { shapeIssues, wording } from '../scenario/shape-issues.ts';
import { duration, percent } from '../scenario/units.ts';
import type { Bus, BusDeployer } from './bus.ts';

const fault = (what: string) => quantityType(percent, what).prefault('0%');

const busShape = shape({
  type: z.literal('memory'),
  choice: z.enum(['round-robin', 'random']).prefault('round-robin'),
  capacity: whole(1, 10_000_000, 'requests queued before senders are blocked').prefault(100_000),
  delay: quantityType(duration, 'time in the queue').prefault('0ms'),
  loss: fault('requests that vanish'),
  duplicate: fault('requests delivered twice'),
  reorder: fault(
    "requests held back until the client's next one to that server has overtaken them",
  ),
  replyLoss: fault('replies that vanish'),
}).refine((bus) => bus.loss + bus.duplicate + bus.reorder <= 100, {
  error: 'loss, duplicate and reorder exclude each other: expected at most 100% together',
  path: ['loss'],
});

/** Everything inside one agent process: measures the toolkit's own floor, or what it makes of injected faults. */
export const memoryBus: BusDeployer = {
  type: 'memory',
  parse(raw) {
    const parsed = busShape.safeParse(raw, { error: wording });
    if (!parsed.success) {
      const issues = shapeIssues(parsed.error.issues);
      return { mistakes: issues.map(({ path, message }) => ({ path: pathText(path), message })) };
    }
    const { choice, capacity, delay, loss, duplicate, reorder, replyLoss } = parsed.data;
    const options = {
      choice,
      capacity,
      delay: duration.format(delay),
      loss: percent.format(loss),
      duplicate: percent.format(duplicate),
      reorder: percent.format(reorder),
      replyLoss: percent.format(replyLoss),
    };
    return { spec: { type: 'memory', nodes: [], options } };
  },
  refuse: ({ faults }) =>
    faults.flatMap(({ target }, i) =>
      target.kind === 'between'
        ? [{ path: `faults[${i}]`, message: 'no message of the memory bus crosses a link' }]
        : [],
    ),
  describe: ({ bus }) => [
    'memory: clients, bus and servers in one process; links between sites do not apply',
    `memory: ${Object.entries(bus.options)
      .map((option) => option.join(' '))
      .join(', ')}`,
  ],
  available: () => Promise.resolve(null),
  deploy: ({ bus }) => Promise.resolve(deployed(bus)),
};

function deployed(spec: BusSpec): Bus {
  const bus = busShape.parse({ type: spec.type, ...spec.options });
  const endpoint = {
    choice: bus.choice,
    capacity: bus.capacity,
    delayUs: bus.delay * 1000,
    lossPercent: bus.loss,
    duplicatePercent: bus.duplicate,
    reorderPercent: bus.reorder,
    replyLossPercent: bus.replyLoss,
  };
  return {
    type: 'memory',
    nodes: [],
    readyMs: 0,
    details: {},
    endpoint: () => Promise.resolve({ driver: 'memory', endpoint }),
    directory: (processes) => Promise.resolve(processes.map(() => null)),
    counters: () => Promise.resolve(new Map()),
    reset: () => Promise.resolve(),
    topicSite: () => null,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
