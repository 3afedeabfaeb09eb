export const headersFlag = 0x2000;
export const replyToFlag = 0x0200;
export const messageIdFlag = 0x0080;
/** Properties that precede message-id, in order: their flag and how they are written. */
const properties: readonly (readonly [flag: number, form: 'string' | 'table' | 'octet'])[] = [
  [0x8000, 'string'],
  [0x4000, 'string'],
  [headersFlag, 'table'],
  [0x1000, 'octet'],
  [0x0800, 'octet'],
  [0x0400, 'string'],
  [replyToFlag, 'string'],
  [0x0100, 'string'],
  [messageIdFlag, 'string'],
];

/** Where a property of the header frame's payload starts; -1 when the message does not have it. */
export function propertyAt(bytes: Buffer, headerAt: number, wanted: number): number {
  const flags = bytes.readUInt16BE(headerAt + 12);
  if ((flags & wanted) === 0) return -1;
  let at = headerAt + 14;
  for (const [flag, form] of properties) {
    if (flag === wanted) return at;
    if ((flags & flag) === 0) continue;
    if (form === 'octet') at += 1;
    else if (form === 'string') at += 1 + (bytes[at] ?? 0);
    else at += 4 + bytes.readUInt32BE(at);
  }
  return -1;
}
