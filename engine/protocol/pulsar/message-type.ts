import { type BinaryReader, type BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { PulsarFormatError } from './format-error.js';

/** One field of a message: its number, and how its values are written and read. */
export interface Field<T> {
  readonly number: number;
  readonly wireType: WireType;
  readonly isRepeated: boolean;
  readonly isOptional: boolean;
  /** The value without its tag. */
  write(writer: BinaryWriter, value: T): void;
  read(reader: BinaryReader): T;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
type OptionalField = { readonly isOptional: true };

/** The values of a message with these fields. */
export type ValuesOf<F> = {
  readonly [K in keyof F as F[K] extends OptionalField ? never : K]: F[K] extends Field<infer T>
    ? T
    : never;
} & {
  readonly [K in keyof F as F[K] extends OptionalField ? K : never]?: F[K] extends Field<infer T>
    ? T | undefined
    : never;
};

/** How one kind of message is written and read. */
export interface MessageType<T> {
  encode(value: T, writer: BinaryWriter): BinaryWriter;
  /** Throws PulsarFormatError. */
  decode(reader: BinaryReader, sizeBytes: number): T;
}

/** The values of a message of this type. */
export type FieldsOf<M> = M extends MessageType<infer T> ? T : never;

function scalar<T>(
  number: number,
  wireType: WireType,
  write: (writer: BinaryWriter, value: T) => void,
  read: (reader: BinaryReader) => T,
) {
  return { number, wireType, isRepeated: false, isOptional: false, write, read } as const;
}

/** Pulsar's "none" for ledger, entry and request ids is 2^64 - 1; it is -1 here. */
const noId = 0xffff_ffff_ffff_ffffn;

export const uint64 = (number: number) =>
  scalar<number>(
    number,
    WireType.Varint,
    (writer, value) => writer.uint64(value === -1 ? noId : BigInt(value)),
    (reader) => {
      const value = BigInt(reader.uint64());
      if (value === noId) return -1;
      if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
        throw new PulsarFormatError(`field ${number}: ${value} exceeds 2^53`);
      }
      return Number(value);
    },
  );
export const int32 = (number: number) =>
  scalar<number>(
    number,
    WireType.Varint,
    (writer, value) => writer.int32(value),
    (reader) => reader.int32(),
  );
export const bool = (number: number) =>
  scalar<boolean>(
    number,
    WireType.Varint,
    (writer, value) => writer.bool(value),
    (reader) => reader.bool(),
  );
export const text = (number: number) =>
  scalar<string>(
    number,
    WireType.LengthDelimited,
    (writer, value) => writer.string(value),
    (reader) => reader.string(),
  );
export const bytes = (number: number) =>
  scalar<Uint8Array>(
    number,
    WireType.LengthDelimited,
    (writer, value) => writer.bytes(value),
    (reader) => reader.bytes(),
  );
export const nested = <T>(number: number, type: MessageType<T>) =>
  scalar<T>(
    number,
    WireType.LengthDelimited,
    (writer, value) => {
      type.encode(value, writer.fork()).join();
    },
    (reader) => type.decode(reader, reader.uint32()),
  );

/** A field that may be absent. */
export function optional<T>(field: Field<T>) {
  return { ...field, isOptional: true } as const satisfies Field<T>;
}

/** A field that may occur any number of times; its value is the list of them. */
export function list<T>(field: Field<T>): Field<readonly T[]> {
  // The element's own reader and writer are called once for each.
  return { ...field, isRepeated: true } as unknown as Field<readonly T[]>;
}

/** A message of these fields. Unknown ones are passed over, as Protocol Buffers has it. */
export function message<F extends Record<string, unknown>>(fields: F): MessageType<ValuesOf<F>> {
  const named = Object.entries(fields as Fields);
  const byNumber = new Map(named.map(([name, field]) => [field.number, { name, field }]));
  return {
    encode(value, writer) {
      for (const [name, field] of named) {
        const given = (value as Record<string, unknown>)[name];
        if (given === undefined) continue;
        for (const element of field.isRepeated ? (given as unknown[]) : [given]) {
          field.write(writer.tag(field.number, field.wireType), element);
        }
      }
      return writer;
    },
    decode(reader, sizeBytes) {
      const value: Record<string, unknown> = {};
      for (const [name, field] of named) if (field.isRepeated) value[name] = [];
      const end = reader.pos + sizeBytes;
      if (end > reader.len) throw new PulsarFormatError('a message ends beyond its frame');
      while (reader.pos < end) {
        const [number, wireType] = reader.tag();
        const known = byNumber.get(number);
        if (known === undefined || known.field.wireType !== wireType) {
          reader.skip(wireType, number);
        } else if (known.field.isRepeated) {
          (value[known.name] as unknown[]).push(known.field.read(reader));
        } else {
          value[known.name] = known.field.read(reader);
        }
      }
      if (reader.pos !== end) throw new PulsarFormatError('a field ends beyond its message');
      for (const [name, field] of named) {
        if (value[name] === undefined && !field.isOptional) {
          throw new PulsarFormatError(`field ${name} is missing`);
        }
      }
      return value as ValuesOf<F>;
    },
  };
}
