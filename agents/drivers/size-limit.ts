/**
 * The most bytes that a message may have, where the bus's words state it; null where they are about something else.
 * RabbitMQ 3 and 4 over 0-9-1: `message size 20 is larger than configured max size 16` (3.8: `larger than max size`);
 * RabbitMQ 4 over 1.0: `message size (20 bytes) > maximum message size (16 bytes)`.
 */
export function sizeLimitIn(words: string): number | null {
  const told = /message size \(?\d+(?: bytes)?\)?.*(?:larger than|>)\D*size \(?(\d+)/i.exec(words);
  return told === null ? null : Number(told[1]);
}
