/** A Kafka client of a few lines, for tests: one request at a time or many, raw versions, decoded answers. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Encodable } from '../engine/protocol/kafka/encodable.js';
import { Reader } from '../engine/protocol/kafka/reader.js';
import { Writer } from '../engine/protocol/kafka/writer.js';

/** One side of an API, as the generated modules export it. */
export interface Exchange<Request, Response> {
  readonly apiKey: number;
  readonly flexibleFrom: number;
  readonly encode: (writer: Writer, request: Encodable<Request>, version: number) => void;
  readonly decode: (reader: Reader, version: number) => Response;
}

interface Waiting {
  resolve(body: Buffer): void;
  reject(error: Error): void;
}

const apiVersionsKey = 18;

export class RawClient {
  readonly socket: Socket;
  readonly #waiting: Waiting[] = [];
  #received = Buffer.alloc(0);
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const waiting of this.#waiting.splice(0)) {
        waiting.reject(new Error('the broker closed the connection'));
      }
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Sends a request and resolves with its decoded response. */
  async ask<Request, Response>(
    exchange: Exchange<Request, Response>,
    request: Encodable<Request>,
    version: number,
  ): Promise<Response> {
    const body = await this.exchange(frameOf(exchange, request, version, ++this.#correlationId));
    const headerBytes = headerBytesOf(exchange, version);
    return exchange.decode(new Reader(body, headerBytes), version);
  }

  /** Sends bytes and resolves with the whole next response, without its length. */
  exchange(frame: Uint8Array): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.socket.write(frame);
    });
  }

  close(): void {
    this.socket.destroy();
  }

  #take(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#received.length >= 4) {
      const end = 4 + this.#received.readInt32BE(0);
      if (this.#received.length < end) return;
      const body = this.#received.subarray(4, end);
      this.#received = this.#received.subarray(end);
      this.#waiting.shift()?.resolve(body);
    }
  }
}

/** Bytes of the response header that comes before the body. */
export function headerBytesOf(
  exchange: { apiKey: number; flexibleFrom: number },
  version: number,
): number {
  const tagged = version >= exchange.flexibleFrom && exchange.apiKey !== apiVersionsKey;
  return tagged ? 5 : 4;
}

/** A framed request with its header. */
export function frameOf<Request>(
  exchange: Pick<Exchange<Request, unknown>, 'apiKey' | 'flexibleFrom' | 'encode'>,
  request: Encodable<Request>,
  version: number,
  correlationId: number,
): Buffer {
  const writer = new Writer();
  writer.int32(0);
  writer.int16(exchange.apiKey);
  writer.int16(version);
  writer.int32(correlationId);
  writer.string('raw-client', false);
  if (version >= exchange.flexibleFrom) writer.uvarint(0);
  exchange.encode(writer, request, version);
  writer.setInt32(0, writer.byteLength - 4);
  return Buffer.from(writer.finishWhole());
}
