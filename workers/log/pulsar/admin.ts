import type { IncomingHttpHeaders } from 'node:http';
import type { MessageId } from '../../../engine/protocol/pulsar/commands.js';
import { MARKER_ABORT, MARKER_COMMIT } from '../../format/message-metadata.js';
import { AdminHttp, type AdminSettings } from './admin-http.js';
import { parseTopicName } from './topic-name.js';

export { AdminError, type AdminSettings } from './admin-http.js';

/** An entry without an index: the broker does not number them, or does not say. */
export class IndexMissing extends Error {
  override readonly name = 'IndexMissing';

  constructor(topic: string) {
    super(
      `${topic}: the broker has entries without an index: set brokerEntryMetadataInterceptors to ` +
        'org.apache.pulsar.common.intercept.AppendIndexMetadataInterceptor and ' +
        'exposingBrokerEntryMetadataToClientEnabled=true in broker.conf, and restart it',
    );
  }
}

/** What is told of a stored entry. */
export interface EntryFacts {
  /** Of its last message. */
  readonly index: number;
  readonly messages: number;
  /** No reader is ever sent it: a marker, or of a transaction of Pulsar's own that was aborted. */
  readonly isMarker: boolean;
  /** No reader is sent it yet: a transaction of Pulsar's own is open there, or before it. */
  readonly isWithheld: boolean;
  /** The end of one of Kafka's transactions, as KoP writes it; null for anything else. */
  readonly transactionEnd: TransactionEnd | null;
}

export interface TransactionEnd {
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly isCommit: boolean;
}

/** One ledger of a topic. */
export interface LedgerFacts {
  readonly ledgerId: number;
  readonly entries: number;
  readonly sizeBytes: number;
}

/** A topic's ledgers, oldest first, and the last entry that any of them ever had; entry -1 where there was none. */
export interface LedgerList {
  readonly ledgers: readonly LedgerFacts[];
  readonly last: MessageId;
}

/** What the log asks of the admin API. */
export type TopicAdmin = Pick<
  PulsarAdmin,
  | 'ledgerIndex'
  | 'entry'
  | 'payload'
  | 'ledgers'
  | 'property'
  | 'properties'
  | 'setProperty'
  | 'removeProperty'
  | 'entryAtTime'
  | 'exists'
>;

/** The little of Pulsar's admin REST API (`/admin/v2`) that the log needs: what the binary protocol does not tell. */
export class PulsarAdmin {
  readonly http: AdminHttp;

  constructor(settings: AdminSettings) {
    this.http = new AdminHttp(settings);
  }

  /**
   * Index of the last entry as the managed ledger's metadata has it: exact while the current ledger is empty, else
   * too low. -1 where nothing was ever written. Rejects with AdminError.
   */
  async ledgerIndex(topic: string): Promise<number> {
    const path = `${topicPath(topic)}/internal-info`;
    const info = await this.http.get<{ properties?: { index?: string } }>(path);
    return info.properties?.index === undefined ? -1 : Number(info.properties.index);
  }

  /** Any stored entry, markers too, which no reader is sent. Rejects with AdminError, IndexMissing. */
  async entry(topic: string, id: MessageId): Promise<EntryFacts> {
    const { headers } = await this.http.ask({ method: 'GET', path: entryPath(topic, id) });
    const index = headers['x-pulsar-broker-entry-metadata-index'];
    if (index === undefined) throw new IndexMissing(topic);
    return {
      index: Number(index),
      messages: Number(headers['x-pulsar-num-batch-message'] ?? 1),
      isMarker:
        headers['x-pulsar-marker-type'] !== undefined || headers['x-pulsar-txn-aborted'] === 'true',
      isWithheld: headers['x-pulsar-txn-uncommitted'] === 'true',
      transactionEnd: transactionEndOf(headers),
    };
  }

  /** What an entry holds behind its metadata. Rejects with AdminError. */
  async payload(topic: string, id: MessageId): Promise<Buffer> {
    return (await this.http.ask({ method: 'GET', path: entryPath(topic, id) })).body;
  }

