import type { LeaderEpochs } from './leader-epochs.js';
import type { RecoveryTally } from './recovery.js';
import type { RecoveryPointFile } from './recovery-point-file.js';
import type { Segments } from './segments.js';
import type { SnapshotFiles } from './snapshot-files.js';

/** What an opening found on the disk. */
export interface RecoveredLog {
  readonly segments: Segments;
  readonly epochs: LeaderEpochs;
  readonly snapshots: SnapshotFiles;
  readonly note: RecoveryPointFile;
  readonly logStartOffset: number;
  readonly stableEndOffset: number;
  /** The first file may be new, and its name not synced. */
  readonly isNameUnsynced: boolean;
  readonly tally: RecoveryTally;
}
