import { ServerBooks } from '../../../agents/ledger.ts';
import type { CollectedPart, Part, PeerRow, ProcessVitals } from '../../../agents/protocol.ts';
import { ReasonCounts } from '../../../agents/reasons.ts';
import { Recorder } from '../../../agents/recorder.ts';
import { type Client, clientRow, makeClient } from '../../../agents/workloads/client.ts';
import type { Evidence } from '../../../reports/evidence.ts';
import { seededRandom } from '../../../topologies/random.ts';
import {
  clientCount,
  delayMs,
  duePerSecond,
  type SiteName,
  seconds,
  sites,
} from './three-sites.ts';

/** CPU of every agent over the window, s. */
export const agentCpuSeconds = { client: 1.92, server: 0.84 } as const;

/** An operation, as whoever sees everything would tell it. All times are µs from the start of measuring. */
interface Operation {
  readonly client: Client;
  readonly site: SiteName;
  readonly server: SiteName;
  readonly dueUs: number;
  readonly agentUs: number;
  readonly busUs: number;
  readonly requestUs: number;
  readonly holdUs: number;
  readonly replyUs: number;
  readonly fate: 'done' | 'unroutable' | 'lost' | 'lost reply' | 'late';
}

/** What became of calls over a link that was cut, by share. */
const fatesOfCut = [
  [0.45, 'done'],
  [0.5, 'unroutable'],
  [0.54, 'lost'],
  [0.62, 'late'],
  [1, 'lost reply'],
] as const;

/** The clients and servers of one site at their books, which are those of real agents. */
class Site {
  readonly name: SiteName;
  readonly index: number;
  readonly recorder = new Recorder(sites.length, timeoutUs);
  readonly books = new ServerBooks();
  readonly book;
  readonly clients: readonly Client[];
  readonly reasons = new ReasonCounts();
  handled = 0;
  doneInWindow = 0;

  constructor(name: SiteName) {
    this.name = name;
    this.index = sites.indexOf(name);
    this.book = this.books.open(0, this.index);
    this.recorder.start(0);
    const peers = clientsOf(this.index);
    this.clients = peers.map((peer, position) => makeClient(peer, position, 1));
  }
}

const timeoutUs = 5e6;

/** Index, name and site of every client of a site; clients go round the sites. */
export function clientsOf(site: number): Evidence['clients'] {
  return Array.from({ length: clientCount / sites.length }, (_, i) => {
    const name = `client.${sites[site]}/${i + 1}`;
    return { index: i * sites.length + site, name, site, topic: 0, server: null };
  });
}

export const servers: Evidence['servers'] = sites.map((name, site) => {
  return { index: site, name: `server.${name}/1`, site, topic: 0, subscriber: 0 };
});

/** All that the agents hand over after the imaginary 30 seconds; process i is the clients' of site i, 3 + i its server's. */
export function play(): Evidence['parts'] {
  const random = seededRandom(7);
  const all = sites.map((name) => new Site(name));
  const siteOf = (name: SiteName): Site => {
    const found = all[sites.indexOf(name)];
    if (found === undefined) throw new RangeError(name);
    return found;
  };
  for (let k = 0; k < seconds * duePerSecond; k++) {
    const name = sites[k % sites.length] ?? 'paris';
    const site = siteOf(name);
    const client = site.clients[Math.floor(k / sites.length) % site.clients.length];
    if (client === undefined) throw new RangeError(`no client for operation ${k}`);
    const operation = draw(random, client, name, (k * 1e6) / duePerSecond);
    enter(operation, site, siteOf(operation.server));
  }
  for (const [i, tookUs] of [168_000, 210_000, 415_000].entries()) {
    siteOf(i === 1 ? 'lyon' : 'paris').recorder.countReconnect(i === 1 ? 1 : 0, 10.1e6, tookUs);
  }
  return all.flatMap((site) => [
    ...clientParts(site).map((part) => ({ process: site.index, part })),
    ...serverParts(site).map((part) => ({ process: sites.length + site.index, part })),
  ]);
}

function draw(random: () => number, client: Client, site: SiteName, dueUs: number): Operation {
  const server = random() < 0.62 ? site : (sites[Math.floor(random() * 3)] ?? site);
  // The link is cut for 2 s, and the bus needs another 1.2 s to get over it.
  const inFault = dueUs >= 10.01e6 && dueUs < 13.2e6;
  const cut = inFault && site !== server && site !== 'nice' && server !== 'nice';
  const share = dueUs < 12e6 ? random() : 0.8 * random();
  const fate = cut ? (fatesOfCut.find(([upTo]) => share < upTo)?.[1] ?? 'done') : 'done';
  const tailUs = 300 * (1 / (1 - random()) ** 0.45 - 1);
  const oneWayUs = 1000 * delayMs(site, server) + 200;
  return {
    client,
    site,
    server,
    dueUs,
    agentUs: 15 + 60 * random(),
    busUs: 4 + 20 * random() + (cut && fate === 'done' ? 900_000 * random() : 0),
    requestUs: oneWayUs + 125 * random() + 0.6 * tailUs,
    holdUs: 9 + 6 * random(),
    replyUs: oneWayUs + 125 * random() + 0.4 * tailUs,
    fate,
  };
}

