import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describePlan, planText } from '../orchestrator/plan/describe.ts';
import { makePlan } from '../orchestrator/plan/plan.ts';
import { loadScenario } from '../orchestrator/read/scenario.ts';
import { loadSweep } from '../orchestrator/sweep/load.ts';
import { quietProgram } from './helpers/command-line.ts';

/*
 * Every command that a ready-made scenario, the README or a document writes down is read as the program reads it, and
 * what it would do is planned: each verb, option, name and `--set` is right. Nothing is started; what a run comes to is
 * for the tests of test/e2e.
 */

const root = join(import.meta.dirname, '..');

interface Written {
  readonly where: string;
  readonly words: readonly string[];
}

function filesIn(folder: string, ending: string): string[] {
  const names = readdirSync(join(root, folder), { recursive: true }).map(String);
  return names.filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

/** Lines of comments that are a command, and after "Try:"; what stands behind two blanks is a remark. */
function inComments(file: string): Written[] {
  return linesOf(file).flatMap(([line, where]) => {
    const command = /^#(?: {3}| .*Try: )busbench (\S.*)$/.exec(line)?.[1];
    return command === undefined ? [] : [{ where, words: wordsOf(command) }];
  });
}

/** Of Markdown: lines of code blocks and code within lines that begin with the program, or with npm in its place. */
function inMarkdown(file: string): Written[] {
  let fenced = false;
  return linesOf(file).flatMap(([line, where]) => {
    if (line.startsWith('```')) fenced = !fenced;
    const code = fenced ? [line] : [...line.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
    return code.flatMap((text) => {
      const command = /^(?:busbench|npm start (?:--silent )?--) ([a-z].*)$/.exec(text.trim())?.[1];
      return command === undefined ? [] : [{ where, words: wordsOf(command) }];
    });
  });
}

function linesOf(file: string): [line: string, where: string][] {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  return lines.map((line, i) => [line, `${file}:${i + 1}`]);
}

/** As a shell splits them, up to a remark or to where the output goes. */
function wordsOf(command: string): string[] {
  const [code = ''] = command.split(/\s{2,}|\s[|>]/);
  return [...code.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

const all: readonly Written[] = [
  ...filesIn('topologies', '.yaml').flatMap(inComments),
  ...['README.md', ...filesIn('docs', '.md')].flatMap(inMarkdown),
];

/** A verb by itself speaks of the command, and need not be whole. */
const isMention = ({ words }: Written): boolean => words.length === 1;

/** What stands for something of the reader's own, such as `<scenario>` or `DIR`. */
const isForm = ({ words }: Written): boolean =>
  words.some((word) => /^[[</]|\.\.\.|^[A-Z]+$/.test(word));

let place = '';

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'busbench-commands-'));
  // The README shows the file that its next command runs.
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const [, yaml = '', name = ''] of readme.matchAll(
    /```yaml\n(schema: [\s\S]*?name: (\S+)\n[\s\S]*?)```/g,
  )) {
    await writeFile(join(place, `${name}.yaml`), yaml);
  }
});

afterAll(async () => {
  await rm(place, { recursive: true, force: true });
});

/** The verb, its first argument and `--set`s, as the program understands them; throws where it does not. */
function understood(words: readonly string[]): { verb: string; name: string; set: string[] } {
  const program = quietProgram();
  let found: { verb: string; name: string; set: string[] } | null = null;
  for (const command of program.commands) {
    command.action(() => {
      const { set = [] } = command.opts<{ set?: string[] }>();
      const [name] = command.processedArgs.flat();
      found = { verb: command.name(), name: typeof name === 'string' ? name : '', set };
    });
  }
  program.parse([...words], { from: 'user' });
  if (found === null) throw new Error('no verb was called');
  return found;
}

describe('every command that is written down', () => {
  const commands = all.filter((written) => !isForm(written) && !isMention(written));

  it('is found', () => {
    expect(commands.length).toBeGreaterThan(40);
  });

  it('has a verb that there is', () => {
    const verbs = quietProgram().commands.map((command) => command.name());
    const unknown = all.filter(({ words: [verb = ''] }) => ![...verbs, 'help'].includes(verb));
    expect(unknown.map(({ where, words }) => `${where}: ${words.join(' ')}`)).toEqual([]);
  });

  it.each(commands.map(({ where, words }) => [where, words.join(' '), words] as const))(
    '%s: busbench %s',
    async (_, __, words) => {
      const { verb, name, set } = understood(words);
      const own = join(place, name);
      const file = name.endsWith('.yaml') && existsSync(own) ? own : name;
      if (verb === 'sweep') expect((await loadSweep(file)).points.length).toBeGreaterThan(0);
      if (verb !== 'run' && verb !== 'plan' && verb !== 'deploy') return;
      const { scenario } = await loadScenario(file, set);
      expect(planText(await describePlan(makePlan(scenario)))).toContain(scenario.name);
    },
  );
});
