import { ErrorCode } from '../../engine/protocol/kafka/errors.js';
import {
  baseOffset,
  baseSequence,
  isControl,
  lastOffsetDelta,
  maxTimestamp,
  producerEpoch,
  producerId,
} from '../../engine/protocol/kafka/record-batch.js';
import type { ProducerSnapshotEntry, ReplayVisitor } from '../log/log.js';
import { addSequence, batchesInRun, ProducerEntry } from './producer-entry.js';

/** Producers remembered per partition. Kafka has no bound; beyond it we forget the longest silent. */
export const maxProducers = 2 ** 16;
/** The share of producers forgotten when the bound is reached, so that it is not reached again at once. */
const forgottenShare = 1 / 8;
/** How often the silent are looked for, at most: Kafka's `producer.id.expiration.check.interval.ms`. */
const sweepIntervalMs = 600_000;

/** A row of DescribeProducers. */
export interface ProducerRow {
  producerId: number;
  producerEpoch: number;
  lastSequence: number;
  lastTimestamp: number;
  coordinatorEpoch: number;
  currentTxnStartOffset: number;
}

/**
 * The idempotent producers of a partition (KIP-98): epochs, sequences, and the last five batches of each, by
 * which a duplicate is known and answered with the original offsets. Kept by the partition's owner
 * thread, rebuilt from a snapshot and the batches behind it.
 */
export class ProducerState implements ReplayVisitor {
  /** Of the batch that `check` found to be a duplicate. */
  duplicateBaseOffset = -1;
  duplicateLastOffset = -1;
  duplicateTimestamp = -1;
  readonly #producers = new Map<number, ProducerEntry>();
  readonly #expirationMs: number;
  readonly #now: () => number;
  #nextSweepMs = 0;
  // The batches of the run being gathered, and what they changed: undone if the write fails.
  readonly #changed: ProducerEntry[] = [];
  readonly #before: number[] = [];

  constructor(expirationMs: number, now: () => number) {
    this.#expirationMs = expirationMs;
    this.#now = now;
  }

  get size(): number {
    return this.#producers.size;
  }

  /**
   * Judges a batch that is to be appended next, behind every one passed to `append`. Returns 0, an error
   * code, or DUPLICATE_SEQUENCE_NUMBER with the duplicate's place in `duplicate…`.
   *
   * A producer that is not known may start with any sequence: its state may have expired (KIP-360).
   */
  check(producerId: number, epoch: number, firstSequence: number, recordCount: number): number {
    const entry = this.#producers.get(producerId);
    if (entry === undefined || entry.epoch === -1) return ErrorCode.NONE;
    if (epoch < entry.epoch) return ErrorCode.INVALID_PRODUCER_EPOCH;
    if (epoch > entry.epoch) {
      return firstSequence === 0 ? ErrorCode.NONE : ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
    }
    const slot = entry.find(firstSequence, addSequence(firstSequence, recordCount - 1));
    if (slot !== -1) {
      this.duplicateLastOffset = entry.lastOffsetAt(slot);
      this.duplicateBaseOffset = this.duplicateLastOffset - entry.offsetDeltaAt(slot);
      this.duplicateTimestamp = entry.timestampAt(slot);
      return ErrorCode.DUPLICATE_SEQUENCE_NUMBER;
    }
    const last = entry.lastSequence;
    const expected = last === -1 ? 0 : addSequence(last, 1);
    return firstSequence === expected ? ErrorCode.NONE : ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER;
  }

  /** True if the run must be written before it takes another batch of this producer. */
  isRunFull(producerId: number): boolean {
    const entry = this.#producers.get(producerId);
    return entry !== undefined && entry.inRun === batchesInRun;
  }

  /** Takes a batch that `check` let pass into the run. */
  append(
    producerId: number,
    epoch: number,
    firstSequence: number,
    baseOffset: number,
    lastOffset: number,
    timestamp: number,
    nowMs: number,
  ): void {
    const entry = this.#entry(producerId, nowMs);
    if (entry.inRun === batchesInRun) throw new Error('the run holds too much of one producer');
    this.#changed.push(entry);
    this.#before.push(entry.epoch, entry.depth, entry.lastTimestamp);
    const offsetDelta = lastOffset - baseOffset;
    entry.push(epoch, addSequence(firstSequence, offsetDelta), lastOffset, offsetDelta, timestamp);
    entry.inRun++;
    entry.seenMs = nowMs;
  }

