/** What readers get for offsets whose entries Pulsar does not deliver. */
import { RecordBatchBuilder } from '../../../engine/protocol/kafka/record-batch-builder.js';
import { KAFKA_ENVELOPE_BYTES, putKafkaEnvelope } from '../../format/entry-encoder.js';
import type { EntryCache } from './entry-cache.js';
import type { EndMarker, Transactions } from './transactions.js';

/** Version 0 and the coordinator's epoch, which KoP leaves at 0. */
const endValue = Buffer.alloc(6);

/** Puts offsets that hold nothing but markers into the cache: the ends of transactions, and holes between them. */
export function addHole(
  cache: EntryCache,
  transactions: Transactions,
  offset: number,
  endOffset: number,
): void {
  let next = offset;
  for (;;) {
    const marker = transactions.markerIn(next, endOffset);
    const holeEnd = marker?.offset ?? endOffset;
    cache.fill(next, holeEnd);
    if (marker === undefined) return;
    next = marker.offset + 1;
    cache.add(marker.offset, next, endEntry(marker));
  }
}

/** The control batch that ends a transaction, as an entry in the kafka format. */
function endEntry({ producerId, producerEpoch, isCommit }: EndMarker): Uint8Array {
  const options = { transactional: true, control: true, producerId, producerEpoch };
  const builder = new RecordBatchBuilder(options);
  builder.append(-1, Buffer.from([0, 0, 0, isCommit ? 1 : 0]), endValue);
  const batch = builder.finish();
  const bytes = Buffer.allocUnsafeSlow(KAFKA_ENVELOPE_BYTES + batch.length);
  const end = putKafkaEnvelope(1, 0, bytes, 0, bytes.length);
  bytes.set(batch, end);
  return bytes.subarray(0, end + batch.length);
}
