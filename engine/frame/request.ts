import type { Logger } from 'pino';
import type { Api, InFlight } from '../api/api.js';
import type { Connection } from '../listen/connection.js';
import type { Landing } from '../listen/landing-slab.js';
import { ProtocolError } from '../protocol/kafka/protocol-error.js';
import { Reader } from '../protocol/kafka/reader.js';
import { Writer } from '../protocol/kafka/writer.js';
import type { Place } from '../reply/reply-queue.js';
import type { RequestHeader } from './request-header.js';
import type { RequestMeter } from './request-meter.js';

const apiVersionsKey = 18;

/** One request between its frame and its reply. Holds the frame's memory until it is answered. */
export class Request implements InFlight {
  readonly reader: Reader;
  readonly apiVersion: number;
  readonly clientId: string | null;
  readonly #connection: Connection;
  #landing: Landing | null;
  readonly #api: Api;
  readonly #correlationId: number;
  /** Taken when the request begins, so that responses keep the order of requests; acks=0 gives it back. */
  readonly #place: Place;
  readonly #meter: RequestMeter | null;
  /** Of performance.now(); 0 where nobody measures. */
  readonly #startedMs: number;
  #answered = false;

  constructor(
    connection: Connection,
    view: Buffer,
    landing: Landing,
    api: Api,
    header: RequestHeader,
    end: number,
  ) {
    this.#connection = connection;
    this.#landing = landing;
    this.#api = api;
    this.#correlationId = header.correlationId;
    this.apiVersion = header.apiVersion;
    this.clientId = header.clientId;
    this.reader = new Reader(view, header.bodyStart, end);
    this.#place = connection.replies.reserve();
    this.#meter = connection.meter;
    this.#startedMs = this.#meter === null ? 0 : performance.now();
  }

  get clientHost(): string {
    return this.#connection.clientHost;
  }

  get listener(): string {
    return this.#connection.listener;
  }

  get connectionId(): number {
    return this.#connection.id;
  }

  get closed(): AbortSignal {
    return this.#connection.closedSignal;
  }

  reply(encode: (writer: Writer) => void, sent: (() => void) | null = null): void {
    if (this.#answered) throw new Error(`${this.#api.name} was answered twice`);
    const connection = this.#connection;
    const writer = new Writer();
    try {
      this.#writeHeader(writer);
      encode(writer);
    } catch (error) {
      // A response that cannot be encoded is our defect; it costs this client its connection and no more.
      sent?.();
      this.fail(error, connection.log);
      return;
    }
    writer.setInt32(0, writer.byteLength - 4);
    this.#answer();
    if (this.#meter !== null) {
      this.#meter.sentBytes += writer.byteLength;
      this.#meter.fetchedBytes += writer.recordBytes;
    }
    connection.replies.fill(this.#place, writer.finish(), () => {
      sent?.();
      connection.sent();
    });
    connection.finished();
  }

  releaseFrame(): void {
    this.#landing?.release();
    this.#landing = null;
  }

  replyNothing(): void {
    this.#answer();
    this.#connection.replies.skip(this.#place);
    this.#connection.finished();
  }

  disconnect(reason: string): void {
    this.#answer();
    this.#connection.disconnect(this.#place, reason);
    this.#connection.finished();
  }

  /** A handler threw: bad bytes close the connection with one line, anything else is our defect. */
  fail(error: unknown, log: Logger): void {
    if (this.#answered) {
      log.error({ err: error, api: this.#api.name }, 'a request failed after its answer');
      return;
    }
    if (error instanceof ProtocolError) {
      this.disconnect(`closed: ${this.#api.name} v${this.apiVersion}: ${error.message}`);
      return;
    }
    log.error({ err: error, api: this.#api.name, version: this.apiVersion }, 'request failed');
    this.disconnect(`closed: ${this.#api.name} failed`);
  }

  #writeHeader(writer: Writer): void {
    // The length comes first and is known last.
    writer.int32(0);
    writer.int32(this.#correlationId);
    // ApiVersions always answers with header v0 (KIP-511): the client does not know the broker yet.
    const tagged = this.apiVersion >= this.#api.flexibleFrom && this.#api.key !== apiVersionsKey;
    if (tagged) writer.uvarint(0);
  }

  #answer(): void {
    if (this.#answered) throw new Error(`${this.#api.name} was answered twice`);
    this.#answered = true;
    this.#meter?.answered(this.#api.key, performance.now() - this.#startedMs);
    this.releaseFrame();
  }
}