  /** The run is in the log. */
  keepRun(): void {
    for (const entry of this.#changed) entry.inRun = 0;
    this.#changed.length = 0;
    this.#before.length = 0;
  }

  /** A batch that was appended at `provisionalLast` ends at `lastOffset`. */
  place(producerId: number, provisionalLast: number, lastOffset: number): void {
    this.#producers.get(producerId)?.place(provisionalLast, lastOffset);
  }

  /** The run is not in the log: takes back what it did. */
  undoRun(): void {
    for (let index = this.#changed.length - 1; index >= 0; index--) {
      const entry = this.#changed[index] as ProducerEntry;
      const before = index * 3;
      entry.pop(
        this.#before[before] as number,
        this.#before[before + 1] as number,
        this.#before[before + 2] as number,
      );
      entry.inRun = 0;
      if (entry.epoch === -1) this.#producers.delete(entry.producerId);
    }
    this.#changed.length = 0;
    this.#before.length = 0;
  }

  /** Forgets who has been silent for `producer.id.expiration.ms`. */
  expire(nowMs: number): void {
    if (nowMs < this.#nextSweepMs) return;
    this.#nextSweepMs = nowMs + Math.min(sweepIntervalMs, this.#expirationMs);
    for (const [producerId, entry] of this.#producers) {
      if (entry.inRun === 0 && nowMs - entry.seenMs >= this.#expirationMs) {
        this.#producers.delete(producerId);
      }
    }
  }

  /**
   * Recovery: the producers of a snapshot file. The clock of expiry starts anew, because timestamps are
   * the producers' own and an import of old records must not lose its state to a restart.
   */
  snapshot(entries: ProducerSnapshotEntry[]): void {
    const nowMs = this.#now();
    this.#producers.clear();
    for (const row of entries) {
      const entry = this.#entry(row.producerId, nowMs);
      entry.epoch = row.producerEpoch;
      entry.coordinatorEpoch = row.coordinatorEpoch;
      entry.lastTimestamp = row.timestamp;
      if (row.lastSequence < 0) continue;
      entry.push(
        row.producerEpoch,
        row.lastSequence,
        row.lastOffset,
        row.offsetDelta,
        row.timestamp,
      );
    }
  }

  /** Recovery: one batch of the log, in order, from the offset of the snapshot on. */
  batch(view: Uint8Array, start: number): void {
    const id = producerId(view, start);
    if (id < 0) return;
    const epoch = producerEpoch(view, start);
    const entry = this.#entry(id, this.#now());
    if (isControl(view, start)) {
      if (epoch !== entry.epoch) entry.depth = 0;
      entry.epoch = epoch;
      entry.lastTimestamp = maxTimestamp(view, start);
      return;
    }
    const delta = lastOffsetDelta(view, start);
    const lastOffset = baseOffset(view, start) + delta;
    if (lastOffset <= entry.lastOffset) return;
    const lastSequence = addSequence(baseSequence(view, start), delta);
    entry.push(epoch, lastSequence, lastOffset, delta, maxTimestamp(view, start));
  }

  /**
   * What a snapshot file at `endOffset` holds: the remembered batches of each producer below it, oldest first. Kafka
   * writes the last one only and, reading these, keeps that: behind a broker that died, all that its client had under
   * way has to be known again, else a batch that is there is taken for one out of order.
   */
  takeSnapshot(endOffset: number): ProducerSnapshotEntry[] {
    const rows: ProducerSnapshotEntry[] = [];
    for (const entry of this.#producers.values()) {
      if (entry.depth === 0) {
        rows.push(emptyRow(entry));
        continue;
      }
      for (const slot of entry.remembered(endOffset)) {
        rows.push({
          producerId: entry.producerId,
          producerEpoch: entry.epochAt(slot),
          lastSequence: entry.lastSequenceAt(slot),
          lastOffset: entry.lastOffsetAt(slot),
          offsetDelta: entry.offsetDeltaAt(slot),
          timestamp: entry.timestampAt(slot),
          coordinatorEpoch: entry.coordinatorEpoch,
          currentTxnFirstOffset: -1,
        });
      }
    }
    return rows;
  }

  rows(): ProducerRow[] {
    const rows: ProducerRow[] = [];
    for (const entry of this.#producers.values()) {
      rows.push({
        producerId: entry.producerId,
        producerEpoch: entry.epoch,
        lastSequence: entry.lastSequence,
        lastTimestamp: entry.lastTimestamp,
        coordinatorEpoch: entry.coordinatorEpoch,
        currentTxnStartOffset: -1,
      });
    }
    return rows;
  }

  #entry(producerId: number, nowMs: number): ProducerEntry {
    const known = this.#producers.get(producerId);
    if (known !== undefined) return known;
    if (this.#producers.size >= maxProducers) this.#forgetSilent();
    const entry = new ProducerEntry(producerId, nowMs);
    this.#producers.set(producerId, entry);
    return entry;
  }

  #forgetSilent(): void {
    const idle = [...this.#producers.values()].filter((entry) => entry.inRun === 0);
    idle.sort((a, b) => a.seenMs - b.seenMs);
    const forgotten = Math.ceil(idle.length * forgottenShare);
    for (const entry of idle.slice(0, forgotten)) this.#producers.delete(entry.producerId);
  }
}

/** A producer that has an epoch and no batch. */
function emptyRow(entry: ProducerEntry): ProducerSnapshotEntry {
  return {
    producerId: entry.producerId,
    producerEpoch: entry.epoch,
    lastSequence: -1,
    lastOffset: -1,
    offsetDelta: 0,
    timestamp: entry.lastTimestamp,
    coordinatorEpoch: entry.coordinatorEpoch,
    currentTxnFirstOffset: -1,
  };
}
