import { mkdir } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { messagesOf } from '../../agents/lines.ts';
import { writeRecord, writeWhole } from '../../reports/write.ts';
import { type Deployment, deploy } from '../deployment.ts';
import { BenchError, describeFailure, UsageError } from '../errors.ts';
import { Observer } from '../observer.ts';
import { makePlan } from '../plan/plan.ts';
import { newOwner } from '../processes/owner.ts';
import { ResourceStack } from '../processes/resource-stack.ts';
import { loadScenario, scenarioYaml } from '../read/scenario.ts';
import { bench } from '../run.ts';
import { makeContext } from '../run-directories.ts';
import { type Failure, type KeeperReply, type KeeperRequest, sendLine } from './protocol.ts';
import {
  deploymentKey,
  forgetState,
  refuseUnlike,
  type ScenarioOrigin,
  socketPath,
  writeState,
} from './state.ts';

/** Time for a bus to prove its queues empty between benches. */
const resetMs = 30_000;

/** Owns a deployment for as long as it stands, and benches it for whoever connects. */
export class Keeper implements AsyncDisposable {
  readonly #directory: string;
  readonly #resources: ResourceStack;
  readonly #deployment: Deployment;
  readonly #key: string;
  readonly #logs: string;
  /** Aborts the bench that is under way. */
  #bench: AbortController | null = null;
  #benched = 0;
  #server: Server | null = null;
  readonly #over = new AbortController();
  /** Whoever asked for the end, to be told once nothing stands any more. */
  readonly #awaitingEnd: Socket[] = [];

  private constructor(
    directory: string,
    resources: ResourceStack,
    deployment: Deployment,
    key: string,
  ) {
    this.#directory = directory;
    this.#resources = resources;
    this.#deployment = deployment;
    this.#key = key;
    this.#logs = join(directory, 'logs');
  }

  /** Deploys and begins to listen; on failure removes what it had made. */
  static async start(
    directory: string,
    origin: ScenarioOrigin,
    onStep: (step: string) => void,
    stop: AbortSignal,
  ): Promise<Keeper> {
    const { scenario } = await loadScenario(origin.reference, origin.sets);
    const resources = new ResourceStack();
    try {
      const context = resources.use(await makeContext(join(directory, 'logs')));
      const deployment = resources.use(await deploy(scenario, { context, onStep, stop }));
      const key = deploymentKey(scenario);
      const keeper = new Keeper(directory, resources, deployment, key);
      await keeper.#listen();
      const deployedAt = new Date().toISOString();
      await writeState(directory, {
        schema: 'busbench/state/1',
        origin,
        name: scenario.name,
        owner: newOwner(context.runId),
        deploymentKey: key,
        deployedAt,
      });
      return keeper;
    } catch (error) {
      await resources[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
  }

  /** Settles when somebody has asked for the end. */
  async asked(): Promise<void> {
    const { signal } = this.#over;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#bench?.abort(new Error('the deployment is being removed'));
    let reply: KeeperReply = { type: 'done', found: this.#deployed() };
    try {
      await this.#resources[Symbol.asyncDispose]();
    } catch (error) {
      reply = { type: 'failed', failure: failureOf(error) };
    }
    await forgetState(this.#directory);
    for (const socket of this.#awaitingEnd) {
      sendLine(socket, reply);
      socket.end();
    }
    this.#server?.close();
    if (reply.type === 'failed') throw new Error(reply.failure.message);
  }

  async #listen(): Promise<void> {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      void this.#serve(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socketPath(this.#directory), resolve);
    });
    this.#server = server;
  }

  async #serve(socket: Socket): Promise<void> {
    try {
      for await (const request of messagesOf<KeeperRequest>(socket, 'whoever asks')) {
        if (request.type === 'destroy') {
          this.#awaitingEnd.push(socket);
          this.#over.abort();
        } else if (request.type === 'stop') this.#bench?.abort(new Error('stopped by the user'));
        // Not awaited: a stop may come on the same connection.
        else void this.#answer(request, socket);
      }
    } catch (error) {
      sendLine(socket, { type: 'failed', failure: failureOf(error) });
    }
  }

