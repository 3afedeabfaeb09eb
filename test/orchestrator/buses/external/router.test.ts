import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../../../agents/protocol.ts';
import { type Finished, scratchFolder } from '../../../helpers/cli.ts';
import { expectComplete, runForeign } from '../../../helpers/foreign-run.ts';
import {
  type DeployedRouters,
  deployRouter,
  routerMissing,
  routerPrograms,
  routerScenario,
} from '../../../helpers/routers.ts';

const products = { qdrouterd: /^qpid-dispatch-router \d/, skrouterd: /^skupper-router \d/ };

for (const program of routerPrograms) {
  const missing = routerMissing[program];
  if (missing !== null) test(`SKIPPED: ${missing}`, ({ skip }) => skip());

  describe.skipIf(missing !== null)(`a ${program} of somebody else's`, () => {
    let folder: Awaited<ReturnType<typeof scratchFolder>>;
    let deployed: DeployedRouters;
    let url: Json;

    beforeAll(async () => {
      folder = await scratchFolder();
      const yaml = routerScenario('paris', `program: ${program}`);
      deployed = await deployRouter(yaml, AbortSignal.timeout(60_000));
      const [host] = deployed.fabric.hosts;
      if (!host) throw new Error('a fabric without hosts');
      const process = { name: 'x', index: 0, host, clients: [], servers: [] };
      const { endpoint } = await deployed.bus.endpoint(process);
      [url = null] = (endpoint as unknown as { readonly urls: readonly string[] }).urls;
    });

    afterAll(async () => {
      await deployed?.[Symbol.asyncDispose]();
      await folder?.[Symbol.asyncDispose]();
    });

    const runOn = (name: string, sets: readonly string[]): Promise<Finished> => {
      const bus = `protocol: "1.0", url: "${url}"`;
      return runForeign({ folder: folder.path, login: null, name, sets, bus });
    };

    test.each([
      ['call', 'at-least-once', 1],
      ['fanout', 'at-most-once', 2],
    ] as const)(
      'carries %s, %s',
      async (pattern, guarantee, copies) => {
        const finished = await runOn(pattern, [
          `workload.pattern=${pattern}`,
          `guarantee=${guarantee}`,
        ]);
        const run = { folder: folder.path, name: pattern, secret: 'none was given', copies };
        const { bus } = await expectComplete(finished, run);
        expect(bus.nodes[0]?.version).toMatch(products[program]);
      },
      40_000,
    );

    test('does not speak AMQP 0-9-1, and is told so at once', async () => {
      const finished = await runOn('old', ['bus.protocol=0-9-1']);
      expect(finished.code).toBe(3);
      expect(finished.stderr).toContain('EXTERNAL_UNREACHABLE');
      expect(finished.stderr).toContain('it speaks AMQP 1.0, not 0-9-1');
    }, 40_000);

    test('has no listener pools, and says so before anything starts', async () => {
      const finished = await runOn('pools', ['workload.pattern=notify', 'workload.pools=2']);
      expect(finished.code).toBe(3);
      expect(finished.stderr).toContain('EXTERNAL_UNFIT');
      expect(finished.stderr).toContain('it has no listener pools; got 2');
    }, 40_000);
  });
}
