import type { Encodable } from '../../engine/protocol/kafka/encodable.js';
import { type Exchange, RawClient } from '../raw-client.js';
import type { Findings } from './findings.js';

/** The broker is gone, or does not answer. */
export class Disconnected extends Error {}

const answerLimitMs = 30_000;

/** A connection that fails at once, and for good, when its broker dies. */
export class Connection {
  readonly #client: RawClient;
  readonly #findings: Findings;

  private constructor(client: RawClient, findings: Findings) {
    this.#client = client;
    this.#findings = findings;
  }

  static async open(port: number, findings: Findings): Promise<Connection> {
    try {
      return new Connection(await RawClient.connect(port), findings);
    } catch (error) {
      throw new Disconnected('no connection', { cause: error });
    }
  }

  get isOpen(): boolean {
    return !this.#client.socket.destroyed;
  }

  /** Throws Disconnected. */
  async ask<Request, Response>(
    exchange: Exchange<Request, Response>,
    request: Encodable<Request>,
    version: number,
  ): Promise<Response> {
    if (!this.isOpen) throw new Disconnected('the connection is closed');
    const timer = setTimeout(() => {
      this.#findings.add(`no answer for ${answerLimitMs} ms to API ${exchange.apiKey}`);
      this.close();
    }, answerLimitMs);
    try {
      return await this.#client.ask(exchange, request, version);
    } catch (error) {
      if (this.isOpen) throw error;
      throw new Disconnected('the broker is gone', { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#client.close();
  }
}
