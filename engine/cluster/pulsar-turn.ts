import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { openPulsarClient, type PulsarClient } from '../../workers/log/pulsar/client.js';
import type { PulsarBackend } from '../../workers/ring/control.js';
import { onceReached } from '../catalog/pulsar/reach.js';
import { isForbidden, TopicAdmin } from '../catalog/pulsar/topic-admin.js';
import { formatAddress } from '../config/listener.js';
import type { Settings } from '../config/schema.js';
import { waitForLease } from './candidate.js';
import type { Lease } from './lease.js';
import { systemClock } from './lock.js';
import { PulsarLock } from './pulsar-lock.js';

/** A node's part in the lock of its cluster. */
export class PulsarTurn {
  /** Whom the node waits for; null: nobody. */
  waitsFor: string | null = null;
  readonly #backend: PulsarBackend;
  readonly #settings: Settings;
  readonly #log: Logger;
  #client: PulsarClient | null = null;
  #lease: Lease | null = null;

  constructor(backend: PulsarBackend, settings: Settings, log: Logger) {
    this.#backend = backend;
    this.#settings = settings;
    this.#log = log;
  }

  /** Resolves when this node may serve. Rejects with PulsarRefused, StartGivenUp. */
  async wait(signal: AbortSignal): Promise<Lease> {
    const { kafkaMetadataTenant, kafkaMetadataNamespace, brokerSessionTimeoutMs } = this.#settings;
    const namespace = `${kafkaMetadataTenant}/${kafkaMetadataNamespace}`;
    const log = this.#log;
    // An answer that takes longer than a lease lasts is of no use to it.
    const operationTimeoutMs = brokerSessionTimeoutMs;
    const client = openPulsarClient({ ...this.#backend, operationTimeoutMs });
    this.#client = client;
    const reached = <Result>(step: () => Promise<Result>) =>
      onceReached(step, `the lock of ${namespace}`, log, signal);
    const lock = new PulsarLock(client, namespace);
    const admin = new TopicAdmin(client.admin.http);
    await reached(async () => {
      await admin.ensureNamespace(namespace).catch((error: unknown) => {
        // It may be there all the same, made by somebody who may.
        if (!isForbidden(error)) throw error;
      });
    });
    await reached(() => lock.prepare());
    this.#lease = await waitForLease({
      lock,
      node: describeNode(this.#settings),
      sessionTimeoutMs: brokerSessionTimeoutMs,
      clock: systemClock,
      log,
      signal,
      reached,
      waits: (text) => {
        this.waitsFor = text;
      },
    });
    return this.#lease;
  }

  /** Lets the next node serve, if it was this one's turn. */
  async end(): Promise<void> {
    try {
      await this.#lease?.release();
    } catch (error) {
      const message = 'the lock could not be released: the next node waits for its time to run out';
      this.#log.warn({ err: error }, message);
    }
    await this.#client?.close();
  }
}

function describeNode({ brokerId, kafkaAdvertisedListeners, kafkaListeners }: Settings): string {
  const [listener] =
    kafkaAdvertisedListeners.length > 0 ? kafkaAdvertisedListeners : kafkaListeners;
  const address = listener === undefined ? '' : ` for ${formatAddress(listener)}`;
  return `node ${brokerId} (process ${process.pid} of ${hostname()}${address})`;
}
