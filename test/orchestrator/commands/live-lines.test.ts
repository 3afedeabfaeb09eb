import { describe, expect, it } from 'vitest';
import { liveLines } from '../../../orchestrator/commands/live-lines.ts';

function terminal(columns: number) {
  const written: string[] = [];
  return { columns, written, write: (text: string) => written.push(text) };
}

describe('lines that are drawn over', () => {
  it('go up by as many as were drawn before, and away', () => {
    const screen = terminal(80);
    const lines = liveLines(screen);
    lines.draw('one');
    lines.draw('one\n  two');
    lines.draw('three');
    lines.clear();
    expect(screen.written).toEqual([
      'one\n',
      '\x1b[1A\x1b[Jone\n  two\n',
      '\x1b[2A\x1b[Jthree\n',
      '\x1b[1A\x1b[J',
    ]);
  });

  it('are left alone where nothing changed', () => {
    const screen = terminal(80);
    const lines = liveLines(screen);
    lines.clear();
    lines.draw('same');
    lines.draw('same');
    lines.clear();
    lines.clear();
    expect(screen.written).toEqual(['same\n', '\x1b[1A\x1b[J']);
  });

  it('never wrap, whatever is in them', () => {
    const screen = terminal(10);
    const lines = liveLines(screen);
    lines.draw('0123456789abc\n漢字漢字漢字\n12345678é\n👍👍👍👍👍👍');
    expect(screen.written).toEqual(['012345678\n漢字漢字\n12345678é\n👍👍👍👍\n']);
    // As the terminal is now, not as it was at first.
    screen.columns = 5;
    lines.draw('0123456789');
    expect(screen.written[1]).toBe('\x1b[4A\x1b[J0123\n');
  });
});
