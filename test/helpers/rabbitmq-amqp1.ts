import amqplib from 'amqplib';
import type { RheaAddresses } from '../../agents/drivers/rhea/endpoint.ts';

/** Addresses of RabbitMQ's amqp1_0 plugin: queues, and exchanges where everybody gets a copy. */
export function rabbitAddresses(pattern: string, names: string): RheaAddresses {
  const queue = `/queue/${names}.topic-{topic}`;
  const own = `${queue}.server-{server}`;
  const reply = `/queue/${names}.reply-{client}`;
  switch (pattern) {
    case 'fanout': {
      const exchange = `/exchange/amq.topic/${names}.topic-{topic}`;
      return { receive: [exchange], send: exchange, sendOne: exchange, reply };
    }
    case 'notify': {
      const exchange = `/exchange/${names}.notify/topic-{topic}`;
      const pool = `/amq/queue/${names}.topic-{topic}.pool-{pool}`;
      return { receive: [pool], send: exchange, sendOne: exchange, reply };
    }
    default:
      return { receive: [queue, own], send: queue, sendOne: own, reply };
  }
}

/** Queues of two pools of topic 0, which AMQP 1.0 has no words for. */
export async function declareNotifications(url: string, names: string): Promise<void> {
  const connection = await amqplib.connect(url);
  const channel = await connection.createChannel();
  await channel.assertExchange(`${names}.notify`, 'topic', { durable: false });
  for (const pool of [0, 1]) {
    const queue = `${names}.topic-0.pool-${pool}`;
    await channel.assertQueue(queue, { durable: true });
    await channel.bindQueue(queue, `${names}.notify`, 'topic-0');
  }
  await connection.close();
}
