/**
 * What every Kopje on a Pulsar cluster has in common: a topic of ours in the metadata namespace. Its properties have
 * the cluster id. Its index hands out producer ids: an entry that counts for 1000 messages takes 1000 numbers, and
 * Pulsar gives no number twice, whoever sends.
 */
import { AdminError } from '../../../workers/log/pulsar/admin-http.js';
import type { PulsarClient } from '../../../workers/log/pulsar/client.js';
import { emptyEntry } from '../../../workers/log/pulsar/empty-entry.js';
import { sendOne } from '../../../workers/log/pulsar/send-one.js';
import { AccessMode } from '../../protocol/pulsar/commands.js';
import { type ProducerIdBlock, producerIdBlockSize } from '../producer-ids.js';
import { randomTopicId } from '../topic-id.js';
import type { TopicAdmin } from './topic-admin.js';

const topicName = '__kopje_cluster';
const clusterIdProperty = 'kopje.clusterId';
/** Above every id that KoP, or a Kafka before it, can have handed out for the topics of this cluster. */
const firstProducerId = 2 ** 40;

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
    const entry = emptyEntry(producerIdBlockSize, Date.now());
    const id = await sendOne(connection, this.#topic, AccessMode.shared, entry);
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
