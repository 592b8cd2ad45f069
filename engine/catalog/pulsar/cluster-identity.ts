/**
 * What every Kopje on a Pulsar cluster has in common: a topic of ours in the metadata namespace. Its properties have
 * the cluster id. Its index hands out producer ids: an entry that counts for 1000 messages takes 1000 numbers, and
 * Pulsar gives no number twice, whoever sends.
 */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { AdminError } from '../../../workers/log/pulsar/admin-http.js';
import type { PulsarClient } from '../../../workers/log/pulsar/client.js';
import type { PulsarConnection } from '../../../workers/log/pulsar/connection.js';
import { type OutgoingEntry, PulsarProducer } from '../../../workers/log/pulsar/producer.js';
import { AccessMode, type MessageId } from '../../protocol/pulsar/commands.js';
import { type ProducerIdBlock, producerIdBlockSize } from '../producer-ids.js';
import { randomTopicId } from '../topic-id.js';
import type { TopicAdmin } from './topic-admin.js';

const topicName = '__kopje_cluster';
const clusterIdProperty = 'kopje.clusterId';
/** Above every id that KoP, or a Kafka before it, can have handed out for the topics of this cluster. */
const firstProducerId = 2 ** 40;
const receiptTimeoutMs = 30_000;

export class ClusterIdentity {
  readonly #client: PulsarClient;
  readonly #admin: TopicAdmin;
  readonly #topic: string;

  constructor(client: PulsarClient, admin: TopicAdmin, metadataNamespace: string) {
    this.#client = client;
    this.#admin = admin;
    this.#topic = `persistent://${metadataNamespace}/${topicName}`;
  }

  /** The id that the first Kopje of the cluster gave it: `wanted`, or one made up if that is empty. */
  async clusterId(wanted: string): Promise<string> {
    const known = (await this.#admin.read(this.#topic))?.properties[clusterIdProperty];
    const clusterId = known ?? (await this.#create(wanted === '' ? randomTopicId() : wanted));
    if (wanted === '' || wanted === clusterId) return clusterId;
    throw new Error(
      `clusterId is ${wanted}, but this Pulsar cluster is ${clusterId} to Kafka's clients ` +
        `(property ${clusterIdProperty} of ${this.#topic}): leave the setting out`,
    );
  }

  /** Producer ids that nobody else was given, or will be. */
  async claimBlock(): Promise<ProducerIdBlock> {
    const connection = await this.#client.lookup.connectionFor(this.#topic, 'write');
    const id = await sendOne(connection, this.#topic, blockEntry(Date.now()));
    const { index } = await this.#client.admin.entry(this.#topic, id);
    const end = firstProducerId + index + 1;
    return { first: end - producerIdBlockSize, end };
  }

  async #create(clusterId: string): Promise<string> {
    try {
      await this.#admin.createPlain(this.#topic, { [clusterIdProperty]: clusterId });
      return clusterId;
    } catch (error) {
      const isMade = error instanceof AdminError && error.status === 409;
      if (!isMade) throw error;
    }
    // Another one was first, or made it without the property.
    const known = (await this.#admin.read(this.#topic))?.properties[clusterIdProperty];
    if (known !== undefined) return known;
    await this.#admin.setProperties(this.#topic, { [clusterIdProperty]: clusterId });
    return clusterId;
  }
}

/** An entry without content that takes the index of a whole block. */
function blockEntry(nowMs: number): OutgoingEntry {
  const fields = { producerName: 1, sequenceId: 2, publishTime: 3, messages: 11 };
  const metadata = new BinaryWriter()
    .tag(fields.producerName, WireType.LengthDelimited)
    .string('')
    .tag(fields.sequenceId, WireType.Varint)
    .uint64(0)
    .tag(fields.publishTime, WireType.Varint)
    .uint64(nowMs)
    .tag(fields.messages, WireType.Varint)
    .int32(producerIdBlockSize)
    .finish();
  const messageCount = producerIdBlockSize;
  return { messageCount, metadata, payload: [], payloadBytes: 0, checksum: null };
}

/** Stores one entry beside whoever else writes; returns where it is. */
async function sendOne(
  connection: PulsarConnection,
  topic: string,
  entry: OutgoingEntry,
): Promise<MessageId> {
  let stored: (id: MessageId) => void = () => undefined;
  let failed: (reason: Error) => void = () => undefined;
  const outcome = new Promise<MessageId>((resolve, reject) => {
    stored = resolve;
    failed = reject;
  });
  const options = { topic, accessMode: AccessMode.shared, topicEpoch: null };
  const producer = await PulsarProducer.open(connection, options, {
    acknowledged: (_, ledgerId, entryId) => stored({ ledgerId, entryId }),
    ended: (reason) => failed(reason),
  });
  const timer = setTimeout(() => failed(new Error(`${topic}: no receipt`)), receiptTimeoutMs);
  try {
    producer.send(entry);
    return await outcome;
  } finally {
    clearTimeout(timer);
    // Whatever it was not told is not there to be waited for.
    producer.close().catch(() => undefined);
  }
}
