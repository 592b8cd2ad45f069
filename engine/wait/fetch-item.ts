import { fileStart } from '../../workers/ring/slots.js';
import type { Catalog } from '../catalog/catalog.js';
import { zeroTopicId } from '../catalog/topic-id.js';
import { ErrorCode } from '../protocol/kafka/errors.js';
import { batchSizeBytes, lastOffset } from '../protocol/kafka/record-batch.js';
import type { SegmentFiles } from '../reply/segment-files.js';
import type { AbortedTransaction, PartitionRef, PartitionState } from '../route/partition-port.js';
import type { Channel, Completion, RingPort } from '../route/ring-port.js';
import type { FetchPartition } from './fetch-session.js';

/** Stands for "enough" in a sum over thousands of partitions, and keeps it exact. */
const maxCountedBytes = 2 ** 40;
const emptyView = new Uint8Array(0);

/** One partition of one Fetch request on its way: what the table says of it, and what was read. */
export class FetchItem {
  readonly asked: FetchPartition;
  /** Nothing of a transaction that is not decided is wanted. */
  readonly #readCommitted: boolean;
  ref: PartitionRef | undefined;
  errorCode: number = ErrorCode.NONE;
  highWatermark = -1;
  lastStableOffset = -1;
  logStartOffset = -1;
  /** Borrowed from the worker's reply slab until `release`. */
  records: Uint8Array = emptyView;
  starved = false;
  /** Aborted transactions in the records, where committed ones are wanted. */
  aborted: readonly AbortedTransaction[] = [];
  /** The worker has to be asked for them. */
  #mayHaveAborted = false;
  /** What `availableBytes` said last. */
  countedBytes = 0;
  /** Bytes known to be readable when `#baseBytes` was the position of the high watermark. */
  #knownBytes = 0;
  #baseBytes = -1;
  /** Position of the high watermark as of the last `refresh`. */
  #positionBytes = 0;
  #giveBack: (() => void) | null = null;

  constructor(asked: FetchPartition, readCommitted: boolean) {
    this.asked = asked;
    this.#readCommitted = readCommitted;
  }

  /** Looks the partition up and checks what was asked against its shared state. */
  refresh(catalog: Catalog, rings: RingPort, byId: boolean): void {
    const { asked } = this;
    const topic = byId ? catalog.topicById(asked.topicId) : catalog.topic(asked.topic);
    if (topic === undefined) {
      this.#refuse(absence(asked, catalog));
      return;
    }
    asked.topic = topic.name;
    this.ref = topic.partitions[asked.partition];
    if (this.ref === undefined) this.#refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    else if (!this.ref.online) this.#refuse(this.ref.offlineErrorCode);
    else this.#check(rings.peek(this.ref));
  }

  /** True if there is something to read. */
  get readable(): boolean {
    const limit = this.#readCommitted ? this.lastStableOffset : this.highWatermark;
    return this.errorCode === ErrorCode.NONE && this.asked.fetchOffset < limit;
  }

  /** Offsets whose aborted transactions the client has to be told; null: there are none. */
  get abortedRange(): { startOffset: number; endOffset: number } | null {
    if (!this.#mayHaveAborted || this.records.length === 0) return null;
    return { startOffset: this.asked.fetchOffset, endOffset: endOffsetOf(this.records) };
  }

  /** Whether the answer depends on a read that has not been made: some bytes are there, but not how many. */
  get unmeasured(): boolean {
    return this.readable && this.#knownBytes === 0;
  }

  /** Bytes that can be read by now, as far as is known; as of the last `refresh`. */
  availableBytes(): number {
    if (this.errorCode !== ErrorCode.NONE) return 0;
    // What is written behind an open transaction is nothing for who wants committed records.
    if (!this.readable && this.asked.fetchOffset < this.highWatermark) return 0;
    const grownBytes = this.#positionBytes - this.#baseBytes;
    // The position falls when the log start moves up: then only a read can tell.
    return grownBytes < 0 ? maxCountedBytes : this.#knownBytes + grownBytes;
  }

  /** The most that a read can bring: what is known, or else all that the log holds. */
  get atMostBytes(): number {
    return this.#knownBytes > 0 ? this.availableBytes() : this.#positionBytes;
  }

  /** Takes the result of a read. False if it has to be made again, without files. */
  take(completion: Completion, channel: Channel, files: SegmentFiles | null): boolean {
    const { errorCode, start, sizeBytes, starved } = completion;
    if (errorCode !== ErrorCode.NONE) this.errorCode = errorCode;
    this.starved = starved;
    if (start === fileStart) return this.#takeFile(completion, files);
    if (start === -1) return true;
    this.#mayHaveAborted = completion.fault !== 0;
    this.records = channel.replies.subarray(start, start + sizeBytes);
    this.#giveBack = () => channel.release(start);
    return true;
  }

  #takeFile(completion: Completion, files: SegmentFiles | null): boolean {
    // A place in a file is told in the doubles that an append uses for its offsets.
    const { baseOffset: segment, appendTimeMs: position, logStartOffset: inode } = completion;
    const lent = this.ref && files?.lend(this.ref, segment, inode, position, completion.sizeBytes);
    if (!lent) return false;
    this.records = lent.range;
    this.#giveBack = lent.release;
    return true;
  }

  /** Gives the bytes that were read back. */
  release(): void {
    this.#giveBack?.();
    this.#giveBack = null;
    this.records = emptyView;
  }

  /** Gives the bytes back and remembers how many there were: a parked fetch holds no memory. */
  measure(): void {
    this.#knownBytes = this.records.length;
    this.release();
  }

  #check(state: PartitionState): void {
    const { asked } = this;
    this.errorCode = ErrorCode.NONE;
    this.highWatermark = state.highWatermark;
    this.lastStableOffset = state.lastStableOffset;
    this.logStartOffset = state.logStartOffset;
    this.#positionBytes = state.highWatermarkBytes;
    if (this.#baseBytes === -1) this.#baseBytes = state.highWatermarkBytes;
    const epoch = asked.currentLeaderEpoch;
    // Unlike Kafka, errors tell the offsets as well: a client looped on OFFSET_OUT_OF_RANGE with -1.
    // KIP-320: the client's view of the leader is older or newer than ours.
    if (epoch >= 0 && epoch < state.leaderEpoch) this.errorCode = ErrorCode.FENCED_LEADER_EPOCH;
    else if (epoch > state.leaderEpoch) this.errorCode = ErrorCode.UNKNOWN_LEADER_EPOCH;
    else if (asked.fetchOffset < state.logStartOffset || asked.fetchOffset > state.logEndOffset) {
      this.errorCode = ErrorCode.OFFSET_OUT_OF_RANGE;
    }
  }

  #refuse(errorCode: number): void {
    this.errorCode = errorCode;
    this.highWatermark = -1;
    this.lastStableOffset = -1;
    this.logStartOffset = -1;
  }
}

/** As in Kafka, the name behind an id outlives its topic in a session, and in a fetch that waits. */
function absence({ topic, topicId }: FetchPartition, catalog: Catalog): number {
  if (topic === '') return ErrorCode.UNKNOWN_TOPIC_ID;
  const isAnother = topicId !== zeroTopicId && catalog.topic(topic) !== undefined;
  return isAnother ? ErrorCode.INCONSISTENT_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
}

/** The offset behind the last of whole batches. */
function endOffsetOf(records: Uint8Array): number {
  let endOffset = 0;
  for (let at = 0; at < records.length; at += batchSizeBytes(records, at)) {
    endOffset = lastOffset(records, at) + 1;
  }
  return endOffset;
}
