/** What a group committed for a partition. */
export interface CommittedOffset {
  readonly offset: number;
  /** -1 where the consumer did not say. */
  readonly leaderEpoch: number;
  readonly metadata: string;
  readonly commitTimestampMs: number;
  /** Set by clients before KIP-211 that asked for a retention of their own; -1 otherwise. */
  readonly expireTimestampMs: number;
  /** Of the topic that was committed for; ZERO_UUID in records of older brokers. */
  readonly topicId: string;
}

/** The offsets of one group, by topic and partition. */
export type OffsetsOfGroup = ReadonlyMap<string, ReadonlyMap<number, CommittedOffset>>;

const NONE: OffsetsOfGroup = new Map();

/** The committed offsets that one partition of `__consumer_offsets` keeps: nothing but what is on disk. */
export class CommittedOffsets {
  /** Of all groups. */
  count = 0;
  private readonly byGroup = new Map<string, Map<string, Map<number, CommittedOffset>>>();

  groups(): Iterable<string> {
    return this.byGroup.keys();
  }

  of(groupId: string): OffsetsOfGroup {
    return this.byGroup.get(groupId) ?? NONE;
  }

  get(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.byGroup.get(groupId)?.get(topic)?.get(partition);
  }

  put(groupId: string, topic: string, partition: number, committed: CommittedOffset): void {
    const topics = this.byGroup.get(groupId) ?? new Map<string, Map<number, CommittedOffset>>();
    if (topics.size === 0) this.byGroup.set(groupId, topics);
    const partitions = topics.get(topic) ?? new Map<number, CommittedOffset>();
    if (partitions.size === 0) topics.set(topic, partitions);
    if (!partitions.has(partition)) this.count++;
    partitions.set(partition, committed);
  }

  remove(groupId: string, topic: string, partition: number): void {
    const topics = this.byGroup.get(groupId);
    const partitions = topics?.get(topic);
    if (topics === undefined || !partitions?.delete(partition)) return;
    this.count--;
    if (partitions.size === 0) topics.delete(topic);
    if (topics.size === 0) this.byGroup.delete(groupId);
  }
}
