import type { Introduction } from '../../../agents/drivers/rhea/endpoint.ts';
import type { Broker } from '../../../topologies/buses/external.ts';
import { BusError } from '../../errors.ts';

/** What libraries say when it is the protocol that is wrong, and what that means. */
const protocols: readonly (readonly [said: RegExp, means: string, hint: string])[] = [
  [
    /version: 0-9-1/,
    'it speaks AMQP 0-9-1, not 1.0',
    'Use protocol: 0-9-1, or have its plugin enabled (`rabbitmq-plugins enable rabbitmq_amqp1_0`; RabbitMQ 4 speaks 1.0 by itself).',
  ],
  // amqplib takes the header of AMQP 1.0, with SASL or without, for a frame of this size.
  [/^Frame size (1342374144|1342177536) /, 'it speaks AMQP 1.0, not 0-9-1', 'Use protocol: "1.0".'],
  [/wrong version number/, 'there is no TLS at that port', 'Use an amqp: URL, or another port.'],
  [
    /^disconnected$|^Socket closed abruptly/,
    'it hung up without a word',
    'A port that wants TLS does so: use an amqps: URL there.',
  ],
];
const otherwise =
  'Check address, protocol, credentials, virtual host and TLS settings of the bus; on RabbitMQ the user needs to configure, write and read names that start with busbench, and for calls to write to amq.default.';

/** A broker that cannot be used at all. Nothing secret is in what it or a library says. */
export function unreachable(url: string, site: string, { vhost }: Broker, cause: Error): BusError {
  const known = protocols.find(([said]) => said.test(cause.message));
  const [, why = cause.message, hint = otherwise] = known ?? [];
  const at = vhost === '/' ? '' : ` at virtual host ${vhost}`;
  return new BusError(
    'EXTERNAL_UNREACHABLE',
    `${url} (site ${site}) does not let us in${at}: ${why}`,
    hint,
    { cause },
  );
}

/** A broker that is there and is not of the kind that the scenario needs. */
export function cannot(
  url: string,
  site: string,
  { product, version }: Introduction,
  { why, hint }: { readonly why: string; readonly hint: string },
): BusError {
  const who = product === '' ? 'a nameless product' : `${product} ${version}`;
  return new BusError('EXTERNAL_UNFIT', `${url} (site ${site}) is ${who}: ${why}`, hint);
}
