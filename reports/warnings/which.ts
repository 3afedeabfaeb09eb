/** How many names a message has room for. */
const shownNames = 3;

/** Names with their counts, the largest first, zeros left out: `paris 12, lyon 3`, at most three, then how many more. */
export function whichOf(counts: Iterable<readonly [name: string, count: number]>): string {
  const all = new Map<string, number>();
  for (const [name, count] of counts) all.set(name, (all.get(name) ?? 0) + count);
  const found = [...all].filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
  const shown = found.slice(0, shownNames).map(([name, count]) => `${name} ${count}`);
  const others = found.length - shown.length;
  return others > 0 ? `${shown.join(', ')} and ${others} more` : shown.join(', ');
}

/** The same in brackets behind a count, or nothing where nobody can be named. */
export function inBrackets(which: string): string {
  return which === '' ? '' : ` (${which})`;
}
