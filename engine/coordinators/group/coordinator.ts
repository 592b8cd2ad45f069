import type { Logger } from 'pino';
import { loadCodecs } from '../../../native/index.js';
import type { CommitListener } from '../../catalog/catalog.js';
import { inParallel } from '../../catalog/in-parallel.js';
import type { OffsetsLayout } from '../../catalog/offsets-layout.js';
import { offsetsTopic } from '../../catalog/topic-name.js';
import { ErrorCode } from '../../protocol/kafka/errors.js';
import type { PartitionPort, PartitionRef } from '../../route/partition-port.js';
import type { ClassicGroup } from './classic-group.js';
import type { OffsetsOfGroup } from './committed-offsets.js';
import { Deadlines } from './deadlines.js';
import type { GroupSettings } from './group-context.js';
import type {
  GroupShard,
  OffsetDeleteOutcome,
  OffsetToCommit,
  OffsetToDelete,
} from './group-shard.js';
import { type JoinRequest, join } from './join.js';
import { type JoinAnswer, joinError, type SyncAnswer, syncError } from './member.js';
import { heartbeat, type LeavingMember, leave, type SyncRequest, sync } from './membership.js';
import type { CommitOrigin } from './offset-requests.js';
import { OffsetsPartition } from './offsets-partition.js';
import { partitionOfGroup } from './partition-of-group.js';

/** Longest group id: however it is encoded, it fits into a string of a record. */
const MAX_GROUP_ID_CHARS = 10_000;
/** Usual wait before a log that cannot be read or written is read again. */
const RELOAD_DELAY_MS = 1_000;
/** Least number of records after which group state is written anew, where that bounds the log. */
const SNAPSHOT_RECORDS = 50_000;
/** Partitions of the offsets topic that are read at once. */
const LOADS_IN_PARALLEL = 4;
/** Longest wait of a timer; one of more ends at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The part of the catalog that keeps the offsets topic. */
export interface OffsetsTopics {
  /** Of the offsets topic, once there is one. */
  readonly offsetsLayout: OffsetsLayout;
  topic(name: string): { readonly partitions: readonly PartitionRef[] } | undefined;
  /** Makes the topic where there is none. */
  ensureTopic(name: string): Promise<{ readonly partitions: readonly PartitionRef[] }>;
}

export interface GroupCoordinatorOptions {
  readonly settings: GroupSettings;
  readonly partitions: PartitionPort;
  readonly topics: OffsetsTopics;
  readonly commits: CommitListener | null;
  /** Wall clock, ms. */
  now(): number;
  /** Clock of sessions and rebalances, ms, that nobody sets: a step would end them all, or hold them up. */
  steadyMs(): number;
  readonly log: Logger;
  /** Wait before a log that cannot be read or written is read again, ms. */
  readonly reloadDelayMs?: number;
  /** Least number of records after which group state is written anew, where that bounds the log. */
  readonly snapshotRecords?: number;
}

/**
 * The coordinator of every group: this broker is it for all of them. Each method answers with Kafka's
 * error codes and never throws.
 */
export class GroupCoordinator {
  private readonly options: GroupCoordinatorOptions;
  private readonly deadlines: Deadlines;
  private readonly codecs = loadCodecs();
  private partitions: OffsetsPartition[] = [];
  /** Until the partitions have been read for the first time. */
  private attaching: Promise<void> = Promise.resolve();
  private alarm: NodeJS.Timeout | null = null;
  private retention: NodeJS.Timeout | null = null;
  private closed = false;

  constructor(options: GroupCoordinatorOptions) {
    this.options = options;
    this.deadlines = new Deadlines(
      options.steadyMs,
      () => this.armAlarm(),
      (error) => options.log.error({ err: error }, 'a deadline of a group failed'),
    );
  }

  /** Begins to load the groups there are; until a group is loaded, its requests are told to wait. */
  start(): Promise<void> {
    const topic = this.options.topics.topic(offsetsTopic);
    if (topic !== undefined) void this.attach(topic.partitions);
    const { offsetsRetentionCheckIntervalMs } = this.options.settings;
    this.retention = setInterval(() => void this.expireOffsets(), offsetsRetentionCheckIntervalMs);
    this.retention.unref();
    return Promise.resolve();
  }

