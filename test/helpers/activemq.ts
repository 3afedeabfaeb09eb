import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { scratchFolder } from './cli.ts';
import { freePort } from './foreign-rabbitmq.ts';

const home = process.env['BUSBENCH_ACTIVEMQ'] ?? '';
const bootMs = 60_000;

/** Why tests on a real ActiveMQ Classic cannot run here, or null. */
export const activemqMissing: string | null = missing();

function missing(): string | null {
  const wanted =
    'BUSBENCH_ACTIVEMQ has to name the home of an ActiveMQ Classic with its AMQP connector';
  if (home === '') return `ActiveMQ is not tried: ${wanted} (Debian's package has none)`;
  const optional = join(home, 'lib', 'optional');
  const jars = existsSync(optional) ? readdirSync(optional) : [];
  const connector = jars.some((name) => name.startsWith('activemq-amqp-'));
  return connector ? null : `no lib/optional/activemq-amqp-*.jar in ${home}: ${wanted}`;
}

/** What the broker itself counted at one destination since it was made. */
export interface DestinationCounters {
  readonly EnqueueCount: number;
  readonly DequeueCount: number;
  readonly QueueSize: number;
}

export interface Activemq extends AsyncDisposable {
  readonly url: string;
  readonly login: string;
  readonly secret: string;
  /** Queues or topics by name, without the broker's own advisories. */
  counters(kind: 'Queue' | 'Topic'): Promise<ReadonlyMap<string, DestinationCounters>>;
}

/** A private ActiveMQ on loopback, which lets nobody in but `login`; removed when disposed. */
export async function startActivemq(): Promise<Activemq> {
  const { path: folder } = await scratchFolder();
  const [amqp, http] = [await freePort(), await freePort()];
  const secret = 'bench-activemq-secret';
  mkdirSync(join(folder, 'tmp'));
  const file = join(folder, 'activemq.xml');
  writeFileSync(file, configuration(amqp, http, secret));
  const places = ['base', 'conf', 'data'].map((name) => `-Dactivemq.${name}=${folder}`);
  const settings = [
    '-Xmx512M',
    `-Djava.io.tmpdir=${join(folder, 'tmp')}`,
    `-Dactivemq.home=${home}`,
    ...places,
    `-Djolokia.conf=file:${join(home, 'conf', 'jolokia-access.xml')}`,
  ];
  const jar = ['-jar', join(home, 'bin', 'activemq.jar'), 'start', `xbean:file:${file}`];
  const child = spawn('java', [...settings, ...jar], { stdio: ['ignore', 'pipe', 'ignore'] });
  const said = text(child.stdout);
  const exited = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    child.kill('SIGTERM');
    await exited;
    clearTimeout(timer);
    await rm(folder, { recursive: true, force: true });
  };
  const counters: Activemq['counters'] = (kind) => destinations(http, kind);
  const end = performance.now() + bootMs;
  while (
    !(await counters('Topic').then(
      () => true,
      () => false,
    ))
  ) {
    if (performance.now() > end || child.exitCode !== null) {
      await stop();
      throw new Error(`ActiveMQ did not start: ${await said}`);
    }
    await sleep(200);
  }
  const login = `bench:${secret}`;
  return { url: `amqp://127.0.0.1:${amqp}`, login, secret, counters, [Symbol.asyncDispose]: stop };
}

const fields: readonly (keyof DestinationCounters)[] = [
  'EnqueueCount',
  'DequeueCount',
  'QueueSize',
];

/** By Jolokia, the management that the distribution's web application serves. */
async function destinations(
  http: number,
  kind: string,
): Promise<ReadonlyMap<string, DestinationCounters>> {
  const names = `type=Broker,brokerName=test,destinationType=${kind},destinationName=*`;
  const url = `http://127.0.0.1:${http}/api/jolokia/read/org.apache.activemq:${names}/${fields.join()}`;
  const answer = await fetch(url, { headers: { Origin: 'http://localhost' } });
  if (!answer.ok) throw new Error(`Jolokia answered ${answer.status}`);
  const { value = {}, status } = (await answer.json()) as {
    readonly status: number;
    readonly value?: Readonly<Record<string, DestinationCounters>>;
  };
  // 404: there is no such destination yet.
  if (status !== 200 && status !== 404) throw new Error(`Jolokia says ${status}`);
  const found = Object.entries(value).map(([bean, counted]) => {
    const [, name = ''] = /destinationName=([^,]*)/.exec(bean) ?? [];
    return [name, counted] as const;
  });
  return new Map(found.filter(([name]) => !name.startsWith('ActiveMQ.')));
}

function configuration(amqp: number, http: number, secret: string): string {
  const spring = 'http://www.springframework.org/schema/beans';
  const core = 'http://activemq.apache.org/schema/core';
  const schemas = [spring, `${spring}/spring-beans.xsd`, core, `${core}/activemq-core.xsd`];
  return `<beans xmlns="${spring}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="${schemas.join(' ')}">
  <bean class="org.springframework.beans.factory.config.PropertyPlaceholderConfigurer"/>
  <broker xmlns="${core}" brokerName="test" dataDirectory="\${activemq.data}">
    <managementContext><managementContext createConnector="false"/></managementContext>
    <plugins>
      <simpleAuthenticationPlugin>
        <users><authenticationUser username="bench" password="${secret}" groups="users"/></users>
      </simpleAuthenticationPlugin>
    </plugins>
    <systemUsage><systemUsage>
      <memoryUsage><memoryUsage limit="256 mb"/></memoryUsage>
      <storeUsage><storeUsage limit="1 gb"/></storeUsage>
      <tempUsage><tempUsage limit="1 gb"/></tempUsage>
    </systemUsage></systemUsage>
    <transportConnectors>
      <transportConnector name="amqp" uri="amqp://127.0.0.1:${amqp}?transport.tcpNoDelay=true"/>
    </transportConnectors>
  </broker>
  <bean class="org.eclipse.jetty.server.Server" init-method="start" destroy-method="stop">
    <constructor-arg>
      <bean class="java.net.InetSocketAddress">
        <constructor-arg value="127.0.0.1"/><constructor-arg value="${http}"/>
      </bean>
    </constructor-arg>
    <property name="handler">
      <bean class="org.eclipse.jetty.webapp.WebAppContext">
        <property name="contextPath" value="/api"/>
        <property name="resourceBase" value="${home}/webapps/api"/>
      </bean>
    </property>
  </bean>
</beans>
`;
}
