import { setTimeout } from 'node:timers/promises';
import { AccessMode } from '../../engine/protocol/pulsar/commands.js';
import { openPulsarClient, type PulsarClient } from '../../workers/log/pulsar/client.js';
import type { PulsarConnection } from '../../workers/log/pulsar/connection.js';
import { type OutgoingEntry, PulsarProducer } from '../../workers/log/pulsar/producer.js';
import type { Findings } from '../crash/findings.js';
import { eventually, type Load } from '../crash/load/load.js';
import { markedValue, plain, type TopicLedger } from '../crash/load/topic-ledger.js';
import type { Random } from '../crash/random.js';

const operationTimeoutMs = 30_000;
const retryMs = 100;
const mostMessages = 5;
/** Entries of one partition on their way at once. */
const mostPending = 10;
/** No producer's name, sequence 0, publishing time 1. */
const metadata = [0x0a, 0, 0x10, 0, 0x18, 1];
const messageCountTag = 0x58;
const payloadSizeTag = 0x18;

/** Where Pulsar is. */
export interface PulsarAddress {
  readonly serviceUrl: string;
  readonly adminUrl: string;
}

interface NumberedEntry extends OutgoingEntry {
  readonly first: number;
}

/**
 * Producers of Pulsar's on a shared topic, which know nothing of Kopje: they write while it dies and comes back, and
 * are told by Pulsar what is stored. They send nothing twice: what was not acknowledged may be there, once, or not.
 */
export class PulsarWriter implements Load {
  /** A step only begins what then goes on by itself. */
  readonly pauseMs = 1_000;
  readonly #name: string;
  readonly #pulsar: PulsarAddress;
  readonly #random: Random;
  readonly #findings: Findings;
  readonly #entryPauseMs: number;
  #ledger: TopicLedger | null = null;
  /** Number of the next record, and of entries acknowledged, by partition. */
  #next: number[] = [];
  #receipts: number[] = [];
  #client: PulsarClient | null = null;
  #running: Promise<unknown> | null = null;

  constructor(
    name: string,
    pulsar: PulsarAddress,
    random: Random,
    findings: Findings,
    entryPauseMs = 20,
  ) {
    this.#name = `${plain}pulsar-${name}`;
    this.#pulsar = pulsar;
    this.#random = random;
    this.#findings = findings;
    this.#entryPauseMs = entryPauseMs;
  }

  /** Goes on in another topic. */
  begin(ledger: TopicLedger): void {
    this.#ledger = ledger;
    this.#next = new Array<number>(ledger.partitions).fill(0);
    this.#receipts = new Array<number>(ledger.partitions).fill(0);
  }

  async step(): Promise<void> {
    if (this.#running !== null) return;
    const { serviceUrl, adminUrl } = this.#pulsar;
    const authentication = { kind: 'none' } as const;
    const tls = { ca: null, verifiesHostname: true };
    const cluster = { serviceUrl, adminUrl, authentication, tls, operationTimeoutMs };
    const client = openPulsarClient(cluster);
    this.#client = client;
    this.#running = Promise.all(
      this.#next.map((_, partition) => this.#keepWriting(client, partition)),
    );
  }

  /** Stops, once every partition has got something more. */
  async settle(): Promise<void> {
    if (this.#running === null) return;
    const before = [...this.#receipts];
    const goesOn = await eventually(async () => {
      return this.#receipts.every((count, partition) => count > before[partition]!) || null;
    }, this.#ledger!.rules.patienceMs);
    if (goesOn === null) {
      this.#findings.add(`${this.#ledger!.topic}: Pulsar's own producers cannot go on`);
    }
    await this.close();
  }

  /** The ledger of the topic looks at all producers at once. */
  async check(): Promise<void> {}

  /** Stops at once: what is under way is in doubt. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = null;
    await client?.close();
    await this.#running;
    this.#running = null;
  }

  async #keepWriting(client: PulsarClient, partition: number): Promise<void> {
    const topic = `persistent://public/default/${this.#ledger!.topic}-partition-${partition}`;
    while (this.#client === client) {
      try {
        await this.#write(await client.lookup.connectionFor(topic, 'write'), topic, partition);
      } catch {
        // Pulsar is away, or about to be.
      }
      await setTimeout(retryMs);
    }
  }

  /** Until the producer ends, which it does with its connection. */
  async #write(connection: PulsarConnection, topic: string, partition: number): Promise<void> {
    const options = { topic, accessMode: AccessMode.shared, topicEpoch: null };
    const producer = await PulsarProducer.open(connection, options, {
      acknowledged: (entry) => {
        const { first, messageCount: count } = entry as NumberedEntry;
        this.#ledger!.promise(partition, { producer: this.#name, first, count });
        this.#receipts[partition]!++;
      },
      ended: () => undefined,
    });
    while (producer.isOpen) {
      if (producer.pendingSends < mostPending) producer.send(this.#make(partition));
      await setTimeout(this.#entryPauseMs);
    }
  }

  /** One message, or a batch. */
  #make(partition: number): NumberedEntry {
    const first = this.#next[partition]!;
    const messageCount = this.#random.between(1, mostMessages);
    this.#next[partition] = first + messageCount;
    const values = Array.from({ length: messageCount }, (_, i) =>
      Buffer.from(markedValue(this.#name, first + i, '')),
    );
    const isBatch = messageCount > 1 || this.#random.oneIn(2);
    const payload = isBatch ? values.flatMap((value) => [singleMetadata(value), value]) : values;
    return {
      first,
      messageCount,
      metadata: Buffer.from(isBatch ? [...metadata, messageCountTag, messageCount] : metadata),
      payload,
      payloadBytes: payload.reduce((sum, { length }) => sum + length, 0),
      checksum: null,
    };
  }
}

/** What stands before a message of a batch: its length, which is below 128. */
function singleMetadata(value: Uint8Array): Buffer {
  return Buffer.from([0, 0, 0, 2, payloadSizeTag, value.length]);
}
