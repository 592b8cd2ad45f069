/**
 * Every slot of every shared array, in one place. A descriptor is 64 bytes: words 0–7 are int32,
 * doubles 4–7 (the same bytes as words 8–15) are float64.
 */

/** Words of a ring's head: each in a cache line of its own, so that the sides do not share one. */
export const RingHead = { produced: 0, consumed: 16, words: 32 } as const;

export const descriptorWords = 16;
export const descriptorDoubles = 8;

/** Submission: main → worker. */
export const Submit = {
  op: 0,
  token: 1,
  slot: 2,
  /** Generation of the partition's opening; a stale one is answered with NOT_LEADER_OR_FOLLOWER. */
  generation: 3,
  /** Append: start and length in the landing slab. Release: start in the reply slab. */
  start: 4,
  sizeBytes: 5,
  flags: 6,
  maxBytes: 7,
  /** Double: the offset to read from. */
  offset: 4,
} as const;

export const Op = { append: 1, read: 2, release: 3 } as const;

/** Bits of `Submit.flags`. */
export const SubmitFlag = {
  /** acks + 1 in the low two bits: 0 = all, 1 = none, 2 = leader. */
  acksMask: 0b11,
  internal: 0b100,
  atLeastOneBatch: 0b1000,
  readCommitted: 0b10000,
  /** The reply may name a place in a segment file instead of bytes. */
  fileAllowed: 0b100000,
} as const;

/** Completion: worker → main. */
export const Complete = {
  token: 0,
  errorCode: 1,
  /** Read: range of the reply slab (start −1: none). Append: range that holds the packed detail. */
  start: 2,
  sizeBytes: 3,
  /** 1: the reply slab was spent. */
  starved: 4,
  /** Append that was refused: what `describeFault` has words for, or 0. */
  fault: 5,
  /** Read of committed records: 1 where aborted transactions may lie in what it brought. */
  aborted: 5,
  /** Doubles. */
  baseOffset: 4,
  appendTimeMs: 5,
  logStartOffset: 6,
  /** Read with `start` = `fileStart`: the place in the file, in the doubles of the others. */
  segmentBaseOffset: 4,
  position: 5,
  inode: 6,
} as const;

/** `Complete.start` of a read whose batches lie in a segment file. */
export const fileStart = -2;

/** Int32 words of the bell board: one bell for the main thread, one for each worker. */
export const Bell = { main: 0, wakes: 16, worker: 32, stride: 16 } as const;

/** A line of the partition table is 128 bytes: 32 words or 16 doubles. */
export const lineWords = 32;
export const lineDoubles = 16;

/** Words of a line. */
export const Line = { sequence: 0, leaderEpoch: 1, watched: 2, online: 3 } as const;

/** Doubles of a line. */
export const LineDouble = {
  logStartOffset: 2,
  highWatermark: 3,
  lastStableOffset: 4,
  highWatermarkBytes: 5,
  logEndOffset: 6,
  recoveryPoint: 7,
} as const;

/** Doubles of a worker's part of the shared counters. */
export const WorkerCounter = {
  /** Payload bytes that it had to make anew or copy, by site. */
  recompress: 0,
  renumber: 1,
  fetchRead: 2,
  detail: 3,
  /** Record bytes that producers appended. */
  produced: 4,
  /** Bytes of the reply slab in use: a level, not a sum. */
  replyUsed: 5,
  /** Another site: batches that became Pulsar entries. */
  encode: 6,
  /** And one more: entries of Pulsar kept for readers. */
  cache: 7,
  /** And entries of our own log, read to make batches of them. */
  decode: 8,
  slots: 9,
} as const;

/** A counter's place. */
export type WorkerCounterSlot = Exclude<
  (typeof WorkerCounter)[keyof typeof WorkerCounter],
  typeof WorkerCounter.slots
>;
