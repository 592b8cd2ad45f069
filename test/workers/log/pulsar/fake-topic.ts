/** One topic of a fake broker: entries with ledgers and indexes, exclusive producers with epochs, readers, admin API. */
import { randomUUID } from 'node:crypto';
import type { Test } from 'tap';
import { AccessMode, type MessageId } from '../../../../engine/protocol/pulsar/commands.js';
import { MessageMetadata } from '../../../../workers/format/message-metadata.js';
import {
  type EntryFacts,
  IndexMissing,
  type LedgerList,
  type TopicAdmin,
  type TransactionEnd,
} from '../../../../workers/log/pulsar/admin.js';
import type { SharedEpochs } from '../../../../workers/log/pulsar/epoch-counters.js';
import type { SnapshotStore } from '../../../../workers/log/pulsar/snapshot-topic.js';
import {
  brokerEntryMetadata,
  bytesOf,
  frameOf,
  messageCommand,
  uint32,
} from '../../../engine/protocol/pulsar/hot-messages.js';
import { FakeBroker, type Peer, type Sent } from './fake-broker.js';

interface Entry {
  readonly ledgerId: number;
  readonly entryId: number;
  /** Of its last message. */
  index: number;
  readonly messages: number;
  /** Readers are not sent it. */
  readonly isMarker: boolean;
  readonly transactionEnd: TransactionEnd | null;
  /** As its producer sent it. */
  readonly bytes: Buffer;
  readonly storedMs: number;
}

interface Reader {
  readonly peer: Peer;
  readonly consumerId: number;
  /** In `entries`. */
  next: number;
  permits: number;
}

/** Producer snapshots by their place. */
export class MemorySnapshots implements SnapshotStore {
  readonly kept: Uint8Array[] = [];
  /** What a write fails with. */
  failure: Error | null = null;

  async write(_: string, bytes: Uint8Array): Promise<MessageId> {
    if (this.failure !== null) throw this.failure;
    return { ledgerId: 1, entryId: this.kept.push(bytes) - 1 };
  }

  async read({ entryId }: MessageId): Promise<Uint8Array> {
    const bytes = this.kept[entryId];
    if (bytes === undefined) throw new Error('404');
    return bytes;
  }
}

interface Producer {
  readonly peer: Peer;
  readonly producerId: number;
}

const none = Buffer.from([0, 0, 0, 0]);

export class FakeTopic implements TopicAdmin {
  readonly name = `persistent://a/b/${randomUUID()}`;
  /** Another one when it is made anew. */
  id = randomUUID();
  readonly entries: Entry[] = [];
  epoch = -1;
  /** Stands in for what happens between two sends: a new ledger, a foreign entry, a lost connection. */
  beforeStore: (sent: Sent, peer: Peer) => 'store' | 'ignore' = () => 'store';
  broker!: FakeBroker;
  /** Entries looked up over the admin API. */
  adminReads = 0;
  /** Its properties. */
  readonly told = new Map<string, string>();
  /** Where producer snapshots go. */
  readonly snapshots = new MemorySnapshots();
  readonly readers: Reader[] = [];
  /** Producers do not change the epoch that is told. */
  hidesEpoch = false;
  /** False once it is being deleted. */
  isThere = true;
  askedIfThere: () => void = () => undefined;
  /** Producers that were opened. */
  producers = 0;
  /** In `entries`: where a transaction of Pulsar's own is open. */
  withheldFrom = Number.POSITIVE_INFINITY;
  /** Whether readers are sent anything. */
  delivers = true;
  maxMessageBytes = 1_000;
  /** What its ledgers say of themselves. */
  entryBytes = 1;
  /** How often it was opened to be shared. */
  sharedEpoch = 0;
  readonly epochs: SharedEpochs = {
    read: async () => this.sharedEpoch,
    raise: async () => ++this.sharedEpoch,
  };
  /** Entries that readers were sent. */
  delivered = 0;
  /** Who may send. */
  #owner: Producer | null = null;
  /** By name. */
  readonly #shared = new Map<string, Producer>();
  #ledgerId = 3;
  #nextEntryId = 0;
  #nextIndex = 0;

  static async start(t: Test): Promise<FakeTopic> {
    const topic = new FakeTopic();
    topic.broker = await topic.newBroker(t);
    return topic;
  }

