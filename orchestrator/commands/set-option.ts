import { Option } from 'commander';

/** `--set`, any number of times: what lays values over a scenario. */
export function setOption(): Option {
  return new Option('--set <path=value>', 'override any value of the scenario')
    .argParser((value: string, previous: readonly string[]) => [...previous, value])
    .default([]);
}
