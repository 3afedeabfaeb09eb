import { alignColumns } from '../reports/renderers/text-table.ts';
import type { BenchTable } from './table.ts';

/** `npm run bench [name ...]`: what the toolkit itself costs and how precise it is, compared within one run. */
const benches: Readonly<Record<string, () => Promise<() => Promise<BenchTable>>>> = {
  relay: async () => (await import('./relay.ts')).benchRelay,
  nfqueue: async () => (await import('./nfqueue.ts')).benchNfqueue,
  zeromq: async () => (await import('./zeromq.ts')).benchZeromq,
  amqplib: async () => (await import('./amqplib.ts')).benchAmqplib,
  rhea: async () => (await import('./rhea.ts')).benchRhea,
};

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !(name in benches));
  if (unknown.length > 0) {
    process.stderr.write(
      `no bench ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}\n`,
    );
    process.exitCode = 2;
    return;
  }
  for (const [name, load] of Object.entries(benches)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    try {
      const bench = await load();
      process.stdout.write(format(await bench()));
    } catch (error) {
      process.exitCode = 1;
      process.stdout.write(
        `${name}: ${error instanceof Error ? error.message : String(error)}\n\n`,
      );
    }
  }
}

function format({ title, columns, rows }: BenchTable): string {
  const lines = alignColumns([columns, ...rows], (at) => at > 0);
  return `${title}\n\n${lines.join('\n')}\n\n`;
}

await main();
