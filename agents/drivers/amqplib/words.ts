/** Method basic.publish, as a close that is about one names it. */
const publish = { classId: 60, methodId: 40 };

/** What the broker said, out of what amqplib made of it: `406 PRECONDITION_FAILED - ...`; else the error's own text. */
export function brokerWords(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  // amqplib keeps the broker's reason to itself: at this stage it can be nothing but the virtual host.
  if (text.startsWith('Expected ConnectionOpenOk'))
    return 'no such virtual host, or not for this user';
  const [, code, words] = /(\d{3}) \([A-Z-]+\) with message "([\s\S]*)"$/.exec(text) ?? [];
  return code === undefined || words === undefined ? text : `${code} ${words}`;
}

/** Did the broker close the channel because of a message that was published on it? */
export function isOverPublish(error: Error): boolean {
  const { classId, methodId } = error as {
    readonly classId?: unknown;
    readonly methodId?: unknown;
  };
  return classId === publish.classId && methodId === publish.methodId;
}
