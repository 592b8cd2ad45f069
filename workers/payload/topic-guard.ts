import { loadCodecs } from '../../native/index.js';
import { EntryFault } from '../format/entry-fault.js';
import { Envelope } from '../format/envelope.js';
import { MessageMetadata } from '../format/message-metadata.js';
import { topicPath } from '../log/pulsar/admin.js';
import type { PulsarClient } from '../log/pulsar/client.js';
import { scanEntries } from '../log/pulsar/entry-scan.js';
import { EntryOrder, type Point } from '../log/pulsar/positions.js';
import { lastDelivered } from '../log/pulsar/replay.js';
import { parseTopicName } from '../log/pulsar/topic-name.js';
import { type Cluster, clientOf } from './cluster.js';
import { instead, UnreadablePayload } from './unreadable-payload.js';

/** Entries on their way, in bytes: a scan is as fast as the broker sends. */
const windowBytes = 4 * 2 ** 20;
/** Without an entry for so long, a scan ends. */
const idleTimeoutMs = 30_000;
/** KoP's property of topics and namespaces, and what Pulsar's clients can read. */
const formatProperty = 'kafkaEntryFormat';
const readableFormat = 'pulsar';
const beginning: Point = { offset: 0, after: { ledgerId: -1, entryId: -1 } };

/** What is subscribed to: the fields of the `pulsar-client` package's configs that matter here. */
export interface Subscribed {
  readonly topic?: string;
  readonly topics?: readonly string[];
  readonly topicsPattern?: string;
  readonly subscription?: string;
  readonly subscriptionInitialPosition?: string;
  readonly startMessageId?: { toString(): string };
}

/** What is needed of a client of the `pulsar-client` package. */
export interface PulsarClientPort {
  subscribe(config: never): Promise<unknown>;
  createReader(config: never): Promise<unknown>;
}

/**
 * The client's `subscribe` and `createReader`, which look at the topics first and reject with UnreadablePayload instead
 * of subscribing where the client would lose records.
 */
export function guarded<Client extends PulsarClientPort>(
  client: Client,
  cluster: Cluster,
): Pick<Client, 'subscribe' | 'createReader'> {
  const checked =
    (verb: 'subscribe' | 'createReader') =>
    async (config: Subscribed): Promise<unknown> => {
      await assertReadable(cluster, config);
      return client[verb](config as never);
    };
  return {
    subscribe: checked('subscribe') as Client['subscribe'],
    createReader: checked('createReader') as Client['createReader'],
  };
}

/**
 * Rejects with UnreadablePayload if a client of Pulsar's could not read all that a subscription would bring it: an
 * entry in Kafka's format is there to be read, or the topic or its namespace says that such entries are written. Reads
 * every entry from the subscription's position to the end.
 */
export async function assertReadable(cluster: Cluster, subscribed: Subscribed): Promise<void> {
  const { topic, topics, topicsPattern } = subscribed;
  const names = topics ?? (topic === undefined ? [] : [topic]);
  if (topicsPattern !== undefined || names.length === 0) {
    const wanted = topicsPattern ?? 'no topic';
    throw new UnreadablePayload(`topics are checked by their names, not as ${wanted}: name them`);
  }
  const client = clientOf(cluster);
  try {
    for (const name of names) await checkTopic(client, fullName(name), subscribed);
  } finally {
    await client.close();
  }
}

/** Pulsar's clients take short names. */
function fullName(name: string): string {
  if (name.includes('://')) return name;
  return `persistent://${name.includes('/') ? name : `public/default/${name}`}`;
}

