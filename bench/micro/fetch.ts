/**
 * `npm run bench:micro -- fetch`: what a partition does for a reader of what is in the page cache: finding the batches,
 * as a place in a file that can be sent from there, or read into reply memory. In each entry format.
 */
import type { EntryFormat } from '../../workers/format/entry-encoder.js';
import type { FilePlace, ReadResult, ReplyMemory } from '../../workers/log/log.js';
import { openOwnPartition, requestsOf } from './partition.js';
import { time } from './time.js';

const replyBytes = 4 * 2 ** 20;
const logBatches = 1024;

/** All of it for each read. */
const memory: ReplyMemory = {
  view: new Uint8Array(new SharedArrayBuffer(replyBytes)),
  allocate: (sizeBytes) => (sizeBytes <= replyBytes ? 0 : -1),
  release() {},
};

interface Shape {
  readonly records: number;
  readonly recordBytes: number;
}

async function measure(format: EntryFormat, { records, recordBytes }: Shape): Promise<void> {
  const { partition, close } = await openOwnPartition(format);
  for (const request of requestsOf(logBatches, records, recordBytes)) partition.enqueue(request);
  partition.drain();
  const endOffset = logBatches * records;
  const shape = `${format} ${records}×${recordBytes} B`;
  for (const maxBytes of [64 * 1024, 1024 * 1024]) {
    const result: ReadResult = { start: -1, sizeBytes: 0, starved: false, awaited: false };
    const place: FilePlace = { segmentBaseOffset: 0, position: 0, sizeBytes: 0, inode: -1 };
    let offset = 0;
    // Batches are alike, so that where the next read begins follows from what this one brought.
    const batchBytes = partition.describe().sizeBytes / logBatches;
    const step = Math.max(1, Math.floor(maxBytes / batchBytes)) * records;
    const next = () => {
      offset = offset + 2 * step > endOffset ? 0 : offset + step;
    };
    partition.read(offset, maxBytes, true, 0, memory, result);
    const bytes = result.sizeBytes;
    const upTo = `up to ${maxBytes / 1024} KiB`;
    time(
      `read ${shape}, ${upTo}`,
      () => {
        partition.read(offset, maxBytes, true, 0, memory, result);
        next();
      },
      { bytes },
    );
    if (!partition.locate(0, maxBytes, true, place)) continue;
    time(
      `locate ${shape}, ${upTo}`,
      () => {
        partition.locate(offset, maxBytes, true, place);
        next();
      },
      { bytes: place.sizeBytes },
    );
  }
  await close();
}

for (const format of ['kafka', 'mixed_kafka', 'pulsar'] as const) {
  await measure(format, { records: 62, recordBytes: 1024 });
  await measure(format, { records: 1, recordBytes: 100 });
}
