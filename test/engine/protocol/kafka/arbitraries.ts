import { INT64_MAX, INT64_MIN, ZERO_UUID } from '../../../../engine/protocol/kafka/constants.js';
import fc from '../../../fast-check.js';
import type { Message } from './codecs.js';
import { isWithin, type MessageSchema } from './message-schema.js';

const bytes = fc.uint8Array({ maxLength: 40 });

const primitives: { readonly [type: string]: fc.Arbitrary<unknown> } = {
  bool: fc.boolean(),
  int8: fc.integer({ min: -128, max: 127 }),
  int16: fc.integer({ min: -32_768, max: 32_767 }),
  uint16: fc.integer({ min: 0, max: 65_535 }),
  int32: fc.integer(),
  int64: fc.oneof(
    { weight: 8, arbitrary: fc.maxSafeInteger() },
    fc.constantFrom(INT64_MAX, INT64_MIN, -1),
  ),
  string: fc.string({ unit: 'grapheme', maxLength: 40 }),
  uuid: fc.oneof(
    fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((id) => Buffer.from(id).toString('base64url')),
    fc.constant(ZERO_UUID),
  ),
  bytes,
  records: bytes,
};

/** Messages that fill every field of the version and no other. */
export function messageArbitrary(schema: MessageSchema, version: number): fc.Arbitrary<Message> {
  const struct = (name: string): fc.Arbitrary<Message> => {
    const fields = schema.structs[name]!.filter((field) => isWithin(version, field.versions));
    return fc.record(
      Object.fromEntries(
        fields.map(({ name: field, type, nullable }) => {
          const some = value(type);
          return [field, isWithin(version, nullable) ? fc.option(some) : some];
        }),
      ),
    );
  };
  const value = (type: string): fc.Arbitrary<unknown> => {
    if (type.startsWith('[]')) return fc.array(value(type.slice(2)), { maxLength: 3 });
    if (Object.hasOwn(schema.structs, type)) return struct(type);
    const primitive = primitives[type];
    if (primitive === undefined) throw new Error(`no arbitrary for ${type}`);
    return primitive;
  };
  return struct(schema.name);
}
