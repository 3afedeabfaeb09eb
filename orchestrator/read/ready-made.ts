import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nearName } from '../../topologies/near-name.ts';
import { UsageError } from '../errors.ts';
import { projectRoot } from '../processes/program.ts';

/** A file and its text. */
export interface Source {
  readonly file: string;
  readonly text: string;
}

/** Files that come with busbench and go by their names, without `.yaml`. */
export interface ReadyMade {
  /** All names with the first comment line of their files, in order. */
  list(): Promise<readonly { readonly name: string; readonly about: string }[]>;
  /** Reads a ready-made file by its name, or any other by its path. Rejects with a UsageError when there is none. */
  read(nameOrFile: string): Promise<Source>;
}

export const scenarios: ReadyMade = readyMade('scenario', 'SCENARIO_UNREADABLE', 'topologies');
export const sweeps: ReadyMade = readyMade('sweep', 'SWEEP_UNREADABLE', 'topologies', 'sweeps');

function readyMade(what: string, unreadable: string, ...folder: readonly string[]): ReadyMade {
  const at = join(projectRoot, ...folder);
  const fileOf = (name: string): string => join(at, `${name}.yaml`);
  const allNames = async (): Promise<readonly string[]> => {
    const files = await readdir(at);
    return files
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => file.slice(0, -'.yaml'.length))
      .sort();
  };
  const list = async (): ReturnType<ReadyMade['list']> => {
    const names = await allNames();
    return await Promise.all(
      names.map(async (name) => {
        const text = await readFile(fileOf(name), 'utf8');
        return { name, about: /^# ?(.*)$/m.exec(text)?.[1] ?? '' };
      }),
    );
  };
  const read = async (nameOrFile: string): Promise<Source> => {
    const names = await allNames();
    const file = names.includes(nameOrFile) ? fileOf(nameOrFile) : nameOrFile;
    try {
      return { file, text: await readFile(file, 'utf8') };
    } catch (cause) {
      const near = nearName(nameOrFile, names);
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new UsageError(
        unreadable,
        `cannot read the ${what} ${JSON.stringify(nameOrFile)}: ${reason}`,
        near === null
          ? `Give a file, or a ready-made name: ${names.join(', ')}.`
          : `Did you mean ${near}? \`busbench list\` shows the ready-made names.`,
        { cause },
      );
    }
  };
  return { list, read };
}