  /** Rejects with AdminError. */
  async ledgers(topic: string): Promise<LedgerList> {
    const stats = await this.http.get<{
      ledgers: { ledgerId: number; entries: number; size: number }[];
      currentLedgerEntries: number;
      currentLedgerSize: number;
      lastConfirmedEntry: string;
    }>(`${topicPath(topic)}/internalStats`);
    const ledgers = stats.ledgers.map(({ ledgerId, entries, size }, at) => {
      // The one that is written to says 0.
      const isCurrent = at === stats.ledgers.length - 1 && entries === 0;
      return isCurrent
        ? { ledgerId, entries: stats.currentLedgerEntries, sizeBytes: stats.currentLedgerSize }
        : { ledgerId, entries, sizeBytes: size };
    });
    const [ledgerId = -1, entryId = -1] = stats.lastConfirmedEntry.split(':').map(Number);
    return { ledgers, last: { ledgerId, entryId } };
  }

  /** False where there is none any more, or no more than what a deletion has yet to remove. Rejects with AdminError. */
  async exists(topic: string): Promise<boolean> {
    const [, parent = topic, partition = '-1'] = /^(.+)-partition-(\d+)$/.exec(topic) ?? [];
    const path = `${topicPath(parent)}/partitions?checkAllowAutoCreation=false`;
    const { status, body } = await this.http.ask({ method: 'GET', path, expected: [404] });
    if (status === 404) return false;
    const told = JSON.parse(body.toString()) as { partitions: number; deleted?: boolean };
    return told.deleted !== true && Number(partition) < Math.max(told.partitions, 0);
  }

  /** Makes a topic without partitions, if there is none. Rejects with AdminError. */
  async createTopic(topic: string): Promise<void> {
    await this.http.ask({ method: 'PUT', path: topicPath(topic), expected: [409] });
  }

  /** A property of a topic; null where it is not set. Rejects with AdminError. */
  async property(topic: string, name: string): Promise<string | null> {
    return (await this.properties(topic))[name] ?? null;
  }

  /** Rejects with AdminError. */
  async properties(topic: string): Promise<Readonly<Record<string, string>>> {
    const path = `${topicPath(topic)}/properties`;
    const { body } = await this.http.ask({ method: 'GET', path });
    // Of a partitioned topic that has none it says nothing at all.
    return body.length === 0 ? {} : (JSON.parse(body.toString()) as Record<string, string>);
  }

  /** Sets one property and leaves the others. Rejects with AdminError. */
  async setProperty(topic: string, name: string, value: string): Promise<void> {
    const path = `${topicPath(topic)}/properties`;
    await this.http.ask({ method: 'PUT', path, body: { [name]: value } });
  }

  /** It is no error if there is none. Rejects with AdminError. */
  async removeProperty(topic: string, name: string): Promise<void> {
    const path = `${topicPath(topic)}/properties?key=${encodeURIComponent(name)}`;
    await this.http.ask({ method: 'DELETE', path, expected: [404] });
  }

  /** The first entry that was published at `timeMs` or later; the last one where none was. Rejects with AdminError. */
  async entryAtTime(topic: string, timeMs: number): Promise<MessageId> {
    return this.http.get<MessageId>(`${topicPath(topic)}/messageid/${timeMs}`);
  }

  close(): void {
    this.http.close();
  }
}

function entryPath(topic: string, { ledgerId, entryId }: MessageId): string {
  return `${topicPath(topic)}/ledger/${ledgerId}/entry/${entryId}`;
}

/** Only KoP's have a producer without a name: Pulsar ends transactions of its own by the same types. */
function transactionEndOf(headers: IncomingHttpHeaders): TransactionEnd | null {
  const type = Number(headers['x-pulsar-marker-type'] ?? -1);
  const isEnd = type === MARKER_COMMIT || type === MARKER_ABORT;
  const most = headers['x-pulsar-txnid-most-bits'];
  const least = headers['x-pulsar-txnid-least-bits'];
  const isForeign = (headers['x-pulsar-producer-name'] ?? '') !== '';
  if (!isEnd || isForeign || most === undefined || least === undefined) return null;
  const isCommit = type === MARKER_COMMIT;
  return { producerId: Number(most), producerEpoch: Number(least), isCommit };
}

/** Where a topic is, behind `/admin/v2/`. Throws for what is no topic's full name. */
export function topicPath(topic: string): string {
  const { tenant, namespace, local } = parseTopicName(topic);
  return `persistent/${[tenant, namespace, local].map(encodeURIComponent).join('/')}`;
}
