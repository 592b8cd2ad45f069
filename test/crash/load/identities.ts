import { initProducerIdExchange } from '../../exchanges.js';
import type { Connection } from '../connection.js';
import type { Findings } from '../findings.js';
import type { Load } from './load.js';

/** Asks for producer ids: none is ever given twice. */
export class Identities implements Load {
  readonly pauseMs = 20;
  readonly #findings: Findings;
  readonly #given = new Set<number>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  async step(connection: Connection): Promise<void> {
    const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
    const answer = await connection.ask(initProducerIdExchange, request, 1);
    if (answer.errorCode !== 0) this.#findings.add(`InitProducerId: error ${answer.errorCode}`);
    else this.take(answer.producerId);
  }

  take(producerId: number): void {
    if (this.#given.has(producerId)) this.#findings.add(`producer id ${producerId} given twice`);
    this.#given.add(producerId);
  }

  async settle(): Promise<void> {}

  async check(connection: Connection): Promise<void> {
    await this.step(connection);
  }
}