/** As `Operations`, `Clients` and `Servers` of an agent enter a call. */
function enter(operation: Operation, from: Site, to: Site): void {
  const { client, dueUs, agentUs, busUs, requestUs, holdUs, replyUs, fate } = operation;
  const { account } = client;
  const { recorder, index: site } = from;
  const sequence = account.begin(Math.floor(dueUs / 1e6));
  recorder.countDue(site, dueUs);
  recorder.site(site).agentDelay.record(agentUs);
  recorder.site(site).busDelay.record(busUs);
  account.markSent(sequence, 1);
  if (fate === 'unroutable') account.refuse(sequence);
  else if (fate !== 'lost') {
    const again = dueUs === 11e6;
    to.book.deliver(client.peer.index, site, sequence, again);
    // One message comes a second time, and the bus says so: it is handled again.
    to.handled += again ? 2 : 1;
    if (again) to.book.deliver(client.peer.index, site, sequence, true);
  }
  if (fate === 'late') account.late++;
  if (fate === 'late' || fate === 'done') account.replied.add(sequence);
  if (fate !== 'done') {
    const outcome = fate === 'unroutable' ? fate : 'timeout';
    account.fail(outcome);
    const words = fate === 'unroutable' ? '312 NO_ROUTE' : 'no reply by its deadline';
    recorder.countFailed(site, dueUs, outcome, words);
    from.reasons.count(outcome, words);
    return;
  }
  const serviceUs = requestUs + holdUs + replyUs;
  const responseUs = agentUs + busUs + serviceUs;
  account.completed++;
  if (site === to.index) account.local++;
  if (dueUs + responseUs <= seconds * 1e6) from.doneInWindow++;
  client.responses.record(responseUs);
  recorder.countDone(site, dueUs, responseUs, serviceUs);
  const pair = recorder.pair(site, to.index);
  pair.response.record(responseUs);
  pair.service.record(serviceUs);
  pair.requestLeg.record(requestUs);
  pair.hold.record(holdUs);
  pair.replyLeg.record(replyUs);
  pair.transit.record(requestUs + replyUs);
}

function clientParts(site: Site): Part[] {
  const { clients, recorder, name, doneInWindow } = site;
  // The 10 ms timer of the process over the window.
  for (let tick = 0; tick < seconds * 100; tick++) recorder.eventLoopDelay.record(60 + (tick % 40));
  const operations = clients.reduce((sum, { account }) => sum + account.due, 0);
  return [
    ...recorder.remaining(),
    ...recorder.histograms(),
    {
      type: 'clientLedger',
      entries: clients.map(({ peer, account }) => account.entry(peer.index, true)),
    },
    { type: 'peers', rows: clients.map(clientRow) },
    collected(`client.${name}`, {
      operations,
      doneInWindow,
      reasons: site.reasons.entries(),
      vitals: vitals(agentCpuSeconds.client),
      startLatenessUs: 30 + 106 * site.index,
      versions: { amqplib: '2.3.1' },
    }),
  ];
}

function serverParts({ index, name, books, handled }: Site): Part[] {
  const row: PeerRow = {
    peer: `server.${name}/1`,
    role: 'server',
    index,
    site: index,
    topic: 0,
    due: handled,
    completed: handled,
    local: 0,
    failed: 0,
    responseP50Us: null,
    responseP99Us: null,
  };
  return [
    { type: 'serverLedger', entries: [...books.entries(false)] },
    { type: 'peers', rows: [row] },
    collected(`server.${name}`, { handled, vitals: vitals(agentCpuSeconds.server) }),
  ];
}

function vitals(cpuSeconds: number): ProcessVitals {
  return { cpuUs: 1e6 * cpuSeconds, rssMaxBytes: 0, gcUs: 0, sockets: 0 };
}

function collected(process: string, more: Partial<CollectedPart>): CollectedPart {
  return {
    type: 'collected',
    process,
    operations: 0,
    handled: 0,
    startLatenessUs: 0,
    reasons: {},
    reconnects: 0,
    foreign: 0,
    lastEndUs: null,
    versions: {},
    ...more,
  };
}
