/**
 * `npm run bench:micro -- checks`: what it takes to see that a batch may be stored: its envelope, CRC and records, by
 * full validation and by headers only; and what it takes to make it anew where the topic wants another compression.
 */
import { Compression, loadCodecs } from '../../native/index.js';
import { Validator } from '../../workers/batch/validator.js';
import { Verdict } from '../../workers/batch/verdict.js';
import type { LogConfig } from '../../workers/log/log.js';
import { batchOf } from '../load/kafka/requests.js';
import { maxInflatedBytes, smallLogConfig } from './partition.js';
import { time } from './time.js';

const codecs = loadCodecs();

function measure(
  records: number,
  recordBytes: number,
  codec: keyof typeof Compression,
  validateRecords: 'full' | 'headers' = 'full',
  compressionType: LogConfig['compressionType'] = 'producer',
): void {
  const batch = batchOf(records, recordBytes, 0, Compression[codec]);
  const slab = new Uint8Array(new SharedArrayBuffer(batch.length));
  slab.set(batch);
  const settings = { validateRecords, maxInflatedBytes };
  const validator = new Validator(
    codecs,
    settings,
    { ...smallLogConfig, compressionType },
    () => {},
  );
  const verdict = new Verdict();
  const nowMs = Date.now();
  const made = compressionType === 'producer' ? '' : `, to ${compressionType}`;
  time(
    `check ${validateRecords} ${records}×${recordBytes} B ${codec}${made}`,
    () => {
      if (validator.validate(slab, 0, slab.length, false, nowMs, verdict)) return;
      throw new Error(`the batch was refused with error ${verdict.errorCode}`);
    },
    { bytes: records * recordBytes },
  );
}

measure(1, 100, 'none');
for (const codec of Object.keys(Compression) as (keyof typeof Compression)[]) {
  measure(62, 1024, codec);
}
measure(62, 1024, 'none', 'headers');
measure(1000, 100, 'none');
measure(62, 1024, 'lz4', 'full', 'uncompressed');
measure(62, 1024, 'none', 'full', 'zstd');
