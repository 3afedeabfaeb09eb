import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDirectories } from '../../orchestrator/output.ts';
import { run } from '../../orchestrator/run.ts';
import { loadScenario } from '../../orchestrator/scenario.ts';
import { scratchFolder } from '../helpers/cli.ts';

test('what breaks while a run is being stopped does not hide that it was stopped', async () => {
  await using folder = await scratchFolder();
  const { scenario } = await loadScenario('floor', []);
  await using directories = await makeDirectories('floor', join(folder.path, 'r'), false);
  const stop = new AbortController();
  const reason = new Error('stopped by the user');
  const onProgress = (): void => {
    stop.abort(reason);
    throw new Error('the channel broke');
  };
  const stopped = run(scenario, {
    context: directories,
    commandLine: [],
    onProgress,
    stop: stop.signal,
  });
  await expect(stopped).rejects.toBe(reason);
});
