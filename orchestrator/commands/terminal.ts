import type { RenderOptions } from '../../reports/renderers/renderer.ts';

/** What decides about colours and live lines of a stream. */
interface Stream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Colours and width for reports on stdout. */
export function terminalOptions(
  stream: Stream = process.stdout,
  env: Environment = process.env,
): RenderOptions {
  const { isTTY, columns = 0 } = stream;
  const color = hasColor(stream, env);
  if (isTTY !== true) return color ? { color } : {};
  // A terminal that does not tell its width has 0 columns.
  return { color, ...(columns > 0 && { columns }) };
}

/**
 * Whether a live line can be drawn: on a terminal that tells its width and can move its cursor. CI systems keep what
 * is written, some from a terminal of their own: there each redrawn line would stay.
 */
export function isLiveTerminal(
  { isTTY, columns = 0 }: Stream = process.stderr,
  env: Environment = process.env,
): boolean {
  return isTTY === true && columns > 0 && !isDumb(env) && !isSet(env['CI']);
}

/**
 * As force-color.org and no-color.org say: each counts when it is not empty, whatever its value, and FORCE_COLOR comes
 * last. Without either, a terminal that is not dumb has colours.
 */
function hasColor({ isTTY }: Stream, env: Environment): boolean {
  if (isSet(env['FORCE_COLOR'])) return true;
  return isTTY === true && !isSet(env['NO_COLOR']) && !isDumb(env);
}

function isDumb(env: Environment): boolean {
  return env['TERM'] === 'dumb';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}
