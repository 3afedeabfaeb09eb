import { dirname } from 'node:path';
import { patterns } from '../../../topologies/patterns.ts';
import type { ScenarioWith } from '../../../topologies/scenario.ts';
import type { Fabric, RunContext } from '../../fabrics/fabric.ts';
import { here, type Premises } from '../../hosts/premises.ts';
import type { Bus, BusDeployer } from '../bus.ts';
import { routerConfig } from './config.ts';
import { deployRouters } from './deploy.ts';
import { planMesh } from './layout.ts';
import {
  type FoundProgram,
  installHint,
  kinds,
  missing,
  parseFound,
  searchCommand,
  searchEnvironment,
} from './program.ts';

/** qdrouterd or skrouterd, one or several a site, joined in any graph. */
export const routerBus: BusDeployer<'router'> = {
  type: 'router',

  refuse(scenario) {
    const { pattern, pools } = scenario.workload;
    if (patterns[pattern].copies !== 'pool' || pools === 1) return [];
    const message = `routers have no listener pools: expected 1, got ${pools}`;
    return [{ path: 'workload.pools', message }];
  },

  describe(scenario) {
    const { routers } = planMesh(scenario.bus, scenario.links);
    const free = '<free>';
    return routers.flatMap((router) => {
      const config = routerConfig(
        {
          ...router,
          address: `<${router.site}>`,
          ports: {
            normal: free,
            'inter-router': router.accepts.includes('inter-router') ? free : null,
            edge: router.accepts.includes('edge') ? free : null,
          },
          connectors: router.dials.map((dial) => {
            const to = routers.find((other) => other.name === dial.to);
            return { ...dial, address: `<${to?.site} seen from ${router.site}>`, port: free };
          }),
        },
        scenario.bus.options,
      );
      return [`${router.name} at ${router.site}, ${router.mode}:`, ...config.trimEnd().split('\n')];
    });
  },

  async available(spec, premises = here) {
    const wanted = spec.options.program;
    const found = (await findAt(premises)).map(({ program }) => program);
    if (kinds(wanted).some((program) => found.includes(program))) return null;
    return { missing: `no ${missing(wanted)} found`, hint: installHint };
  },

  async foreseen(scenario) {
    const found = (await findAt(here)).map(({ program }) => program);
    const used = kinds(scenario.bus.options.program).find((program) => found.includes(program));
    return multipliedCopies(scenario, used ?? null);
  },

  async found() {
    const versions = (await findAt(here)).map(async ({ program, path }) => {
      const version = await here.run([path, '--version']);
      const caveat = program === 'qdrouterd' ? ' (multiplies fanouts in graphs with cycles)' : '';
      return `${program} ${version.trim()} in ${dirname(path)}${caveat}`;
    });
    return (await Promise.all(versions)).join(', ');
  },

  deploy(
    scenario: ScenarioWith<'router'>,
    fabric: Fabric,
    run: RunContext,
    signal: AbortSignal,
  ): Promise<Bus> {
    return deployRouters(scenario, fabric, run, signal);
  },
};

/**
 * qdrouterd sends copies of a multicast round every cycle of the routers' graph (seen with 1.19: 1600 duplicates beside 2400
 * deliveries). Routers are all joined, so a graph without a cycle has a connection fewer than it has routers.
 */
export function multipliedCopies(
  { bus, links, workload }: ScenarioWith<'router'>,
  program: FoundProgram['program'] | null,
): readonly string[] {
  if (program !== 'qdrouterd' || patterns[workload.pattern].copies !== 'server') return [];
  const { routers } = planMesh(bus, links);
  const connections = routers.reduce((sum, { dials }) => sum + dials.length, 0);
  if (connections < routers.length) return [];
  return [
    `qdrouterd multiplies fanouts in graphs with cycles, as this one of ${routers.length} routers and ${connections} connections is: expect duplicates, or take skrouterd, or bus.graph star, line or tree`,
  ];
}

async function findAt(premises: Premises): Promise<readonly FoundProgram[]> {
  return parseFound(await premises.run(searchCommand, searchEnvironment()));
}
