import { createServer, type Server, type Socket } from 'node:net';
import type { FileSender } from '../../native/index.js';
import type { AdvertisedListener, Services } from '../api/services.js';
import type { Listener } from '../config/schema.js';
import type { RequestMeter } from '../frame/request-meter.js';
import { peerOf } from './accepted-socket.js';
import {
  Connection,
  type ConnectionHost,
  type ConnectionLimits,
  sweepIntervalMs,
} from './connection.js';
import type { LandingSlab } from './landing-slab.js';
import { PeerLog } from './peer-log.js';

/** Connections that wait for `accept`; Kafka's own listener asks for 50. */
const backlog = 1_024;

/** An address could not be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** A listener that accepts connections, and where it says it is. */
export interface BoundListener {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly advertisedHost: string;
  readonly advertisedPort: number;
}

/** What the listeners need; see ConnectionHost. */
export type ListenersOptions = Pick<
  ConnectionHost,
  'slab' | 'limits' | 'sender' | 'meter' | 'mayAnswer'
> & { readonly maxConnections: number };

/** The listening sockets and every connection that came in by them. */
export class Listeners implements ConnectionHost {
  readonly slab: LandingSlab;
  readonly limits: ConnectionLimits;
  readonly sender: FileSender | null;
  readonly meter: RequestMeter | null;
  readonly mayAnswer: () => boolean;
  readonly #maxConnections: number;
  readonly #servers: Server[] = [];
  /** Where the servers listen; as many. */
  #bound: BoundListener[] = [];
  readonly #connections = new Set<Connection>();
  #services: Services | null = null;
  #sweeper: NodeJS.Timeout | null = null;
  /** Connections closed at once, beyond the most that there may be. */
  refused = 0;
  #closings: PeerLog | null = null;
  #whenIdle: (() => void) | null = null;

  constructor(options: ListenersOptions) {
    this.slab = options.slab;
    this.sender = options.sender;
    this.meter = options.meter;
    this.mayAnswer = options.mayAnswer;
    this.limits = options.limits;
    this.#maxConnections = options.maxConnections;
  }

  get services(): Services {
    if (this.#services === null) throw new Error('a connection came before the services');
    return this.#services;
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections;
  }

  /** Connections are served, and not yet closed for a stop. */
  get accepting(): boolean {
    return this.#sweeper !== null && this.#servers.every(({ listening }) => listening);
  }

  /** Binds every address; port 0 becomes a real one. Accepts once `accept` is called. Throws ListenError. */
  async bind(
    listeners: readonly Listener[],
    advertised: readonly Listener[],
  ): Promise<BoundListener[]> {
    const bound: BoundListener[] = [];
    for (const { name, host, port } of listeners) {
      const server = createServer({ pauseOnConnect: true, noDelay: true, keepAlive: true });
      server.on('connection', (socket) => this.#accepted(socket, name));
      await listening(server, name, host, port);
      // For example EMFILE: the peer is turned away, and the listener goes on.
      server.on('error', (error) => this.#acceptFailed(error, name));
      this.#servers.push(server);
      const address = server.address();
      const actualPort = typeof address === 'object' && address !== null ? address.port : port;
      const told = advertised.find((listener) => listener.name === name);
      bound.push({
        name,
        host,
        port: actualPort,
        advertisedHost: told?.host ?? host,
        advertisedPort: told === undefined || told.port === 0 ? actualPort : told.port,
      });
    }
    this.#bound = bound;
    return bound;
  }

  /** Connections are served from now on. */
  accept(services: Services): void {
    this.#services = services;
    this.#closings = new PeerLog(services.log, {
      count: 'closed',
      rest: 'further connections were closed or refused',
      sweeps: 1,
    });
    this.#sweeper = setInterval(() => this.#sweep(), sweepIntervalMs);
  }

  /** Closes every connection at once, and takes no new ones until `resume`. */
  suspend(): void {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.destroy();
  }

  /** Listens again at the same addresses. Throws ListenError. */
  async resume(): Promise<void> {
    for (const [at, { name, host, port }] of this.#bound.entries()) {
      const server = this.#servers[at] as Server;
      if (!server.listening) await listening(server, name, host, port);
    }
  }

  turnedAway({ clientHost, listener }: Connection, reason: string): void {
    this.#closings?.tell(clientHost, { listener }, reason);
  }

  closed(connection: Connection): void {
    this.#connections.delete(connection);
    this.#checkIdle();
  }

  wentIdle(): void {
    this.#checkIdle();
  }

  /** Stops accepting and reading, waits until what was read is answered, then closes every connection. */
  async close(timeoutMs: number): Promise<void> {
    for (const server of this.#servers) server.close();
    for (const connection of this.#connections) connection.stopReading();
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    this.#sweeper = null;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(() => this.#whenIdle?.(), timeoutMs);
      this.#whenIdle = () => {
        clearTimeout(limit);
        this.#whenIdle = null;
        resolve();
      };
      this.#checkIdle();
    });
    for (const connection of this.#connections) connection.destroy();
    this.#closings?.flush();
    this.#services?.refusals.flush();
  }

  #checkIdle(): void {
    if (this.#whenIdle === null) return;
    for (const connection of this.#connections) if (!connection.idle) return;
    this.#whenIdle();
  }

  #accepted(socket: Socket, listener: string): void {
    if (this.#services === null || this.#connections.size >= this.#maxConnections) {
      this.refused++;
      const reason = `refused: ${this.#maxConnections} connections are open (maxConnections)`;
      this.#closings?.tell(peerOf(socket), { listener }, reason);
      socket.destroy();
      return;
    }
    this.#connections.add(new Connection(this, socket, listener, this.#services.now()));
  }

  #acceptFailed(error: Error, listener: string): void {
    const reason = `a connection could not be accepted: ${error.message}`;
    this.#closings?.tell('unknown', { listener }, reason);
  }

  #sweep(): void {
    const nowMs = this.services.now();
    for (const connection of this.#connections) connection.sweep(nowMs);
    this.services.files?.sweep();
    this.services.refusals.sweep();
    this.#closings?.sweep();
  }
}

function listening(server: Server, name: string, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException): void => {
      const why =
        error.code === 'EADDRINUSE' ? 'another process listens there already' : error.message;
      reject(new ListenError(`listener ${name} cannot bind ${host}:${port}: ${why}`));
    };
    server.once('error', refused);
    server.listen({ host, port, backlog }, () => {
      server.off('error', refused);
      resolve();
    });
  });
}

/** What Metadata tells about the bound listeners, by name. */
export function advertisedBy(bound: readonly BoundListener[]): Map<string, AdvertisedListener> {
  const entries = bound.map(
    ({ name, advertisedHost, advertisedPort }): [string, AdvertisedListener] => [
      name,
      { name, host: advertisedHost, port: advertisedPort },
    ],
  );
  return new Map(entries);
}
