/**
 * `npm run bench:micro -- append`: what a partition does with batches that have landed, to the page cache: checks,
 * offsets, the write and the answer. In each entry format, one batch a drain and many.
 */
import { setBaseOffset } from '../../engine/protocol/kafka/record-batch.js';
import type { EntryFormat } from '../../workers/format/entry-encoder.js';
import { openOwnPartition, requestsOf } from './partition.js';
import { time } from './time.js';

/** So often retention runs: in a broker once a second. */
const bytesPerExpiry = 64 * 2 ** 20;

interface Shape {
  readonly batches: number;
  readonly records: number;
  readonly recordBytes: number;
}

async function measure(
  format: EntryFormat,
  { batches, records, recordBytes }: Shape,
): Promise<void> {
  const { partition, close } = await openOwnPartition(format);
  const requests = requestsOf(batches, records, recordBytes);
  const bytes = requests.reduce((sum, { start, end }) => sum + end - start, 0);
  let sinceExpiry = 0;
  time(
    `append ${format} ${batches}×${records}×${recordBytes} B`,
    () => {
      for (const request of requests) {
        // As a client sends it; the last time's offset stands there.
        setBaseOffset(request.view, request.start, 0);
        partition.enqueue(request);
      }
      partition.drain();
      sinceExpiry += bytes;
      if (sinceExpiry < bytesPerExpiry) return;
      sinceExpiry = 0;
      partition.maintain(Date.now());
    },
    { units: batches, bytes },
  );
  await close();
}

for (const format of ['kafka', 'mixed_kafka', 'pulsar'] as const) {
  await measure(format, { batches: 1, records: 62, recordBytes: 1024 });
  await measure(format, { batches: 16, records: 62, recordBytes: 1024 });
  await measure(format, { batches: 1, records: 1, recordBytes: 100 });
  await measure(format, { batches: 64, records: 1, recordBytes: 100 });
}