  async #answer(
    request: Extract<KeeperRequest, { type: 'bench' | 'snapshot' }>,
    socket: Socket,
  ): Promise<void> {
    let reply: KeeperReply;
    try {
      const found =
        request.type === 'bench' ? await this.#measure(request, socket) : await this.#snapshot();
      reply = { type: 'done', found };
    } catch (error) {
      reply = { type: 'failed', failure: failureOf(error) };
    }
    sendLine(socket, reply);
    socket.end();
  }

  async #measure(
    { origin, output, commandLine }: Extract<KeeperRequest, { type: 'bench' }>,
    socket: Socket,
  ): Promise<readonly string[]> {
    if (this.#bench !== null) throw busy();
    const { scenario } = await loadScenario(origin.reference, origin.sets);
    refuseUnlike(scenario, this.#key);
    const controller = new AbortController();
    this.#bench = controller;
    // Whoever asked and went away wants no result.
    socket.once('close', () => controller.abort(new Error('the client went away')));
    try {
      const observer = new Observer(scenario, (progress) =>
        sendLine(socket, { type: 'progress', progress }),
      );
      if (this.#benched++ > 0) {
        observer.step('emptying the bus');
        const patience = AbortSignal.any([controller.signal, AbortSignal.timeout(resetMs)]);
        await this.#deployment.bus.reset(patience);
      }
      await using context = await makeContext(join(output, 'logs'));
      const options = { context, commandLine, stop: controller.signal, onProgress: () => {} };
      const record = await bench(makePlan(scenario), this.#deployment, observer, options);
      await writeRecord(output, record, scenarioYaml(record.result.scenario));
      return [output];
    } finally {
      this.#bench = null;
    }
  }

  /** Counters and configurations as they are now, below `snapshot/`. */
  async #snapshot(): Promise<readonly string[]> {
    const { bus, fabric } = this.#deployment;
    const place = join(this.#directory, 'snapshot');
    await mkdir(place, { recursive: true });
    const counters = await bus.counters(AbortSignal.timeout(resetMs));
    const file = join(place, 'counters.json');
    await writeWhole(file, `${JSON.stringify(Object.fromEntries(counters), null, 2)}\n`);
    const written = [file];
    for (const host of fabric.hosts) {
      const logFile = join(this.#logs, 'snapshot.log');
      const options = { cwd: host.directory, logFile, stdio: 'pipe', timeoutMs: resetMs } as const;
      for (const path of (await host.run(findConfigurations, options)).split('\n')) {
        if (path === '') continue;
        const copy = join(place, host.name, path);
        await mkdir(join(copy, '..'), { recursive: true });
        await writeWhole(copy, (await host.get(join(host.directory, path))).toString('utf8'));
        written.push(copy);
      }
    }
    return written;
  }

  #deployed(): readonly string[] {
    const { bus, fabric } = this.#deployment;
    return [
      ...bus.nodes.map(({ name, site }) => `bus node ${name} at ${site}`),
      ...fabric.processes.map(({ name }) => `fabric process ${name}`),
      `fabric ${fabric.name} of ${fabric.hosts.length} hosts`,
    ];
  }
}

/** What nodes were configured with. Passwords are in other files, and stay there. */
const findConfigurations: readonly string[] = [
  ...['find', '.', '-type', 'f', '-size', '-256k', '('],
  ...['-name', '*.conf', '-o', '-name', 'enabled_plugins', '-o', '-name', 'inetrc', ')'],
];

function busy(): UsageError {
  return new UsageError(
    'KEEPER_BUSY',
    'another bench is running on this deployment',
    'Wait for it: two loads at once would measure each other.',
  );
}

/** Any failure in the form that crosses the socket. */
export function failureOf(error: unknown): Failure {
  const bad = error instanceof BenchError && ['scenario', 'usage'].includes(error.kind);
  return { kind: bad ? 'usage' : 'run', ...describeFailure(error) };
}
