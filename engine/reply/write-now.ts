import { writeSync, writevSync } from 'node:fs';
import type { Socket } from 'node:net';
import { socketFd } from '../listen/accepted-socket.js';

/**
 * Hands bytes to the kernel without the stream, whose way costs more than the system call: only to a plain socket, and
 * only while nothing of it waits in JavaScript or in libuv. Returns what is left for the stream: what the kernel did
 * not take, and everything of a broken socket, which tells why when that is written to it.
 */
export function writeNow(socket: Socket, chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  const fd = socketFd(socket);
  if (fd === -1 || socket.writableLength > 0) return chunks;
  try {
    const [first] = chunks;
    const isOne = first !== undefined && chunks.length === 1;
    return behind(chunks, isOne ? writeSync(fd, first) : writevSync(fd, chunks));
  } catch {
    return chunks;
  }
}

function behind(chunks: readonly Uint8Array[], takenBytes: number): readonly Uint8Array[] {
  let index = 0;
  let left = takenBytes;
  for (; index < chunks.length; index++) {
    const chunk = chunks[index] as Uint8Array;
    if (left < chunk.length) return [chunk.subarray(left), ...chunks.slice(index + 1)];
    left -= chunk.length;
  }
  return [];
}
