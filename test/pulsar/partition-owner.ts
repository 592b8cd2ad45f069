import type { Test } from 'tap';
import { noAuthentication } from '../../workers/log/pulsar/authentication.js';
import { Connections } from '../../workers/log/pulsar/connections.js';
import { Lookup } from '../../workers/log/pulsar/lookup.js';
import type { PulsarLog } from '../../workers/log/pulsar/pulsar-log.js';
import { parseServiceUrl } from '../../workers/log/pulsar/service-url.js';
import { Partition } from '../../workers/partition/partition.js';
import { AppendRequest } from '../../workers/partition/request.js';
import { type BatchSpec, batchAt, codecs, recordsOf } from '../workers/log/batches.js';
import { logConfig } from '../workers/log/log-config.js';
import { type LogOptions, newProducers, openLog } from './open-log.js';
import { backend, serviceUrl } from './peer.js';

/** What a client is answered. */
export interface Answer {
  readonly errorCode: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

const settings = {
  durability: 'fsync',
  validateRecords: 'full',
  maxInflatedBytes: 2 ** 24,
} as const;

/** One that has a partition, as a thread of Kopje's. */
export class PartitionOwner {
  readonly log: PulsarLog;
  readonly notices: string[] = [];
  readonly #partition: Partition;
  readonly #connections: Connections;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastToken = 0;

  private constructor(
    log: PulsarLog,
    connections: Connections,
    producers: ReturnType<typeof newProducers>,
    options: LogOptions,
    notices: string[],
  ) {
    this.log = log;
    this.notices = notices;
    this.#connections = connections;
    const name = { topic: 'topic', partition: 0 };
    const config = logConfig(options.config);
    this.#partition = new Partition(name, log, producers, codecs, settings, config, {
      complete: ({ token, errorCode, baseOffset, lastOffset }) => {
        this.#waiting.get(token)?.({ errorCode, baseOffset, lastOffset });
        this.#waiting.delete(token);
      },
      publish() {},
      report: (_, message) => notices.push(message),
      arrived() {},
      offline: ({ message }) => notices.push(message),
      compact() {},
      copied() {},
      now: Date.now,
    });
  }

  /** Takes a topic over; ends with the test. */
  static async open(t: Test, topic: string, options: LogOptions): Promise<PartitionOwner> {
    const { operationTimeoutMs } = backend;
    const connections = new Connections({
      authentication: noAuthentication,
      tls: {},
      operationTimeoutMs,
    });
    t.teardown(() => connections.close());
    const lookup = new Lookup(connections, parseServiceUrl(serviceUrl));
    const producers = newProducers();
    const notices: string[] = [];
    const report = ({ message }: { message: string }) => notices.push(message);
    const log = await openLog(lookup, topic, { ...options, producers, report });
    return new PartitionOwner(log, connections, producers, options, notices);
  }

  /** A client's batch of so many records. */
  send(count: number, spec: BatchSpec): Promise<Answer> {
    const bytes = batchAt(0, recordsOf(count), spec);
    const request = new AppendRequest(++this.#lastToken, bytes, 0, bytes.length);
    return new Promise((resolve) => {
      this.#waiting.set(request.token, resolve);
      this.#partition.enqueue(request);
      this.#partition.drain();
    });
  }

  /** DeleteRecords. */
  trim(offset: number): Promise<{ errorCode: number; logStartOffset: number }> {
    return this.#partition.trim(offset);
  }

  close(): Promise<void> {
    return this.#partition.close();
  }

  /** Dies: nothing is written or told any more. */
  kill(): Promise<void> {
    return this.#connections.close();
  }
}
