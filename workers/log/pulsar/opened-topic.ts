import type { LogFault } from '../log.js';
import type { PulsarLogOptions } from './open.js';
import type { Positions } from './positions.js';
import type { Replayed } from './replay.js';
import type { PlacedEntry } from './sender.js';
import type { Transactions } from './transactions.js';
import type { Withheld } from './withheld-end.js';

/** Who brings entries into the topic. */
export interface LogSender {
  readonly isReady: boolean;
  send(entry: PlacedEntry, nowMs: number): void;
  tick(nowMs: number): void;
  close(): Promise<void>;
  fail(fault: LogFault): void;
}

/** What the opening found out. */
export interface OpenedTopic extends PulsarLogOptions {
  readonly sender: LogSender;
  /** Others write to it as well: offsets are known once entries come back from its tail. */
  readonly isShared: boolean;
  readonly positions: Positions;
  readonly maxMessageBytes: number;
  readonly leaderEpoch: number;
  /** First offset of this opening. */
  readonly epochStartOffset: number;
  readonly startOffset: number;
  readonly endOffset: number;
  /** Offsets before the end in which there is nothing that a reader is sent. */
  readonly hole: { readonly offset: number; readonly endOffset: number };
  /** Of owners before this one. */
  readonly needlessProperties: readonly string[];
  /** What is behind the snapshot that the opening found. */
  readonly replayed: Replayed;
  /** Those that KoP wrote. */
  readonly transactionsFound: Transactions;
  /** What lies behind `endOffset` and no reader is sent yet; null where that is nothing. */
  readonly withheld: Withheld | null;
}