  /** Another broker, which serves the topic once it has moved there. */
  async newBroker(t: Test): Promise<FakeBroker> {
    const broker = await FakeBroker.start(t, {
      connect: (_, peer) =>
        peer.tell('connected', { serverVersion: 'fake', maxMessageSize: this.maxMessageBytes }),
      lookup: ({ requestId }, peer) => {
        const brokerServiceUrl = urlOf(this.broker);
        peer.tell('lookupResponse', { requestId, response: 1, brokerServiceUrl });
      },
      producer: ({ requestId, producerId, topicEpoch, producerName, producerAccessMode }, peer) => {
        if (broker !== this.broker) {
          const message = `${this.name} is not served by this broker`;
          peer.tell('error', { requestId, error: 6, message });
          return;
        }
        if (producerAccessMode === AccessMode.shared) {
          this.#openShared({ peer, producerId }, requestId, producerName ?? randomUUID());
          return;
        }
        if (topicEpoch !== undefined && topicEpoch < this.epoch) {
          peer.tell('error', { requestId, error: 25, message: 'Topic epoch has already moved' });
          return;
        }
        this.producers++;
        this.epoch = topicEpoch ?? this.epoch + 1;
        if (!this.hidesEpoch) this.told.set('pulsar.topic.epoch', String(this.epoch));
        this.#owner = { peer, producerId };
        this.#shared.clear();
        this.#forgetWith(peer);
        peer.tell('producerSuccess', { requestId, producerName: 'p', topicEpoch: this.epoch });
      },
      send: (sent, peer) => {
        if (!this.#maySend(peer, sent.producerId)) {
          // A fenced producer is told nothing until it sends.
          peer.socket.destroy();
          return;
        }
        if (this.beforeStore(sent, peer) === 'ignore') return;
        const { ledgerId, entryId } = this.store(sent.messageCount, sent.entry);
        peer.receipt(sent, ledgerId, entryId);
      },
      closeProducer: ({ requestId, producerId }, peer) => {
        this.#forget((one) => one.peer === peer && one.producerId === producerId);
        peer.tell('success', { requestId });
      },
      subscribe: ({ requestId, consumerId, startMessageId }, peer) => {
        peer.tell('success', { requestId });
        const { ledgerId = -1, entryId = -1 } = startMessageId ?? {};
        const start = this.entries.findIndex(
          (entry) =>
            entry.ledgerId > ledgerId || (entry.ledgerId === ledgerId && entry.entryId >= entryId),
        );
        const next = start < 0 ? this.entries.length : start;
        this.readers.push({ peer, consumerId, next, permits: 0 });
      },
      flow: ({ consumerId, messagePermits }, peer) => {
        const reader = this.readers.find(
          (one) => one.peer === peer && one.consumerId === consumerId,
        );
        if (reader === undefined) return;
        reader.permits += messagePermits;
        this.#deliver(reader);
      },
      closeConsumer: ({ requestId, consumerId }, peer) => {
        const index = this.readers.findIndex(
          (one) => one.peer === peer && one.consumerId === consumerId,
        );
        if (index >= 0) this.readers.splice(index, 1);
        peer.tell('success', { requestId });
      },
    });
    return broker;
  }

  /** Goes to another broker, of which who uses the topic is told or not. */
  moveTo(broker: FakeBroker, isTold: boolean): void {
    this.broker = broker;
    this.unload(isTold ? { assignedBrokerServiceUrl: urlOf(broker) } : {});
  }

  /** Ends one of Kafka's transactions as KoP does. */
  endTransaction(end: TransactionEnd): Entry {
    return this.store(1, none, true, end);
  }

  store(
    messages: number,
    bytes: Buffer = none,
    isMarker = markerIn(bytes),
    transactionEnd: TransactionEnd | null = null,
  ): Entry {
    this.#nextIndex += messages;
    const entry = {
      ledgerId: this.#ledgerId,
      entryId: this.#nextEntryId++,
      index: this.#nextIndex - 1,
      messages,
      isMarker,
      transactionEnd,
      bytes,
      storedMs: Date.now(),
    };
    this.entries.push(entry);
    for (const reader of this.readers) this.#deliver(reader);
    return entry;
  }

  /** Pulsar's own transactions have ended. */
  releaseEnd(): void {
    this.withheldFrom = Number.POSITIVE_INFINITY;
    for (const reader of this.readers) this.#deliver(reader);
  }

