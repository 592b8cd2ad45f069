import type { Codecs } from '../../../native/index.js';
import type { GroupMetadataValue } from '../../protocol/kafka/messages/group-metadata-value.js';
import {
  readGroupMetadataValue,
  readOffsetCommitValue,
  readOffsetsKey,
} from '../../protocol/kafka/offsets-records.js';
import { Reader } from '../../protocol/kafka/reader.js';
import {
  BATCH_HEADER_BYTES,
  baseOffset,
  batchSizeBytes,
  compression,
  isControl,
  isTransactional,
  lastOffset,
  producerId,
  recordCount,
} from '../../protocol/kafka/record-batch.js';
import { RecordCursor } from '../../protocol/kafka/record-cursor.js';
import { CommittedOffsets } from './committed-offsets.js';
import { LatestRecords } from './latest-records.js';
import { isWrapped } from './wrapped-batches.js';

/** Decompressed bytes of one batch; only a batch from another broker is compressed at all. */
const MAX_INFLATED_BYTES = 128 * 1024 * 1024;

/** The type of a control record that commits; the other one aborts. */
const COMMIT_MARKER = 1;

/** Records that a transaction has not decided on yet. */
interface Undecided {
  /** Of the first of them. */
  readonly offset: number;
  readonly records: { readonly key: Uint8Array; readonly value: Uint8Array | null }[];
}

/**
 * Reads the state of one partition of `__consumer_offsets` out of its log, chunk by chunk, in order.
 *
 * Within a chunk only the last record of a key is decoded: the first pass notes keys and positions.
 * That is what makes a log of a million commits by a thousand keys load in a fraction of a second.
 */
export class OffsetsLoader {
  readonly offsets = new CommittedOffsets();
  /** The last value of each group that has one; bytes in it belong to it. */
  readonly groups = new Map<string, GroupMetadataValue>();
  /** Records of kinds that this coordinator does not know, such as those of consumer groups. */
  unknownRecords = 0;
  private readonly codecs: Codecs;
  private readonly shortName: (topic: string) => string;
  private readonly cursor = new RecordCursor();
  /** For batches within the values of KoP's records. */
  private readonly inner = new RecordCursor();
  private readonly latest = new LatestRecords();
  private latestView: Uint8Array = new Uint8Array(0);
  private readonly undecided = new Map<number, Undecided>();
  /** Of the batch that is taken in. */
  private offset = 0;

  /** @param shortName one name for all that mean the same topic */
  constructor(codecs: Codecs, shortName: (topic: string) => string) {
    this.codecs = codecs;
    this.shortName = shortName;
  }

