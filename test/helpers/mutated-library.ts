import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

const newName = 'renamedInside';

/** Where a library makes names of members from the names of frames: rhea, in `connection.js`. */
const madeName = "['on_' + name]";

/**
 * A copy of what is built, with a library in which a member has another name everywhere, as a new version of it might.
 * Returns its folder, which is the caller's to remove; the command is `dist/orchestrator/cli.js` in it.
 */
export function withRenamed(library: string, member: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'busbench-mutant-'));
  for (const name of ['package.json', 'topologies'])
    symlinkSync(join(root, name), join(folder, name));
  cpSync(join(root, 'dist'), join(folder, 'dist'), {
    recursive: true,
    filter: (file) => !/\.(d\.ts|map|tsbuildinfo)$/.test(file),
  });
  mkdirSync(join(folder, 'node_modules'));
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== library)
      symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name));
  }
  const copy = join(folder, 'node_modules', library);
  cpSync(join(root, 'node_modules', library), copy, { recursive: true });
  const pattern = new RegExp(`\\b${member}\\b`, 'g');
  for (const name of readdirSync(join(copy, 'lib')).filter((file) => file.endsWith('.js'))) {
    const file = join(copy, 'lib', name);
    const text = readFileSync(file, 'utf8').replace(pattern, newName);
    const made = `session[('on_' + name).replace('${member}', '${newName}')]`;
    writeFileSync(file, text.replaceAll(`session${madeName}`, made));
  }
  return folder;
}
