import type { RenderOptions } from '../../reports/renderers/renderer.ts';

/** Colours and width of the terminal on stdout; a pipe or a file has neither. */
export function terminalOptions(): RenderOptions {
  const { isTTY, columns } = process.stdout;
  if (isTTY !== true) return {};
  // A terminal that does not tell its width has 0 columns.
  return { color: process.env['NO_COLOR'] === undefined, ...(columns > 0 && { columns }) };
}