  /** Where the first record lies that a transaction has not decided on; Infinity where none does. */
  get firstUndecidedOffset(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { offset } of this.undecided.values()) first = Math.min(first, offset);
    return first;
  }

  /**
   * Takes in whole batches that follow those before.
   * @throws ProtocolError or CodecError if they are no record batches
   */
  add(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += batchSizeBytes(chunk, at)) {
      this.offset = baseOffset(chunk, at);
      this.addBatch(chunk, at, this.cursor);
    }
    this.settle();
  }

  private addBatch(chunk: Uint8Array, at: number, cursor: RecordCursor): void {
    if (compression(chunk, at) === 0) {
      cursor.openBatch(chunk, at);
    } else {
      const start = at + BATCH_HEADER_BYTES;
      const end = at + batchSizeBytes(chunk, at);
      const codec = compression(chunk, at);
      const records = this.codecs.inflate(codec, chunk, start, end, MAX_INFLATED_BYTES);
      cursor.open(records, 0, records.length, recordCount(chunk, at));
    }
    if (isControl(chunk, at)) this.addMarker(producerId(chunk, at), cursor);
    else if (isTransactional(chunk, at)) this.addUndecided(producerId(chunk, at), cursor);
    else this.addPlain(cursor);
  }

  private addPlain(cursor: RecordCursor): void {
    while (cursor.next()) {
      const { view, keyStart, keyEnd, valueStart, valueEnd } = cursor;
      if (cursor !== this.inner && isWrapped(this.codecs, view, valueStart, valueEnd)) {
        for (let at = valueStart; at < valueEnd; at += batchSizeBytes(view, at)) {
          this.addBatch(view, at, this.inner);
        }
        continue;
      }
      // A record without a key means nothing here, nor does one of KoP's with an empty value.
      if (keyStart < 0 || (valueStart >= 0 && valueStart === valueEnd)) continue;
      if (this.latestView !== view) {
        this.settle();
        this.latestView = view;
        this.latest.open(view);
      }
      this.latest.note(keyStart, keyEnd, valueStart, valueEnd);
    }
  }

  private addUndecided(producer: number, cursor: RecordCursor): void {
    const { records } = this.undecided.get(producer) ?? this.newUndecided(producer);
    while (cursor.next()) {
      if (cursor.keyStart < 0) continue;
      const key = cursor.view.slice(cursor.keyStart, cursor.keyEnd);
      const isTombstone = cursor.valueStart < 0;
      const value = isTombstone ? null : cursor.view.slice(cursor.valueStart, cursor.valueEnd);
      records.push({ key, value });
    }
  }

  private newUndecided(producer: number): Undecided {
    const undecided = { offset: this.offset, records: [] };
    this.undecided.set(producer, undecided);
    return undecided;
  }

  private addMarker(producer: number, cursor: RecordCursor): void {
    const { records = [] } = this.undecided.get(producer) ?? {};
    this.undecided.delete(producer);
    if (!cursor.next() || cursor.keyStart < 0) return;
    const reader = new Reader(cursor.view, cursor.keyStart, cursor.keyEnd);
    reader.int16();
    if (reader.int16() !== COMMIT_MARKER) return;
    this.settle();
    for (const { key, value } of records) {
      const isTombstone = value === null;
      this.replay(key, 0, key.length, value ?? key, isTombstone ? -1 : 0, value?.length ?? 0);
    }
  }

  /** Decodes the last record of every key of the chunk so far. */
  private settle(): void {
    const view = this.latestView;
    this.latest.each((keyStart, keyEnd, valueStart, valueEnd) =>
      this.replay(view, keyStart, keyEnd, view, valueStart, valueEnd),
    );
    this.latest.open(view);
  }

  /** Takes in a record whose value is `values[valueStart, valueEnd)`, or none for a negative start. */
  private replay(
    keys: Uint8Array,
    keyStart: number,
    keyEnd: number,
    values: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const key = readOffsetsKey(keys, keyStart, keyEnd);
    if (key === null) {
      this.unknownRecords++;
    } else if (key.type === 'group-metadata') {
      if (valueStart < 0) this.groups.delete(key.group);
      else {
        const value = readGroupMetadataValue(values, valueStart, valueEnd);
        this.groups.set(key.group, ownedGroup(value));
      }
    } else if (valueStart < 0) {
      this.offsets.remove(key.group, this.shortName(key.topic), key.partition);
    } else {
      const value = readOffsetCommitValue(values, valueStart, valueEnd);
      this.offsets.put(key.group, this.shortName(key.topic), key.partition, {
        offset: value.offset,
        leaderEpoch: value.leaderEpoch,
        metadata: value.metadata,
        commitTimestampMs: value.commitTimestamp,
        expireTimestampMs: value.expireTimestamp,
        topicId: value.topicId,
      });
    }
  }
}

/** Copies what a decoded group borrows of the chunk. */
function ownedGroup(value: GroupMetadataValue): GroupMetadataValue {
  const members = value.members.map((member) => ({
    ...member,
    subscription: member.subscription.slice(),
    assignment: member.assignment.slice(),
  }));
  return { ...value, members };
}

/** The offset that follows the last batch of a chunk of whole batches. */
export function endOffsetOf(chunk: Uint8Array): number {
  let endOffset = 0;
  for (let at = 0; at < chunk.length; at += batchSizeBytes(chunk, at)) {
    endOffset = lastOffset(chunk, at) + 1;
  }
  return endOffset;
}
