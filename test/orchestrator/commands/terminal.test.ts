import { describe, expect, it } from 'vitest';
import { isLiveTerminal, terminalOptions } from '../../../orchestrator/commands/terminal.ts';

const terminal = { isTTY: true, columns: 120 };
const pipe = {};

describe('colours', () => {
  it.each([
    ['a terminal', terminal, {}, true],
    ['a pipe', pipe, {}, undefined],
    ['NO_COLOR', terminal, { NO_COLOR: '1' }, false],
    ['NO_COLOR of any value', terminal, { NO_COLOR: '0' }, false],
    ['an empty NO_COLOR is as good as none', terminal, { NO_COLOR: '' }, true],
    ['FORCE_COLOR in a pipe', pipe, { FORCE_COLOR: '1' }, true],
    ['FORCE_COLOR of any value', pipe, { FORCE_COLOR: '0' }, true],
    ['an empty FORCE_COLOR is as good as none', pipe, { FORCE_COLOR: '' }, undefined],
    ['FORCE_COLOR comes after NO_COLOR', pipe, { FORCE_COLOR: '1', NO_COLOR: '1' }, true],
    ['a dumb terminal', terminal, { TERM: 'dumb' }, false],
    ['FORCE_COLOR on a dumb terminal', terminal, { TERM: 'dumb', FORCE_COLOR: '1' }, true],
    ['a pipe in CI', pipe, { CI: 'true' }, undefined],
    ['a terminal in CI', terminal, { CI: 'true' }, true],
  ])('%s', (_, stream, env, color) => {
    expect(terminalOptions(stream, env).color).toBe(color);
  });
});

it('a report fits the terminal; one of no width and a pipe have none to fit', () => {
  expect(terminalOptions(terminal, {}).columns).toBe(120);
  expect(terminalOptions({ isTTY: true, columns: 0 }, {}).columns).toBeUndefined();
  expect(terminalOptions(pipe, { FORCE_COLOR: '1' }).columns).toBeUndefined();
});

describe('live lines', () => {
  it.each([
    ['a terminal', terminal, {}, true],
    ['a pipe', pipe, {}, false],
    ['a terminal of no columns', { isTTY: true, columns: 0 }, {}, false],
    ['a dumb terminal', terminal, { TERM: 'dumb' }, false],
    ['a terminal in CI', terminal, { CI: 'true' }, false],
    ['an empty CI is as good as none', terminal, { CI: '' }, true],
    ['colours have nothing to do with it', terminal, { NO_COLOR: '1' }, true],
    ['FORCE_COLOR moves no cursor', pipe, { FORCE_COLOR: '1' }, false],
  ])('%s', (_, stream, env, live) => {
    expect(isLiveTerminal(stream, env)).toBe(live);
  });
});
