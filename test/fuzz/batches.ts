/** Record batches in which anything may be wrong: the addon and the fallback say the same of each. */

import { FallbackCodecs } from '../../native/fallback/fallback-codecs.js';
import {
  BatchCheck,
  BatchFault,
  batchCheckSlots,
  type Codecs,
  codecsNotice,
  loadCodecs,
} from '../../native/index.js';
import fc from '../fast-check.js';
import { encodeBatch, encodeRecord, type SampleRecord, sharedRange } from '../native/samples.js';
import { pureFuzzer } from './fuzzer.js';
import { type Mutations, mutated, mutations } from './mutations.js';

interface Case {
  readonly records: readonly SampleRecord[];
  readonly compression: number;
  /** Of the records before they are compressed, of what came out, and of the batch's header. */
  readonly plain: Mutations;
  readonly packed: Mutations;
  readonly header: readonly [at: number, byte: number][];
  readonly count: number | null;
  readonly flags: number;
  readonly limitBytes: number;
}

const text = fc.option(fc.string({ maxLength: 30 }));
const record: fc.Arbitrary<SampleRecord> = fc.record<Required<Omit<SampleRecord, 'offsetDelta'>>>({
  key: text,
  value: fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null }),
  timestampDelta: fc.integer({ min: -5, max: 2 ** 40 }),
  headers: fc.array(fc.tuple(fc.string({ maxLength: 9 }), text), { maxLength: 2 }),
});

/** Below the lowest byte that the CRC covers nothing but the magic and the length matter. */
const headerBytes = 61;
const attributesAt = 21;

const cases: fc.Arbitrary<Case> = fc.record({
  records: fc.array(record, { maxLength: 12 }),
  compression: fc.nat(4),
  plain: mutations(2),
  packed: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, mutations(2)),
  header: fc.array(fc.tuple(fc.nat(headerBytes - 1), fc.nat(255)), { maxLength: 2 }),
  count: fc.option(fc.integer({ min: -1, max: 20 })),
  flags: fc.nat(7),
  limitBytes: fc.constantFrom(2 ** 20, 2 ** 20, 2 ** 20, 500, 0),
});

const fallback = new FallbackCodecs();
const addon = codecsNotice() === null ? loadCodecs('addon') : fallback;

function batchOf(one: Case): Buffer {
  const whole = Buffer.concat(one.records.map(encodeRecord));
  const plain = mutated(whole, one.plain);
  const packed =
    one.compression === 0 ? plain : fallback.compress(one.compression, plain, 0, plain.length);
  const attributes = one.compression;
  const count = one.count ?? one.records.length;
  const batch = encodeBatch(mutated(packed, one.packed), count, fallback, { attributes });
  for (const [at, byte] of one.header) batch[at] = byte;
  batch.writeUInt32BE(fallback.crc32c(batch, attributesAt, batch.length), 17);
  return batch;
}

/** What an implementation says: the fault, whose it is, and of a sound batch everything. */
function verdict(codecs: Codecs, batch: Buffer, { flags, limitBytes }: Case): string {
  const out = new Float64Array(batchCheckSlots);
  const { view, start, end } = sharedRange(batch);
  const fault = codecs.checkBatch(view, start, end, flags, limitBytes, out);
  if (fault === BatchFault.none) return `none ${[...out]}`;
  return `${fault} of record ${out[BatchCheck.recordIndex]}`;
}

/** Kafka's INVALID_RECORD, whichever of the two a record that does not fit shows first. */
const ofRecords: readonly number[] = [BatchFault.badRecord, BatchFault.badHeaders];
/** What damaged streams show first may differ as well. */
const ofStreams: readonly number[] = [
  ...ofRecords,
  BatchFault.trailingBytes,
  BatchFault.corruptCompression,
  BatchFault.inflatesTooLarge,
];
const zstd = 4;

function isExcused(one: Case, first: string, second: string): boolean {
  const isDamaged = one.compression !== 0 && one.packed.length > 0;
  // Of a damaged Huffman stream without a checksum, versions of libzstd make different things.
  if (isDamaged && one.compression === zstd) return true;
  const alike = isDamaged ? ofStreams : ofRecords;
  return [first, second].every((said) => alike.includes(Number.parseInt(said, 10)));
}

export const batchFuzzer = pureFuzzer('batches', 6_000, cases, (one) => {
  const batch = batchOf(one);
  const first = verdict(addon, batch, one);
  const second = verdict(fallback, batch, one);
  if (first !== second && !isExcused(one, first, second)) {
    throw new Error(`the addon says ${first}, the fallback ${second}`);
  }
});
