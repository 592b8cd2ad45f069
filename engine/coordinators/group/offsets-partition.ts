import type { Logger } from 'pino';
import type { Codecs } from '../../../native/index.js';
import { ErrorCode } from '../../protocol/kafka/errors.js';
import { RecordBatchBuilder } from '../../protocol/kafka/record-batch-builder.js';
import type { PartitionPort, PartitionRef } from '../../route/partition-port.js';
import { GroupShard, type ShardOptions } from './group-shard.js';
import { endOffsetOf, OffsetsLoader } from './loader.js';
import type { OffsetsEntry } from './offsets-entry.js';
import { wrapped } from './wrapped-batches.js';

/** What is read at once when loading. */
const LOAD_CHUNK_BYTES = 1024 * 1024;
export interface OffsetsPartitionOptions extends ShardOptions {
  readonly partitions: PartitionPort;
  readonly codecs: Codecs;
  readonly log: Logger;
  /** Wait before the log is read again after a load, or the first append after one, failed. */
  readonly reloadDelayMs: number;
  /** Least number of records after which group state is written anew, where that bounds the log. */
  readonly snapshotRecords: number;
}

/** Records behind a snapshot, for each that it would have, before there is another one. */
const RECORDS_PER_LIVE_RECORD = 4;

/**
 * One partition of `__consumer_offsets`: loads what its log says, appends to it, and gives the state
 * in memory up and loads again whenever the two might not agree.
 */
export class OffsetsPartition {
  readonly ref: PartitionRef;
  private readonly options: OffsetsPartitionOptions;
  /** Present once loaded. */
  private shard: GroupShard | null = null;
  /** Number of the load under way; an older one has no effect any more. */
  private load = 0;
  private loading: boolean;
  private closed = false;
  private retry: NodeJS.Timeout | null = null;
  /** Whether the log has taken an append since it was loaded. */
  private isProven = false;
  /** Where the last snapshot of all groups begins, or else the log. */
  private snapshotOffset = 0;
  private isSnapshotUnderWay = false;
  /** Records that only a transaction's end can decide on are not trimmed away. */
  private undecidedOffset = Number.POSITIVE_INFINITY;

  constructor(ref: PartitionRef, options: OffsetsPartitionOptions) {
    this.ref = ref;
    this.options = options;
    this.loading = ref.online;
  }

  /** The groups kept here, or the error code that says why they are not to be had now. */
  get groups(): GroupShard | number {
    if (this.shard !== null) return this.shard;
    if (this.closed) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    return this.loading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NOT_COORDINATOR;
  }

  /** Reads the log, unless it is out of service; then `start` is called again when it is back. */
  async start(): Promise<void> {
    this.giveUp(ErrorCode.NOT_COORDINATOR);
    if (this.closed || !this.ref.online) return;
    const load = ++this.load;
    this.loading = true;
    try {
      const started = performance.now();
      const loader = await this.read(() => load === this.load);
      if (load !== this.load) return;
      this.shard = this.open(loader);
      this.loading = false;
      this.isProven = false;
      this.report(loader, performance.now() - started);
    } catch (error) {
      if (load !== this.load) return;
      const { partition } = this.ref;
      this.options.log.error({ err: error, partition }, 'cannot load groups; trying again');
      this.startLater();
    }
  }

  /** A log that takes nothing, as on a full disk, is not read over and over. */
  private startLater(): void {
    this.loading = true;
    this.retry = setTimeout(() => void this.start(), this.options.reloadDelayMs);
  }

  /** The log went out of service. */
  stop(errorCode: number): void {
    this.load++;
    this.loading = false;
    this.giveUp(errorCode);
  }

