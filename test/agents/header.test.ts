import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyHeader,
  flagProbe,
  flagReply,
  readHeader,
  replyHeaderBytes,
  requestHeaderBytes,
  writeReply,
  writeRequest,
} from '../../agents/header.ts';

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const us = fc.double({ min: 0, max: 1e15, noNaN: true });
const request = fc.record({
  flags: fc.constantFrom(0, flagProbe),
  phase: fc.integer({ min: 0, max: 3 }),
  runTag: u16,
  client: u32,
  sequence: u32,
  token: u32,
  topic: u16,
  clientSite: u16,
  clientProcess: u16,
  dueUs: us,
  sentUs: us,
});
const reply = fc.record({
  server: u32,
  serverSite: u16,
  serverProcess: u16,
  receivedUs: us,
  repliedUs: us,
});

describe('the header', () => {
  it('survives a request and its echo', () => {
    fc.assert(
      fc.property(request, reply, (asked, answered) => {
        const body = Buffer.alloc(100, 0xaa);
        writeRequest(body, { ...emptyHeader(), ...asked });
        const atServer = emptyHeader();
        expect(readHeader(body, atServer)).toBe(true);
        expect(atServer).toEqual({ ...emptyHeader(), ...asked });
        writeReply(body, { ...emptyHeader(), ...answered });
        const atClient = emptyHeader();
        expect(readHeader(body, atClient)).toBe(true);
        expect(atClient).toEqual({ ...asked, ...answered, flags: asked.flags | flagReply });
        expect(body.subarray(replyHeaderBytes).every((byte) => byte === 0xaa)).toBe(true);
      }),
    );
  });

  it('refuses what is not a message of ours', () => {
    const header = emptyHeader();
    expect(readHeader(Buffer.alloc(0), header)).toBe(false);
    expect(readHeader(Buffer.alloc(200), header)).toBe(false);
    const body = Buffer.alloc(replyHeaderBytes);
    writeRequest(body, emptyHeader());
    expect(readHeader(body.subarray(0, requestHeaderBytes - 1), header)).toBe(false);
    writeReply(body, emptyHeader());
    expect(readHeader(body.subarray(0, replyHeaderBytes - 1), header)).toBe(false);
    expect(readHeader(body, header)).toBe(true);
  });
});
