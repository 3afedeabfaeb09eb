/** `npm run bench [name ...]`: what the toolkit itself costs and how precise it is, compared within one run. */
interface BenchTable {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

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
  const all = [columns, ...rows];
  const widths = columns.map((_, i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  '),
  );
  return `${title}\n\n${lines.join('\n')}\n\n`;
}

await main();
