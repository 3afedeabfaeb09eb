import { execFile, execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { busDeployers } from '../../../orchestrator/buses/registry.ts';
import { makeProgram } from '../../../orchestrator/commands/tree.ts';
import { scenarios, sweeps } from '../../../orchestrator/read/ready-made.ts';
import { busbench } from '../../helpers/cli.ts';

const run = promisify(execFile);
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'busbench-completion-'));
  await writeFile(join(folder, 'mine.yaml'), '');
  for (const shell of Object.keys(offers)) {
    const { stdout, code } = await busbench(['completion', shell]);
    expect(code).toBe(0);
    await writeFile(join(folder, `busbench.${shell}`), stdout);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a shell offers for the last of some words. */
const offers: Readonly<Record<string, (...words: string[]) => Promise<readonly string[]>>> = {
  // bash parts words at "=" before it asks.
  bash: async (...words) => {
    const parted = words.flatMap((word) => word.split(/(=)/).filter((part) => part !== ''));
    if (words.at(-1) === '') parted.push('');
    const script = `source busbench.bash; COMP_WORDS=(busbench "$@") COMP_CWORD=$#
      _busbench; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const args = ['--norc', '-c', script, 'bash', ...parted];
    return lines((await run('bash', args, { cwd: folder })).stdout);
  },
  fish: async (...words) => {
    const script = `source busbench.fish; complete -C ${JSON.stringify(['busbench', ...words].join(' '))}`;
    const { stdout } = await run('fish', ['--no-config', '-c', script], { cwd: folder });
    return lines(stdout).map((line) => line.split('\t')[0] ?? '');
  },
  // zsh completes at a terminal alone: one of its own, in which a widget lists what was added.
  zsh: async (...words) => {
    const script = `
      zmodload zsh/zpty
      zpty z zsh -f -i
      zpty -w z "PS1=; autoload -Uz compinit; compinit -u -d ./zcompdump; source ./busbench.zsh"
      zpty -w z 'compadd() { local -a got; builtin compadd -O got "$@"; print -r -- "<$got>"; builtin compadd "$@" }'
      zpty -w z 'list() { zle list-choices; print -r -- "<""END>" }; zle -N list; bindkey "^T" list'
      zpty -w z 'print -r -- "<""READY>"'
      while zpty -r z line; do [[ $line == *"<READY>"* ]] && break; done
      zpty -n -w z "$1"$'\\x14'
      while zpty -r z line; do [[ $line == *"<END>"* ]] && break; print -r -- $line; done
      zpty -d z`;
    const args = ['-f', '-c', script, 'zsh', ['busbench', ...words].join(' ')];
    const { stdout } = await run('zsh', args, { cwd: folder });
    const added = [...stdout.matchAll(/<([^<>]+)>/g)].flatMap(([, list = '']) => list.split(' '));
    return [...new Set(added)];
  },
};

function lines(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '');
}

function isThere(shell: string): boolean {
  try {
    execFileSync(shell, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

for (const [shell, offered] of Object.entries(offers)) {
  const missing = isThere(shell) ? null : `${shell} is missing: apt-get install ${shell}`;
  if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

  describe.skipIf(missing !== null)(`completion in ${shell}`, () => {
    it('offers every command of the tree', async () => {
      const names = makeProgram().commands.map((command) => command.name());
      expect(await offered('')).toEqual(expect.arrayContaining(names));
      expect(await offered('comp')).toEqual(['compare', 'completion']);
    });

    it('offers ready-made names and files, of scenarios and of sweeps', async () => {
      const names = (await scenarios.list()).map(({ name }) => name);
      expect(await offered('run', '')).toEqual(expect.arrayContaining([...names, 'mine.yaml']));
      expect(await offered('run', 'quick')).toEqual(['quickstart']);
      expect(await offered('plan', '--json', 'quick')).toEqual(['quickstart']);
      const named = (await sweeps.list()).map(({ name }) => name);
      expect(await offered('sweep', '')).toEqual(expect.arrayContaining(named));
    });

    it('offers the options of the command, and no other', async () => {
      const options = await offered('compare', '--');
      expect(options).toEqual(expect.arrayContaining(['--with', '--max-regression', '--format']));
      expect(options).not.toContain('--set');
    });

    it('offers the values of an option', async () => {
      expect(await offered('report', '--format', 'j')).toEqual(['json', 'junit']);
      const formats = await offered('compare', '--format', '');
      expect([...formats].sort()).toEqual(['json', 'markdown', 'text']);
      expect(await offered('schema', 's')).toEqual(['scenario', 'sweep']);
    });

    it('offers what --set can name, and the words of a value', async () => {
      const types = await offered('run', '--set', 'bus.type=');
      const values = types.map((word) => word.replace('bus.type=', ''));
      expect(values).toEqual(expect.arrayContaining(Object.keys(busDeployers)));
      const [pattern = ''] = await offered('run', '--set', 'workload.pattern=f');
      expect(pattern.replace('workload.pattern=', '')).toBe('fanout');
      const paths = (await offered('run', '--set', 'phases.')).map((path) => path.split('=')[0]);
      expect(paths).toEqual(expect.arrayContaining(['phases.warmup', 'phases.measure']));
    });
  });
}
