/** What a live display needs of a terminal. */
export interface Terminal {
  readonly columns?: number;
  write(text: string): unknown;
}

/** Lines at the end of a terminal that are drawn anew in their place. */
export interface LiveLines {
  draw(text: string): void;
  clear(): void;
}

/** Own, and no package: two lines that are drawn over need 20 lines, where `log-update` brings 18 packages. */
export function liveLines(terminal: Terminal): LiveLines {
  let drawn = '';
  let rows = 0;
  const replace = (text: string): void => {
    if (text === drawn) return;
    // Up to the first of the lines, and all from there on away.
    const back = rows === 0 ? '' : `\x1b[${rows}A\x1b[J`;
    terminal.write(`${back}${text}`);
    drawn = text;
    rows = text.split('\n').length - 1;
  };
  return {
    draw: (text) => {
      const lines = text.split('\n').map((line) => `${cut(line, terminal.columns ?? 80)}\n`);
      replace(lines.join(''));
    },
    clear: () => replace(''),
  };
}

/** A line that wraps would count as one and take two. What is not Latin may be two cells wide. */
function cut(line: string, columns: number): string {
  let cells = 0;
  let end = 0;
  for (const character of line) {
    cells += character < '\u0300' ? 1 : 2;
    if (cells >= columns) return line.slice(0, end);
    end += character.length;
  }
  return line;
}
