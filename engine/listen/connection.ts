import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import type { FileSender } from '../../native/index.js';
import type { Api } from '../api/api.js';
import type { Services } from '../api/services.js';
import { Request } from '../frame/request.js';
import {
  hasHeader,
  peekApiKey,
  peekApiVersion,
  readRequestHeader,
} from '../frame/request-header.js';
import type { RequestMeter } from '../frame/request-meter.js';
import { type Place, ReplyQueue } from '../reply/reply-queue.js';
import { peerOf, readInto, readNextInto, socketFd, writeQueueBytes } from './accepted-socket.js';
import { FrameError, type FrameSink, Intake } from './intake.js';
import type { Landing, LandingSlab } from './landing-slab.js';
import { type Holding, Pace } from './pace.js';

/** What all connections of a broker share. */
export interface ConnectionHost {
  readonly services: Services;
  readonly slab: LandingSlab;
  readonly limits: ConnectionLimits;
  /** How to send file ranges; null where they are read and written. */
  readonly sender: FileSender | null;
  /** Null where nobody asks for metrics. */
  readonly meter: RequestMeter | null;
  /** False where another node may have answered otherwise by now: the connection is closed instead. */
  readonly mayAnswer: () => boolean;
  /** Called once for each peer that is turned away, with the reason. */
  turnedAway(connection: Connection, reason: string): void;
  closed(connection: Connection): void;
  /** Everything that a connection asked for has been answered and sent. */
  wentIdle(): void;
}

export interface ConnectionLimits {
  /** Longest frame that is taken. */
  maxRequestBytes: number;
  /** Send buffer in the kernel; -1 lets it choose. */
  sendBufferBytes: number;
  /** Requests of one connection that may wait or be worked on; reading stops beyond it. */
  maxQueuedRequests: number;
  /** No further request starts while more than this is unsent. */
  maxReplyBytesPerConnection: number;
  /** A partial frame or reply that makes no progress for this long closes the connection. */
  requestTimeoutMs: number;
  connectionMaxIdleMs: number;
}

interface WaitingFrame {
  readonly landing: Landing;
  readonly start: number;
  readonly end: number;
}

/** A region that was not read into for this long is given back: at first, and while others wait for memory. */
const firstRestAfterMs = 1_000;
/** And later: every rest costs 52 bytes in Node (`useUserBuffer`) for as long as the connection lasts. */
const lastRestAfterMs = 64_000;
/** How often `sweep` is called. */
export const sweepIntervalMs = 1_000;
const apiVersionsKey = 18;

const noBuffer = new Uint8Array(0);
let lastConnectionId = 0;

/** One client connection: frames in, requests in order, replies in order. */
export class Connection implements FrameSink {
  readonly id = ++lastConnectionId;
  readonly listener: string;
  readonly clientHost: string;
  readonly replies: ReplyQueue;
  readonly #host: ConnectionHost;
  readonly #socket: Socket;
  readonly #intake: Intake;
  readonly #waiting: WaitingFrame[] = [];
  readonly #abort = new AbortController();
  /** Requests that have started and are not answered; all of one overlap class. */
  #active = 0;
  #activeApi: Api | null = null;
  #closed = false;
  /** Why the connection closes once the requests before the fault are answered, as Kafka does it. */
  #fault: string | null = null;
  /** Its end has been told, and the replies before it are on their way. */
  #ending = false;
  /** Requests are being started: one that is answered at once must not start the next from inside itself. */
  #pumping = false;
  #reading = true;
  #restAfterMs = firstRestAfterMs;
  /** Where the read under way goes. */
  #buffer: Uint8Array = noBuffer;
  #lastReadMs: number;
  #lastWriteMs: number;
  readonly #pace = new Pace();
  #readBytes = 0;
  #begun = 0;
  /** What the last sweep saw of the replies; each alone may look the same after a second's work. */
  #lastProgress = 0;
  #lastQueueBytes = 0;