  /** As when the topic moves to another broker: producer and readers are closed. */
  unload(told: { assignedBrokerServiceUrl?: string } = {}): void {
    const producers = [...this.#shared.values(), ...(this.#owner === null ? [] : [this.#owner])];
    this.#shared.clear();
    for (const { peer, producerId } of producers) {
      peer.tell('closeProducer', { producerId, requestId: -1, ...told });
    }
    for (const { peer, consumerId } of this.readers.splice(0)) {
      peer.tell('closeConsumer', { consumerId, requestId: -1, ...told });
    }
    this.rollLedger();
  }

  /** Goes to a broker of another cluster. */
  migrateTo(broker: FakeBroker): void {
    this.broker = broker;
    const brokerServiceUrl = urlOf(broker);
    const producers = [...this.#shared.values(), ...(this.#owner === null ? [] : [this.#owner])];
    this.#shared.clear();
    for (const { peer, producerId } of producers) {
      peer.tell('topicMigrated', { resourceId: producerId, resourceType: 0, brokerServiceUrl });
    }
    for (const { peer, consumerId } of this.readers.splice(0)) {
      peer.tell('topicMigrated', { resourceId: consumerId, resourceType: 1, brokerServiceUrl });
    }
    this.rollLedger();
  }

  rollLedger(): void {
    this.#ledgerId += 2;
    this.#nextEntryId = 0;
  }

  async ledgerIndex(): Promise<number> {
    return this.#nextIndex - 1;
  }

  async entry(_: string, { ledgerId, entryId }: MessageId): Promise<EntryFacts> {
    this.adminReads++;
    const found = this.entries.find(
      (entry) => entry.ledgerId === ledgerId && entry.entryId === entryId,
    );
    if (found === undefined) throw new Error(`no entry ${ledgerId}:${entryId}`);
    // As the real one: a producer that says that an entry has no messages gets no index for it.
    if (found.messages === 0) throw new IndexMissing(this.name);
    return { ...found, isWithheld: this.entries.indexOf(found) >= this.withheldFrom };
  }

  async ledgers(): Promise<LedgerList> {
    const counts = new Map<number, number>();
    for (const { ledgerId } of this.entries) counts.set(ledgerId, (counts.get(ledgerId) ?? 0) + 1);
    const { ledgerId = -1, entryId = -1 } = this.entries.at(-1) ?? {};
    const ledgers = [...counts].map(([ledgerId, entries]) => ({
      ledgerId,
      entries,
      sizeBytes: entries * this.entryBytes,
    }));
    return { ledgers, last: { ledgerId, entryId } };
  }

  async exists(): Promise<boolean> {
    this.askedIfThere();
    return this.isThere;
  }

  async property(_: string, name: string): Promise<string | null> {
    return this.told.get(name) ?? null;
  }

  async properties(): Promise<Record<string, string>> {
    return Object.fromEntries(this.told);
  }

  async removeProperty(_: string, name: string): Promise<void> {
    this.told.delete(name);
  }

  async payload(): Promise<Buffer> {
    throw new Error('not here');
  }

  async setProperty(_: string, name: string, value: string): Promise<void> {
    this.told.set(name, value);
  }

  async entryAtTime(_: string, timeMs: number): Promise<MessageId> {
    const metadata = new MessageMetadata();
    const found = this.entries.find(({ bytes }) => {
      readMetadata(metadata, bytes);
      return metadata.publishTime >= timeMs;
    });
    return (found ?? this.entries.at(-1)) as MessageId;
  }

  /** Somebody may have the name, or the topic for himself. */
  #openShared(producer: Producer, requestId: number, producerName: string): void {
    const { peer } = producer;
    if (this.#owner !== null || this.#shared.has(producerName)) {
      peer.tell('error', { requestId, error: 16, message: `${producerName} is connected already` });
      return;
    }
    this.producers++;
    this.#shared.set(producerName, producer);
    this.#forgetWith(peer);
    const told = this.epoch < 0 ? {} : { topicEpoch: this.epoch };
    peer.tell('producerSuccess', { requestId, producerName, ...told });
  }

  #maySend(peer: Peer, producerId: number): boolean {
    const producers = [...this.#shared.values(), this.#owner];
    return producers.some((one) => one?.peer === peer && one.producerId === producerId);
  }

  #forgetWith(peer: Peer): void {
    peer.socket.once('close', () => this.#forget((one) => one.peer === peer));
  }

  #forget(isGone: (producer: Producer) => boolean): void {
    if (this.#owner !== null && isGone(this.#owner)) this.#owner = null;
    for (const [name, producer] of this.#shared) if (isGone(producer)) this.#shared.delete(name);
  }

  #deliver(reader: Reader): void {
    const end = Math.min(this.entries.length, this.withheldFrom);
    while (this.delivers && reader.permits > 0 && reader.next < end) {
      const { ledgerId, entryId, index, messages, isMarker, bytes } = this.entries[
        reader.next++
      ] as Entry;
      if (isMarker) continue;
      reader.permits -= messages;
      this.delivered++;
      const fields = { consumerId: reader.consumerId, messageId: { ledgerId, entryId } };
      const command = bytesOf(messageCommand, { type: 9, message: fields });
      if (messages === 0) {
        reader.peer.socket.write(frameOf(command, bytes));
        continue;
      }
      const broker = bytesOf(brokerEntryMetadata, { index });
      const magic = Buffer.from([0x0e, 0x02]);
      reader.peer.socket.write(frameOf(command, magic, uint32(broker.length), broker, bytes));
    }
  }
}

export function urlOf({ address }: FakeBroker): string {
  return `pulsar://${address.host}:${address.port}`;
}

function readMetadata(metadata: MessageMetadata, bytes: Buffer): void {
  const at = bytes.readUInt16BE(0) === 0x0e01 ? 6 : 0;
  metadata.read(bytes, at + 4, at + 4 + bytes.readUInt32BE(at));
}

function markerIn(bytes: Buffer): boolean {
  const metadata = new MessageMetadata();
  readMetadata(metadata, bytes);
  return metadata.markerType >= 0;
}
