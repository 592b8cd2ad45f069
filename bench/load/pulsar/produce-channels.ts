import { AccessMode } from '../../../engine/protocol/pulsar/commands.js';
import { loadCodecs } from '../../../native/index.js';
import { EntryMaker } from '../../../workers/log/pulsar/entry-maker.js';
import { EntryMemory } from '../../../workers/log/pulsar/entry-memory.js';
import { type OutgoingEntry, PulsarProducer } from '../../../workers/log/pulsar/producer.js';
import {
  type ChannelEvents,
  type Channels,
  distinctSends,
  type ProduceShape,
  recordsPerBatch,
} from '../channel.js';
import { batchOf } from '../kafka/requests.js';
import { clientOf, partitionsOf } from './client.js';

/** More than any batch here takes. */
const maxMessageBytes = 5 * 2 ** 20;
const maxInflatedBytes = 64 * 2 ** 20;

/**
 * A send is one entry for each partition, the one that Kopje makes of the same batch, without Kopje. As in Kopje, the
 * producers share a connection.
 */
export async function openPulsarChannels(
  shape: ProduceShape,
  eventsOf: (index: number) => ChannelEvents,
): Promise<Channels> {
  const client = clientOf(shape.address);
  const entries = entriesOf(shape);
  const topics = partitionsOf(shape.topic, shape.partitions);
  const partitions: Partition[] = [];
  for (const topic of topics) {
    const connection = await client.lookup.connectionFor(topic, 'write');
    partitions.push(await Partition.open(connection, topic));
  }
  let next = 0;
  const channels = Array.from({ length: shape.connections }, (_, index) => {
    const sends = new Sends(partitions.length, eventsOf(index));
    return {
      send() {
        for (const [number, partition] of partitions.entries()) {
          partition.send(entries[next++ % entries.length] as OutgoingEntry, sends, number);
        }
      },
      close: () => void client.close(),
    };
  });
  // What Pulsar stores is what others measure: here only the receipts count.
  return { channels, verify: () => Promise.resolve() };
}

/** What a channel has sent: done as far as the last partition is. */
class Sends {
  readonly events: ChannelEvents;
  readonly #receipts: number[];
  #done = 0;

  constructor(partitions: number, events: ChannelEvents) {
    this.#receipts = Array.from({ length: partitions }, () => 0);
    this.events = events;
  }

  receipt(partition: number): void {
    const receipts = this.#receipts;
    receipts[partition] = (receipts[partition] as number) + 1;
    if (Math.min(...receipts) === this.#done) return;
    this.#done++;
    this.events.acknowledged();
  }
}

/** The producer of a partition, with those whose entries it has sent. */
class Partition {
  readonly #sent: { sends: Sends; number: number }[] = [];
  #producer: PulsarProducer | null = null;

  static async open(
    connection: Parameters<typeof PulsarProducer.open>[0],
    topic: string,
  ): Promise<Partition> {
    const partition = new Partition();
    const options = { topic, accessMode: AccessMode.exclusive, topicEpoch: null };
    partition.#producer = await PulsarProducer.open(connection, options, {
      acknowledged: () => {
        const { sends, number } = partition.#sent.shift() as { sends: Sends; number: number };
        sends.receipt(number);
      },
      ended: (reason) => {
        for (const { sends } of partition.#sent) sends.events.failed(reason);
      },
    });
    return partition;
  }

  send(entry: OutgoingEntry, sends: Sends, number: number): void {
    this.#sent.push({ sends, number });
    if (this.#producer?.send(entry) !== true) {
      sends.events.failed(new Error('more is on its way than a producer takes'));
    }
  }
}

function entriesOf(shape: ProduceShape): OutgoingEntry[] {
  const { partitions, recordBytes, batchBytes, entryFormat } = shape;
  const maker = new EntryMaker(
    loadCodecs(),
    maxInflatedBytes,
    maxMessageBytes,
    // They are sent again and again: nothing is given back.
    new EntryMemory(),
  );
  const records = recordsPerBatch(recordBytes, batchBytes);
  return Array.from({ length: distinctSends(shape) * partitions }, (_, number) => {
    const batch = batchOf(records, recordBytes, number * records);
    const entry = maker.make(entryFormat, batch, Date.now());
    if (entry === null) throw new Error(`${batch.length} bytes do not fit an entry`);
    return entry;
  });
}
