/** Network namespaces need root here; the rootless way has tests of its own. */
export const isRoot: boolean = process.platform === 'linux' && process.getuid?.() === 0;

/** A skip must not look like a pass. */
export function sayWhatIsSkipped(what: string, possible: boolean): void {
  if (possible) return;
  process.stderr.write(`SKIPPED ${what}: needs root on Linux; run the tests with sudo\n`);
}
