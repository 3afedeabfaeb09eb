import { errno, load } from 'koffi';

/** The few system calls that node has no name for. Buffers are passed as such, so that they stay alive. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number;
  bind(fd: number, address: Uint8Array, length: number): number;
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number;
  getsockopt(
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: Uint8Array,
  ): number;
  send(fd: number, data: Uint8Array, length: number, flags: number): number;
  recv(fd: number, data: Uint8Array, length: number, flags: number): number;
  ppoll(fds: Uint8Array, count: number, timeout: Uint8Array | null, mask: null): number;
  prctl(option: number, value: number, a: number, b: number, c: number): number;
  sched_setscheduler(pid: number, policy: number, parameter: Uint8Array): number;
}

const library = load(null);

export const libc: Libc = {
  socket: library.func('int socket(int, int, int)'),
  bind: library.func('int bind(int, const void*, uint)'),
  setsockopt: library.func('int setsockopt(int, int, int, const void*, uint)'),
  getsockopt: library.func('int getsockopt(int, int, int, void*, void*)'),
  send: library.func('int send(int, const void*, size_t, int)'),
  recv: library.func('int recv(int, void*, size_t, int)'),
  ppoll: library.func('int ppoll(void*, ulong, const void*, const void*)'),
  prctl: library.func('int prctl(int, ulong, ulong, ulong, ulong)'),
  sched_setscheduler: library.func('int sched_setscheduler(int, int, const void*)'),
};

/** Throws when a call returned less than zero; returns what it returned else. */
export function check(result: number, what: string): number {
  if (result >= 0) return result;
  throw new Error(`${what}: errno ${errno()}`);
}