  constructor(host: ConnectionHost, accepted: Socket, listener: string, nowMs: number) {
    this.#host = host;
    this.listener = listener;
    this.clientHost = peerOf(accepted);
    this.#lastReadMs = nowMs;
    this.#lastWriteMs = nowMs;
    this.#intake = new Intake(host.slab, this, host.limits.maxRequestBytes);
    this.#socket = readInto(accepted, {
      buffer: () => this.#nextBuffer(),
      callback: (sizeBytes) => this.#received(sizeBytes),
    });
    this.replies = new ReplyQueue(this.#socket, host.sender, host.mayAnswer);
    this.#socket.setNoDelay(true);
    // The kernel's choice of 4 MB costs a fetch half of its CPU again: what is sent leaves the CPU's cache
    // before the peer reads it.
    if (host.limits.sendBufferBytes >= 0) {
      host.sender?.setSendBuffer(socketFd(this.#socket), host.limits.sendBufferBytes);
    }
    this.#socket.on('error', (error) => {
      host.services.log.debug({ err: error, peer: this.clientHost }, 'connection error');
    });
    this.#socket.on('close', () => this.#onClose());
    this.#socket.resume();
  }

  get log(): Logger {
    return this.#host.services.log;
  }

  get closedSignal(): AbortSignal {
    return this.#abort.signal;
  }

  /** No request is waiting or being worked on, and everything was sent. */
  get idle(): boolean {
    return this.#active === 0 && this.#waiting.length === 0 && this.replies.unsentBytes === 0;
  }

  /** Frames that were read and have not been begun. */
  get waitingRequests(): number {
    return this.#waiting.length;
  }

  /** Bytes of those frames. */
  get waitingBytes(): number {
    return this.#waiting.reduce((sum, { start, end }) => sum + end - start, 0);
  }

  /** Requests that were begun and are not answered. */
  get activeRequests(): number {
    return this.#active;
  }

  get meter(): RequestMeter | null {
    return this.#host.meter;
  }

  frame(landing: Landing, start: number, end: number): void {
    this.#waiting.push({ landing, start, end });
  }

  intakeResumed(): void {
    this.#pump();
    this.#readMore();
  }

  intakeFailed(error: FrameError): void {
    this.#readNoMore();
    this.#fault = `closed: ${error.message}`;
    this.#pump();
  }

  /** Closes at once, with one log line that names the peer. */
  refuse(reason: string): void {
    if (this.#closed) return;
    if (!this.#ending) this.#host.turnedAway(this, reason);
    this.#socket.destroy();
  }

  /** Closes with one log line once the replies before `place` are written; what was read behind it is dropped. */
  disconnect(place: Place, reason: string): void {
    if (this.#closed) return;
    if (!this.#ending) this.#host.turnedAway(this, reason);
    this.#ending = true;
    this.#readNoMore();
    this.#dropWaiting();
    this.replies.disconnect(place);
  }

  /** Stops reading; what was read is answered. */
  stopReading(): void {
    this.#reading = false;
    this.#socket.pause();
  }

  /** Closes at once, without a log line. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Called every `sweepIntervalMs`: gives an unused region back, ends what makes no progress. */
  sweep(nowMs: number): void {
    const { requestTimeoutMs, connectionMaxIdleMs } = this.#host.limits;
    const quietMs = nowMs - this.#lastReadMs;
    const pressed = this.#host.slab.waiting > 0;
    if (quietMs >= (pressed ? firstRestAfterMs : this.#restAfterMs) && this.#intake.rest()) {
      readNextInto(this.#socket, this.#nextBuffer());
      this.#restAfterMs = Math.min(lastRestAfterMs, 2 * this.#restAfterMs);
    }
    if (this.#intake.hasPartialFrame && !this.#intake.starved && quietMs > requestTimeoutMs) {
      this.refuse(`closed: half a request for ${requestTimeoutMs} ms (requestTimeoutMs)`);
      return;
    }
    if (this.#fault !== null && quietMs > requestTimeoutMs) {
      // Nothing is read any more that would tell of the client's end.
      this.refuse(this.#fault);
      return;
    }
    if (this.#pace.lags(this.#holding(pressed), pressed, sweepIntervalMs, requestTimeoutMs)) {
      this.refuse('closed: it holds memory that others wait for, and makes too little progress');
      return;
    }
    const queueBytes = writeQueueBytes(this.#socket);
    const { progress, unsentBytes } = this.replies;
    const moved = progress !== this.#lastProgress || queueBytes !== this.#lastQueueBytes;
    if (unsentBytes === 0 || moved) {
      this.#lastWriteMs = nowMs;
      this.#lastProgress = progress;
      this.#lastQueueBytes = queueBytes;
    }
    if (nowMs - this.#lastWriteMs > requestTimeoutMs) {
      this.refuse(`closed: the client takes no reply bytes for ${requestTimeoutMs} ms`);
    } else if ((this.idle || !this.#mayRead()) && quietMs > connectionMaxIdleMs) {
      // As in Kafka also where a request waits: while nothing is read, a client that is gone is not noticed.
      this.destroy();
    }
  }

  #holding(pressed: boolean): Holding {
    const isOurs = this.#activeApi?.overlap === 'produce';
    return {
      partialBytes: this.#mayRead() ? this.#intake.partialBytes : 0,
      readBytes: this.#readBytes,
      waitingBytes: pressed && !isOurs ? this.waitingBytes : 0,
      begun: this.#begun,
    };
  }

  /** A request has been answered; called by it once. */
  finished(): void {
    this.#active--;
    if (this.#active === 0) this.#activeApi = null;
    if (!this.#closed) this.#pump();
  }

  /** Reply bytes went out: what waited for that may start. */
  sent(): void {
    if (this.#closed) return;
    if (this.#waiting.length > 0) this.#pump();
    else if (this.idle) this.#host.wentIdle();
  }

  #nextBuffer(): Uint8Array {
    this.#buffer = this.#intake.buffer();
    return this.#buffer;
  }

  #received(sizeBytes: number): boolean {
    this.#lastReadMs = this.#host.services.now();
    this.#readBytes += sizeBytes;
    if (this.#host.meter !== null) this.#host.meter.receivedBytes += sizeBytes;
    try {
      this.#intake.received(sizeBytes, this.#buffer);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.intakeFailed(error);
      return false;
    }
    this.#pump();
    return this.#mayRead();
  }

  #mayRead(): boolean {
    return (
      this.#reading &&
      !this.#closed &&
      !this.#intake.starved &&
      this.#waiting.length + this.#active < this.#host.limits.maxQueuedRequests
    );
  }

  #readMore(): void {
    if (this.#mayRead()) this.#socket.resume();
  }

  /** Starts what may start; reading goes on when the queue has room again. */
  #pump(): void {
    // A thousand answers nested in each other would exhaust the stack: the loop below takes the next.
    if (this.#pumping) return;
    this.#pumping = true;
    const full = this.#waiting.length > 0;
    while (this.#waiting.length > 0 && !this.#closed) {
      const next = this.#waiting[0] as WaitingFrame;
      const api = this.#apiOf(next);
      if (typeof api === 'string') {
        this.#readNoMore();
        this.#dropWaiting();
        this.#fault = `closed: ${api}`;
      } else if (this.#mayStart(api)) {
        this.#waiting.shift();
        this.#start(next, api);
      } else break;
    }
    this.#pumping = false;
    const { length } = this.#waiting;
    if (this.#fault !== null && length === 0 && this.#active === 0 && !this.#ending) {
      this.disconnect(this.replies.reserve(), this.#fault);
    } else if (full) this.#readMore();
  }

  /** The API of a frame, or why the connection has to close for it, as it does in Kafka. */
  #apiOf(frame: WaitingFrame): Api | string {
    const view = this.#host.slab.view;
    if (!hasHeader(frame.start, frame.end)) {
      return `a request of ${frame.end - frame.start} bytes has no header`;
    }
    const key = peekApiKey(view, frame.start);
    const version = peekApiVersion(view, frame.start);
    const api = this.#host.services.apis.get(key);
    if (api === undefined) return `API key ${key} is not served`;
    // KIP-511: only ApiVersions is answered in a version that the broker does not know.
    if ((version < api.minVersion || version > api.maxVersion) && key !== apiVersionsKey) {
      return `${api.name} version ${version} is not served`;
    }
    return api;
  }

  /** Requests run one at a time, except that Produce may follow Produce (each reaches its partition in order). */
  #mayStart(api: Api): boolean {
    if (this.replies.unsentBytes > this.#host.limits.maxReplyBytesPerConnection) return false;
    if (this.#activeApi === null) return true;
    return this.#activeApi.overlap === 'produce' && api.overlap === 'produce';
  }

  #start(frame: WaitingFrame, api: Api): void {
    const { slab, services } = this.#host;
    const flexible = peekApiVersion(slab.view, frame.start) >= api.flexibleFrom;
    const header = readRequestHeader(slab.view, frame.start, frame.end, flexible);
    if (header === null) {
      frame.landing.release();
      const reason = `closed: the header of a request for ${api.name} cannot be read`;
      this.disconnect(this.replies.reserve(), reason);
      return;
    }
    this.#active++;
    this.#begun++;
    this.#activeApi = api;
    const request = new Request(this, slab.view, frame.landing, api, header, frame.end);
    try {
      api.handle(request, services);
    } catch (error) {
      request.fail(error, services.log);
    }
  }

  /** What was read of a frame that is not whole is given back. */
  #readNoMore(): void {
    this.stopReading();
    this.#intake.close();
  }

  #dropWaiting(): void {
    for (const frame of this.#waiting) frame.landing.release();
    this.#waiting.length = 0;
  }

  #onClose(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#intake.close();
    this.#dropWaiting();
    this.replies.close();
    this.#abort.abort();
    this.#host.closed(this);
  }
}
