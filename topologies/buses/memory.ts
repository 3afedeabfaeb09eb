import { z } from 'zod';
import type { Immutable } from '../json.ts';
import { quantity, whole } from '../language/codecs.ts';
import { duration, percent } from '../language/units.ts';
import { type BusMistake, nodelessBusOf } from './options.ts';

const share = (what: string) => quantity(percent, what).prefault('0%');

/** Everything inside one agent process: measures the toolkit's own floor, or what it makes of injected faults. */
export const memory = nodelessBusOf('memory', {
  choice: z
    .enum(['round-robin', 'random'])
    .prefault('round-robin')
    .meta({ description: 'how requests are dealt to the servers of a topic' }),
  capacity: whole(1, 10_000_000, 'requests queued before senders are blocked').prefault(100_000),
  delay: quantity(duration, 'time in the queue').prefault('0ms'),
  loss: share('requests that vanish'),
  duplicate: share('requests delivered twice'),
  reorder: share(
    "requests held back until the client's next one to that server has overtaken them",
  ),
  replyLoss: share('replies that vanish'),
});

export function memoryMistakes({
  options: { lossPercent, duplicatePercent, reorderPercent },
}: Immutable<z.output<typeof memory>>): readonly BusMistake[] {
  if (lossPercent + duplicatePercent + reorderPercent <= 100) return [];
  const message = 'loss, duplicate and reorder exclude each other: expected at most 100% together';
  return [{ path: 'loss', message }];
}
