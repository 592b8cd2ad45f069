import { type Crc32c, crc32c as tableCrc32c } from './crc32c.js';
import {
  BATCH_ATTRIBUTE,
  BATCH_FIELD,
  BATCH_HEADER_BYTES,
  MAGIC_V2,
  setAttributes,
  setBaseOffset,
  setBaseTimestamp,
  setBatchCrc,
  setBatchLength,
  setLastOffsetDelta,
  setMagic,
  setMaxTimestamp,
  setPartitionLeaderEpoch,
  setProducer,
  setRecordCount,
} from './record-batch.js';
import type { RecordHeader } from './record-cursor.js';
import {
  MAX_VARINT_BYTES,
  putUvarint,
  putVarlong,
  uvarintSizeBytes,
  varlongSizeBytes,
  zigzag,
} from './varint.js';

const START_BYTES = 1024;

/** What a batch says of itself; by default it comes from nobody and stands at offset 0. */
export interface RecordBatchOptions {
  readonly baseOffset?: number;
  readonly partitionLeaderEpoch?: number;
  readonly producerId?: number;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly transactional?: boolean;
  readonly control?: boolean;
  /** The addon's, where speed counts. */
  readonly crc32c?: Crc32c;
}

/** Builds one uncompressed record batch v2, record by record. */
export class RecordBatchBuilder {
  private readonly options: RecordBatchOptions;
  private bytes = Buffer.allocUnsafe(START_BYTES);
  private at = BATCH_HEADER_BYTES;
  private records = 0;
  private baseTimestamp = 0;
  private maxTimestamp = -1;

  constructor(options: RecordBatchOptions = {}) {
    this.options = options;
  }

  /** Records appended so far. */
  get count(): number {
    return this.records;
  }

  /** Size of the batch as it is now. */
  get sizeBytes(): number {
    return this.at;
  }

  /** Adds a record; `timestamp` in ms, at most 2^52 away from the first one's. */
  append(
    timestamp: number,
    key: Uint8Array | null,
    value: Uint8Array | null,
    headers: readonly RecordHeader[] = [],
  ): void {
    if (this.records === 0) this.baseTimestamp = timestamp;
    const offsetDelta = zigzag(this.records);
    const timestampDelta = timestamp - this.baseTimestamp;
    const headerCount = zigzag(headers.length);
    const headerKeys = headers.map(({ key: name }) => Buffer.from(name, 'utf8'));
    let size = 1 + varlongSizeBytes(timestampDelta) + uvarintSizeBytes(offsetDelta);
    size += sizedBytes(key) + sizedBytes(value) + uvarintSizeBytes(headerCount);
    for (const name of headerKeys) size += sizedBytes(name);
    for (const header of headers) size += sizedBytes(header.value);
    this.reserve(size + MAX_VARINT_BYTES);
    const { bytes } = this;
    let at = putUvarint(bytes, this.at, zigzag(size));
    bytes[at++] = 0;
    at = putVarlong(bytes, at, timestampDelta);
    at = putUvarint(bytes, at, offsetDelta);
    at = putSized(bytes, at, key);
    at = putSized(bytes, at, value);
    at = putUvarint(bytes, at, headerCount);
    for (let i = 0; i < headers.length; i++) {
      at = putSized(bytes, at, headerKeys[i]!);
      at = putSized(bytes, at, headers[i]!.value);
    }
    this.at = at;
    this.records++;
    this.maxTimestamp = Math.max(this.maxTimestamp, timestamp);
  }

  /** The finished batch, which owns its bytes. The builder is used up. */
  finish(): Uint8Array {
    const { options, bytes, at: end } = this;
    const { transactional = false, control = false, crc32c = tableCrc32c } = options;
    setBaseOffset(bytes, 0, options.baseOffset ?? 0);
    setBatchLength(bytes, 0, end);
    setPartitionLeaderEpoch(bytes, 0, options.partitionLeaderEpoch ?? -1);
    setMagic(bytes, 0, MAGIC_V2);
    setAttributes(
      bytes,
      0,
      (transactional ? BATCH_ATTRIBUTE.transactional : 0) | (control ? BATCH_ATTRIBUTE.control : 0),
    );
    setLastOffsetDelta(bytes, 0, this.records - 1);
    setBaseTimestamp(bytes, 0, this.baseTimestamp);
    setMaxTimestamp(bytes, 0, this.maxTimestamp);
    const { producerId = -1, producerEpoch = -1, baseSequence = -1 } = options;
    setProducer(bytes, 0, producerId, producerEpoch, baseSequence);
    setRecordCount(bytes, 0, this.records);
    setBatchCrc(bytes, 0, crc32c(bytes, BATCH_FIELD.attributes, end));
    return bytes.subarray(0, end);
  }

  private reserve(size: number): void {
    const wanted = this.at + size;
    if (wanted <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(2 * wanted);
    grown.set(this.bytes.subarray(0, this.at));
    this.bytes = grown;
  }
}

/** Size of bytes with their length before them. */
function sizedBytes(value: Uint8Array | null): number {
  return value === null ? 1 : uvarintSizeBytes(zigzag(value.length)) + value.length;
}

function putSized(bytes: Uint8Array, at: number, value: Uint8Array | null): number {
  if (value === null) return putUvarint(bytes, at, zigzag(-1));
  const start = putUvarint(bytes, at, zigzag(value.length));
  bytes.set(value, start);
  return start + value.length;
}
