import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Address } from '../config/listener.js';
import { ListenError } from '../listen/listeners.js';
import type { Observed } from './metric.js';
import { missingFor } from './readiness.js';
import { registryOf } from './registry.js';

/** Connections at a time; a Prometheus server and a supervisor need two. */
const maxConnections = 64;
/** A request without a body has to be there within this time. */
const requestTimeoutMs = 5_000;
const plain = 'text/plain; charset=utf-8';

/** Health, readiness and metrics over HTTP; it reads from the broker and changes nothing. */
export class HttpServer {
  readonly #observed: Observed;
  readonly #registry: Registry;
  readonly #server: Server;

  private constructor(observed: Observed) {
    this.#observed = observed;
    this.#registry = registryOf(observed);
    const timeouts = { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs };
    this.#server = createServer(timeouts, ({ method = '', url = '' }, response) => {
      const [path = ''] = url.split('?', 1);
      this.#answer(method, path, response).catch(() => response.destroy());
    });
    this.#server.maxConnections = maxConnections;
  }

  /** Listens at the address; port 0 becomes a real one. Throws ListenError. */
  static async listen({ host, port }: Address, observed: Observed): Promise<HttpServer> {
    const http = new HttpServer(observed);
    await new Promise<void>((resolve, reject) => {
      http.#server.once('error', (error) => {
        reject(new ListenError(`httpListener cannot bind ${host}:${port}: ${error.message}`));
      });
      http.#server.listen({ host, port }, resolve);
    });
    return http;
  }

  get address(): Address {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(method: string, path: string, response: ServerResponse): Promise<void> {
    if (method !== 'GET' && method !== 'HEAD') {
      response.setHeader('allow', 'GET, HEAD');
      send(response, 405, plain, 'only GET is answered\n');
    } else if (path === '/health') {
      send(response, 200, plain, 'alive\n');
    } else if (path === '/ready') {
      const missing = missingFor(this.#observed);
      const text = missing.length === 0 ? 'ready\n' : missing.map((line) => `${line}\n`).join('');
      send(response, missing.length === 0 ? 200 : 503, plain, text);
    } else if (path === '/metrics') {
      send(response, 200, this.#registry.contentType, await this.#registry.metrics());
    } else {
      send(response, 404, plain, 'there are /health, /ready and /metrics\n');
    }
  }
}

function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}
