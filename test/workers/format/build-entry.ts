/** Entries as other writers make them, put together field by field. */
import { codecs } from './read-records.js';

/** `[field number, value]`; a number is a varint, bytes and text are length-delimited. */
export type Field = readonly [number, number | bigint | Uint8Array | string];

function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** A protobuf message. */
export function message(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([field, value]) => {
      if (typeof value === 'number' || typeof value === 'bigint') {
        return [varint(field << 3), varint(value)];
      }
      const bytes = Buffer.from(value);
      return [varint((field << 3) | 2), varint(bytes.length), bytes];
    }),
  );
}

const sized = (bytes: Uint8Array): Buffer => {
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
};

export const property = (key: string, value: string): Buffer => message([1, key], [2, value]);

/** One message of a batch. */
export function single(value: string, ...fields: readonly Field[]): Buffer {
  return Buffer.concat([
    sized(message(...fields, [3, Buffer.byteLength(value)])),
    Buffer.from(value),
  ]);
}

/** The fields that every metadata has. */
export const published = (name: string, publishTime = 1_700_000_000_000): Field[] => [
  [1, name],
  [2, 7],
  [3, publishTime],
];

/** A whole entry with a checksum. */
export function buildEntry(fields: readonly Field[], payload: Uint8Array): Buffer {
  const body = Buffer.concat([sized(message(...fields)), payload]);
  const head = Buffer.from([0x0e, 0x01, 0, 0, 0, 0]);
  head.writeUInt32BE(codecs.crc32c(body, 0, body.length), 2);
  return Buffer.concat([head, body]);
}

/** Puts the broker's metadata in front. */
export function withBroker(entry: Uint8Array, ...fields: readonly Field[]): Buffer {
  return Buffer.concat([Buffer.from([0x0e, 0x02]), sized(message(...fields)), entry]);
}
