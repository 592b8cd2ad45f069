import { setBaseTimestamp, setLastOffsetDelta } from '../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../engine/protocol/kafka/record-batch-builder.js';
import type { Codecs } from '../../native/codecs.js';
import { sealBatch } from './header.js';

/** A record batch without records that spans offsets, as compaction leaves them: clients move past it. */
export function emptyBatch(
  codecs: Codecs,
  baseOffset: number,
  lastOffset: number,
  leaderEpoch: number,
): Uint8Array {
  const batch = new RecordBatchBuilder({ baseOffset, partitionLeaderEpoch: leaderEpoch }).finish();
  setLastOffsetDelta(batch, 0, lastOffset - baseOffset);
  setBaseTimestamp(batch, 0, -1);
  sealBatch(codecs, batch, 0);
  return batch;
}
