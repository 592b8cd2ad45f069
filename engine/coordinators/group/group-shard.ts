import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { CommitListener } from '../../catalog/catalog.js';
import type { OffsetsLayout } from '../../catalog/offsets-layout.js';
import { ErrorCode } from '../../protocol/kafka/errors.js';
import { AppendQueue, type AppendQueueOptions, type WriteFailure } from './append-queue.js';
import { ClassicGroup } from './classic-group.js';
import type { CommittedOffset, CommittedOffsets } from './committed-offsets.js';
import type { Deadlines } from './deadlines.js';
import type { GroupContext, GroupSettings } from './group-context.js';
import { loadedGroup } from './loaded-group.js';
import type { OffsetsLoader } from './loader.js';
import {
  type CommitOrigin,
  commitError,
  groupDeleteError,
  offsetDeleteError,
} from './offset-requests.js';
import {
  groupEntry,
  groupTombstone,
  type OffsetsEntry,
  offsetEntry,
  storedGroupEntry,
} from './offsets-entry.js';
import {
  dissolve,
  onJoinDue,
  onPersistRefused,
  onSyncDue,
  prepareRebalance,
  renewSession,
} from './rebalance.js';
import { expiredOffsets } from './retention.js';
import { WRAPPED_OVERHEAD_BYTES } from './wrapped-batches.js';

export interface ShardOptions {
  readonly layout: OffsetsLayout;
  readonly settings: GroupSettings;
  readonly commits: CommitListener | null;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  now(): number;
}

/** An offset to commit. */
export interface OffsetToCommit {
  readonly topic: string;
  readonly partition: number;
  readonly committed: CommittedOffset;
}

/** A partition whose offset is to be deleted. */
export interface OffsetToDelete {
  readonly topic: string;
  readonly partition: number;
}

/** What OffsetDelete came to: an error of the whole, or one for each partition asked for. */
export interface OffsetDeleteOutcome {
  readonly errorCode: number;
  readonly partitions: readonly number[];
}

/** Groups of one partition that joining may make: what a flood of made-up names may cost. */
const MAX_GROUPS = 100_000;
const MS_PER_MINUTE = 60_000;

/**
 * The groups and offsets that one partition of `__consumer_offsets` keeps, as long as memory and log
 * agree. Group state may run ahead of the log, since it is dropped where an append fails; offsets and
 * everything that is answered never do.
 */
export class GroupShard implements GroupContext {
  readonly groups = new Map<string, ClassicGroup>();
  readonly offsets: CommittedOffsets;
  readonly settings: GroupSettings;
  readonly deadlines: Deadlines;
  readonly log: Logger;
  readonly now: () => number;
  readonly newUuid = randomUUID;
  private readonly layout: OffsetsLayout;
  /** The last record of each group that is on disk; group state may be ahead of it. */
  private readonly stored = new Map<string, OffsetsEntry>();
  private readonly commits: CommitListener | null;
  private readonly queue: AppendQueue;

  constructor(
    options: ShardOptions,
    loaded: OffsetsLoader,
    appends: Pick<AppendQueueOptions, 'append' | 'lost'>,
  ) {
    this.layout = options.layout;
    this.settings = options.settings;
    this.commits = options.commits;
    this.deadlines = options.deadlines;
    this.log = options.log;
    this.now = options.now;
    this.offsets = loaded.offsets;
    this.queue = new AppendQueue({
      ...appends,
      overheadBytes: this.layout.forKop ? WRAPPED_OVERHEAD_BYTES : 0,
      apply: (entry) => this.apply(entry),
    });
    for (const [groupId, value] of loaded.groups) {
      this.stored.set(groupId, storedGroupEntry(this.layout, groupId, value));
      const group = this.newGroup(groupId);
      loadedGroup(this, group, value);
      if (group.members.size > this.settings.groupMaxSize) {
        prepareRebalance(this, group, 'it is larger than group.max.size now');
      }
    }
    for (const groupId of loaded.offsets.groups()) this.ensureGroup(groupId);
  }

  /** The group, made if there is none and there may be one more. */
  groupToJoin(groupId: string): ClassicGroup | undefined {
    if (this.groups.size < MAX_GROUPS) return this.ensureGroup(groupId);
    return this.groups.get(groupId);
  }

  /** The group, made if there is none. */
  ensureGroup(groupId: string): ClassicGroup {
    return this.groups.get(groupId) ?? this.newGroup(groupId);
  }

  abandoned(group: ClassicGroup): void {
    if (this.offsets.of(group.groupId).size === 0) this.forget(group);
  }

