import type { LinkShape } from '../../../topologies/topology.ts';
import { routerInterface, siteInterface, siteNetwork } from './addresses.ts';

// What is said to tc, and what it says. One HTB class a source on the router's interface towards each destination,
// with netem below it: netem alone has no classes, and each source needs a delay of its own.

/** What netem may hold where nothing but delay limits it; its own default of 1000 drops what is merely under way. */
const wideLimitPackets = 200_000;
const minLimitPackets = 100;
const packetBytes = 1_500;
/** As the packet engine: the queue of a link with a rate holds what it carries in this time. */
const queueMs = 100;
/** Faster than anything here. netem keeps packets in order only where it has a rate. */
const orderingRate = '100gbit';

/** A direction by the numbers of its sites, from 1. */
export interface Direction {
  readonly source: number;
  readonly destination: number;
}

/** Once for each destination. Traffic of no class, such as the router's own ARP, passes unshaped. */
export function rootCommand(destination: number): string {
  return `qdisc add dev ${routerInterface(destination)} root handle 1: htb default 0`;
}

/** A class of its own for what a source sends to a destination, which tells it by its source address. */
export function directionCommands(direction: Direction, shape: LinkShape): readonly string[] {
  const { source, destination } = direction;
  const device = routerInterface(destination);
  const minor = hex(source);
  return [
    `class add dev ${device} parent 1: classid 1:${minor} htb rate ${orderingRate} quantum 200000`,
    `qdisc add ${leaf(direction)} ${netem(shape)}`,
    `filter add dev ${device} parent 1: protocol ip prio 1 u32 match ip src ${siteNetwork(source)} flowid 1:${minor}`,
  ];
}

/** Replaces all that netem does in one direction; what is under way keeps its time. */
export function changeCommand(direction: Direction, shape: LinkShape, cut: boolean): string {
  return `qdisc change ${leaf(direction)} ${netem(cut ? { ...shape, lossPercent: 100, lossBurst: 1 } : shape)}`;
}

function leaf({ source, destination }: Direction): string {
  return `dev ${routerInterface(destination)} parent 1:${hex(source)} handle ${leafHandle(source)}`;
}

/** Above 1:, which is the root's. */
function leafHandle(source: number): string {
  return `${hex(0x10 + source)}:`;
}

/** tc reads and writes the numbers of classes and handles in hexadecimal. */
function hex(number: number): string {
  return number.toString(16);
}

function netem(shape: LinkShape): string {
  const { delayMs, jitterMs, rateMbps } = shape;
  const jitter = jitterMs > 0 ? ` ${ms(jitterMs)} distribution normal` : '';
  const rate =
    rateMbps !== null
      ? ` rate ${Math.round(rateMbps * 1e6)}bit`
      : jitterMs > 0
        ? ` rate ${orderingRate}`
        : '';
  return `netem limit ${limitPackets(shape)} delay ${ms(delayMs)}${jitter}${loss(shape)}${rate}`;
}

function ms(value: number): string {
  return `${Math.round(value * 1e3)}us`;
}

/** netem's limit counts what is under way as well as what waits. */
function limitPackets({ delayMs, jitterMs, rateMbps }: LinkShape): number {
  if (rateMbps === null) return wideLimitPackets;
  const packetsPerMs = (rateMbps * 1e3) / 8 / packetBytes;
  return Math.max(minLimitPackets, Math.round(packetsPerMs * (queueMs + delayMs + 4 * jitterMs)));
}

/** gemodel p r: from good to bad and back, the bad state losing all and the good one nothing. */
function loss({ lossPercent, lossBurst = 1 }: LinkShape): string {
  if (lossPercent <= 0) return '';
  const share = lossPercent / 100;
  if (lossBurst <= 1 || share >= 1) return ` loss random ${percent(share)}`;
  const leave = 1 / lossBurst;
  return ` loss gemodel ${percent((leave * share) / (1 - share))} ${percent(leave)}`;
}

function percent(share: number): string {
  return `${Number((100 * share).toFixed(6))}%`;
}

/** In a site: whether its packets leave at wire size, for netem loses and delays 64 kB of segments as one packet. */
export function segmentCommand(segments: boolean): string {
  const size = segments
    ? `gso_max_size ${packetBytes} gso_max_segs 1`
    : 'gso_max_size 65536 gso_max_segs 65535';
  return `link set ${siteInterface} ${size}`;
}

/** What one direction's netem has passed on and dropped since it was made. */
export interface NetemCounters extends Direction {
  readonly packets: number;
  /** Of IP packets: tc counts Ethernet headers too. */
  readonly bytes: number;
  readonly drops: number;
}

const ethernetHeaderBytes = 14;

/** Reads `tc -s -j qdisc show`: every qdisc that hangs below one of our classes. Throws on what is not that. */
export function parseCounters(json: string): readonly NetemCounters[] {
  const rows: unknown = JSON.parse(json);
  if (!Array.isArray(rows)) throw new TypeError('expected a list of qdiscs');
  return rows.flatMap((row: Readonly<Record<string, unknown>>) => {
    const [, destination] = /^site(\d+)$/.exec(String(row['dev'])) ?? [];
    const [, source] = /^1:([0-9a-f]+)$/.exec(String(row['parent'])) ?? [];
    if (destination === undefined || source === undefined) return [];
    const { packets, bytes, drops } = row;
    if (typeof packets !== 'number' || typeof bytes !== 'number' || typeof drops !== 'number') {
      throw new TypeError(`expected packets, bytes and drops in ${JSON.stringify(row)}`);
    }
    return [
      {
        source: Number.parseInt(source, 16),
        destination: Number(destination),
        packets,
        bytes: bytes - ethernetHeaderBytes * packets,
        drops,
      },
    ];
  });
}
