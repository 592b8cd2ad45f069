import type { Socket } from 'node:net';
import type { FileSender } from '../../native/index.js';
import { FileRange } from './file-range.js';
import { FileReply } from './file-reply.js';
import { writeNow } from './write-now.js';

/** A place in a connection's order of responses, taken when its request begins. */
interface Place {
  chunks: readonly Uint8Array[] | null;
  /** Called once the bytes were handed to the kernel, or can no longer be. */
  sent: (() => void) | null;
  /** Close the connection in place of a response. */
  disconnect: boolean;
}

/**
 * Sends responses in request order. Lent slab ranges come back through `sent`, which is called from the
 * write's own callback and never from `'close'`: after `destroy()` that callback comes later (measured).
 */
export class ReplyQueue {
  readonly #socket: Socket;
  readonly #sender: FileSender | null;
  readonly #mayAnswer: () => boolean;
  readonly #flushAtTurnEnd = (): void => this.#flush();
  readonly #places: Place[] = [];
  #unsentBytes = 0;
  #progress = 0;
  /** What became ready in this turn of the event loop. */
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  #readySent: (() => void)[] = [];
  /** A response is being sent from files; the next ones wait behind it. */
  #sending: FileReply | null = null;
  #closed = false;

  /** `sender` is needed for responses with file ranges. `mayAnswer` is asked before each response. */
  constructor(socket: Socket, sender: FileSender | null = null, mayAnswer: () => boolean = always) {
    this.#socket = socket;
    this.#sender = sender;
    this.#mayAnswer = mayAnswer;
  }

  /** Bytes of responses that may go out and were not yet taken by the kernel. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Rises whenever the peer took a response, or something of one that is sent from files. */
  get progress(): number {
    return this.#progress + (this.#sending?.progress ?? 0);
  }

  /** Takes the next place; `fill` or `skip` it later. */
  reserve(): Place {
    const place: Place = { chunks: null, sent: null, disconnect: false };
    this.#places.push(place);
    return place;
  }

  fill(place: Place, chunks: readonly Uint8Array[], sent: (() => void) | null): void {
    if (this.#closed) {
      sent?.();
      return;
    }
    place.chunks = chunks;
    place.sent = sent;
    this.#advance();
  }

  /** Gives a place up: acks=0 has no response. */
  skip(place: Place): void {
    if (this.#closed) return;
    place.chunks = [];
    this.#advance();
  }

  /** Closes the connection when every response before this place has been written. */
  disconnect(place: Place): void {
    if (this.#closed) return;
    place.chunks = [];
    place.disconnect = true;
    this.#advance();
  }

  /** The connection is gone: what was not written yet never will be. */
  close(): void {
    this.#closed = true;
    for (const sent of this.#takeReady().sents) sent();
    for (const place of this.#places) place.sent?.();
    this.#places.length = 0;
  }

  #advance(): void {
    while (this.#places.length > 0 && this.#sending === null) {
      const place = this.#places[0] as Place;
      if (place.chunks === null) return;
      if (!this.#mayAnswer()) {
        // Its end gives back what the places were lent.
        this.#socket.destroy();
        return;
      }
      this.#places.shift();
      if (place.disconnect) {
        this.#flush();
        this.#socket.destroySoon();
        return;
      }
      if (place.chunks.some(inFile)) this.#sendFiles(place.chunks, place.sent);
      else if (place.chunks.length > 0) this.#write(place.chunks, place.sent);
    }
  }

  #sendFiles(chunks: readonly Uint8Array[], sent: (() => void) | null): void {
    if (this.#sender === null) throw new Error('a file range came without a way to send it');
    // The file's bytes go straight to the kernel: what they belong behind goes with them.
    if (sent !== null) this.#readySent.push(sent);
    const before = this.#takeReady();
    const all = [...before.chunks, ...chunks];
    const sizeBytes = chunks.reduce((sum, chunk) => sum + chunk.length, before.sizeBytes);
    this.#unsentBytes += sizeBytes - before.sizeBytes;
    const done = (): void => {
      this.#progress = this.progress + 1;
      this.#sending = null;
      this.#unsentBytes -= sizeBytes;
      for (const one of before.sents) one();
      if (!this.#closed) this.#advance();
    };
    this.#sending = new FileReply(this.#socket, this.#sender, all, done);
    this.#sending.start();
  }

  #write(chunks: readonly Uint8Array[], sent: (() => void) | null): void {
    if (this.#readyBytes === 0) void turnEnd.then(this.#flushAtTurnEnd);
    for (const chunk of chunks) {
      this.#ready.push(chunk);
      this.#readyBytes += chunk.length;
      this.#unsentBytes += chunk.length;
    }
    if (sent !== null) this.#readySent.push(sent);
  }

  /** Everything that became ready in this turn goes out in one write. */
  #flush(): void {
    if (this.#readyBytes === 0) return;
    const { chunks, sents, sizeBytes } = this.#takeReady();
    const taken = (): void => {
      this.#progress++;
      this.#unsentBytes -= sizeBytes;
      for (const sent of sents) sent();
    };
    const rest = writeNow(this.#socket, chunks);
    const last = rest.length - 1;
    if (last === -1) {
      taken();
      return;
    }
    this.#socket.cork();
    for (let index = 0; index < last; index++) this.#socket.write(rest[index] as Uint8Array);
    this.#socket.write(rest[last] as Uint8Array, taken);
    this.#socket.uncork();
  }

  #takeReady(): { chunks: Uint8Array[]; sents: (() => void)[]; sizeBytes: number } {
    const ready = { chunks: this.#ready, sents: this.#readySent, sizeBytes: this.#readyBytes };
    this.#ready = [];
    this.#readySent = [];
    this.#readyBytes = 0;
    return ready;
  }
}

/** What waits for it runs when the event loop's turn has done its work; cheaper than `queueMicrotask` (measured). */
const turnEnd = Promise.resolve();
const always = (): boolean => true;

function inFile(chunk: Uint8Array): boolean {
  return chunk instanceof FileRange;
}

export type { Place };
