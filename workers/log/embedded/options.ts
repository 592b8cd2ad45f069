import type { Codecs } from '../../../native/codecs.js';
import type { CountCopy } from '../../batch/rebuild.js';
import type { LogConfig, LogNotice, ProducerSnapshotEntry, ReplayVisitor } from '../log.js';
import type { Disk } from './disk.js';

/** What an embedded log is opened with. */
export interface EmbeddedLogOptions {
  disk: Disk;
  /** `<dataDir>/<topic>-<partition>`; created if it is not there. */
  dir: string;
  topic: string;
  partition: number;
  /** Base64url UUID, for `partition.metadata`. */
  topicId: string;
  config: LogConfig;
  durability: 'fsync' | 'os';
  /** From the checkpoint; 0 if there is none. */
  recoveryPoint: number;
  /** From the checkpoint; 0 if there is none. */
  logStartOffset: number;
  /** The process before ended in order, with every log closed: nothing needs a recovery. */
  cleanShutdown: boolean;
  /** Ms since the epoch. */
  clock: () => number;
  codecs: Codecs;
  visitor: ReplayVisitor;
  /** The producer state as it is behind the last batch below `endOffset`. */
  takeSnapshot: (endOffset: number) => ProducerSnapshotEntry[];
  report: (notice: LogNotice) => void;
  /** Payload bytes were made or copied. */
  copied: CountCopy;
}
