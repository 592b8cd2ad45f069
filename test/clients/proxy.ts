/** A TCP proxy before the broker that cuts every connection through it when told to. */

import { createConnection, createServer, type Server, type Socket } from 'node:net';

export class CuttingProxy {
  readonly port: number;
  /** Pairs of connections cut so far. */
  cuts = 0;
  readonly #server: Server;
  readonly #pairs: Set<Socket>;

  private constructor(server: Server, port: number, pairs: Set<Socket>) {
    this.#server = server;
    this.port = port;
    this.#pairs = pairs;
  }

  static async start(targetPort: number): Promise<CuttingProxy> {
    const pairs = new Set<Socket>();
    const server = createServer((near) => {
      const far = createConnection({ port: targetPort, host: '127.0.0.1' });
      pairs.add(near);
      const end = () => {
        pairs.delete(near);
        near.destroy();
        far.destroy();
      };
      for (const socket of [near, far]) socket.on('error', end).on('close', end);
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new CuttingProxy(server, address.port, pairs);
  }

  /** Cuts every connection, wherever in a request or an answer it is. */
  cut(): void {
    this.cuts += this.#pairs.size;
    for (const near of this.#pairs) near.resetAndDestroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }
}
