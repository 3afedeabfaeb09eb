import { readdir, readFile } from 'node:fs/promises';

/** Command lines of living processes that carry `text` in their arguments or environment. */
export async function processesNaming(text: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid)) continue;
    const read = (file: string): Promise<string> =>
      readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [command, environment] = await Promise.all([read('cmdline'), read('environ')]);
    if (command.includes(text) || environment.includes(text)) {
      found.push(command.replaceAll('\0', ' ').trim());
    }
  }
  return found;
}
