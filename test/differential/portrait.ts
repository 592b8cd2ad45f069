/** Turns what a step saw into plain values that two brokers can share. */
import * as batch from '../../engine/protocol/kafka/record-batch.js';
import { unknownTopicId } from './topic.js';
import { errorName } from './witness.js';

/** Fields whose values each broker makes up: the first one seen is called `topicId-1`, and so on. */
const madeUp: { readonly [field: string]: string } = {
  topicId: 'topicId',
  memberId: 'member',
  leader: 'member',
  producerId: 'producer',
  sessionId: 'session',
  clusterId: 'cluster',
};

/** Fields that tell a moment, a place or a size of the machine: only if there is one counts. */
const local = new Set([
  'logAppendTimeMs',
  'lastTimestamp',
  'port',
  'logDir',
  'totalBytes',
  'usableBytes',
]);

/** Texts for people: only if there is one counts, the words are each broker's own. */
const worded = new Set(['errorMessage', 'batchIndexErrorMessage', 'documentation']);

/** Arrays whose order Kafka leaves to its hash tables. */
const unordered = new Set([
  'partitionResponses',
  'responses',
  'topics',
  'groups',
  'results',
  'members',
]);

/** Ids that both brokers get alike. */
const sharedIds = new Set(['', 'AAAAAAAAAAAAAAAAAAAAAA', unknownTopicId]);

/** Makes portraits of one broker's steps; remembers the names it gave. */
export class Portraitist {
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  portray(seen: unknown, field = ''): unknown {
    if (Buffer.isBuffer(seen) || seen instanceof Uint8Array) {
      return field === 'records' ? portrayRecords(seen) : Buffer.from(seen).toString('hex');
    }
    if (Array.isArray(seen)) {
      const portraits = seen.map((element) => this.portray(element, field));
      if (field === 'configs') return byName(portraits);
      return unordered.has(field) ? inOrder(portraits) : portraits;
    }
    if (typeof seen === 'object' && seen !== null) {
      return Object.fromEntries(
        Object.entries(seen).map(([key, value]) => [key, this.portray(value, key)]),
      );
    }
    if (typeof seen === 'number') return this.#number(seen, field);
    if (typeof seen === 'string') return this.#text(seen, field);
    return seen;
  }

  #number(value: number, field: string): unknown {
    if (field === 'errorCode') return errorName(value);
    if (local.has(field)) return value > 0 ? `some ${field}` : value;
    const kind = madeUp[field];
    return kind === undefined || value <= 0 ? value : this.#named(kind, String(value));
  }

  #text(value: string, field: string): string {
    if (local.has(field) || worded.has(field)) return `some ${field}`;
    const kind = madeUp[field];
    if (kind !== undefined && !sharedIds.has(value)) return this.#named(kind, value);
    let text = value;
    for (const [own, name] of this.#names) {
      if (own.length > 6) text = text.replaceAll(own, name);
    }
    return text;
  }

  #named(kind: string, value: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    const name = `${kind}-${count}`;
    this.#names.set(value, name);
    return name;
  }
}

function inOrder(portraits: readonly unknown[]): unknown[] {
  const keyed = portraits.map((portrait) => [JSON.stringify(portrait), portrait] as const);
  return keyed.sort(([left], [right]) => (left < right ? -1 : 1)).map(([, portrait]) => portrait);
}

/** Configs come in any order, and each broker has names of its own. */
function byName(portraits: readonly unknown[]): unknown {
  const named = portraits.map(
    (portrait) => [(portrait as { name: string }).name, portrait] as const,
  );
  return Object.fromEntries(named);
}

/** The batches of a fetch answer, each as a line of its header and its bytes. */
function portrayRecords(view: Uint8Array): unknown {
  const batches: unknown[] = [];
  let at = 0;
  while (at + batch.BATCH_HEADER_BYTES <= view.length) {
    const size = batch.batchSizeBytes(view, at);
    if (at + size > view.length) break;
    batches.push(portrayBatch(view, at, size));
    at += size;
  }
  return at === view.length ? batches : [...batches, 'cut short'];
}

function portrayBatch(view: Uint8Array, at: number, size: number): unknown {
  const appendTime = batch.isLogAppendTime(view, at);
  const producer = batch.producerId(view, at) >= 0;
  return {
    baseOffset: batch.baseOffset(view, at),
    lastOffsetDelta: batch.lastOffsetDelta(view, at),
    leaderEpoch: batch.partitionLeaderEpoch(view, at),
    attributes: batch.attributes(view, at),
    baseTimestamp: batch.baseTimestamp(view, at),
    maxTimestamp: appendTime ? 'append time' : batch.maxTimestamp(view, at),
    crc: appendTime || producer ? 'of its own' : batch.batchCrc(view, at),
    epoch: batch.producerEpoch(view, at),
    sequence: batch.baseSequence(view, at),
    count: batch.recordCount(view, at),
    producer,
    records: Buffer.from(view.subarray(at + batch.BATCH_HEADER_BYTES, at + size)).toString('hex'),
  };
}
