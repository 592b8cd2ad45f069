/** A proxy before a broker that sees from which offset each client fetches: its position, whatever the client says. */

import { once } from 'node:events';
import {
  type AddressInfo,
  createConnection,
  createServer,
  type Server,
  type Socket,
} from 'node:net';
import { readRequestHeader } from '../../engine/frame/request-header.js';
import {
  decodeFetchRequest,
  fetchRequestVersions,
} from '../../engine/protocol/kafka/messages/fetch-request.js';
import { Reader } from '../../engine/protocol/kafka/reader.js';

const { apiKey, flexibleFrom } = fetchRequestVersions;
const lengthBytes = 4;

export class FetchWatch {
  readonly #brokerPort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #positions = new Map<string, number>();
  #wake: () => void = () => {};

  private constructor(brokerPort: number) {
    this.#brokerPort = brokerPort;
    this.#server = createServer((near) => this.#accept(near));
  }

  static async start(brokerPort: number): Promise<FetchWatch> {
    const watch = new FetchWatch(brokerPort);
    watch.#server.listen(0, '127.0.0.1');
    await once(watch.#server, 'listening');
    return watch;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** By client id, from which offset of its only partition a client fetched last. */
  get positions(): ReadonlyMap<string, number> {
    return this.#positions;
  }

  /** Resolves when `count` clients whose id begins so fetch from `offset`. */
  async reached(clientId: string, offset: number, count = 1): Promise<void> {
    const found = () =>
      [...this.#positions].filter(([id, at]) => id.startsWith(clientId) && at === offset).length;
    while (found() < count) {
      await new Promise<void>((resolve) => {
        const before = this.#wake;
        this.#wake = () => {
          before();
          resolve();
        };
      });
    }
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #accept(near: Socket): void {
    const far = createConnection({ port: this.#brokerPort, host: '127.0.0.1' });
    const end = () => {
      near.destroy();
      far.destroy();
      this.#sockets.delete(near);
    };
    this.#sockets.add(near);
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    let received: Buffer = Buffer.alloc(0);
    near.on('data', (bytes) => {
      received = this.#takeFrames(Buffer.concat([received, bytes]));
    });
    near.pipe(far).pipe(near);
  }

  /** Looks at all whole requests; returns the rest. */
  #takeFrames(bytes: Buffer): Buffer {
    let at = 0;
    while (bytes.length - at >= lengthBytes) {
      const end = at + lengthBytes + bytes.readInt32BE(at);
      if (end > bytes.length) break;
      this.#take(bytes, at + lengthBytes, end);
      at = end;
    }
    return bytes.subarray(at);
  }

  #take(bytes: Buffer, start: number, end: number): void {
    const version = bytes.readInt16BE(start + 2);
    if (bytes.readInt16BE(start) !== apiKey) return;
    const header = readRequestHeader(bytes, start, end, version >= flexibleFrom);
    if (header === null) throw new Error('a Fetch without a header');
    const { topics } = decodeFetchRequest(new Reader(bytes, header.bodyStart), version);
    for (const { fetchOffset } of topics.flatMap(({ partitions }) => partitions)) {
      this.#positions.set(header.clientId ?? '', fetchOffset);
    }
    const wake = this.#wake;
    this.#wake = () => {};
    wake();
  }
}
