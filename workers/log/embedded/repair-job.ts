/** What the thread of `kopje check --repair` runs, one partition at a time. */
import { createSyncer, loadCodecs } from '../../../native/index.js';
import type { LogConfig } from '../log.js';
import { nodeDisk } from './disk.js';
import { repairLog } from './open.js';

/** A partition's log that no process has open. */
export interface RepairOrder {
  dir: string;
  topic: string;
  partition: number;
  topicId: string;
  config: LogConfig;
  /** From the checkpoints; 0 if there is none. */
  recoveryPoint: number;
  logStartOffset: number;
}

/** What a repair did. */
export interface RepairOutcome {
  scannedBytes: number;
  cutBytes: number;
  /** What it had to say of each damage. */
  remarks: string[];
}

const codecs = loadCodecs();
const disk = nodeDisk(createSyncer());

export default async function repair(order: RepairOrder): Promise<RepairOutcome> {
  const remarks: string[] = [];
  const { scannedBytes, cutBytes } = await repairLog({
    ...order,
    disk,
    codecs,
    clock: Date.now,
    visitor: { snapshot() {}, batch() {} },
    takeSnapshot: () => [],
    copied() {},
    report: ({ message, fields }) => remarks.push(`${message} ${JSON.stringify(fields)}`),
  });
  return { scannedBytes, cutBytes, remarks };
}
