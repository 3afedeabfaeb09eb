import { writeRecord } from '../../reports/write.ts';
import { conductTest, dismiss } from '../by-hand/conduct.ts';
import type { Joined } from '../by-hand/joined.ts';
import { refuseDecided } from '../by-hand/layout.ts';
import type { ListenAddress } from '../by-hand/listen-address.ts';
import { Meeting, type Wanted } from '../by-hand/meeting.ts';
import { readToken } from '../by-hand/token.ts';
import { interruptible } from '../processes/interrupts.ts';
import { scenarioYaml } from '../read/scenario.ts';
import { makeDirectories } from '../run-directories.ts';
import { handTests, type TestName } from './hand-tests.ts';
import { showProgress } from './progress.ts';
import { tellResult } from './tell-result.ts';

export interface ControllerFlags {
  readonly listen: ListenAddress;
  readonly tokenFile: string;
  readonly waitFor: Wanted;
  readonly joinTimeout: number;
  readonly calls: number;
  readonly length: number;
  readonly pause: number;
  readonly timeout: number;
  readonly output?: string;
  readonly set: readonly string[];
  readonly json?: true;
  readonly quiet?: true;
}

/** `busbench controller`: one test over agents that were started by hand, the ombt way. */
export async function controllerCommand(
  name: TestName | 'shutdown',
  flags: ControllerFlags,
): Promise<void> {
  refuseDecided(flags.set);
  const token = await readToken(flags.tokenFile);
  using interrupts = interruptible();
  const tell = (line: string): void => {
    if (!flags.quiet) process.stderr.write(`busbench: ${line}\n`);
  };
  await using meeting = await Meeting.open({ ...flags.listen, token, wanted: flags.waitFor, tell });
  tell(`waiting for agents at ${meeting.where}`);
  if (name === 'shutdown') {
    await dismiss(await meeting.everybody(flags.joinTimeout, interrupts.stop));
    return;
  }
  const everybody = (): Promise<readonly Joined[]> =>
    meeting.everybody(flags.joinTimeout, interrupts.stop);
  await test(name, flags, everybody, interrupts.stop);
}

async function test(
  name: TestName,
  flags: ControllerFlags,
  everybody: () => Promise<readonly Joined[]>,
  stop: AbortSignal,
): Promise<void> {
  await using directories = await makeDirectories(name, flags.output, false);
  const joined = await everybody();
  using progress = showProgress(name, flags.quiet ?? false);
  const asked = {
    pattern: handTests[name],
    calls: flags.calls,
    lengthBytes: flags.length,
    pauseMs: flags.pause,
    timeoutMs: flags.timeout,
  };
  const record = await conductTest(asked, joined, flags.set, {
    context: directories,
    commandLine: process.argv.slice(2),
    onProgress: progress.update,
    stop,
  });
  await writeRecord(directories.results, record, scenarioYaml(record.result.scenario));
  progress[Symbol.dispose]();
  tellResult(record, directories.results, { json: flags.json ?? false, stop });
}