  persist(
    group: ClassicGroup,
    assignments: ReadonlyMap<string, Uint8Array>,
    committed: () => void,
  ): void {
    const failed = (failure: WriteFailure) => {
      if (failure.kind !== 'append') onPersistRefused(this, group, groupErrorOf(failure));
    };
    const record = fitting(() => groupEntry(this.layout, group, assignments));
    if (record === null) failed({ kind: 'too-large' });
    else this.queue.add({ records: [record], committed, failed });
  }

  /** Commits offsets; resolves with an error code that holds for all of them. */
  commit(
    groupId: string,
    origin: CommitOrigin,
    offsets: readonly OffsetToCommit[],
  ): Promise<number> {
    const errorCode = commitError(this.groups.get(groupId), origin);
    if (errorCode !== ErrorCode.NONE) return Promise.resolve(errorCode);
    const group = this.ensureGroup(groupId);
    const member = group.members.get(origin.memberId);
    // A commit is as good as a heartbeat.
    if (member !== undefined && !group.is('CompletingRebalance')) renewSession(this, member);
    const records = fitting(() =>
      offsets.map(({ topic, partition, committed }) =>
        offsetEntry(this.layout, groupId, topic, partition, committed),
      ),
    );
    if (records === null) return Promise.resolve(ErrorCode.INVALID_COMMIT_OFFSET_SIZE);
    return this.write(records, () => ErrorCode.NONE, commitErrorOf);
  }

  /** Deletes the offsets of some partitions, as far as the group allows it. */
  deleteOffsets(groupId: string, wanted: readonly OffsetToDelete[]): Promise<OffsetDeleteOutcome> {
    let outcome: OffsetDeleteOutcome = { errorCode: ErrorCode.NONE, partitions: [] };
    const plan = (): OffsetsEntry[] => {
      const group = this.groups.get(groupId);
      const errorCode = offsetDeleteError(group);
      outcome = { errorCode, partitions: [] };
      if (group === undefined || errorCode !== ErrorCode.NONE) return [];
      const errorCodes = wanted.map(({ topic }) =>
        group.isSubscribedTo(topic) ? ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC : ErrorCode.NONE,
      );
      outcome = { errorCode, partitions: errorCodes };
      return wanted
        .filter(({ topic, partition }, i) => {
          const isThere = this.offsets.get(groupId, topic, partition) !== undefined;
          return isThere && errorCodes[i] === ErrorCode.NONE;
        })
        .map(({ topic, partition }) => offsetEntry(this.layout, groupId, topic, partition, null));
    };
    return this.write(
      plan,
      () => outcome,
      (failure) => ({ errorCode: groupErrorOf(failure), partitions: [] }),
    );
  }

  /** Deletes an empty group with its offsets; resolves with an error code. */
  deleteGroup(groupId: string): Promise<number> {
    let errorCode: number = ErrorCode.NONE;
    const plan = (): OffsetsEntry[] => {
      const group = this.groups.get(groupId);
      errorCode = groupDeleteError(group);
      if (group === undefined || errorCode !== ErrorCode.NONE) return [];
      const records = this.tombstones(groupId, () => true);
      records.push(groupTombstone(groupId));
      this.forget(group);
      return records;
    };
    return this.write(plan, () => errorCode, groupErrorOf);
  }

  /** A topic is gone: nobody may find its offsets in a later one of the same name. */
  deleteTopic(topic: string): Promise<number> {
    const plan = (): OffsetsEntry[] => {
      const records: OffsetsEntry[] = [];
      for (const groupId of this.offsets.groups()) {
        records.push(...this.tombstones(groupId, (name) => name === topic));
      }
      return records;
    };
    return this.write(plan, () => ErrorCode.NONE, groupErrorOf);
  }

  /** Forgets the offsets whose retention is over, and empty groups that have none. */
  expire(): Promise<number> {
    const plan = (): OffsetsEntry[] => {
      const records: OffsetsEntry[] = [];
      for (const group of this.groups.values()) this.expireGroup(group, records);
      return records;
    };
    return this.write(plan, () => ErrorCode.NONE, groupErrorOf);
  }

  /** Records that a snapshot has. */
  get liveRecords(): number {
    return this.offsets.count + this.stored.size;
  }

  /**
   * Writes all that is on disk once more, behind it; nothing else is written in between. `begins` is called when
   * everything before is on disk and applied. Resolves with an error code.
   */
  snapshot(begins: () => void): Promise<number> {
    const plan = (): OffsetsEntry[] => {
      begins();
      const records = [...this.stored.values()];
      for (const groupId of this.offsets.groups()) {
        for (const [topic, partitions] of this.offsets.of(groupId)) {
          for (const [partition, committed] of partitions) {
            records.push(offsetEntry(this.layout, groupId, topic, partition, committed));
          }
        }
      }
      return records;
    };
    return this.write(plan, () => ErrorCode.NONE, groupErrorOf);
  }

