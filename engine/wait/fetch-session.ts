/** One partition that a fetch asks for, and, in a session, what its client was told last. */
export interface FetchPartition {
  /** Name as the client wrote it; with v13+ the name behind the id, empty while unknown. */
  topic: string;
  topicId: string;
  partition: number;
  fetchOffset: number;
  maxBytes: number;
  currentLeaderEpoch: number;
  lastFetchedEpoch: number;
  /** What the last response said; -2: nothing yet. */
  toldHighWatermark: number;
  toldLogStartOffset: number;
}

/** A session's partitions by topic and index, in the order in which they are served. */
export class FetchSession {
  readonly id: number;
  /** The next epoch that the client has to send. */
  epoch = 1;
  lastUsedMs: number;
  /** What it counts for among all that are remembered; brought up to date when it is used. */
  countedPartitions = 0;
  readonly usesTopicIds: boolean;
  readonly partitions: Map<string, FetchPartition>;

  constructor(
    id: number,
    usesTopicIds: boolean,
    partitions: Map<string, FetchPartition>,
    nowMs: number,
  ) {
    this.id = id;
    this.usesTopicIds = usesTopicIds;
    this.partitions = partitions;
    this.lastUsedMs = nowMs;
  }

  /** Puts partitions that got bytes behind the others, so that a small `maxBytes` reaches each in turn. */
  rotate(served: readonly FetchPartition[]): void {
    for (const partition of served) {
      const key = partitionKey(partition);
      if (!this.partitions.delete(key)) continue;
      this.partitions.set(key, partition);
    }
  }
}

/** Identifies a partition within a session. */
export function partitionKey(partition: {
  topic: string;
  topicId: string;
  partition: number;
}): string {
  return `${partition.topicId}/${partition.topic}/${partition.partition}`;
}

/** A session that was not used for this long gives its slot to a new one (KIP-227). */
const minEvictionMs = 120_000;
const maxSessionId = 0x7fff_ffff;
/** Partitions that a session may remember; who fetches from more goes without one. */
export const maxSessionPartitions = 100_000;
/** Partitions that all sessions together may remember, at 0.3 KB each; they outlive their connections. */
export const maxRememberedPartitions = 1_000_000;

/** The incremental fetch sessions of KIP-227; a bounded number of slots. */
export class FetchSessions {
  readonly #slots: number;
  readonly #random: () => number;
  /** Least recently used first. */
  readonly #sessions = new Map<number, FetchSession>();
  #rememberedPartitions = 0;

  constructor(slots: number, random: () => number = Math.random) {
    this.#slots = slots;
    this.#random = random;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** A new session, or null while every slot holds one that was used lately, and beyond too many partitions. */
  open(
    usesTopicIds: boolean,
    partitions: Map<string, FetchPartition>,
    nowMs: number,
  ): FetchSession | null {
    if (partitions.size > maxSessionPartitions) return null;
    while (
      this.#sessions.size >= this.#slots ||
      this.#rememberedPartitions + partitions.size > maxRememberedPartitions
    ) {
      const [oldest] = this.#sessions.values();
      if (oldest === undefined || nowMs - oldest.lastUsedMs < minEvictionMs) return null;
      this.#forget(oldest);
    }
    let id = 0;
    while (id === 0 || this.#sessions.has(id))
      id = 1 + Math.floor(this.#random() * (maxSessionId - 1));
    const session = new FetchSession(id, usesTopicIds, partitions, nowMs);
    this.#remember(session);
    return session;
  }

  get(id: number): FetchSession | undefined {
    return this.#sessions.get(id);
  }

  /** Marks a session as used now. False if it has grown too large: then it is closed. */
  touch(session: FetchSession, nowMs: number): boolean {
    session.lastUsedMs = nowMs;
    this.#forget(session);
    const { size } = session.partitions;
    if (size > maxSessionPartitions) return false;
    if (this.#rememberedPartitions + size > maxRememberedPartitions) return false;
    this.#remember(session);
    return true;
  }

  close(id: number): void {
    const session = this.#sessions.get(id);
    if (session !== undefined) this.#forget(session);
  }

  #remember(session: FetchSession): void {
    session.countedPartitions = session.partitions.size;
    this.#rememberedPartitions += session.countedPartitions;
    this.#sessions.set(session.id, session);
  }

  #forget(session: FetchSession): void {
    if (this.#sessions.delete(session.id)) this.#rememberedPartitions -= session.countedPartitions;
  }
}
