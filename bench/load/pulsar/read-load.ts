import type { PulsarClient } from '../../../workers/log/pulsar/client.js';
import { earliest, PulsarReader } from '../../../workers/log/pulsar/reader.js';
import type { FetchShape, Load, LoadEvents, Progress } from '../channel.js';
import { clientOf, partitionsOf } from './client.js';

/** On its way to one reader, about: what a reader of Kopje's has. */
const windowBytes = 4 * 2 ** 20;

/** Reads the topics of all partitions from start to end again and again, with one plain reader each. */
export class PulsarReadLoad implements Load {
  readonly latencies = null;
  readonly #client: PulsarClient;
  readonly #events: LoadEvents;
  #bytes = 0;
  #records = 0;
  #readers: TopicReader[] = [];

  private constructor(client: PulsarClient, events: LoadEvents) {
    this.#client = client;
    this.#events = events;
  }

  static async start(shape: FetchShape, events: LoadEvents): Promise<PulsarReadLoad> {
    const load = new PulsarReadLoad(clientOf(shape.address), events);
    load.#readers = partitionsOf(shape.topic, shape.partitions).map((topic) =>
      load.#readerOf(topic),
    );
    await Promise.all(load.#readers.map((reader) => reader.open()));
    return load;
  }

  progress(): Progress {
    return { payloadBytes: this.#bytes, records: this.#records, requests: 0 };
  }

  async stop(): Promise<void> {
    for (const reader of this.#readers) reader.close();
    await this.#client.close();
  }

  async verify(): Promise<void> {
    // Nothing was written.
  }

  #readerOf(topic: string): TopicReader {
    return new TopicReader(this.#client, topic, {
      entry: (bytes, records) => {
        this.#bytes += bytes;
        this.#records += records;
      },
      failed: (error) => this.#events.failed(error),
    });
  }
}

interface TopicEvents {
  entry(bytes: number, records: number): void;
  failed(error: Error): void;
}

/** Reads one topic to the entry that was its last when it began, and then anew. */
class TopicReader {
  readonly #client: PulsarClient;
  readonly #topic: string;
  readonly #events: TopicEvents;
  #last = { ledgerId: -1, entryId: -1 };
  #reader: PulsarReader | null = null;
  #isClosed = false;

  constructor(client: PulsarClient, topic: string, events: TopicEvents) {
    this.#client = client;
    this.#topic = topic;
    this.#events = events;
  }

  async open(): Promise<void> {
    const { last } = await this.#client.admin.ledgers(this.#topic);
    this.#last = last;
    await this.#read();
  }

  close(): void {
    this.#isClosed = true;
    this.#reader?.close();
  }

  async #read(): Promise<void> {
    const connection = await this.#client.lookup.connectionFor(this.#topic, 'read');
    const { ledgerId, entryId } = this.#last;
    this.#reader = await PulsarReader.open(connection, this.#topic, earliest, windowBytes, {
      entry: (_view, entry) => {
        this.#events.entry(entry.end - entry.metadataSizeAt, entry.messageCount);
        if (entry.ledgerId === ledgerId && entry.entryId === entryId) this.#again();
      },
      ended: (reason) => {
        if (!this.#isClosed) this.#events.failed(reason);
      },
    });
  }

  #again(): void {
    // Not while it hands an entry on.
    queueMicrotask(() => {
      this.#reader?.close();
      if (!this.#isClosed) this.#read().catch((error: Error) => this.#events.failed(error));
    });
  }
}