  /**
   * The broker is about to close: whoever waits for a rebalance is sent away with
   * COORDINATOR_NOT_AVAILABLE, as is everyone who asks from now on. What is being written goes on.
   */
  retire(): void {
    this.closed = true;
    if (this.retention !== null) clearInterval(this.retention);
    if (this.alarm !== null) clearTimeout(this.alarm);
    for (const shard of this.shards()) shard.retire(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }

  /** Gives up what is not written yet, and stops. */
  close(): Promise<void> {
    this.retire();
    for (const partition of this.partitions) partition.close();
    return Promise.resolve();
  }

  /** Sees that there is an offsets topic, so that this broker can be named as coordinator. */
  async ensureReady(): Promise<void> {
    if (this.partitions.length > 0) return;
    const topic = await this.options.topics.ensureTopic(offsetsTopic);
    this.onTopicCreated({ name: offsetsTopic, partitions: topic.partitions });
    await this.attaching;
  }

  /** There is an offsets topic now, whoever made it: at a start it may also come late. */
  onTopicCreated({
    name,
    partitions,
  }: {
    name: string;
    partitions: readonly PartitionRef[];
  }): void {
    if (name !== offsetsTopic || this.closed || this.partitions.length > 0) return;
    void this.attach(partitions);
  }

  onPartitionOnline(ref: PartitionRef): void {
    void this.partitionOf(ref)?.start();
  }

  onPartitionOffline(ref: PartitionRef): void {
    this.partitionOf(ref)?.stop(ErrorCode.NOT_COORDINATOR);
  }

  onTopicDeleted(name: string): void {
    if (name === offsetsTopic) {
      for (const partition of this.partitions) partition.close();
      this.partitions = [];
      return;
    }
    for (const shard of this.shards()) void shard.deleteTopic(name);
  }

  /** Looks for offsets whose retention is over; called on a timer. */
  async expireOffsets(): Promise<void> {
    for (const shard of this.shards()) await shard.expire();
  }

  /** Runs what is due; called on a timer. */
  tick(): void {
    this.deadlines.expire();
    this.armAlarm();
  }

  joinGroup(groupId: string, request: JoinRequest): Promise<JoinAnswer> {
    const { memberId } = request;
    // A missing name is told first, as Kafka does.
    const shard =
      groupId === '' || this.isSessionTimeout(request.sessionTimeoutMs)
        ? this.memberShard(groupId)
        : ErrorCode.INVALID_SESSION_TIMEOUT;
    if (typeof shard === 'number') return Promise.resolve(joinError(shard, memberId));
    const isNew = memberId === '';
    const group = isNew ? shard.groupToJoin(groupId) : shard.groups.get(groupId);
    if (group === undefined) {
      const error = isNew ? ErrorCode.GROUP_MAX_SIZE_REACHED : ErrorCode.UNKNOWN_MEMBER_ID;
      return Promise.resolve(joinError(error, memberId));
    }
    return new Promise((resolve) => join(shard, group, request, resolve));
  }

  syncGroup(groupId: string, request: SyncRequest): Promise<SyncAnswer> {
    const shard = this.memberShard(groupId);
    if (typeof shard === 'number') return Promise.resolve(syncError(shard));
    const group = shard.groups.get(groupId);
    if (group === undefined) return Promise.resolve(syncError(ErrorCode.UNKNOWN_MEMBER_ID));
    return new Promise((resolve) => sync(shard, group, request, resolve));
  }

  heartbeat(
    groupId: string,
    memberId: string,
    groupInstanceId: string | null,
    generationId: number,
  ): number {
    const shard = this.memberShard(groupId);
    // A member cannot be told to wait; its session begins anew once its group is loaded.
    if (shard === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) return ErrorCode.NONE;
    if (typeof shard === 'number') return shard;
    const group = shard.groups.get(groupId);
    if (group === undefined) return ErrorCode.UNKNOWN_MEMBER_ID;
    return heartbeat(shard, group, memberId, groupInstanceId, generationId);
  }

  /** An error code of the whole, or one for each of those who leave. */
  leaveGroup(groupId: string, leaving: readonly LeavingMember[]): number | number[] {
    const shard = this.memberShard(groupId);
    if (typeof shard === 'number') return shard;
    const group = shard.groups.get(groupId);
    if (group === undefined) return leaving.map(() => ErrorCode.UNKNOWN_MEMBER_ID);
    return leave(shard, group, leaving);
  }

  /** Commits offsets in the name of a group; an error code that holds for all of them. */
  commitOffsets(
    groupId: string,
    origin: CommitOrigin,
    offsets: readonly OffsetToCommit[],
  ): Promise<number> {
    const shard = this.shardOf(groupId);
    if (typeof shard === 'number') return Promise.resolve(shard);
    const { shortName } = this.options.topics.offsetsLayout;
    const named = offsets.map((one) => ({ ...one, topic: shortName(one.topic) }));
    return shard.commit(groupId, origin, named);
  }

  /** What a group has committed, by the short names of topics, or an error code. */
  offsetsOf(groupId: string): OffsetsOfGroup | number {
    const shard = this.shardOf(groupId);
    return typeof shard === 'number' ? shard : shard.offsets.of(groupId);
  }

  deleteOffsets(groupId: string, wanted: readonly OffsetToDelete[]): Promise<OffsetDeleteOutcome> {
    const shard = this.shardOf(groupId);
    if (typeof shard === 'number') return Promise.resolve({ errorCode: shard, partitions: [] });
    const { shortName } = this.options.topics.offsetsLayout;
    const named = wanted.map((one) => ({ ...one, topic: shortName(one.topic) }));
    return shard.deleteOffsets(groupId, named);
  }

  deleteGroup(groupId: string): Promise<number> {
    const shard = this.shardOf(groupId);
    return typeof shard === 'number' ? Promise.resolve(shard) : shard.deleteGroup(groupId);
  }

  /** A group, undefined where there is none, or an error code. */
  group(groupId: string): ClassicGroup | undefined | number {
    const shard = this.shardOf(groupId);
    return typeof shard === 'number' ? shard : shard.groups.get(groupId);
  }

  /** Every group, and a retriable error code if a partition could not be asked. */
  listGroups(): { errorCode: number; groups: ClassicGroup[] } {
    const groups: ClassicGroup[] = [];
    let errorCode: number = ErrorCode.NONE;
    for (const partition of this.partitions) {
      const shard = partition.groups;
      if (shard === ErrorCode.NOT_COORDINATOR) errorCode = ErrorCode.COORDINATOR_NOT_AVAILABLE;
      else if (typeof shard === 'number') errorCode = shard;
      else groups.push(...shard.groups.values());
    }
    return { errorCode, groups };
  }

  private async attach(refs: readonly PartitionRef[]): Promise<void> {
    const { deadlines, codecs } = this;
    const layout = this.options.topics.offsetsLayout;
    const defaults = { reloadDelayMs: RELOAD_DELAY_MS, snapshotRecords: SNAPSHOT_RECORDS };
    const options = { ...defaults, ...this.options, layout, deadlines, codecs };
    this.partitions = refs.map((ref) => new OffsetsPartition(ref, options));
    const all = this.partitions;
    this.attaching = inParallel(all, LOADS_IN_PARALLEL, (partition) => partition.start());
    await this.attaching;
  }

  private partitionOf(ref: PartitionRef): OffsetsPartition | undefined {
    if (ref.topic !== offsetsTopic) return undefined;
    return this.partitions[ref.partition];
  }

  private shardOf(groupId: string): GroupShard | number {
    if (this.closed) return ErrorCode.COORDINATOR_NOT_AVAILABLE;
    if (groupId.length > MAX_GROUP_ID_CHARS) return ErrorCode.INVALID_GROUP_ID;
    const count = this.partitions.length;
    // FindCoordinator, which this sends the client to, makes the offsets topic.
    if (count === 0) return ErrorCode.NOT_COORDINATOR;
    const { groupHash } = this.options.topics.offsetsLayout;
    return this.partitions[partitionOfGroup(groupId, count, groupHash)]!.groups;
  }

  private isSessionTimeout(timeoutMs: number): boolean {
    const { groupMinSessionTimeoutMs, groupMaxSessionTimeoutMs } = this.options.settings;
    return timeoutMs >= groupMinSessionTimeoutMs && timeoutMs <= groupMaxSessionTimeoutMs;
  }

  /** As `shardOf`, for members: they need a name for their group. */
  private memberShard(groupId: string): GroupShard | number {
    return groupId === '' ? ErrorCode.INVALID_GROUP_ID : this.shardOf(groupId);
  }

  private *shards(): Iterable<GroupShard> {
    for (const { groups } of this.partitions) if (typeof groups !== 'number') yield groups;
  }

  /** One timer for all deadlines, set to the earliest. */
  private armAlarm(): void {
    if (this.alarm !== null) clearTimeout(this.alarm);
    this.alarm = null;
    const dueMs = this.deadlines.nextMs;
    if (this.closed || dueMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(0, dueMs - this.options.steadyMs());
    this.alarm = setTimeout(() => this.tick(), Math.min(waitMs, MAX_TIMER_MS));
    this.alarm.unref();
  }
}
