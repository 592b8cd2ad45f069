import { FallbackCodecs } from '../../../native/fallback/fallback-codecs.js';

export const codecs = new FallbackCodecs();

export interface BatchRecord {
  key?: string | null;
  value?: string | null;
  timestamp?: number;
  /** Instead of the record's index. */
  delta?: number;
}

/** Header fields that differ from those that follow from the records. */
export interface BatchShape {
  records?: BatchRecord[];
  compression?: number;
  /** Bits beside the compression. */
  attributes?: number;
  baseOffset?: number;
  magic?: number;
  lastOffsetDelta?: number;
  recordCount?: number;
  baseTimestamp?: number;
  maxTimestamp?: number;
  producerId?: number;
  producerEpoch?: number;
  baseSequence?: number;
}

export const defaultTimestamp = 1_700_000_000_000;

function varint(value: number, out: number[]): void {
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  while (rest >= 0x80n) {
    out.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  out.push(Number(rest));
}

function field(text: string | null | undefined, out: number[]): void {
  if (text === null || text === undefined) {
    varint(-1, out);
    return;
  }
  const bytes = Buffer.from(text);
  varint(bytes.length, out);
  for (const byte of bytes) out.push(byte);
}

function encodeRecords(records: BatchRecord[], baseTimestamp: number): Uint8Array {
  const out: number[] = [];
  records.forEach((record, index) => {
    const body = [0];
    varint((record.timestamp ?? baseTimestamp) - baseTimestamp, body);
    varint(record.delta ?? index, body);
    field(record.key, body);
    field(record.value === undefined ? 'v' : record.value, body);
    varint(0, body);
    varint(body.length, out);
    for (const byte of body) out.push(byte);
  });
  return Uint8Array.from(out);
}

/** One record batch v2 as a client would send it, with whatever is asked to be wrong with it. */
export function buildBatch(shape: BatchShape = {}): Uint8Array {
  const records = shape.records ?? [{ key: 'k' }];
  const baseTimestamp = shape.baseTimestamp ?? records[0]?.timestamp ?? defaultTimestamp;
  const plain = encodeRecords(records, baseTimestamp);
  const compression = shape.compression ?? 0;
  const packed = compression === 0 ? plain : codecs.compress(compression, plain, 0, plain.length);
  const batch = Buffer.alloc(61 + packed.length);
  const greatest = Math.max(-1, ...records.map((record) => record.timestamp ?? baseTimestamp));
  batch.writeBigInt64BE(BigInt(shape.baseOffset ?? 0), 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(-1, 12);
  batch.writeInt8(shape.magic ?? 2, 16);
  batch.writeUInt16BE((shape.attributes ?? 0) | compression, 21);
  batch.writeInt32BE(shape.lastOffsetDelta ?? records.length - 1, 23);
  batch.writeBigInt64BE(BigInt(baseTimestamp), 27);
  batch.writeBigInt64BE(BigInt(shape.maxTimestamp ?? greatest), 35);
  batch.writeBigInt64BE(BigInt(shape.producerId ?? -1), 43);
  batch.writeInt16BE(shape.producerEpoch ?? -1, 51);
  batch.writeInt32BE(shape.baseSequence ?? -1, 53);
  batch.writeInt32BE(shape.recordCount ?? records.length, 57);
  batch.set(packed, 61);
  seal(batch);
  return batch;
}

/** Makes the CRC right again. */
export function seal(batch: Buffer): void {
  batch.writeUInt32BE(codecs.crc32c(batch, 21, batch.length), 17);
}
