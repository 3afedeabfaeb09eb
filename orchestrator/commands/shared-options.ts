import { Argument, Option } from 'commander';
import { defaultState } from './keeper-flags.ts';
import { suggest } from './suggest.ts';

/** The scenario to be run, planned or deployed. */
export function scenarioArgument(): Argument {
  const text = 'a scenario file or the name of a ready-made one';
  return suggest(new Argument('[scenario]', text).default('quickstart'), 'scenario');
}

/** `--set`, any number of times: what lays values over a scenario. */
export function setOption(): Option {
  const option = new Option('--set <path=value>', 'override any value of the scenario')
    .argParser((value: string, previous: readonly string[]) => [...previous, value])
    .default([]);
  return suggest(option, 'setting');
}

/** `-o <dir>` of whatever writes results. */
export function directoryOption(text: string): Option {
  return suggest(new Option('-o, --output <dir>', text), 'directory');
}

/** `--state` of the four verbs that share a deployment. */
export function stateOption(text: string): Option {
  return suggest(new Option('--state <dir>', text).default(defaultState), 'directory');
}

/** `--hosts` of what looks at the machines that a scenario names. */
export function hostsOption(text: string): Option {
  return suggest(new Option('--hosts <scenario>', text), 'scenario');
}
