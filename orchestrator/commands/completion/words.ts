import type { Argument, Command, Option } from 'commander';
import { scenarios, sweeps } from '../../read/ready-made.ts';
import { jsonSchema } from '../../schemas.ts';
import { type Suggested, suggestedFor } from '../suggest.ts';

/** What a shell offers at one place. */
export interface Offer {
  readonly words: readonly string[];
  /** What it offers besides: paths of files and folders, of folders alone, or the settings of `--set`. */
  readonly also: 'files' | 'directories' | 'settings' | 'nothing';
}

export interface OptionWords {
  /** All its spellings, the long one last. */
  readonly flags: readonly string[];
  readonly about: string;
  /** Of its value; null when it takes none. */
  readonly offer: Offer | null;
}

export interface CommandWords {
  readonly name: string;
  readonly about: string;
  readonly options: readonly OptionWords[];
  /** Of its arguments, all alike; null when it takes none. */
  readonly offer: Offer | null;
}

/** All that a completion script knows, from the tree of commands and from what comes with busbench. */
export interface Words {
  readonly commands: readonly CommandWords[];
  /** Of busbench itself. */
  readonly options: readonly OptionWords[];
  /** What `--set` may name, with the words that the format lists for it; none where it lists no words. */
  readonly settings: ReadonlyMap<string, readonly string[]>;
}

/** Looks through a program, the ready-made files and the format of scenarios. */
export async function findWords(program: Command): Promise<Words> {
  const nameOf = ({ name }: { readonly name: string }): string => name;
  const named = {
    scenario: (await scenarios.list()).map(nameOf),
    sweep: (await sweeps.list()).map(nameOf),
  };
  const offerOf = (what: Argument | Option): Offer => toOffer(suggestedFor(what), named);
  const optionsOf = (command: Command): readonly OptionWords[] =>
    command
      .createHelp()
      .visibleOptions(command)
      .map((option) => ({
        flags: [option.short, option.long].filter((flag) => flag !== undefined),
        about: option.description,
        offer: option.required || option.optional ? offerOf(option) : null,
      }));
  return {
    commands: program.commands.map((command) => {
      const [argument] = command.registeredArguments;
      return {
        name: command.name(),
        about: command.description(),
        options: optionsOf(command),
        offer: argument === undefined ? null : offerOf(argument),
      };
    }),
    options: optionsOf(program),
    settings: settingsOf(jsonSchema('scenario')),
  };
}

function toOffer(
  suggested: Suggested,
  named: Readonly<Record<'scenario' | 'sweep', readonly string[]>>,
): Offer {
  switch (suggested) {
    case 'scenario':
    case 'sweep':
      return { words: named[suggested], also: 'files' };
    case 'setting':
      return { words: [], also: 'settings' };
    case 'directory':
      return { words: [], also: 'directories' };
    case 'file':
      return { words: [], also: 'files' };
    case 'nothing':
      return { words: [], also: 'nothing' };
    default:
      return { words: suggested, also: 'nothing' };
  }
}

/** A node of a JSON Schema, as far as it lists words. */
interface Node {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
}

/** Every path of the format that `--set` can name, with the words that stand for a value there. */
function settingsOf(root: Node): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const visit = (node: Node, path: string): void => {
    for (const variant of [...(node.anyOf ?? []), ...(node.oneOf ?? [])]) visit(variant, path);
    const inner = Object.entries(node.properties ?? {});
    for (const [key, value] of inner) visit(value, path === '' ? key : `${path}.${key}`);
    const variants = (node.anyOf ?? node.oneOf ?? []).length > 0;
    if (path === '' || path === 'schema' || inner.length > 0 || variants) return;
    const words = [...(node.enum ?? []), node.const].filter((word) => typeof word === 'string');
    found.set(path, [...new Set([...(found.get(path) ?? []), ...words])]);
  };
  visit(root, '');
  return found;
}
