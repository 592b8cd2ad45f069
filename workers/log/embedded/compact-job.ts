/** What a thread of the compaction pool runs. */
import { createSyncer, loadCodecs } from '../../../native/index.js';
import type { CompactionPlan, CompactionResult } from '../compaction.js';
import { compactSegments } from './compact.js';
import { nodeDisk } from './disk.js';

const codecs = loadCodecs();
const disk = nodeDisk(createSyncer());

export default function compact(plan: CompactionPlan): CompactionResult {
  return compactSegments(plan, disk, codecs);
}
