import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { FileSender } from '../../native/index.js';
import { socketFd } from '../listen/accepted-socket.js';
import { FileRange } from './file-range.js';
import { writeNow } from './write-now.js';

/** Sent in one go before other connections get their turn. */
const turnBytes = 4 * 1024 * 1024;
/** An ordinary write of so much waits in the socket's queue for the peer to make room; its end says when to go on. */
const paceBytes = 16 * 1024;

/**
 * Sends one response whose records lie in segment files: ordinary writes for what is in memory, `sendfile` for the
 * rest, and only while the socket's write queue is empty, so that the bytes keep their order.
 */
export class FileReply {
  /** Payload bytes that passed through this process to wait for a slow peer. */
  static pacedBytes = 0;
  readonly #socket: Socket;
  readonly #sender: FileSender;
  readonly #chunks: readonly Uint8Array[];
  readonly #done: () => void;
  #chunk = 0;
  /** Bytes of the current range that have been sent. */
  #sent = 0;
  /** Rises while the peer takes bytes. */
  progress = 0;
  readonly #step = (): void => this.#run();

  /** `done` is called once the kernel has all of it, or the connection is gone. */
  constructor(socket: Socket, sender: FileSender, chunks: readonly Uint8Array[], done: () => void) {
    this.#socket = socket;
    this.#sender = sender;
    this.#chunks = chunks;
    this.#done = done;
  }

  start(): void {
    this.#run();
  }

  #run(): void {
    this.progress++;
    for (;;) {
      const chunk = this.#chunks[this.#chunk];
      if (chunk === undefined || this.#socket.destroyed) {
        this.#done();
        return;
      }
      if (chunk instanceof FileRange) {
        if (!this.#sendRange(chunk)) return;
      } else if (!this.#write(chunk)) {
        return;
      }
    }
  }

  /** True if the bytes are with the kernel; else goes on when they are. */
  #write(chunk: Uint8Array): boolean {
    this.#chunk++;
    const [rest] = writeNow(this.#socket, [chunk]);
    if (rest !== undefined) this.#socket.write(rest, this.#step);
    return rest === undefined;
  }

  /** True if the whole range is with the kernel; else goes on by itself. */
  #sendRange(range: FileRange): boolean {
    const limit = Math.min(range.length, this.#sent + turnBytes);
    const fd = socketFd(this.#socket);
    try {
      const position = range.position + this.#sent;
      this.#sent += this.#sender.send(fd, range.fd, position, limit - this.#sent);
    } catch (error) {
      this.#socket.destroy(error as Error);
      this.#done();
      return false;
    }
    if (this.#sent === range.length) {
      this.#chunk++;
      this.#sent = 0;
      return true;
    }
    if (this.#sent === limit) setImmediate(this.#step);
    else this.#pace(range);
    return false;
  }

  /** The socket is full: the next few bytes wait in its queue, and what follows them waits for that. */
  #pace(range: FileRange): void {
    const piece = Buffer.allocUnsafe(Math.min(paceBytes, range.length - this.#sent));
    try {
      const bytes = readSync(range.fd, piece, 0, piece.length, range.position + this.#sent);
      if (bytes !== piece.length) throw new Error('a segment file ended before its records');
    } catch (error) {
      this.#socket.destroy(error as Error);
      this.#done();
      return;
    }
    FileReply.pacedBytes += piece.length;
    this.#sent += piece.length;
    if (this.#sent === range.length) {
      this.#chunk++;
      this.#sent = 0;
    }
    this.#socket.write(piece, this.#step);
  }
}
