import { say } from '../../agents/joining.ts';
import type { RunRecord } from '../../reports/record.ts';
import { firstHost, openExternal } from '../buses/external/external.ts';
import { Observer } from '../observer.ts';
import { ResourceStack } from '../processes/resource-stack.ts';
import { bench, type RunOptions } from '../run.ts';
import type { Joined } from './joined.ts';
import { joinedFabric } from './joined-fabric.ts';
import { type HandTest, handPlan, handScenario } from './layout.ts';

/** Runs one test over agents that joined; like `run`, but for what stands already: their machines and the bus. */
export async function conductTest(
  test: HandTest,
  joined: readonly Joined[],
  sets: readonly string[],
  options: RunOptions,
): Promise<RunRecord> {
  const scenario = await handScenario(test, joined, sets);
  const plan = handPlan(scenario, joined);
  const observer = new Observer(scenario, options.onProgress);
  const { context, stop } = options;
  await using stack = new ResourceStack();
  const fabric = stack.use(await joinedFabric(joined, context));
  const [first] = joined;
  const secrets = {
    login: first?.request.login ?? null,
    tls: { ca: first?.request.ca ?? null, cert: null, key: null, serverName: null },
  };
  observer.step('bus external');
  const parts = { scenario, run: context, host: firstHost(fabric), secrets };
  const bus = stack.use(await openExternal(parts, stop));
  return await bench(plan, { fabric, bus }, observer, options);
}

/** Sends the agents home for good. */
export async function dismiss(joined: readonly Joined[]): Promise<void> {
  await Promise.all(
    joined.map(
      ({ socket }) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          say(socket, { type: 'shutdown' });
          socket.end();
        }),
    ),
  );
}
