import {
  readGroupMetadataValue,
  readOffsetCommitValue,
  readOffsetsKey,
} from '../../../../engine/protocol/kafka/offsets-records.js';
import {
  BATCH_FIELD,
  batchSizeBytes,
  lastOffset,
  lastOffsetDelta,
  recordCount,
  setBaseOffset,
} from '../../../../engine/protocol/kafka/record-batch.js';
import { RecordCursor } from '../../../../engine/protocol/kafka/record-cursor.js';
import type {
  AppendOutcome,
  PartitionPort,
  PartitionRef,
  PartitionState,
} from '../../../../engine/route/partition-port.js';

const OFFSETS_TOPIC = '__consumer_offsets';

/** What of the port the group coordinator needs, over logs in memory that fail when told to. */
export class MemoryPort implements Pick<PartitionPort, 'append' | 'read' | 'state' | 'trim'> {
  readonly refs: { -readonly [Field in keyof PartitionRef]: PartitionRef[Field] }[];
  readonly batches: Uint8Array[][];
  /** Appends that have not been answered, if `holds`. */
  readonly held: (() => void)[] = [];
  holds = false;
  /** Reads that have not been answered, if `holdsReads`. */
  readonly heldReads: (() => void)[] = [];
  holdsReads = false;
  /** Log starts, by partition; what lies before is gone. */
  readonly logStarts: number[];
  /** Answers to the next appends, 0 for one that goes well. */
  readonly failures: number[] = [];
  /** Whether an append that is answered with an error was written all the same. */
  writesFailures = false;

  constructor(partitions: number) {
    this.batches = Array.from({ length: partitions }, () => []);
    this.logStarts = this.batches.map(() => 0);
    this.refs = this.batches.map((_, partition) => ({
      topic: OFFSETS_TOPIC,
      topicId: 'x'.repeat(22),
      partition,
      slot: partition,
      worker: 0,
      online: true,
      offlineErrorCode: 6,
    }));
  }

  /** Itself, as far as the coordinator is concerned. */
  get port(): PartitionPort {
    return this as unknown as PartitionPort;
  }

  append(ref: PartitionRef, batch: Uint8Array): Promise<AppendOutcome> {
    return new Promise((resolve) => {
      const finish = () => {
        const errorCode = this.failures.shift() ?? 0;
        const log = this.batches[ref.partition]!;
        const baseOffset = this.endOffset(ref.partition);
        if (errorCode === 0 || this.writesFailures) {
          const stored = Uint8Array.from(batch);
          setBaseOffset(stored, 0, baseOffset);
          log.push(stored);
        }
        resolve({ errorCode, baseOffset });
      };
      if (this.holds) this.held.push(finish);
      else finish();
    });
  }

  read(ref: PartitionRef, offset: number, maxBytes: number): Promise<Uint8Array> {
    return new Promise((resolve) => {
      const finish = () => {
        const chunk: Uint8Array[] = [];
        let sizeBytes = 0;
        for (const batch of this.batches[ref.partition]!) {
          if (lastOffset(batch, 0) < offset) continue;
          if (sizeBytes > 0 && sizeBytes + batch.length > maxBytes) break;
          chunk.push(batch);
          sizeBytes += batch.length;
        }
        resolve(Buffer.concat(chunk));
      };
      if (this.holdsReads) this.heldReads.push(finish);
      else finish();
    });
  }

  state(ref: PartitionRef): PartitionState {
    const endOffset = this.endOffset(ref.partition);
    return {
      logStartOffset: this.logStarts[ref.partition] ?? 0,
      highWatermark: endOffset,
      lastStableOffset: endOffset,
      highWatermarkBytes: 0,
      logEndOffset: endOffset,
      leaderEpoch: 0,
      recoveryPoint: 0,
    };
  }

  /** Whole batches go. */
  trim(ref: PartitionRef, offset: number): Promise<{ errorCode: number; logStartOffset: number }> {
    const log = this.batches[ref.partition]!;
    while (log[0] !== undefined && lastOffset(log[0], 0) < offset) log.shift();
    this.logStarts[ref.partition] = offset;
    return Promise.resolve({ errorCode: 0, logStartOffset: offset });
  }

  /** Everything written to a partition, in words. */
  records(partition: number): string[] {
    const words: string[] = [];
    for (const batch of this.batches[partition]!) {
      const cursor = new RecordCursor().openBatch(batch, 0);
      while (cursor.next()) words.push(describe(cursor));
    }
    return words;
  }

  private endOffset(partition: number): number {
    const last = this.batches[partition]!.at(-1);
    return last === undefined ? 0 : lastOffset(last, 0) + 1;
  }
}

function describe({ view, keyStart, keyEnd, valueStart, valueEnd }: RecordCursor): string {
  const key = readOffsetsKey(view, keyStart, keyEnd)!;
  const isTombstone = valueStart < 0;
  if (key.type === 'offset-commit') {
    const where = `${key.group} ${key.topic}-${key.partition}`;
    return isTombstone
      ? `${where} x`
      : `${where} ${readOffsetCommitValue(view, valueStart, valueEnd).offset}`;
  }
  if (isTombstone) return `${key.group} x`;
  const value = readGroupMetadataValue(view, valueStart, valueEnd);
  return `${key.group} generation ${value.generation} members ${value.members.length}`;
}

/** Repeats a batch of `count` records so that it stands at `baseOffset`. */
export function batchAt(batch: Uint8Array, baseOffset: number): Uint8Array {
  if (recordCount(batch, 0) !== lastOffsetDelta(batch, 0) + 1) throw new Error('not a whole batch');
  if (batchSizeBytes(batch, 0) !== batch.length) throw new Error('not one batch');
  const copy = Uint8Array.from(batch);
  copy.fill(0, BATCH_FIELD.baseOffset, BATCH_FIELD.batchLength);
  setBaseOffset(copy, 0, baseOffset);
  return copy;
}