async function checkTopic(
  client: PulsarClient,
  topic: string,
  subscribed: Subscribed,
): Promise<void> {
  const { http } = client.admin;
  const parent = topic.replace(/-partition-\d+$/, '');
  const { tenant, namespace } = parseTopicName(topic);
  // One that is not there yet is made by subscribing.
  const exists = await client.admin.exists(parent);
  const ofTopic = exists ? await http.get<Properties>(`${topicPath(parent)}/properties`) : {};
  const ofNamespace = await http.get<Properties>(`namespaces/${tenant}/${namespace}/properties`);
  const format = ofTopic[formatProperty] ?? ofNamespace[formatProperty] ?? readableFormat;
  if (format !== readableFormat) {
    const what = `entries are written in Kafka's format (${formatProperty}=${format})`;
    throw new UnreadablePayload(`${topic}: ${what}, which Pulsar's clients lose. ${instead}`);
  }
  if (!exists) return;
  const partitions = await client.lookup.partitionsOf(topic);
  const each = Array.from({ length: partitions }, (_, index) => `${topic}-partition-${index}`);
  for (const one of partitions === 0 ? [topic] : each) {
    await checkEntries(client, one, await positionOf(client, one, subscribed));
  }
}

type Properties = Record<string, string>;

/** From where the subscription would read; null: only what is written from now on. */
async function positionOf(
  { admin }: PulsarClient,
  topic: string,
  { subscription, subscriptionInitialPosition, startMessageId }: Subscribed,
): Promise<Point | null> {
  if (startMessageId !== undefined) {
    const [, ledger, entry] = /^\((-?\d+),(-?\d+),/.exec(startMessageId.toString()) ?? [];
    // Of that entry a reader may want a part.
    return pointOf(ledger, entry, 1);
  }
  const path = topicPath(topic);
  const names = await admin.http.get<string[]>(`${path}/subscriptions`);
  if (!names.includes(subscription as string)) {
    return subscriptionInitialPosition === 'Earliest' ? beginning : null;
  }
  const { cursors } = await admin.http.get<{ cursors: Cursors }>(`${path}/internalStats`);
  const cursor = cursors[encodeURIComponent(subscription as string)];
  return cursor === undefined ? beginning : pointOf(...cursor.markDeletePosition.split(':'));
}

type Cursors = Record<string, { markDeletePosition: string } | undefined>;

/** Null for an entry behind all that there can be. */
function pointOf(ledgerText = '-1', entryText = '-1', entriesBack = 0): Point | null {
  const ledgerId = Number(ledgerText);
  if (ledgerId > Number.MAX_SAFE_INTEGER) return null;
  return { offset: 0, after: { ledgerId, entryId: Number(entryText) - entriesBack } };
}

/** Reads the metadata of every entry behind a point. */
async function checkEntries(
  client: PulsarClient,
  topic: string,
  from: Point | null,
): Promise<void> {
  if (from === null) return;
  const { lookup, admin } = client;
  const order = new EntryOrder((await admin.ledgers(topic)).ledgers);
  const { number } = await lastDelivered({ admin, topic }, order, order.count, 0);
  if (number <= order.numberOf(from.after)) return;
  const reader = new EntryLook();
  const scan = { topic, lookup, from, windowBytes, idleTimeoutMs };
  await scanEntries(scan, (_base, _next, view, start, end, ledgerId, entryId) => {
    const records = reader.lostRecords(view, start, end);
    if (records > 0) throw kafkaEntry(topic, `${ledgerId}:${entryId}`, records);
    return order.numberOf({ ledgerId, entryId }) >= number;
  });
}

class EntryLook {
  readonly #codecs = loadCodecs();
  readonly #envelope = new Envelope();
  readonly #metadata = new MessageMetadata();

  /** Records in an entry that a client of Pulsar's takes for messages of its own; 0 if it does not. */
  lostRecords(view: Uint8Array, start: number, end: number): number {
    const metadata = this.#metadata;
    try {
      this.#envelope.read(this.#codecs, view, start, end);
      metadata.read(view, this.#envelope.metadataStart, this.#envelope.payloadStart);
    } catch (error) {
      // Damage, which Pulsar's clients find as well.
      if (!(error instanceof EntryFault)) throw error;
      return 0;
    }
    return metadata.isKafka ? Math.max(0, metadata.messages) : 0;
  }
}

function kafkaEntry(topic: string, id: string, records: number): UnreadablePayload {
  return new UnreadablePayload(
    `${topic}: the entry ${id} is in Kafka's format: Pulsar's clients return empty messages for its ${records} ` +
      `records, drop them, or end the process. ${instead}`,
  );
}
