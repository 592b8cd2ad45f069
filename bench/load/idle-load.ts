import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Address, Load, LoadEvents, Progress } from './channel.js';
import { metadataRequest } from './kafka/requests.js';

/** Connections that are opened at the same time. */
const openingAtOnce = 50;

/** Connections of clients that have asked who is there, and say nothing more. */
export class IdleLoad implements Load {
  readonly latencies = null;
  readonly #sockets: Socket[] = [];
  #stopping = false;

  /** Resolves when all have been answered. */
  static async start(address: Address, connections: number, events: LoadEvents): Promise<IdleLoad> {
    const load = new IdleLoad();
    const request = metadataRequest();
    const open = async (): Promise<void> => {
      while (load.#sockets.length < connections) await load.#open(address, request, events);
    };
    await Promise.all(Array.from({ length: openingAtOnce }, open));
    return load;
  }

  progress(): Progress {
    return { payloadBytes: 0, records: 0, requests: this.#sockets.length };
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  async verify(): Promise<void> {
    // Nothing was written.
  }

  async #open(address: Address, request: Buffer, { failed }: LoadEvents): Promise<void> {
    if (address.protocol !== 'kafka') throw new Error('not the address of a Kafka broker');
    const socket = connect(address.port, address.host);
    this.#sockets.push(socket);
    socket.on('close', () => {
      if (!this.#stopping) failed(new Error('the broker closed an idle connection'));
    });
    socket.on('error', failed);
    socket.write(request);
    await once(socket, 'data');
  }
}
