import { crc32c } from '../../engine/protocol/kafka/crc32c.js';
import {
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  setBatchCrc,
  setBatchLength,
  setLastOffsetDelta,
} from '../../engine/protocol/kafka/record-batch.js';
import { RecordBatchBuilder } from '../../engine/protocol/kafka/record-batch-builder.js';
import {
  MAX_VARINT_BYTES,
  putUvarint,
  uvarintSizeBytes,
  zigzag,
} from '../../engine/protocol/kafka/varint.js';

/** Version 0, type UNKNOWN (-1), which Kafka's clients pass over as they do every control record. */
const controlKey = Buffer.from([0, 0, 0xff, 0xff]);
/** Behind the offset: the key with its length, no value, no headers. */
const recordEnd = Buffer.from([zigzag(controlKey.length), ...controlKey, zigzag(-1), 0]);
/** Before it: attributes and timestamp. */
const recordStartBytes = 2;

/** Bytes that a batch takes at most. */
export const SKIPPED_BATCH_BYTES =
  BATCH_HEADER_BYTES + 2 * MAX_VARINT_BYTES + recordStartBytes + recordEnd.length;

/**
 * What stands in place of offsets that hold nothing, so that clients move past them: a control batch, whose one record
 * is at the last of them and is shown to nobody. On a batch without records kafkajs would stay for ever.
 */
export function skippedBatch(
  baseOffset: number,
  lastOffset: number,
  leaderEpoch: number,
): Uint8Array {
  const delta = lastOffset - baseOffset;
  const builder = new RecordBatchBuilder({
    baseOffset,
    partitionLeaderEpoch: leaderEpoch,
    control: true,
  });
  // Sets the header; the record is written anew, because a builder's first one has the first offset.
  builder.append(-1, controlKey, null);
  const batch = Buffer.alloc(SKIPPED_BATCH_BYTES);
  batch.set(builder.finish().subarray(0, BATCH_HEADER_BYTES));
  const sizeBytes = recordStartBytes + uvarintSizeBytes(zigzag(delta)) + recordEnd.length;
  let end = putUvarint(batch, BATCH_HEADER_BYTES, zigzag(sizeBytes)) + recordStartBytes;
  end = putUvarint(batch, end, zigzag(delta));
  batch.set(recordEnd, end);
  end += recordEnd.length;
  setLastOffsetDelta(batch, 0, delta);
  setBatchLength(batch, 0, end);
  setBatchCrc(batch, 0, crc32c(batch, BATCH_FIELD.attributes, end));
  return batch.subarray(0, end);
}
