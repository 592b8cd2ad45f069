/**
 * KoP's reader of `__consumer_offsets`, written from the description of its layout and of Pulsar's entries alone: it
 * shares no code with what it judges.
 */

/** A record as KoP understands it; version null is a tombstone. */
export interface KopRecord {
  readonly type: 'offset' | 'group';
  readonly group: string;
  readonly version: number | null;
  readonly topic?: string;
  readonly partition?: number;
  readonly offset?: number;
  readonly metadata?: string;
  readonly expireTimestamp?: number;
  readonly members?: readonly string[];
}

/** Reads one after the other, big-endian. */
class Bytes {
  readonly bytes: Buffer;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  int(size: 1 | 2 | 4): number {
    this.at += size;
    return this.bytes.readIntBE(this.at - size, size);
  }

  long(): number {
    this.at += 8;
    return Number(this.bytes.readBigInt64BE(this.at - 8));
  }

  take(size: number): Buffer {
    if (size < 0 || size > this.left) throw new Error(`${size} of ${this.left} bytes`);
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }

  string(): string {
    return this.take(this.int(2)).toString();
  }

  nullableString(): string | null {
    const size = this.int(2);
    return size < 0 ? null : this.take(size).toString();
  }

  /** Protobuf's and Kafka's. */
  varint(): number {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.bytes[this.at++] ?? 0;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return Number(value);
    }
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}

/** Fields of a protobuf message by number: the last value of each. */
function fieldsOf(bytes: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  const reader = new Bytes(bytes);
  while (reader.left > 0) {
    const tag = reader.varint();
    const value = tag % 8 === 0 ? reader.varint() : reader.take(reader.varint());
    fields.set(Math.floor(tag / 8), value);
  }
  return fields;
}

/** Numbers of fields. */
const batchCount = 11;
const partitionKey = 2;
const payloadSize = 3;
const keyIsBase64 = 6;
const checksumMagic = 0x0e01;

/** The records of one entry. */
export function recordsOfKop(entry: Uint8Array): KopRecord[] {
  const reader = new Bytes(entry);
  if (reader.int(2) !== checksumMagic) throw new Error('no checksum');
  reader.take(4);
  const metadata = fieldsOf(reader.take(reader.int(4)));
  const records: KopRecord[] = [];
  for (let left = metadata.get(batchCount) as number; left > 0; left--) {
    const single = fieldsOf(reader.take(reader.int(4)));
    const value = reader.take(single.get(payloadSize) as number);
    if (single.get(keyIsBase64) !== 1) throw new Error('the key is not in base64');
    const key = Buffer.from(String(single.get(partitionKey)), 'base64');
    if (key.length === 0) throw new Error('a message without a key is passed over');
    records.push(...recordsIn(value));
  }
  if (reader.left !== 0) throw new Error(`${reader.left} bytes behind the messages`);
  return records;
}

/** The value of a message: whole record batches of magic 2, not compressed. */
function recordsIn(value: Buffer): KopRecord[] {
  const records: KopRecord[] = [];
  const reader = new Bytes(value);
  while (reader.left > 0) {
    reader.long();
    const batch = new Bytes(reader.take(reader.int(4)));
    batch.int(4);
    if (batch.int(1) !== 2) throw new Error('not of magic 2');
    batch.take(4);
    if (batch.int(2) !== 0) throw new Error('compressed, transactional or control');
    batch.take(4 + 8 + 8 + 8 + 2 + 4);
    for (let left = batch.int(4); left > 0; left--) {
      const record = new Bytes(batch.take(batch.zigzag()));
      record.int(1);
      record.zigzag();
      record.zigzag();
      const key = record.take(record.zigzag());
      const size = record.zigzag();
      records.push(meaning(new Bytes(key), size < 0 ? null : new Bytes(record.take(size))));
    }
  }
  return records;
}

function meaning(key: Bytes, value: Bytes | null): KopRecord {
  const type = key.int(2);
  if (type === 2) return groupOf(key.string(), value);
  if (type !== 0 && type !== 1) throw new Error(`a key of version ${type}`);
  const about = { group: key.string(), topic: key.string(), partition: key.int(4) };
  if (key.left !== 0) throw new Error('bytes behind the key');
  if (value === null) return { type: 'offset', version: null, ...about };
  const version = value.int(2);
  if (version !== 1) throw new Error(`an offset of version ${version}`);
  const offset = value.long();
  const metadata = value.string();
  value.long();
  const expireTimestamp = value.long();
  if (value.left !== 0) throw new Error('bytes behind the offset');
  return { type: 'offset', version, ...about, offset, metadata, expireTimestamp };
}

function groupOf(group: string, value: Bytes | null): KopRecord {
  if (value === null) return { type: 'group', group, version: null };
  const version = value.int(2);
  if (version !== 1) throw new Error(`a group of version ${version}`);
  value.string();
  value.int(4);
  value.nullableString();
  value.nullableString();
  const members: string[] = [];
  for (let left = value.int(4); left > 0; left--) {
    members.push(value.string());
    value.string();
    value.string();
    value.int(4);
    value.int(4);
    value.take(value.int(4));
    value.take(value.int(4));
  }
  if (value.left !== 0) throw new Error('bytes behind the group');
  return { type: 'group', group, version, members };
}
