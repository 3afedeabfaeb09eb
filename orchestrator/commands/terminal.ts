import type { RenderOptions } from '../../reports/renderers/renderer.ts';

/** Colours and width of the terminal on stdout; a pipe or a file has neither. */
export function terminalOptions(): RenderOptions {
  const { isTTY, columns } = process.stdout;
  return isTTY === true ? { color: process.env['NO_COLOR'] === undefined, columns } : {};
}
