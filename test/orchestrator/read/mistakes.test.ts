import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../orchestrator/read/scenario.ts';
import { minimal, mistakesOf } from '../../helpers/scenarios.ts';

describe('mistakes', () => {
  it('are unknown keys also where every object has one of that name', async () => {
    const found = await mistakesOf(`${minimal}\ntoString: 0\nconstructor: []\n`);
    expect(found.map(({ path }) => path)).toEqual(['toString', 'constructor']);
  });

  it('are all reported at once, in order, each with its line and column', async () => {
    const found = await mistakesOf(`schema: busbench/scenario/1
sites: [paris, lyon]
fabrik: loopback
links:
  default: { delay: 10 }
  constraints:
    - { src: paris, dst: lion, delay: 1 }
    - { dst: lyon }
    - { src: lyon, dst: lyon }
bus: { type: zeromq, chioce: random }
servers: { count: 2 }
workload:
  topics: 3
  hold: 3
phases: { drain: 1s }
faults:
  - { at: 60s, for: 1s, action: partition, between: [paris, lyonn] }
phases: { drain: 2s }
`);
    expect(found.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
      '3:1 fabrik',
      '5:21 links.default.delay',
      '7:26 links.constraints[0].dst',
      '7:39 links.constraints[0].delay',
      '8:7 links.constraints[1].src',
      '9:25 links.constraints[2].dst',
      '10:22 bus.chioce',
      '11:19 servers.count',
      '14:9 workload.hold',
      '17:11 faults[0].at',
      '17:61 faults[0].between[1]',
      '18:1 ',
      '18:18 phases.drain',
    ]);
  });

  it('tell hosts from fabrics', async () => {
    const [found] = await mistakesOf(
      minimal,
      'sites={ paris: { hosts: [a, { ssh: b, address: c }] } }',
    );
    expect(found?.message).toContain('hosts are for fabric machines');
    const missing = await mistakesOf(minimal, 'fabric=machines');
    expect(missing.map(({ path }) => path)).toContain('sites');
    const fault = 'faults=[{ at: 1s, for: 1s, action: pause, node: bus-1 }]';
    const faulty = await mistakesOf(minimal, 'fabric=machines', fault);
    expect(faulty.map(({ path }) => path)).not.toContain('faults[0].node');
  });

  it('of a link that the fabric cannot make are told where they were written, once', async () => {
    const found = await mistakesOf(`${minimal}links:
  default: { loss: 1% }
  constraints:
    - { src: paris, dst: lyon, loss: 2% }
    - { src: paris, dst: nice, delay: 1ms }
`);
    expect(found.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '5 links.default.loss',
      '7 links.constraints[0].loss',
    ]);
    expect(found[0]?.message).toContain('cannot lose packets');
  });

  it('do not follow from other mistakes', async () => {
    const text = `${minimal}workload: { timeout: 9, topics: x }\nphases: { drain: 1s }\n`;
    const found = await mistakesOf(text);
    expect(found.map(({ path }) => path)).toEqual(['workload.timeout', 'workload.topics']);
  });

  it('name the file, every place and every message in the error itself', async () => {
    await expect(parseScenario(`${minimal}seed: x\n`, 'dir/a.yaml', [])).rejects.toThrow(
      '1 mistake in dir/a.yaml\ndir/a.yaml:4:7: seed: expected a number; got "x"',
    );
  });

  it.each([
    ['a: [', 'YAML'],
    ['a: b: c', 'YAML'],
    ['a: 1\n---\nb: 2', 'a second document begins here; expected one in a file'],
    ['a: *nowhere', 'cannot be read as YAML'],
    ['a: !thing 1', 'YAML'],
    [`${'['.repeat(20_000)}`, 'YAML'],
    [`a: ${'x'.repeat(300_000)}`, 'at most 262144 characters'],
  ])('of YAML itself are told: %#', async (text, message) => {
    const found = await mistakesOf(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]?.message).toContain(message);
    expect(found[0]?.line).toBeGreaterThanOrEqual(1);
  });

  it('of one slip in YAML are one, and say what to do', async () => {
    const found = await mistakesOf(`${minimal}links:
  constraints:
    - { src: grp[1-2], dst: nice, delay: 10ms, loss: "0.1%" }
    - { src: paris, dst: lyon, delay: 0.5s, symetric: no }
faults: [{ at: 1s }]
`);
    expect(found.map(({ line, column, message }) => `${line}:${column} ${message}`)).toEqual([
      '6:17 YAML: unexpected [ here; a text with one of [ ] { } , in it needs quotes',
    ]);
  });

  it('in what a merge key lends are told where it stands', async () => {
    const found = await mistakesOf(`${minimal}links:
  default: &wan { delay: 5ms, jiter: 1ms }
  constraints:
    - { <<: *wan, src: paris, dst: lyonn }
`);
    expect(found.map(({ line, column, path }) => `${line}:${column} ${path}`)).toEqual([
      '5:31 links.default.jiter',
      '5:31 links.constraints[0].jiter',
      '7:36 links.constraints[0].dst',
    ]);
  });

  it('after a mistaken element of a list keep their place', async () => {
    const found = await mistakesOf(`${minimal}links:
  constraints:
    - { src: paris, dst: lyon, delay: 5 }
    - { dst: lyon }
    - { src: nice, dst: lyon, delay: 1ms }
    - { src: lyon, dst: nice, delay: 2ms }
`);
    expect(found.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '6 links.constraints[0].delay',
      '7 links.constraints[1].src',
      '9 links.constraints[3]',
    ]);
    expect(found[2]?.message).toContain('already given by constraints[2]');
  });

  it('include aliases that would blow up', async () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let i = 1; i < 12; i++) {
      bomb.push(
        `a${i}: &a${i} [${Array(9)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      );
    }
    const found = await mistakesOf(bomb.join('\n'));
    expect(found[0]?.message).toContain('cannot be read as YAML');
  });
});
