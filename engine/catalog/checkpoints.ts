import * as nodeFiles from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { PartitionRef, PartitionState } from '../route/partition-port.js';
import { type OffsetsByPartition, partitionKey, writeCheckpoint } from './checkpoint-file.js';
import { type DataDirectory, logStartFile, recoveryPointFile } from './data-directory.js';
import type { Files } from './durable-file.js';

const intervalMs = 5_000;

export interface CheckpointSource {
  /** Every partition that exists. */
  partitions(): Iterable<PartitionRef>;
  state(ref: PartitionRef): PartitionState;
}

/**
 * The two checkpoint files of a data directory. The main thread is their only writer: it takes the
 * values from the table that the partitions' owners publish in.
 */
export class Checkpoints {
  readonly #recoveryPoints: CheckpointWriter;
  readonly #logStarts: CheckpointWriter;
  readonly #timer: NodeJS.Timeout;
  readonly #log: Logger;

  constructor(directory: DataDirectory, source: CheckpointSource, log: Logger) {
    this.#recoveryPoints = new CheckpointWriter(
      join(directory.path, recoveryPointFile),
      directory.recoveryPoints,
      source,
      (state) => state.recoveryPoint,
    );
    this.#logStarts = new CheckpointWriter(
      join(directory.path, logStartFile),
      directory.logStarts,
      source,
      (state) => state.logStartOffset,
    );
    this.#log = log;
    this.#timer = setInterval(() => void this.writeNow(), intervalMs);
    this.#timer.unref();
  }

  /** Resolves when the log starts of the moment of the call, or newer ones, are durable. */
  writeLogStarts(): Promise<void> {
    return this.#logStarts.write();
  }

  /** Both files; where that fails, the log says so, and the next time tries again. */
  async writeNow(): Promise<void> {
    try {
      await this.writeAll();
    } catch (error) {
      const message = 'cannot write checkpoints: a crash would recover from older ones';
      this.#log.error({ err: error }, message);
    }
  }

  /** Both files, each only if it changed. */
  async writeAll(): Promise<void> {
    await Promise.all([this.#recoveryPoints.write(), this.#logStarts.write()]);
  }

  /**
   * Resolves when neither file knows partitions of these names: those about to be made must not
   * inherit, after a crash, the offsets of a deleted topic.
   */
  async forget(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<void> {
    const isKnown = partitions.some(({ topic, partition }) => {
      const key = partitionKey(topic, partition);
      return this.#recoveryPoints.mayHold(key) || this.#logStarts.mayHold(key);
    });
    if (isKnown) await this.writeAll();
  }

  /** The last values as written, for a partition that is opened again. */
  recoveryPoint(topic: string, partition: number): number {
    return this.#recoveryPoints.written.get(partitionKey(topic, partition)) ?? 0;
  }

  logStart(topic: string, partition: number): number {
    return this.#logStarts.written.get(partitionKey(topic, partition)) ?? 0;
  }

  /** Stops the clock and writes both files for the last time. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.writeAll();
  }
}

/** One file; writes that are asked for while one runs become one. */
export class CheckpointWriter {
  readonly #path: string;
  readonly #source: CheckpointSource;
  readonly #pick: (state: PartitionState) => number;
  readonly #files: Files;
  written: OffsetsByPartition;
  #running: Promise<void> | null = null;
  #queued: Promise<void> | null = null;

  constructor(
    path: string,
    found: OffsetsByPartition,
    source: CheckpointSource,
    pick: (state: PartitionState) => number,
    files: Files = nodeFiles,
  ) {
    this.#path = path;
    this.written = found;
    this.#source = source;
    this.#pick = pick;
    this.#files = files;
  }

  /** False only if the file certainly does not know a partition, and is not about to. */
  mayHold(key: string): boolean {
    return this.#running !== null || this.written.has(key);
  }

  write(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#writeIfChanged().finally(() => {
        this.#running = null;
      });
      return this.#running;
    }
    // What runs may have looked at the table before the caller's change.
    this.#queued ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#queued = null;
        return this.write();
      });
    return this.#queued;
  }

  async #writeIfChanged(): Promise<void> {
    const offsets = this.#collect();
    if (equal(offsets, this.written)) return;
    await writeCheckpoint(this.#path, offsets, this.#files);
    this.written = offsets;
  }

  #collect(): OffsetsByPartition {
    const offsets: OffsetsByPartition = new Map();
    for (const ref of this.#source.partitions()) {
      const key = partitionKey(ref.topic, ref.partition);
      // The line of an offline partition may be in the middle of a recovery: what was written stays
      // true.
      const offset = ref.online
        ? this.#pick(this.#source.state(ref))
        : (this.written.get(key) ?? 0);
      if (offset > 0) offsets.set(key, offset);
    }
    return offsets;
  }
}

function equal(left: OffsetsByPartition, right: OffsetsByPartition): boolean {
  if (left.size !== right.size) return false;
  for (const [key, offset] of left) if (right.get(key) !== offset) return false;
  return true;
}
