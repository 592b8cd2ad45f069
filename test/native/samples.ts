import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { FallbackCodecs } from '../../native/fallback/fallback-codecs.js';
import { type Codecs, codecsNotice, loadCodecs } from '../../native/index.js';

/** Both implementations; the fallback alone where the addon is not built. */
export const available: readonly Codecs[] =
  codecsNotice() === null ? [loadCodecs('addon'), new FallbackCodecs()] : [new FallbackCodecs()];

const folder = resolve('test/golden/codecs');

export const golden = (name: string): Uint8Array => readFileSync(resolve(folder, name));

export const goldenLines = (name: string): string[] =>
  readFileSync(resolve(folder, name), 'utf8').trim().split('\n');

/** What all golden streams hold. */
export const goldenPayload: Uint8Array = Buffer.from(
  Array.from(
    { length: 3000 },
    (_, i) => `line ${i} of the golden payload, mark ${(i * i) % 7}\n`,
  ).join(''),
);

/** The bytes at an odd offset of a SharedArrayBuffer that ends with them, between other bytes. */
export function sharedRange(bytes: Uint8Array): { view: Uint8Array; start: number; end: number } {
  const before = 13;
  const view = new Uint8Array(new SharedArrayBuffer(before + bytes.length + 1), 1);
  view.fill(0xa5);
  view.set(bytes, before - 1);
  return { view, start: before - 1, end: before - 1 + bytes.length };
}

export interface SampleRecord {
  timestampDelta?: number;
  offsetDelta?: number;
  key?: string | null;
  value?: Uint8Array | null;
  headers?: [string, string | null][];
}

export interface SampleBatch {
  baseOffset?: number;
  attributes?: number;
  count?: number;
  lastOffsetDelta?: number;
  baseTimestamp?: bigint;
  maxTimestamp?: bigint;
  producerId?: bigint;
  baseSequence?: number;
}

/** Zigzag varint. */
export function varint(value: number | bigint): number[] {
  let raw = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  const bytes: number[] = [];
  for (; raw >= 0x80n; raw >>= 7n) bytes.push(Number(raw & 0x7fn) | 0x80);
  bytes.push(Number(raw));
  return bytes;
}

const field = (bytes: Uint8Array | null): Uint8Array =>
  bytes === null
    ? Uint8Array.from(varint(-1))
    : Buffer.concat([Uint8Array.from(varint(bytes.length)), bytes]);

const text = (value: string | null): Uint8Array | null =>
  value === null ? null : Buffer.from(value);

/** A record of a batch v2, with its length in front. */
export function encodeRecord(record: SampleRecord, index: number): Uint8Array {
  const headers = record.headers ?? [];
  const body = Buffer.concat([
    Uint8Array.of(0),
    Uint8Array.from(varint(record.timestampDelta ?? index)),
    Uint8Array.from(varint(record.offsetDelta ?? index)),
    field(text(record.key === undefined ? `key ${index}` : record.key)),
    field(record.value === undefined ? text(`value ${index}`) : record.value),
    Uint8Array.from(varint(headers.length)),
    ...headers.flatMap(([key, value]) => [field(text(key)), field(text(value))]),
  ]);
  return field(body);
}

/** A batch v2 around records that are encoded, and compressed, already. */
export function encodeBatch(
  records: Uint8Array,
  count: number,
  codecs: Codecs,
  fields: SampleBatch = {},
): Buffer {
  const batch = Buffer.alloc(61 + records.length);
  batch.writeBigInt64BE(BigInt(fields.baseOffset ?? 0), 0);
  batch.writeInt32BE(batch.length - 12, 8);
  batch.writeInt32BE(-1, 12);
  batch[16] = 2;
  batch.writeInt16BE(fields.attributes ?? 0, 21);
  batch.writeInt32BE(fields.lastOffsetDelta ?? (fields.count ?? count) - 1, 23);
  batch.writeBigInt64BE(fields.baseTimestamp ?? 1_700_000_000_000n, 27);
  batch.writeBigInt64BE(fields.maxTimestamp ?? 1_700_000_000_000n + BigInt(count - 1), 35);
  batch.writeBigInt64BE(fields.producerId ?? -1n, 43);
  batch.writeInt16BE(-1, 51);
  batch.writeInt32BE(fields.baseSequence ?? -1, 53);
  batch.writeInt32BE(fields.count ?? count, 57);
  batch.set(records, 61);
  return sealBatch(batch, codecs);
}

/** Writes the right CRC. */
export function sealBatch(batch: Buffer, codecs: Codecs): Buffer {
  batch.writeUInt32BE(codecs.crc32c(batch, 21, batch.length), 17);
  return batch;
}