  close(): void {
    this.closed = true;
    this.stop(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }

  private giveUp(errorCode: number): void {
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.shard?.close(errorCode);
    this.shard = null;
  }

  private async read(isCurrent: () => boolean): Promise<OffsetsLoader> {
    const { partitions, codecs, layout } = this.options;
    const loader = new OffsetsLoader(codecs, layout.shortName);
    const { logStartOffset } = partitions.state(this.ref);
    this.snapshotOffset = logStartOffset;
    let chunk = await partitions.read(this.ref, logStartOffset, LOAD_CHUNK_BYTES);
    while (chunk.length > 0 && isCurrent()) {
      // The worker reads on while this chunk is taken in.
      const next = partitions.read(this.ref, endOffsetOf(chunk), LOAD_CHUNK_BYTES);
      try {
        loader.add(chunk);
      } catch (error) {
        await next;
        throw error;
      }
      chunk = await next;
    }
    return loader;
  }

  private open(loader: OffsetsLoader): GroupShard {
    this.undecidedOffset = loader.firstUndecidedOffset;
    const shard: GroupShard = new GroupShard(this.options, loader, {
      append: (entries) => this.append(entries),
      lost: (errorCode, error) => {
        if (this.shard !== shard) return;
        const { partition } = this.ref;
        const what = 'append of group state failed; reading it again';
        this.options.log.warn({ err: error, partition, errorCode }, what);
        this.giveUp(ErrorCode.NOT_COORDINATOR);
        if (this.isProven) void this.start();
        else this.startLater();
      },
    });
    return shard;
  }

  private async append(entries: readonly OffsetsEntry[]): Promise<number> {
    const { partitions, codecs, layout } = this.options;
    const builder = new RecordBatchBuilder({
      crc32c: (view, start, end) => codecs.crc32c(view, start, end),
    });
    const now = this.options.now();
    for (const entry of entries) {
      const value = layout.forKop ? wrapped(codecs, now, entry) : entry.value;
      builder.append(now, entry.key, value);
    }
    const { errorCode } = await partitions.append(this.ref, builder.finish());
    if (errorCode === ErrorCode.NONE) {
      this.isProven = true;
      this.boundLog();
    }
    return errorCode;
  }

  /** Writes a snapshot where the log has much more than that: a next load reads from there. */
  private boundLog(): void {
    const { layout, partitions, snapshotRecords } = this.options;
    const { shard } = this;
    if (!layout.needsSnapshots || this.isSnapshotUnderWay || shard === null) return;
    const records = partitions.state(this.ref).highWatermark - this.snapshotOffset;
    const most = Math.max(snapshotRecords, RECORDS_PER_LIVE_RECORD * shard.liveRecords);
    if (records > most) void this.writeSnapshot(shard);
  }

  private async writeSnapshot(shard: GroupShard): Promise<void> {
    const { partitions, log } = this.options;
    const { partition } = this.ref;
    let startOffset = -1;
    this.isSnapshotUnderWay = true;
    try {
      const errorCode = await shard.snapshot(() => {
        startOffset = partitions.state(this.ref).highWatermark;
      });
      // The load that follows reads all that there is.
      if (errorCode !== ErrorCode.NONE || this.shard !== shard) return;
      this.snapshotOffset = startOffset;
      const trimmed = await partitions.trim(this.ref, Math.min(startOffset, this.undecidedOffset));
      const fields = { partition, startOffset, records: shard.liveRecords };
      if (trimmed.errorCode === ErrorCode.NONE) log.info(fields, 'group state written anew');
      else log.warn({ ...fields, ...trimmed }, 'the log of group state could not be trimmed');
    } catch (error) {
      log.warn({ err: error, partition }, 'the log of group state could not be trimmed');
    } finally {
      this.isSnapshotUnderWay = false;
    }
  }

  private report(loader: OffsetsLoader, tookMs: number): void {
    const { log } = this.options;
    const { partition } = this.ref;
    const groups = this.shard?.groups.size ?? 0;
    const { unknownRecords } = loader;
    if (groups > 0) log.info({ partition, groups, tookMs: Math.round(tookMs) }, 'groups loaded');
    if (unknownRecords > 0) {
      log.warn({ partition, unknownRecords }, 'records of __consumer_offsets of unknown kinds');
    }
  }
}