  /** Gives everything up; whoever waits gets an error that sends them back to find a coordinator. */
  close(errorCode: number): void {
    this.queue.close({ kind: 'append', errorCode });
    this.retire(errorCode);
  }

  /** Ends all waiting for rebalances; what is queued is still written. */
  retire(errorCode: number): void {
    for (const group of this.groups.values()) dissolve(this, group, errorCode);
    this.groups.clear();
  }

  private expireGroup(group: ClassicGroup, records: OffsetsEntry[]): void {
    const retentionMs = this.settings.offsetsRetentionMinutes * MS_PER_MINUTE;
    const expired = expiredOffsets(group, this.offsets, this.now(), retentionMs);
    const { groupId } = group;
    for (const { topic, partition } of expired) {
      records.push(offsetEntry(this.layout, groupId, topic, partition, null));
    }
    let held = 0;
    for (const partitions of this.offsets.of(groupId).values()) held += partitions.size;
    if (!group.is('Empty') || group.pendingJoin.size > 0 || held > expired.length) return;
    // A group that never came to a generation has no record.
    if (group.generationId > 0) records.push(groupTombstone(groupId));
    this.forget(group);
  }

  private forget(group: ClassicGroup): void {
    dissolve(this, group, ErrorCode.COORDINATOR_NOT_AVAILABLE);
    this.groups.delete(group.groupId);
  }

  private tombstones(groupId: string, isWanted: (topic: string) => boolean): OffsetsEntry[] {
    const records: OffsetsEntry[] = [];
    for (const [topic, partitions] of this.offsets.of(groupId)) {
      if (!isWanted(topic)) continue;
      for (const partition of partitions.keys()) {
        records.push(offsetEntry(this.layout, groupId, topic, partition, null));
      }
    }
    return records;
  }

  private write<Outcome>(
    records: readonly OffsetsEntry[] | (() => readonly OffsetsEntry[]),
    committed: () => Outcome,
    failed: (failure: WriteFailure) => Outcome,
  ): Promise<Outcome> {
    return new Promise((resolve) => {
      this.queue.add({
        records,
        committed: () => resolve(committed()),
        failed: (failure) => resolve(failed(failure)),
      });
    });
  }

  /** A record is on disk. */
  private apply(entry: OffsetsEntry): void {
    const { groupId, topic, partition, committed } = entry;
    if (topic === null) {
      if (entry.value === null) this.stored.delete(groupId);
      else this.stored.set(groupId, entry);
    } else if (committed === null) {
      this.offsets.remove(groupId, topic, partition);
      this.commits?.removed(groupId, topic, partition);
    } else {
      this.offsets.put(groupId, topic, partition, committed);
      this.commits?.committed(groupId, topic, partition, committed.offset);
      // It may have been deleted while this commit waited behind the deletion.
      this.ensureGroup(groupId);
    }
  }

  private newGroup(groupId: string): ClassicGroup {
    const deadlines = {
      onJoinDue: (due: ClassicGroup) => onJoinDue(this, due),
      onSyncDue: (due: ClassicGroup) => onSyncDue(this, due),
    };
    const { shortName } = this.layout;
    const group = new ClassicGroup(groupId, this.now(), deadlines, shortName);
    this.groups.set(groupId, group);
    return group;
  }
}

/** What `encode` makes, or null where a client's string is too long for a record. */
function fitting<Made>(encode: () => Made): Made | null {
  try {
    return encode();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** What a client is told of a write that was not made; all but the first are retriable. */
function groupErrorOf(failure: WriteFailure): number {
  if (failure.kind === 'too-large') return ErrorCode.UNKNOWN_SERVER_ERROR;
  if (failure.kind === 'full') return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  switch (failure.errorCode) {
    case ErrorCode.NOT_COORDINATOR:
    case ErrorCode.NOT_LEADER_OR_FOLLOWER:
    case ErrorCode.KAFKA_STORAGE_ERROR:
      return ErrorCode.NOT_COORDINATOR;
    default:
      return ErrorCode.COORDINATOR_NOT_AVAILABLE;
  }
}

function commitErrorOf(failure: WriteFailure): number {
  return failure.kind === 'too-large'
    ? ErrorCode.INVALID_COMMIT_OFFSET_SIZE
    : groupErrorOf(failure);
}
