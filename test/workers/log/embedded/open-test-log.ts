import { join } from 'node:path';
import { baseOffset, producerId } from '../../../../engine/protocol/kafka/record-batch.js';
import { createSyncer } from '../../../../native/index.js';
import type { Disk } from '../../../../workers/log/embedded/disk.js';
import { nodeDisk } from '../../../../workers/log/embedded/disk.js';
import type { EmbeddedLog } from '../../../../workers/log/embedded/embedded-log.js';
import { openEmbeddedLog } from '../../../../workers/log/embedded/open.js';
import type { EmbeddedLogOptions } from '../../../../workers/log/embedded/options.js';
import type { LogConfig, LogNotice, ProducerSnapshotEntry } from '../../../../workers/log/log.js';
import { codecs } from '../batches.js';
import { logConfig } from '../log-config.js';

export const syncer = createSyncer();

export interface TestLogOptions extends Partial<Omit<EmbeddedLogOptions, 'config'>> {
  dir: string;
  config?: Partial<LogConfig>;
}

/** What an opening told. */
export interface Told {
  notices: LogNotice[];
  snapshot: ProducerSnapshotEntry[];
  /** Base offsets and producer ids of the replayed batches. */
  replayed: [number, number][];
}

export interface TestLog {
  log: EmbeddedLog;
  told: Told;
}

/** Opens an embedded log with what a test leaves out filled in. */
export async function openTestLog(options: TestLogOptions): Promise<TestLog> {
  const told: Told = { notices: [], snapshot: [], replayed: [] };
  const disk: Disk = options.disk ?? nodeDisk(syncer);
  const log = await openEmbeddedLog({
    topic: 't',
    partition: 0,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
    durability: 'fsync',
    recoveryPoint: 0,
    logStartOffset: 0,
    cleanShutdown: false,
    clock: Date.now,
    codecs,
    visitor: {
      snapshot(entries) {
        told.snapshot = entries;
        told.replayed = [];
      },
      batch(view, start) {
        told.replayed.push([baseOffset(view, start), producerId(view, start)]);
      },
    },
    takeSnapshot: () => [],
    copied() {},
    report: (notice) => told.notices.push(notice),
    ...options,
    disk,
    config: logConfig(options.config),
  });
  return { log, told };
}

/** The directory of the test's partition. */
export function logDir(root: string): string {
  return join(root, 't-0');
}
