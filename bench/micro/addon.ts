/**
 * `npm run bench:micro -- addon`: CRC32C and the check of a 64 KiB batch of 1 KiB records, by the addon and by the
 * fallback. Compressed batches count their decompressed bytes.
 */

import { randomBytes } from 'node:crypto';
import { FallbackCodecs } from '../../native/fallback/fallback-codecs.js';
import {
  batchCheckSlots,
  batchHeaderBytes,
  type Codecs,
  Compression,
  codecsNotice,
  loadCodecs,
} from '../../native/index.js';
import { time } from './time.js';

const batchBytes = 64 * 1024;
const recordBytes = 1024;

/** A JSON text of the given length with numbers that do not repeat: compresses to about a third. */
function jsonText(bytes: number): Buffer {
  let text = '';
  while (text.length < bytes) {
    const numbers = randomBytes(8);
    text += `{"user":${numbers.readUInt32LE(0)},"amount":${numbers.readUInt16LE(4)},"currency":"EUR"},`;
  }
  return Buffer.from(text.slice(0, bytes));
}

/** Records of 1 KiB, the last of which have two-byte offset deltas. */
function recordsOf(count: number): Buffer {
  const records: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const value = jsonText(recordBytes - 16);
    const body = Buffer.concat([
      Buffer.from([0, (i % 64) * 2]),
      i < 64 ? Buffer.from([i * 2]) : Buffer.from([(i * 2) | 0x80, (i * 2) >> 7]),
      Buffer.from([1, ((value.length * 2) & 0x7f) | 0x80, (value.length * 2) >> 7]),
      value,
      Buffer.from([0]),
    ]);
    records.push(Buffer.from([((body.length * 2) & 0x7f) | 0x80, (body.length * 2) >> 7]), body);
  }
  return Buffer.concat(records);
}

function batchOf(records: Uint8Array, count: number, attributes: number, codecs: Codecs): Buffer {
  const batch = Buffer.alloc(batchHeaderBytes + records.length);
  batch.writeInt32BE(batch.length - 12, 8);
  batch[16] = 2;
  batch.writeInt16BE(attributes, 21);
  batch.writeInt32BE(count - 1, 23);
  batch.writeBigInt64BE(-1n, 43);
  batch.writeInt32BE(count, 57);
  batch.set(records, batchHeaderBytes);
  batch.writeUInt32BE(codecs.crc32c(batch, 21, batch.length), 17);
  const shared = Buffer.from(new SharedArrayBuffer(batch.length));
  shared.set(batch);
  return shared;
}

function measure(codecs: Codecs): void {
  const count = batchBytes / recordBytes;
  const records = recordsOf(count);
  const out = new Float64Array(batchCheckSlots);
  const plain = batchOf(records, count, 0, codecs);
  for (const bytes of [plain.length, batchHeaderBytes]) {
    time(`${codecs.name} crc32c ${bytes} B`, () => codecs.crc32c(plain, 0, bytes), { bytes });
  }
  for (const [name, compression] of Object.entries(Compression)) {
    const packed =
      compression === Compression.none
        ? records
        : codecs.compress(compression, records, 0, records.length);
    const batch = batchOf(packed, count, compression, codecs);
    const fault = codecs.checkBatch(batch, 0, batch.length, 0, 1 << 20, out);
    if (fault !== 0) throw new Error(`fault ${fault} in the ${name} batch`);
    time(
      `${codecs.name} checkBatch ${name}`,
      () => codecs.checkBatch(batch, 0, batch.length, 0, 1 << 20, out),
      { bytes: records.length },
    );
  }
}

if (codecsNotice() === null) measure(loadCodecs('addon'));
measure(new FallbackCodecs());
