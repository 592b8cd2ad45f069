/** One topic of a fake broker: entries with ledgers and indexes, exclusive producers with epochs, readers. */
import type { Test } from 'tap';
import type { IndexSource } from '../../../../workers/log/pulsar/admin.js';
import { messageFrame } from '../../../engine/protocol/pulsar/hot-messages.js';
import { FakeBroker, type Peer, type Sent } from './fake-broker.js';

interface Entry {
  readonly ledgerId: number;
  readonly entryId: number;
  /** Of its last message. */
  index: number;
  /** Readers are not sent it. */
  readonly isMarker: boolean;
}

const topicName = 'persistent://a/b/c';

export class FakeTopic implements IndexSource {
  readonly name = topicName;
  readonly entries: Entry[] = [];
  epoch = -1;
  /** Stands in for what happens between two sends: a new ledger, a foreign entry, a lost connection. */
  beforeStore: (sent: Sent, peer: Peer) => 'store' | 'ignore' = () => 'store';
  broker!: FakeBroker;
  /** Looked up over the admin API. */
  adminReads = 0;
  /** Where each reader goes on; a FLOW delivers what is there. */
  readonly #cursors = new Map<number, number>();
  #ledgerId = 3;
  #nextEntryId = 0;
  #nextIndex = 0;

  static async start(t: Test): Promise<FakeTopic> {
    const topic = new FakeTopic();
    topic.broker = await FakeBroker.start(t, {
      producer: ({ requestId, topicEpoch }, peer) => {
        if (topicEpoch !== undefined && topicEpoch < topic.epoch) {
          peer.tell('error', { requestId, error: 25, message: 'Topic epoch has already moved' });
          return;
        }
        topic.epoch = topicEpoch ?? topic.epoch + 1;
        peer.tell('producerSuccess', { requestId, producerName: 'p', topicEpoch: topic.epoch });
      },
      send: (sent, peer) => {
        if (topic.beforeStore(sent, peer) === 'ignore') return;
        const { ledgerId, entryId } = topic.store(sent.messageCount);
        peer.receipt(sent, ledgerId, entryId);
      },
      getLastMessageId: ({ requestId }, peer) => {
        const { ledgerId = -1, entryId = -1 } = topic.entries.at(-1) ?? {};
        peer.tell('getLastMessageIdResponse', { requestId, lastMessageId: { ledgerId, entryId } });
      },
      subscribe: ({ requestId, consumerId, startMessageId }, peer) => {
        peer.tell('success', { requestId });
        const { ledgerId = -1, entryId = -1 } = startMessageId ?? {};
        const start = topic.entries.findIndex(
          (entry) =>
            entry.ledgerId > ledgerId || (entry.ledgerId === ledgerId && entry.entryId >= entryId),
        );
        topic.#cursors.set(consumerId, start < 0 ? topic.entries.length : start);
      },
      flow: ({ consumerId, messagePermits }, peer) => {
        const start = topic.#cursors.get(consumerId) ?? 0;
        const found = topic.entries.slice(start).filter(({ isMarker }) => !isMarker);
        topic.#cursors.set(consumerId, topic.entries.length);
        for (const entry of found.slice(0, messagePermits)) topic.#deliver(peer, consumerId, entry);
      },
    });
    return topic;
  }

  store(messageCount: number, isMarker = false): Entry {
    this.#nextIndex += messageCount;
    const index = this.#nextIndex - 1;
    const entry = { ledgerId: this.#ledgerId, entryId: this.#nextEntryId++, index, isMarker };
    this.entries.push(entry);
    return entry;
  }

  rollLedger(): void {
    this.#ledgerId += 2;
    this.#nextEntryId = 0;
  }

  async ledgerIndex(): Promise<number> {
    this.adminReads++;
    return this.#nextIndex - 1;
  }

  async entryIndex(_: string, ledgerId: number, entryId: number): Promise<number> {
    this.adminReads++;
    const found = this.entries.find(
      (entry) => entry.ledgerId === ledgerId && entry.entryId === entryId,
    );
    if (found === undefined) throw new Error(`no entry ${ledgerId}:${entryId}`);
    return found.index;
  }

  #deliver(peer: Peer, consumerId: number, { ledgerId, entryId, index }: Entry): void {
    const none = Buffer.alloc(0);
    const messageId = { ledgerId, entryId };
    peer.socket.write(
      messageFrame({ consumerId, messageId }, { index, metadata: none, payload: none }),
    );
  }
}
